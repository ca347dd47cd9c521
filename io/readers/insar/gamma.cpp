// GAMMA: rasters of big-endian floats, whose sizes, places and radars stand in .par files beside them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.hpp"
#include "io/durable/durable.hpp"
#include "io/readers/insar/formats.hpp"
#include "io/readers/insar/geometry.hpp"
#include "io/readers/insar/headers.hpp"
#include "io/readers/insar/names.hpp"
#include "io/readers/text.hpp"

namespace highwall::insar {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t kLargestHeader = std::uintmax_t{1} << 20U;
constexpr double kSpeedOfLight = 299792458.0;
constexpr double kSameFrequency = 1e-5;

struct GammaPar {
  KeyValues keys;
  std::size_t width = 0;
  std::size_t lines = 0;
  bool map = false;  ///< Of a DEM or map: it has coordinates.
  Instant date = kNoInstant;
};

/// The day of "2018 01 06" or "2009  7 13 8 28 59.69".
Instant date_of(const KeyValues& keys) {
  const std::string text = keys.text("date").value_or("");
  std::vector<std::string_view> parts;
  split_blanks(text, parts);
  if (parts.size() < 3) return kNoInstant;
  Civil civil;
  const auto year = to_integer(parts[0]);
  const auto month = to_integer(parts[1]);
  const auto day = to_integer(parts[2]);
  if (!year || !month || !day || *year < 1970 || *year > 2200) return kNoInstant;
  civil.year = static_cast<int>(*year);
  civil.month = static_cast<int>(std::clamp<long long>(*month, 0, 99));
  civil.day = static_cast<int>(std::clamp<long long>(*day, 0, 99));
  return from_civil_utc(civil).value_or(kNoInstant);
}

}  // namespace

/// The .par files of the folders that were looked at.
class GammaHeaders {
 public:
  void add_folder(const fs::path& folder) {
    if (!folders_.insert(folder.string()).second) return;
    std::error_code failed;
    std::vector<fs::path> found;
    const fs::path at = folder.empty() ? fs::path(".") : folder;
    for (fs::directory_iterator it(at, failed), end; !failed && it != end; it.increment(failed)) found.push_back(it->path());
    std::sort(found.begin(), found.end());
    for (const fs::path& path : found) add(path);
  }
  void add(const fs::path& path) {
    const std::string suffix = lower(path.extension().string());
    std::error_code failed;
    if ((suffix != ".par" && suffix != ".off") || !fs::is_regular_file(path, failed)) return;
    if (!files_.insert(fs::absolute(path).lexically_normal().string()).second) return;
    if (fs::file_size(path, failed) == 0) return;
    GammaPar par{KeyValues(read_whole(path, ErrorKind::input, kLargestHeader), path.string(), ':')};
    const KeyValues& k = par.keys;
    par.map = k.has("DEM_projection");
    const auto width = par.map                  ? k.count("width")
                       : k.has("range_samples") ? k.count("range_samples")
                                                : k.count("interferogram_width");
    const auto lines = par.map                  ? k.count("nlines")
                       : k.has("azimuth_lines") ? k.count("azimuth_lines")
                                                : k.count("interferogram_azimuth_lines");
    par.width = width.value_or(0);
    par.lines = lines.value_or(0);
    par.date = date_of(k);
    all_.push_back(std::move(par));
  }
  const std::vector<GammaPar>& all() const noexcept { return all_; }

 private:
  std::set<std::string> folders_;
  std::set<std::string> files_;
  std::vector<GammaPar> all_;
};

