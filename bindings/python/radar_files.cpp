#include "bindings/python/radar_files.hpp"

#include <pybind11/stl/filesystem.h>

namespace highwall::python {
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

std::filesystem::path this_python() { return py::cast<std::filesystem::path>(py::module_::import("sys").attr("executable")); }

void warn_without_picture(const std::string& why) {
  if (why.empty()) return;
  py::module_::import("warnings").attr("warn")("no picture: " + why + "; draw it with: python -m highwall.quicklook FOLDER");
}

void log_warnings(const Report& report, const Run& run) {
  for (const std::string& note : report.warnings) run.log(LogLevel::warning, "read", {{"file", report.source}, {"note", note}});
}

ScanKeywords scan_keywords_of(const py::kwargs& given, bool with_ground, const std::string& where) {
  py::dict keywords(given);
  ScanKeywords out;
  apply(out.reading, taken_by<ScanFileOptions>(keywords), where);
  const py::dict place = taken_by<RadarPlaceOptions>(keywords);
  if (!with_ground && !place.empty()) {
    throw Error(ErrorKind::config, "the place of the radar says something together with ground only", where);
  }
  if (with_ground) apply(out.place, place, where);
  apply(out.velocity, keywords, where);
  return out;
}

std::string scan_keywords_text() {
  return parameters_text<ScanFileOptions>() + parameters_text<RadarPlaceOptions>() + parameters_text<VelocityStreamOptions>();
}

}  // namespace highwall::python
