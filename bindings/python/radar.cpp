#include "bindings/python/radar.hpp"

namespace highwall::python {

void add_radar(py::module_& module) {
  py::module_ radar = module.def_submodule("radar", "Slope radar and InSAR.");
  add_radar_alarms(radar);
  add_radar_export(radar);
  add_radar_geometry(radar);
  add_radar_invert(radar);
  add_radar_velocity(radar);
}

}  // namespace highwall::python
