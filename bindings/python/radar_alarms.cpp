#include "bindings/pipeline/radar_alarms.hpp"

#include "bindings/pipeline/scan_night.hpp"
#include "bindings/python/radar.hpp"
#include "bindings/python/radar_files.hpp"
#include "io/config/policy.hpp"

namespace highwall::python {
namespace {

py::object alarms_of(const py::object& scans, const py::object& policy, const py::object& ground, const py::object& mask,
                     const py::object& stable, const py::object& pictures, int threads, const py::kwargs& keywords) {
  const ScanKeywords options = scan_keywords_of(keywords, !ground.is_none(), "radar.alarms");
  const RadarFiles files{paths_of(scans),      path_or_none(ground), path_or_none(mask),
                         path_or_none(stable), options.reading,      options.place};
  const std::filesystem::path rules = path_or_none(policy);
  const std::filesystem::path folder = path_or_none(pictures);
  const std::filesystem::path python = this_python();
  std::string why;
  const std::string text = without_gil(threads, [&](const Run& run) {
    const Policy read = load_policy(rules);
    const OpenedRadar radar = open_radar(
        files, [&](const Report& report) { log_warnings(report, run); }, run);
    const RadarAlarms found = radar_alarms(*radar.scans.source, radar.cells, read, options.velocity, run);
    if (!folder.empty()) {
      const ScanMaps maps =
          scan_maps(found.newest, found.alarms, found.rules, radar.cells.grid, radar.scans.map, radar.cells.sensitivity);
      why = write_scan_pictures(folder, maps, python, run);
    }
    return radar_alarms_json(found, read);
  });
  warn_without_picture(why);
  return py::module_::import("json").attr("loads")(text);
}

}  // namespace

void add_radar_alarms(py::module_& radar) {
  static const std::string doc =
      "Alarms of contiguous areas of a slope radar, scan by scan, by the [[area_rule]]s of a policy.\n"
      "\nParameters\n----------\n"
      "scans : path or list of paths\n    Files or folders of S-SAR DiffImage or GeoTIFF scans, in the order of their names.\n"
      "policy : path, optional\n    Policy TOML; default: the shipped policy.\n"
      "ground : path, optional\n    Cloud of the slope: gives areas in m2, and places to mask and stable.\n"
      "mask, stable : path, optional\n    GeoJSON or GeoPackage: cells that never alarm; cells that calibrate (default: "
      "found).\n"
      "pictures : path, optional\n    Folder for radar.h5 (see highwall.read_map) and radar.png of the newest scan: velocity, "
      "sigma,\n    sensitivity (with a ground) and the areas whose alarms stand.\n" +
      scan_keywords_text() +
      "threads : int, default 0\n    0: all of the machine. Results do not depend on it.\n"
      "\nReturns\n-------\ndict : what `highwall radar alarms -o` writes: policy, rules, alarms (kind motion, step or\n"
      "    coherence_loss; level; times; cells as (row, col); velocities in mm/h towards the radar), scans with their number of\n"
      "    stable cells, and judged_scans: 0 means that nothing could be judged, not that nothing moved.\n"
      "\nRaises\n------\nConfigError: what the files do not tell and nobody told. InputError: files that are no scans.\n";
  radar.def("alarms", &alarms_of, py::arg("scans"), py::arg("policy") = py::none(), py::kw_only(), py::arg("ground") = py::none(),
            py::arg("mask") = py::none(), py::arg("stable") = py::none(), py::arg("pictures") = py::none(),
            py::arg("threads") = 0, doc.c_str());
}

}  // namespace highwall::python
