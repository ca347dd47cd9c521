#include <pybind11/stl/filesystem.h>

#include "bindings/pipeline/radar_alarms.hpp"

#include "bindings/python/radar.hpp"
#include "io/config/policy.hpp"

namespace highwall::python {
namespace {

std::vector<std::filesystem::path> paths_of(const py::object& scans) {
  std::vector<std::filesystem::path> out;
  if (py::isinstance<py::str>(scans) || py::hasattr(scans, "__fspath__")) {
    out.push_back(py::cast<std::filesystem::path>(scans));
    return out;
  }
  for (const py::handle& one : scans) out.push_back(py::cast<std::filesystem::path>(one));
  return out;
}

std::filesystem::path path_or_none(const py::object& path) {
  return path.is_none() ? std::filesystem::path() : py::cast<std::filesystem::path>(path);
}

void log_warnings(const Report& report, const Run& run) {
  for (const std::string& note : report.warnings) run.log(LogLevel::warning, "read", {{"file", report.source}, {"note", note}});
}

/// Each keyword goes to the struct that knows its name.
struct Options {
  ScanFileOptions reading;
  RadarPlaceOptions place;
  VelocityStreamOptions velocity;
};

template <class One>
py::dict taken_by(py::dict& keywords) {
  py::dict own;
  for (const OptionSpec& spec : list_options<One>()) {
    if (!keywords.contains(spec.name)) continue;
    own[spec.name.c_str()] = keywords[spec.name.c_str()];
    keywords.attr("pop")(spec.name);
  }
  return own;
}

Options options_of(const py::kwargs& given, bool with_ground) {
  py::dict keywords(given);
  Options out;
  apply(out.reading, taken_by<ScanFileOptions>(keywords), "radar.alarms");
  const py::dict place = taken_by<RadarPlaceOptions>(keywords);
  if (!with_ground && !place.empty()) {
    throw Error(ErrorKind::config, "the place of the radar says something together with ground only", "radar.alarms");
  }
  if (with_ground) apply(out.place, place, "radar.alarms");
  apply(out.velocity, keywords, "radar.alarms");
  return out;
}

py::object alarms_of(const py::object& scans, const py::object& policy, const py::object& ground, const py::object& mask,
                     const py::object& stable, int threads, const py::kwargs& keywords) {
  const Options options = options_of(keywords, !ground.is_none());
  const RadarFiles files{paths_of(scans),      path_or_none(ground), path_or_none(mask),
                         path_or_none(stable), options.reading,      options.place};
  const std::filesystem::path rules = path_or_none(policy);
  const std::string text = without_gil(threads, [&](const Run& run) {
    const Policy read = load_policy(rules);
    const OpenedRadar radar = open_radar(
        files, [&](const Report& report) { log_warnings(report, run); }, run);
    return radar_alarms_json(radar_alarms(*radar.scans.source, radar.cells, read, options.velocity, run), read);
  });
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
      "found).\n" +
      parameters_text<ScanFileOptions>() + parameters_text<RadarPlaceOptions>() + parameters_text<VelocityStreamOptions>() +
      "threads : int, default 0\n    0: all of the machine. Results do not depend on it.\n"
      "\nReturns\n-------\ndict : what `highwall radar alarms -o` writes: policy, rules, alarms (kind motion, step or\n"
      "    coherence_loss; level; times; cells as (row, col); velocities in mm/h towards the radar), scans with their number of\n"
      "    stable cells, and judged_scans: 0 means that nothing could be judged, not that nothing moved.\n"
      "\nRaises\n------\nConfigError: what the files do not tell and nobody told. InputError: files that are no scans.\n";
  radar.def("alarms", &alarms_of, py::arg("scans"), py::arg("policy") = py::none(), py::kw_only(), py::arg("ground") = py::none(),
            py::arg("mask") = py::none(), py::arg("stable") = py::none(), py::arg("threads") = 0, doc.c_str());
}

}  // namespace highwall::python
