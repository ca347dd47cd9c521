#pragma once

#include <algorithm>
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

/// Takes the keywords that a struct of options knows out of all.
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

/// rows x cols of one number a cell.
template <class T>
py::array_t<T> cells_of(const std::vector<T>& values, const ScanGrid& grid) {
  py::array_t<T> out({static_cast<py::ssize_t>(grid.rows), static_cast<py::ssize_t>(grid.cols)});
  std::copy(values.begin(), values.end(), out.mutable_data());
  return out;
}

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
