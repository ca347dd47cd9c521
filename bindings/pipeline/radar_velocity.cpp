#include "bindings/pipeline/radar_velocity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "algorithms/warn/criterion.hpp"
#include "bindings/pipeline/bare.hpp"
#include "core/error.hpp"
#include "core/statistics.hpp"
#include "io/durable/durable.hpp"
#include "io/writers/gis.hpp"

namespace highwall {
namespace {

constexpr double kBeyond = 3.0;

VelocityRow::Window window_row(const WindowVelocity& w) {
  VelocityRow::Window row;
  row.window_h = w.window_h;
  for (std::size_t i = 0; i < w.z.size(); ++i) {
    row.measured += std::isfinite(w.velocity_m_per_day[i]) ? 1 : 0;
    if (!std::isfinite(w.z[i])) continue;
    ++row.judged;
    if (std::abs(w.z[i]) <= kBeyond) continue;
    ++row.beyond;
    if (!(std::abs(w.velocity_m_per_day[i]) <= std::abs(row.fastest_m_per_day))) row.fastest_m_per_day = w.velocity_m_per_day[i];
  }
  std::vector<double> sigmas;
  for (const RangeBin& bin : w.bins) {
    if (std::isfinite(bin.sigma_m_per_day)) sigmas.push_back(bin.sigma_m_per_day);
  }
  row.sigma_m_per_day = median(std::move(sigmas));
  return row;
}

/// Names hold quotes and commas as CSV has them.
std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + '"';
}

std::string mm(double metres) { return std::isfinite(metres) ? fmt::format("{:.6g}", 1e3 * metres) : "nan"; }

template <class T>
std::vector<double> doubles(const std::vector<T>& values, double factor = 1.0) {
  std::vector<double> out(values.size());
  std::transform(values.begin(), values.end(), out.begin(), [&](T v) { return factor * static_cast<double>(v); });
  return out;
}

/// The raster of the cells: that of the maps, or one without a place.
GridGeometry raster_of(const OpenedRadar& radar) {
  if (radar.scans.map) return *radar.scans.map;
  GridGeometry geometry;
  geometry.rows = radar.cells.grid.rows;
  geometry.cols = radar.cells.grid.cols;
  return geometry;
}

std::string axes_csv(const ScanGrid& grid) {
  std::string text = "axis,index,value\n";
  for (std::size_t r = 0; r < grid.range_m.size(); ++r) text += fmt::format("range_m,{},{:.6f}\n", r, grid.range_m[r]);
  for (std::size_t c = 0; c < grid.azimuth_rad.size(); ++c) {
    text += fmt::format("azimuth_deg,{},{:.6f}\n", c, grid.azimuth_rad[c] * 180.0 / std::numbers::pi);
  }
  return text;
}

void write_window(const std::filesystem::path& folder, const WindowVelocity& w, const GridGeometry& raster,
                  const std::string& time) {
  const std::vector<double> velocity = doubles(w.velocity_m_per_day, 1e3);
  const std::vector<double> sigma = doubles(w.sigma_m_per_day, 1e3);
  const std::vector<double> z = doubles(w.z);
  const std::vector<double> acceleration = doubles(w.acceleration_m_per_day2, 1e3);
  const std::vector<double> motion = doubles(w.motion);
  const std::vector<double> reason = doubles(w.reason);
  const std::vector<RasterBand> bands{{"velocity_mm_per_day", "mm/day", &velocity},
                                      {"sigma_mm_per_day", "mm/day", &sigma},
                                      {"z", "", &z},
                                      {"acceleration_mm_per_day2", "mm/day2", &acceleration},
                                      {"motion", "", &motion},
                                      {"reason", "", &reason}};
  write_result(folder / fmt::format("velocity_{}.tif", window_text(w.window_h)),
               geotiff_bytes(raster, bands,
                             {{"INSTANT", time},
                              {"WINDOW_H", fmt::format("{:g}", w.window_h)},
                              {"SIGN", "toward_positive"},
                              {"MOTION_CODES", motion_codes()},
                              {"REASON_CODES", reason_codes()}}));
}

}  // namespace

std::string motion_codes() {
  std::string text;
  for (int k = 0; k <= static_cast<int>(CellMotion::progressive); ++k) {
    text += fmt::format("{}{} {}", k == 0 ? "" : ", ", k, name_of(static_cast<CellMotion>(k)));
  }
  return text;
}

std::string_view flag_bits() noexcept {
  return "1 stable, 2 corrected, 4 held, 8 alias_risk, 16 bridged, 32 refitted, 64 no_sample, 128 restarted";
}

VelocityRow velocity_row(const VelocityScan& scan) {
  VelocityRow row{scan.instant, scan.name, scan.valid, scan.corrected, scan.newly_aliased, scan.at_risk, scan.atmosphere, {}};
  for (const WindowVelocity& w : scan.windows) row.windows.push_back(window_row(w));
  return row;
}

