#pragma once

#include <initializer_list>
#include <string>

#include "bindings/python/python.hpp"
#include "core/cloud.hpp"

namespace highwall::python {

/// Points of a Cloud or of an N x 3 array, and what keeps them alive.
struct Cores {
  py::object keeper;
  PointsView view;
};

/// The first Cloud among them, or nullptr.
const PointCloud* cloud_among(std::initializer_list<py::object> objects);
/// A Cloud's points, or an array's: world coordinates where it comes together with `cloud`.
/// @throws Error(input) for what is neither, and for an array more than 100 km from the cloud
Cores points_of(const py::object& object, const PointCloud* cloud, const std::string& name);
/// Clouds of one CRS whose readers chose different local origins are brought about the first one's.
Cores about(Cores cores, const Frame& frame);

}  // namespace highwall::python
