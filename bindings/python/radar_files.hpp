#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "algorithms/radar/velocity_stream.hpp"
#include "bindings/pipeline/radar_files.hpp"
#include "bindings/python/python.hpp"

namespace highwall::python {

/// One path, or several.
std::vector<std::filesystem::path> paths_of(const py::object& scans);
std::filesystem::path path_or_none(const py::object& path);
/// The interpreter that runs this.
std::filesystem::path this_python();
/// A Python warning that says why there is no picture; nothing for "".
void warn_without_picture(const std::string& why);
void log_warnings(const Report& report, const Run& run);

/// Keywords of a function on scans: each goes to the struct that knows its name.
struct ScanKeywords {
  ScanFileOptions reading;
  RadarPlaceOptions place;
  VelocityStreamOptions velocity;
};
/// @throws Error(config) for unknown ones, and for the place of the radar without a ground
ScanKeywords scan_keywords_of(const py::kwargs& given, bool with_ground, const std::string& where);
/// Their lines of a docstring.
std::string scan_keywords_text();

}  // namespace highwall::python
