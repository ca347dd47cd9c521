#pragma once

#include "bindings/python/python.hpp"

namespace highwall::python {

void add_radar(py::module_& module);  // the submodule highwall.radar

// Parts of it, one a file.
void add_radar_alarms(py::module_& radar);
void add_radar_export(py::module_& radar);
void add_radar_geometry(py::module_& radar);
void add_radar_invert(py::module_& radar);
void add_radar_velocity(py::module_& radar);

}  // namespace highwall::python
