// ROI_PAC: two bands by line (amplitude; phase or coherence) of little-endian floats, with a .rsc beside each file.
#include <fmt/format.h>

#include <cmath>

#include "core/error.hpp"
#include "io/durable/durable.hpp"
#include "io/readers/insar/formats.hpp"
#include "io/readers/insar/geometry.hpp"
#include "io/readers/insar/headers.hpp"
#include "io/readers/insar/names.hpp"
#include "io/readers/text.hpp"

namespace highwall::insar {
namespace {

constexpr std::uintmax_t kLargestHeader = std::uintmax_t{1} << 20U;

std::size_t need_count(const KeyValues& keys, const char* key) {
  const auto count = keys.count(key);
  if (!count)
    throw Error(ErrorKind::input, fmt::format("there is no {} in it", key), keys.file(), "a .rsc has WIDTH and FILE_LENGTH");
  return *count;
}

void set_geometry(const KeyValues& keys, Layer& layer, Report& report) {
  layer.geometry.cols = need_count(keys, "WIDTH");
  layer.geometry.rows = need_count(keys, keys.has("FILE_LENGTH") ? "FILE_LENGTH" : "LENGTH");
  const auto x = keys.number("X_FIRST");
  const auto y = keys.number("Y_FIRST");
  if (!x || !y) return;
  const auto dx = keys.number("X_STEP");
  const auto dy = keys.number("Y_STEP");
  if (!dx || !dy) throw Error(ErrorKind::input, "X_FIRST and Y_FIRST are without X_STEP and Y_STEP", keys.where("X_FIRST"));
  layer.placed = true;
  layer.geometry.affine = {*x, *dx, 0.0, *y, 0.0, *dy};
  std::string& crs = layer.geometry.frame.crs;
  const std::string unit = lower(keys.text("X_UNIT").value_or(""));
  const std::string projection = lower(keys.text("PROJECTION").value_or(""));
  if (const auto epsg = keys.number("EPSG")) crs = fmt::format("EPSG:{}", *epsg);
  if (crs.empty() && keys.has("UTM_ZONE")) crs = utm_crs(*keys.text("UTM_ZONE"));
  if (crs.empty() && (unit.rfind("deg", 0) == 0 || projection == "latlon" || projection == "ll")) crs = "EPSG:4326";
  const bool like_degrees = std::abs(*x) <= 360.0 && std::abs(*y) <= 90.0 && std::abs(*dx) < 0.1 && std::abs(*dy) < 0.1;
  if (crs.empty() && unit.empty() && projection.empty() && like_degrees) {
    crs = "EPSG:4326";
    report.warn(fmt::format("{}: X_FIRST and Y_FIRST are without a unit: taken as degrees of WGS 84, in which ROI_PAC geocodes",
                            keys.file()));
  }
}

std::optional<PairOfInstants> pair_of(const KeyValues& keys, const std::filesystem::path& path) {
  if (const auto both = keys.text("DATE12")) {
    if (const auto pair = pair_by_name(std::filesystem::path(*both))) return pair;
  }
  return pair_by_name(path);
}

}  // namespace

std::string look_roipac(const InputFile& input, Role role, Look& look) {
  const std::string header = input.path.string() + ".rsc";
  const KeyValues keys(read_whole(header, ErrorKind::input, kLargestHeader), header, ' ');
  const std::string processor = lower(keys.text("PROCESSOR").value_or("roipac"));
  if (processor != "roipac" && processor != "gamma")
    return fmt::format("its .rsc speaks of the processor \"{}\"", processor.substr(0, 40));
  const auto pair = pair_of(keys, input.path);
  if (!pair) return "neither DATE12 of its .rsc nor its name tell its two dates (YYMMDD-YYMMDD)";
  Layer layer;
  layer.name = input.path.string();
  layer.role = role;
  layer.first = pair->first;
  layer.second = pair->second;
  layer.has_clock = pair->has_clock;
  layer.processor = processor;
  set_geometry(keys, layer, look.report);
  layer.wavelength_m = keys.number("WAVELENGTH").value_or(layer.wavelength_m);
  layer.looks = keys.number("NCORRLOOKS").value_or(layer.looks);
  const auto top = keys.number("P_BASELINE_TOP_HDR");
  const auto bottom = keys.number("P_BASELINE_BOTTOM_HDR");
  if (top && bottom) layer.perpendicular_baseline_m = 0.5 * (*top + *bottom);

  const RawFile raw(input.path);
  const std::uint64_t band = static_cast<std::uint64_t>(layer.geometry.rows) * layer.geometry.cols * sizeof(float);
  const bool one = raw.size() == band;
  if (!one && (processor == "gamma" || raw.size() != 2 * band)) {
    throw Error(ErrorKind::input,
                fmt::format("it has {} bytes, but {} x {} floats are {} bytes in one band{}", raw.size(), layer.geometry.rows,
                            layer.geometry.cols, band, processor == "gamma" ? "" : " and twice as many in two"),
                input.path.string(), "the file is cut off, or its .rsc is of another raster");
  }
  RawLayout layout;
  layout.rows = layer.geometry.rows;
  layout.cols = layer.geometry.cols;
  layout.offset = one ? 0 : layer.geometry.cols * sizeof(float);
  layout.row_stride = (one ? 1 : 2) * layer.geometry.cols * sizeof(float);
  layout.pixel_stride = sizeof(float);
  layout.big_endian = processor == "gamma";
  require_sane(raw, layout, input.path);
  layer.pixels = std::make_shared<const RawPixels>(input.path, layout, look.pool);
  look.layers.push_back(std::move(layer));
  return {};
}

}  // namespace highwall::insar
