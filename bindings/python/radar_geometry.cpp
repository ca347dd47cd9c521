#include "algorithms/catalog.hpp"
#include "bindings/pipeline/radar_place.hpp"
#include "bindings/python/radar.hpp"
#include "bindings/python/radar_files.hpp"

namespace highwall::python {
namespace {

std::vector<double> numbers_of(const py::object& object, const std::string& name) {
  const DoubleArray array = DoubleArray::ensure(object);
  if (!array || array.ndim() != 1) {
    PyErr_Clear();
    throw Error(ErrorKind::input, name + " must be a one-dimensional array of numbers");
  }
  return {array.data(), array.data() + array.size()};
}

/// rows x cols x 3 of one vector a cell.
py::object vectors_of(const std::vector<Eigen::Vector3d>& vectors, const ScanGrid& grid, const Eigen::Vector3d& origin) {
  py::array_t<double> out({static_cast<py::ssize_t>(grid.rows), static_cast<py::ssize_t>(grid.cols), py::ssize_t{3}});
  double* to = out.mutable_data();
  for (const Eigen::Vector3d& v : vectors) {
    for (Eigen::Index c = 0; c < 3; ++c) *to++ = v[c] + origin[c];
  }
  return out;
}

py::object sights_of(const ScanGeometry& geometry, const ScanGrid& grid) {
  py::list words;
  for (const CellSight sight : {CellSight::seen, CellSight::layover, CellSight::shadow, CellSight::no_ground}) {
    words.append(std::string(name_of(sight)));
  }
  py::array_t<std::uint8_t> codes({static_cast<py::ssize_t>(grid.rows), static_cast<py::ssize_t>(grid.cols)});
  std::transform(geometry.sight.begin(), geometry.sight.end(), codes.mutable_data(),
                 [](CellSight s) { return static_cast<std::uint8_t>(s); });
  return py::array(words)[codes];
}

py::dict geometry_of(const py::object& range_m, const py::object& azimuth_rad, const PointCloud& ground, int threads,
                     const py::kwargs& keywords) {
  ScanGrid grid;
  grid.range_m = numbers_of(range_m, "range_m");
  grid.azimuth_rad = numbers_of(azimuth_rad, "azimuth_rad");
  grid.rows = grid.range_m.size();
  grid.cols = grid.azimuth_rad.size();
  RadarPlaceOptions place;
  GeometryOptions options;
  apply_to_both(options, place, keywords, "radar.geometry");
  const PlacedScan placed =
      without_gil(threads, [&](const Run& run) { return place_scan(grid, ground, place, options, {}, run); });
  const Eigen::Vector3d origin = Eigen::Vector3d::Map(ground.frame.origin_m.data());
  const Eigen::Vector3d none = Eigen::Vector3d::Zero();
  py::dict out;
  out["sight"] = sights_of(placed.geometry, grid);
  out["position"] = vectors_of(placed.geometry.position_m, grid, origin);
  out["line_of_sight"] = vectors_of(placed.geometry.line_of_sight, grid, none);
  out["normal"] = vectors_of(placed.geometry.normal, grid, none);
  out["range_m"] = cells_of(placed.geometry.range_m, grid);
  out["area_m2"] = cells_of(placed.geometry.area_m2, grid);
  out["sensitivity"] = cells_of(placed.sensitivity, grid);
  return out;
}

}  // namespace

void add_radar_geometry(py::module_& radar) {
  static const std::string doc =
      std::string(algorithm_of("geometry").sentence) +
      "\n\nParameters\n----------\n"
      "range_m : array of M, metres\n    Slant ranges of the cells' middles, ascending or descending.\n"
      "azimuth_rad : array of N, radians\n    Azimuths of the cells' middles, clockwise from where the radar looks; of a rail, "
      "fan "
      "angles towards its second end.\n"
      "ground : Cloud\n    Of the slope; its CRS is that of position_m and rail_m.\n" +
      parameters_text<RadarPlaceOptions>() + parameters_text<GeometryOptions>() +
      "threads : int, default 0\n    0: all of the machine. Results do not depend on it.\n"
      "\nReturns\n-------\ndict of arrays M x N (x 3), NaN where nothing is seen:\n"
      "    sight ('seen', 'layover', 'shadow', 'no_ground'), position (world, m), line_of_sight (unit vector target -> sensor),\n"
      "    normal (unit, outwards), range_m, area_m2 (true area on the slope), sensitivity (share of a motion down the slope\n"
      "    that the line of sight sees).\n"
      "\nRaises\n------\nInputError: axes out of order, a cloud without a surface. ConfigError: bad options.\n";
  radar.def("geometry", &geometry_of, py::arg("range_m"), py::arg("azimuth_rad"), py::arg("ground"), py::kw_only(),
            py::arg("threads") = 0, doc.c_str());
}

}  // namespace highwall::python
