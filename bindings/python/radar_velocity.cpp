#include "bindings/pipeline/radar_velocity.hpp"

#include "bindings/pipeline/scan_night.hpp"
#include "bindings/python/radar.hpp"
#include "bindings/python/radar_files.hpp"

namespace highwall::python {
namespace {

py::object motions_of(const std::vector<CellMotion>& motions, const ScanGrid& grid) {
  py::list words;
  for (int k = 0; k <= static_cast<int>(CellMotion::progressive); ++k) {
    words.append(std::string(name_of(static_cast<CellMotion>(k))));
  }
  py::array_t<std::uint8_t> codes({static_cast<py::ssize_t>(grid.rows), static_cast<py::ssize_t>(grid.cols)});
  std::transform(motions.begin(), motions.end(), codes.mutable_data(), [](CellMotion m) { return static_cast<std::uint8_t>(m); });
  return py::array(words)[codes];
}

py::dict window_of(const WindowVelocity& w, const ScanGrid& grid) {
  py::dict out;
  out["velocity_m_per_day"] = cells_of(w.velocity_m_per_day, grid);
  out["sigma_m_per_day"] = cells_of(w.sigma_m_per_day, grid);
  out["z"] = cells_of(w.z, grid);
  out["acceleration_m_per_day2"] = cells_of(w.acceleration_m_per_day2, grid);
  out["motion"] = motions_of(w.motion, grid);
  out["reason"] = words_of(w.reason, {static_cast<py::ssize_t>(grid.rows), static_cast<py::ssize_t>(grid.cols)});
  py::list bins;
  for (const RangeBin& b : w.bins) {
    py::dict bin;
    bin["near_m"] = b.near_m;
    bin["far_m"] = b.far_m;
    bin["stable"] = b.stable;
    bin["common_m_per_day"] = b.common_m_per_day;
    bin["sigma_m_per_day"] = b.sigma_m_per_day;
    bin["common_m_per_day_per_km"] = b.common_m_per_day_per_km;
    bins.append(bin);
  }
  out["bins"] = bins;
  return out;
}

py::dict row_of(const VelocityRow& row) {
  py::dict out;
  out["time"] = to_iso8601(row.at);
  out["scan"] = row.name;
  out["valid"] = row.valid;
  out["stable"] = row.atmosphere.stable;
  out["stable_std_before_m"] = row.atmosphere.before_m;
  out["stable_std_m"] = row.atmosphere.after_m;
  out["atmosphere_m"] = row.atmosphere.offset_m;
  out["atmosphere_m_per_km"] = row.atmosphere.per_km_m;
  out["atmosphere_m_per_km2"] = row.atmosphere.per_km2_m;
  out["blocks_rms_m"] = row.atmosphere.blocks_m;
  out["left_out_rms_m"] = row.atmosphere.left_out_m;
  out["wraps_corrected"] = row.corrected;
  out["aliased"] = row.newly_aliased;
  out["at_alias_risk"] = row.at_risk;
  return out;
}

py::dict velocity_of(const py::object& scans, const py::object& state, const py::object& ground, const py::object& stable,
                     const py::object& pictures, int threads, const py::kwargs& keywords) {
  const ScanKeywords options = scan_keywords_of(keywords, !ground.is_none(), "radar.velocity");
  const RadarFiles files{paths_of(scans), path_or_none(ground), {}, path_or_none(stable), options.reading, options.place};
  const std::filesystem::path state_file = path_or_none(state);
  const std::filesystem::path folder = path_or_none(pictures);
  const std::filesystem::path python = this_python();
  std::string why;
  ScanGrid grid;
  const VelocityRun done = without_gil(threads, [&](const Run& run) {
    const OpenedRadar radar = open_radar(
        files, [&](const Report& report) { log_warnings(report, run); }, run);
    grid = radar.cells.grid;
    VelocityRun followed = follow_radar(*radar.scans.source, radar.cells, options.velocity, state_file, run);
    if (!folder.empty()) {
      const ScanMaps maps = scan_maps(followed.stream.last(), {}, {}, grid, radar.scans.map, radar.cells.sensitivity);
      why = write_scan_pictures(folder, maps, python, run);
    }
    return followed;
  });
  warn_without_picture(why);
  const VelocityScan& scan = done.stream.last();
  py::dict out;
  out["time"] = to_iso8601(scan.instant);
  out["displacement_m"] = cells_of(scan.displacement_m, grid);
  out["flags"] = cells_of(scan.flags, grid);
  out["aliased"] = cells_of(scan.aliased, grid);
  out["range_m"] = py::array_t<double>(static_cast<py::ssize_t>(grid.range_m.size()), grid.range_m.data());
  out["azimuth_rad"] = py::array_t<double>(static_cast<py::ssize_t>(grid.azimuth_rad.size()), grid.azimuth_rad.data());
  py::dict windows;
  for (const WindowVelocity& w : scan.windows) windows[py::float_(w.window_h)] = window_of(w, grid);
  out["windows"] = windows;
  py::list rows;
  for (const VelocityRow& row : done.rows) rows.append(row_of(row));
  out["scans"] = rows;
  return out;
}

}  // namespace

void add_radar_velocity(py::module_& radar) {
  static const std::string doc =
      "Velocity of every cell of a slope radar, scan by scan, with sigma calibrated on cells at rest.\n"
      "\nParameters\n----------\n"
      "scans : path or list of paths\n    Files or folders of S-SAR DiffImage or GeoTIFF scans, in the order of their names.\n"
      "state : path, optional\n    File of the stream's state: goes on after the scans that it knows, and is written at the "
      "end.\n"
      "ground : path, optional\n    Cloud of the slope: gives heights, and places to stable.\n"
      "stable : path, optional\n    GeoJSON or GeoPackage: cells that calibrate (default: found).\n"
      "pictures : path, optional\n    Folder for radar.h5 (see highwall.read_map) and radar.png of the newest scan: velocity, "
      "sigma,\n    and sensitivity (with a ground).\n" +
      scan_keywords_text() +
      "threads : int, default 0\n    0: all of the machine. Results do not depend on it.\n"
      "\nReturns\n-------\ndict of the newest scan, arrays rows x cols (ranges x azimuths), NaN = no value:\n"
      "    time; displacement_m (towards the sensor); flags (bits: 1 stable, 2 corrected, 4 held, 8 alias_risk, 16 bridged,\n"
      "    32 refitted, 64 no_sample, 128 restarted); aliased; range_m, azimuth_rad (empty for maps);\n"
      "    windows: by length in hours velocity_m_per_day, sigma_m_per_day, z, acceleration_m_per_day2, motion (none, linear,\n"
      "    regressive, progressive, unknown), reason, bins (what stable cells share and scatter by, by range);\n"
      "    scans: one dict a scan with its stable cells and their scatter before and after the atmosphere was taken off (m).\n"
      "\nRaises\n------\nConfigError: what the files do not tell and nobody told. InputError: files that are no scans.\n"
      "StorageError: a state that is damaged, or of other options.\n";
  radar.def("velocity", &velocity_of, py::arg("scans"), py::kw_only(), py::arg("state") = py::none(),
            py::arg("ground") = py::none(), py::arg("stable") = py::none(), py::arg("pictures") = py::none(),
            py::arg("threads") = 0, doc.c_str());
}

}  // namespace highwall::python