namespace {

/// The header that gives the file's size. @throws Error(input) when none or several different ones do
const GammaPar& header_of(const GammaHeaders& headers, const fs::path& path, std::uint64_t bytes) {
  const GammaPar* found = nullptr;
  std::vector<std::string> sizes;
  for (const GammaPar& par : headers.all()) {
    if (par.width == 0 || par.lines == 0) continue;
    sizes.push_back(fmt::format("{} x {} in {}", par.width, par.lines, fs::path(par.keys.file()).filename().string()));
    if (static_cast<std::uint64_t>(par.width) * par.lines != bytes / sizeof(float) || bytes % sizeof(float) != 0) continue;
    if (found == nullptr) found = &par;
    const bool same = par.width == found->width && par.map == found->map;
    const bool own = fs::path(par.keys.file()).filename() == path.filename().string() + ".par";
    if (own) return par;
    if (same) continue;
    throw Error(ErrorKind::input,
                fmt::format("the sizes in {} and {} both fit its {} bytes", found->keys.file(), par.keys.file(), bytes),
                path.string(), "name the header after the file: " + path.filename().string() + ".par");
  }
  if (found != nullptr) return *found;
  const std::size_t told = std::min<std::size_t>(sizes.size(), 3);
  throw Error(
      ErrorKind::input,
      fmt::format("no .par file tells how many columns and rows of floats its {} bytes are{}", bytes,
                  sizes.empty() ? ""
                                : fmt::format(" (there are {})",
                                              fmt::join(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(told), ", "))),
      path.string(), "put the .par file of its size (of the DEM, or of the multilooked image) beside it; if it is whole");
}

void set_geometry(const GammaPar& par, const InsarOptions& options, Layer& layer, Report& report) {
  const KeyValues& k = par.keys;
  layer.geometry.rows = par.lines;
  layer.geometry.cols = par.width;
  if (!par.map) {
    const auto near = k.number("near_range_slc");
    const auto step = k.number("range_pixel_spacing");
    const auto start = k.number("GPRI_az_start_angle");
    const auto turn = k.number("GPRI_az_angle_step");
    if (near && step && start && turn) {
      PolarRaster polar{*near, *step, *start, *turn};
      const auto told = [&](const char* key) { return k.number(key).value_or(PolarRaster::kUnknown); };
      polar.scan_heading_deg = told("GPRI_scan_heading");
      polar.antenna_elevation_deg = told("GPRI_ant_elev_angle");
      polar.latitude_deg = told("GPRI_ref_north");
      polar.longitude_deg = told("GPRI_ref_east");
      polar.altitude_m = told("GPRI_ref_alt");
      polar.geoid_m = told("GPRI_geoid");
      layer.polar = polar;
      report.warn(fmt::format("{}: columns are ranges from {} m by {} m, rows azimuths from {} by {} degrees", k.file(), *near,
                              *step, *start, *turn));
    }
    return;
  }
  const std::string projection = k.text("DEM_projection").value_or("");
  const bool degrees = projection == "EQA";
  const auto x = k.number(degrees ? "corner_lon" : "corner_east");
  const auto y = k.number(degrees ? "corner_lat" : "corner_north");
  const auto dx = k.number(degrees ? "post_lon" : "post_east");
  const auto dy = k.number(degrees ? "post_lat" : "post_north");
  if (!x || !y || !dx || !dy) {
    throw Error(ErrorKind::input, fmt::format("projection {} is without corner and post", projection), k.where("DEM_projection"));
  }
  const double half = options.corner == "centre" ? 0.5 : 0.0;
  layer.placed = true;
  layer.geometry.affine = {*x - half * *dx, *dx, 0.0, *y - half * *dy, 0.0, *dy};
  const std::string ellipsoid = lower(k.text("ellipsoid_name").value_or(""));
  const bool wgs84 = ellipsoid.find("wgs") != std::string::npos && ellipsoid.find("84") != std::string::npos;
  if (degrees && wgs84) layer.geometry.frame.crs = "EPSG:4326";
  if (projection == "UTM" && wgs84) {
    const bool south = k.number("false_northing").value_or(0.0) > 0.0;
    layer.geometry.frame.crs = utm_crs(fmt::format("{}{}", k.number("projection_zone").value_or(0.0), south ? "S" : "N"));
  }
  report.warn(fmt::format("{}: corner and post are taken as the {} of the first pixel", k.file(),
                          half > 0.0 ? "centre" : "outer corner"));
}

/// Of the acquisitions' own headers, else the one that all headers share.
void set_radar(const GammaHeaders& headers, Layer& layer) {
  const GammaPar* of_date = nullptr;
  const GammaPar* any = nullptr;
  bool agree = true;
  for (const GammaPar& par : headers.all()) {
    const auto frequency = par.keys.number("radar_frequency");
    if (!frequency || !(*frequency > 0.0)) continue;
    if (any == nullptr) any = &par;
    agree = agree && std::abs(*frequency - *any->keys.number("radar_frequency")) <= kSameFrequency * *frequency;
    const std::int64_t later = (par.date - Instant{0}).ns;
    const bool same_day = par.date != kNoInstant && layer.first.ns >= later && layer.first.ns < later + kNsPerDay;
    if (same_day && of_date == nullptr) of_date = &par;
  }
  const GammaPar* par = of_date != nullptr ? of_date : (agree ? any : nullptr);
  if (par == nullptr) return;
  layer.wavelength_m = kSpeedOfLight / *par->keys.number("radar_frequency");
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  layer.line_of_sight = line_of_sight(par->keys.number("incidence_angle").value_or(nan),
                                      par->keys.number("heading").value_or(nan), par->keys.number("azimuth_angle").value_or(nan));
}

}  // namespace

std::string look_gamma(const InputFile& input, Role role, Look& look) {
  const auto pair = pair_by_name(input.path);
  if (!pair) return "its name does not tell its two dates (YYYYMMDD-YYYYMMDD)";
  if (!look.gamma) look.gamma = std::make_shared<GammaHeaders>();
  look.gamma->add_folder(input.path.parent_path());
  for (const fs::path& header : look.headers) look.gamma->add(header);
  const RawFile raw(input.path);
  const GammaPar& par = header_of(*look.gamma, input.path, raw.size());
  Layer layer;
  layer.name = input.path.string();
  layer.role = role;
  layer.first = pair->first;
  layer.second = pair->second;
  layer.has_clock = pair->has_clock;
  layer.processor = "gamma";
  set_geometry(par, look.options, layer, look.report);
  set_radar(*look.gamma, layer);
  RawLayout layout;
  layout.rows = par.lines;
  layout.cols = par.width;
  layout.pixel_stride = sizeof(float);
  layout.row_stride = par.width * sizeof(float);
  layout.big_endian = true;
  require_sane(raw, layout, input.path);
  layer.pixels = std::make_shared<const RawPixels>(input.path, layout, look.pool);
  look.layers.push_back(std::move(layer));
  return {};
}

}  // namespace highwall::insar