VelocityRun follow_radar(const ScanSource& scans, const RadarCells& cells, const VelocityStreamOptions& options,
                         const std::filesystem::path& state, const Run& run) {
  const bool known = !state.empty() && std::filesystem::exists(state);
  VelocityRun done{known ? VelocityStream::restore(read_whole(state), cells.grid, scans.value(), options)
                         : VelocityStream(cells.grid, scans.value(), options, cells.calibrate),
                   {},
                   0};
  for (std::size_t k = 0; k < scans.size(); ++k) {
    run.progress("radar velocity", k, scans.size());
    const RadarScan scan = scans.read(k);
    if (done.stream.newest() != kNoInstant && done.rows.empty() && scan.instant <= done.stream.newest()) {
      ++done.known;
      continue;
    }
    done.rows.push_back(velocity_row(done.stream.push(scan, run)));
  }
  if (done.rows.empty()) {
    throw Error(ErrorKind::input, fmt::format("none of the {} scans is newer than the state", scans.size()), state.string());
  }
  if (!state.empty()) write_whole(state, done.stream.save());
  return done;
}

std::string velocity_row_header(const std::vector<double>& windows_h) {
  std::string text =
      "time,scan,valid_cells,stable_cells,stable_std_before_mm,stable_std_mm,atmosphere_mm,atmosphere_mm_per_km,"
      "atmosphere_mm_per_km2,atmosphere_mm_per_km_height,blocks_rms_mm,left_out_rms_mm,wraps_corrected,aliased,at_alias_risk";
  for (const double window_h : windows_h) {
    text += fmt::format(",cells_{0},judged_{0},beyond_3_sigma_{0},sigma_{0}_mm_per_day,fastest_{0}_mm_per_day",
                        window_text(window_h));
  }
  return text + '\n';
}

std::string velocity_row_text(const VelocityRow& row) {
  const ScanAtmosphere& a = row.atmosphere;
  std::string text = fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}", to_iso8601(row.at),
                                 quoted(std::filesystem::path(row.name).filename().string()), row.valid, a.stable, mm(a.before_m),
                                 mm(a.after_m), mm(a.offset_m), mm(a.per_km_m), mm(a.per_km2_m), mm(a.per_km_height_m),
                                 mm(a.blocks_m), mm(a.left_out_m), row.corrected, row.newly_aliased, row.at_risk);
  for (const VelocityRow::Window& w : row.windows) {
    text += fmt::format(",{},{},{},{},{}", w.measured, w.judged, w.beyond, mm(w.sigma_m_per_day), mm(w.fastest_m_per_day));
  }
  return text + '\n';
}

std::string velocity_rows_csv(const std::vector<VelocityRow>& rows) {
  std::vector<double> windows_h;
  if (!rows.empty()) {
    for (const VelocityRow::Window& w : rows.front().windows) windows_h.push_back(w.window_h);
  }
  std::string text = velocity_row_header(windows_h);
  for (const VelocityRow& row : rows) text += velocity_row_text(row);
  return text;
}

std::string calibration_csv(const VelocityScan& scan) {
  std::string text =
      "window_h,near_m,far_m,stable_cells,common_mm_per_day,sigma_mm_per_day,common_mm_per_day2,sigma_mm_per_day2,"
      "common_mm_per_day_per_km,common_mm_per_day2_per_km\n";
  for (const WindowVelocity& w : scan.windows) {
    for (const RangeBin& b : w.bins) {
      text += fmt::format("{:g},{:.3f},{:.3f},{},{},{},{},{},{},{}\n", w.window_h, b.near_m, b.far_m, b.stable,
                          mm(b.common_m_per_day), mm(b.sigma_m_per_day), mm(b.common_m_per_day2), mm(b.sigma_m_per_day2),
                          mm(b.common_m_per_day_per_km), mm(b.common_m_per_day2_per_km));
    }
  }
  return text;
}

void write_velocity(const std::filesystem::path& folder, const VelocityRun& done, const OpenedRadar& radar) {
  make_folders(folder);
  const VelocityScan& scan = done.stream.last();
  const GridGeometry raster = raster_of(radar);
  const std::string time = to_iso8601(scan.instant);
  for (const WindowVelocity& w : scan.windows) write_window(folder, w, raster, time);
  const std::vector<double> displacement = doubles(scan.displacement_m, 1e3);
  const std::vector<double> flags = doubles(scan.flags);
  const std::vector<double> aliased = doubles(scan.aliased);
  write_result(folder / "displacement.tif",
               geotiff_bytes(raster, {{"displacement_mm", "mm", &displacement}, {"flags", "", &flags}, {"aliased", "", &aliased}},
                             {{"INSTANT", time}, {"SIGN", "toward_positive"}, {"FLAG_BITS", std::string(flag_bits())}}));
  write_result(folder / "calibration.csv", calibration_csv(scan));
  write_result(folder / "scans.csv", velocity_rows_csv(done.rows));
  if (!radar.cells.grid.range_m.empty()) write_result(folder / "axes.csv", axes_csv(radar.cells.grid));
}

}  // namespace highwall
