#include "bindings/pipeline/compare_pair.hpp"

#include <utility>

#include "core/error.hpp"
#include "io/crs/crs.hpp"

namespace highwall {

void require_sense(const PairRequest& request, const M3c2Options& options, const std::string& where) {
  if (request.align && options.registration_error_m > 0.0) {
    throw Error(ErrorKind::config, "registration_error_m would count what the registration's own covariance holds twice", where,
                "leave one of them out");
  }
  if (request.normals && (options.normals != "surface" || !options.normal_radii_m.empty())) {
    throw Error(ErrorKind::config, "normals and normal_radii_m have no effect on given normals", where, "leave them out");
  }
}

Points normals_of(const PointCloud& cores, const std::string& file) {
  Points normals(cores.xyz.rows(), 3);
  Eigen::Index column = 0;
  for (const char* name : {"nx", "ny", "nz"}) {
    const Channel* channel = cores.channel(name);
    if (channel == nullptr) {
      throw Error(ErrorKind::input, std::string("the core points have no normals: the attribute ") + name + " is missing", file,
                  "give a cloud with nx, ny and nz, or let them be measured");
    }
    for (std::size_t i = 0; i < cores.size(); ++i) normals(static_cast<Eigen::Index>(i), column) = value_at(*channel, i);
    ++column;
  }
  return normals;
}

PairResult compare_pair(PointsView before, PointsView after, PointsView cores, const PairRequest& request,
                        const M3c2Options& options, const Run& run) {
  require_sense(request, options, "m3c2");
  if (request.align && length_unit_of(before.frame()) != "m") {
    throw Error(ErrorKind::config, "registration works in metres, and the clouds are in " + length_unit_of(before.frame()),
                "m3c2", "leave units = source out");
  }
  PairResult out;
  PointCloud moved;
  if (request.align) {
    out.registration = register_piecewise(after, before, request.registration, run);
    moved.frame = after.frame();
    moved.xyz = after.matrix();
    moved = transformed(moved, out.registration->transform, run);
  }
  const PointsView second = request.align ? moved.view() : after;
  out.field = request.normals ? m3c2_along(before, second, cores, *request.normals, options, run)
                              : m3c2(before, second, cores, options, run);
  if (out.registration) add_registration(*out.registration, out.field);
  if (request.calibrated) {
    out.calibration = measure_calibrated(before, second, out.field, request.stable, options, request.calibrate, run);
  }
  return out;
}

}  // namespace highwall
