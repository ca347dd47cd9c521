#include <optional>

#include "algorithms/catalog.hpp"
#include "algorithms/radar/decompose.hpp"
#include "bindings/python/python.hpp"

namespace highwall::python {
namespace {

Points matrix_of(const py::object& object, const std::string& name) {
  const DoubleArray array = DoubleArray::ensure(object);
  if (!array || array.ndim() != 2 || array.shape(1) != 3) {
    PyErr_Clear();
    throw Error(ErrorKind::input, name + " must be an N x 3 array of numbers");
  }
  return Eigen::Map<const Points>(array.data(), array.shape(0), 3);
}

std::vector<double> vector_of(const DoubleArray& array) { return {array.data(), array.data() + array.size()}; }

py::array_t<double> array_of(const std::vector<double>& values) {
  return py::array_t<double>(static_cast<py::ssize_t>(values.size()), values.data());
}

/// The direction down the slope from given normals, or from the ground: a Cloud (places are then in its world
/// coordinates) or an array.
py::dict downslope_of(const DoubleArray& value, const DoubleArray& sigma, const py::object& position,
                      const std::array<double, 3>& sensor, const py::object& ground, const py::object& normal, int threads,
                      const py::kwargs& keywords) {
  DownslopeOptions options;
  apply(options, keywords, "downslope");
  if (ground.is_none() == normal.is_none()) throw Error(ErrorKind::config, "give either ground or normal", "downslope");
  Points places = matrix_of(position, "position");
  Eigen::Vector3d radar = Eigen::Vector3d::Map(sensor.data());
  Points own;
  std::optional<PointsView> cloud;
  if (py::isinstance<PointCloud>(ground)) {
    const auto& given = ground.cast<const PointCloud&>();
    cloud.emplace(given.xyz);
    const Eigen::Vector3d origin = Eigen::Vector3d::Map(given.frame.origin_m.data());
    places.rowwise() -= origin.transpose();
    radar -= origin;
  } else if (!ground.is_none()) {
    own = matrix_of(ground, "ground");
    cloud.emplace(own);
  }
  const Points given = normal.is_none() ? Points(0, 3) : matrix_of(normal, "normal");
  const std::vector<double> values = vector_of(value);
  const std::vector<double> sigmas = vector_of(sigma);
  const bool from_ground = normal.is_none();
  const DownslopeField f = without_gil(threads, [&](const Run& run) {
    Surface surface;
    if (from_ground) surface = surface_at(*cloud, places, options, run);
    return downslope(values, sigmas, lines_of_sight(places, radar), from_ground ? surface.normal : given, options, run);
  });
  py::dict out;
  out["value"] = array_of(f.value);
  out["sigma"] = array_of(f.sigma);
  out["sensitivity"] = array_of(f.sensitivity);
  out["direction"] = py::array_t<double>({static_cast<py::ssize_t>(f.direction.rows()), py::ssize_t{3}}, f.direction.data());
  out["reason"] = words_of(f.reason, {});
  return out;
}

py::dict algorithms() {
  py::dict out;
  for (const Algorithm& a : all_algorithms()) {
    out[std::string(a.name).c_str()] = std::string(a.sentence) + "\n" + help_text(a.options());
  }
  return out;
}

}  // namespace

void add_slope(py::module_& module) {
  static const std::string downslope_doc =
      std::string(algorithm_of("downslope").sentence) +
      "\n\nParameters\n----------\nvalue, sigma : N numbers along the line of sight, towards the sensor, of any unit of length "
      "or "
      "velocity\n"
      "position : N x 3 array, the places; sensor : three numbers, the radar, both in the frame of ground\n"
      "ground : Cloud (position and sensor are then world coordinates) or M x 3 array of the ground, or else\n"
      "normal : N x 3 array of surface normals\n" +
      parameters_text<DownslopeOptions>() +
      "threads : integer, default 0 = all; results do not depend on it\n\nReturns\n-------\ndict with value and sigma down the "
      "slope "
      "(NaN: see reason), sensitivity, direction (N x 3) and reason.\n\nRaises\n------\nInputError for wrong shapes, ConfigError "
      "for bad options.";
  module.def("downslope", &downslope_of, py::arg("value"), py::arg("sigma"), py::arg("position"), py::arg("sensor"),
             py::arg("ground") = py::none(), py::arg("normal") = py::none(), py::kw_only(), py::arg("threads") = 0,
             downslope_doc.c_str());
  module.def("algorithms", &algorithms,
             "Every algorithm by name: one sentence and its options; the names are those of [calculate] in site.toml.");
}

}  // namespace highwall::python
