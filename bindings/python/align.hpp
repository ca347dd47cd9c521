#pragma once

#include "algorithms/align/stable_ground.hpp"
#include "bindings/python/python.hpp"

namespace highwall::python {

void add_align(py::module_& module);  // register, register_series

/// transform, covariance, centre, patches, stable, rms_m, verdict.
py::dict dict_of(const Registration& fit);

}  // namespace highwall::python
