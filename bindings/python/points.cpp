#include "bindings/python/points.hpp"

#include <limits>

#include "core/error.hpp"

namespace highwall::python {
namespace {

constexpr double kFarM = 100e3;

struct Box {
  Eigen::Array3d low = Eigen::Array3d::Constant(std::numeric_limits<double>::infinity());
  Eigen::Array3d high = -low;
};

Box box_of(const double* xyz, std::size_t n) {
  Box box;
  for (std::size_t i = 0; i < n; ++i) {
    const Eigen::Array3d p(xyz[3 * i], xyz[3 * i + 1], xyz[3 * i + 2]);
    if (!p.isFinite().all()) continue;
    box.low = box.low.min(p);
    box.high = box.high.max(p);
  }
  return box;
}

/// An array that comes together with Clouds is in world coordinates: a copy about the Cloud's origin.
Cores local_points(const DoubleArray& array, const PointCloud& cloud, const std::string& name) {
  const auto n = static_cast<std::size_t>(array.shape(0));
  const auto& origin = cloud.frame.origin_m;
  py::array_t<double> moved({array.shape(0), py::ssize_t{3}});
  double* out = moved.mutable_data();
  for (std::size_t i = 0; i < 3 * n; ++i) out[i] = array.data()[i] - origin[i % 3];
  const Box own = box_of(out, n);
  const Box other = box_of(cloud.xyz.data(), cloud.size());
  if (((own.low - other.high).max(other.low - own.high) > kFarM).any()) {
    throw Error(
        ErrorKind::input, name + " lies more than 100 km from the Cloud", {},
        "an array given together with a Cloud has world coordinates: take cloud.world(), or add cloud.origin to cloud.xyz");
  }
  const PointsView view(out, n, cloud.frame);
  return {moved, view};
}

}  // namespace

const PointCloud* cloud_among(std::initializer_list<py::object> objects) {
  for (const py::object& object : objects) {
    if (py::isinstance<PointCloud>(object)) return &object.cast<const PointCloud&>();
  }
  return nullptr;
}

Cores points_of(const py::object& object, const PointCloud* cloud, const std::string& name) {
  if (py::isinstance<PointCloud>(object)) return {object, object.cast<const PointCloud&>().view()};
  const DoubleArray array = DoubleArray::ensure(object);
  if (!array || array.ndim() != 2 || array.shape(1) != 3) {
    PyErr_Clear();
    throw Error(ErrorKind::input, name + " must be a Cloud or an N x 3 array of numbers");
  }
  if (cloud != nullptr) return local_points(array, *cloud, name);
  return {array, PointsView(array.data(), static_cast<std::size_t>(array.shape(0)))};
}

Cores about(Cores cores, const Frame& frame) {
  const Frame& own = cores.view.frame();
  if (own.origin_m == frame.origin_m || own.crs != frame.crs || own.vertical != frame.vertical) return cores;
  py::array_t<double> moved({static_cast<py::ssize_t>(cores.view.size()), py::ssize_t{3}});
  double* out = moved.mutable_data();
  for (std::size_t i = 0; i < cores.view.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) out[3 * i + c] = cores.view.data()[3 * i + c] + (own.origin_m[c] - frame.origin_m[c]);
  }
  const PointsView view(moved.data(), cores.view.size(), frame);
  return {moved, view};
}

}  // namespace highwall::python
