#include <limits>

#include "algorithms/catalog.hpp"
#include "algorithms/compare/m3c2.hpp"
#include "bindings/python/python.hpp"
#include "core/error.hpp"
#include "io/crs/crs.hpp"

namespace highwall::python {
namespace {

/// Points of a Cloud or of an N x 3 array, and what keeps them alive.
struct Cores {
  py::object keeper;
  PointsView view;
};

constexpr double kFarM = 100e3;

/// The first Cloud among them, or nullptr.
const PointCloud* cloud_among(std::initializer_list<py::object> objects) {
  for (const py::object& object : objects) {
    if (py::isinstance<PointCloud>(object)) return &object.cast<const PointCloud&>();
  }
  return nullptr;
}

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

Instant instant_of(const py::object& object) {
  return py::isinstance<PointCloud>(object) ? object.cast<const PointCloud&>().instant : kNoInstant;
}

/// Clouds of one CRS whose readers chose different local origins are brought about the first one's.
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

py::array column(const py::object& self, const std::vector<double>& values) {
  return view_of(values.data(), {static_cast<py::ssize_t>(values.size())}, self);
}

void add_field(py::module_& module) {
  const auto doubles = [](std::vector<double> DisplacementField::*member) {
    return [member](const py::object& self) { return column(self, self.cast<const DisplacementField&>().*member); };
  };
  const auto points = [](Points DisplacementField::*member) {
    return [member](const py::object& self) {
      const Points& p = self.cast<const DisplacementField&>().*member;
      return view_of(p.data(), {static_cast<py::ssize_t>(p.rows()), 3}, self);
    };
  };
  const auto counts = [](std::vector<std::uint32_t> DisplacementField::*member) {
    return [member](const py::object& self) {
      const auto& v = self.cast<const DisplacementField&>().*member;
      return view_of(v.data(), {static_cast<py::ssize_t>(v.size())}, self);
    };
  };
  py::class_<DisplacementField>(module, "DisplacementField",
                                "Displacement of many places between two epochs. Arrays are read-only views of length N; "
                                "NaN has a reason, zero is a measurement.")
      .def("__len__", &DisplacementField::size)
      .def_readonly("method", &DisplacementField::method, "How it was measured: \"m3c2\".")
      .def_property_readonly(
          "origin", [](const DisplacementField& f) { return f.frame.origin_m; },
          "World coordinates of the local origin, m: position + origin is in the CRS.")
      .def_property_readonly(
          "crs", [](const DisplacementField& f) { return f.frame.crs; }, "CRS of the world coordinates, or \"local\".")
      .def_property_readonly(
          "vertical", [](const DisplacementField& f) { return f.frame.vertical; }, "Vertical CRS, or \"\".")
      .def_property_readonly(
          "unit", [](const DisplacementField& f) { return length_unit_of(f.frame); },
          "Unit of all lengths: \"m\", or with units=\"source\" the files' own, e.g. \"ft_us\".")
      .def_property_readonly(
          "instants", [](const DisplacementField& f) { return py::make_tuple(to_iso8601(f.from), to_iso8601(f.to)); },
          "Times of the two epochs, ISO 8601 UTC; \"NaT\" = not known.")
      .def_property_readonly("position", points(&DisplacementField::position_m), "N x 3 local metres.")
      .def_property_readonly("normal", points(&DisplacementField::direction), "N x 3 unit vectors along which distance counts.")
      .def_property_readonly("distance", doubles(&DisplacementField::value_m),
                             "Metres along the normal, second epoch minus first.")
      .def_property_readonly("sigma", doubles(&DisplacementField::sigma_m), "One standard deviation, metres.")
      .def_property_readonly("lod95", doubles(&DisplacementField::lod95_m), "Detection limit at 95 %, metres.")
      .def_property_readonly("std1", doubles(&DisplacementField::spread_before_m), "Spread of the first epoch's points, metres.")
      .def_property_readonly("std2", doubles(&DisplacementField::spread_after_m), "Spread of the second epoch's points, metres.")
      .def_property_readonly("n1", counts(&DisplacementField::n_before), "Points of the first epoch in the cylinder.")
      .def_property_readonly("n2", counts(&DisplacementField::n_after), "Points of the second epoch in the cylinder.")
      .def_property_readonly(
          "reason", [](const py::object& self) { return words_of(self.cast<const DisplacementField&>().reason, {}); },
          "Why a value is NaN, or \"ok\".")
      .def(
          "to_pandas",
          [](const py::object& self) {
            const std::string unit = py::cast<std::string>(self.attr("unit"));
            const auto& origin = self.cast<const DisplacementField&>().frame.origin_m;
            py::dict d;
            const py::object position = self.attr("position");
            const py::object normal = self.attr("normal");
            const auto axis = [](int c) { return py::make_tuple(py::slice(py::none(), py::none(), py::none()), c); };
            const char* const axes[] = {"x", "y", "z"};
            for (int c = 0; c < 3; ++c) {
              const py::object local = position[axis(c)];
              d[(std::string(axes[c]) + "_" + unit).c_str()] = local + py::float_(origin[static_cast<std::size_t>(c)]);
            }
            for (int c = 0; c < 3; ++c) d[("n" + std::string(axes[c])).c_str()] = normal[axis(c)];
            for (const char* name : {"distance", "sigma", "lod95", "std1", "std2"})
              d[(std::string(name) + "_" + unit).c_str()] = self.attr(name);
            for (const char* name : {"n1", "n2", "reason"}) d[name] = self.attr(name);
            return py::module_::import("pandas").attr("DataFrame")(d);
          },
          "A pandas.DataFrame with everything, a row a place: world coordinates, normal, distance, sigma, lod95, spreads, "
          "counts, reason; "
          "lengths have their unit in the name. Needs pandas.");
}

}  // namespace

void add_measure(py::module_& module) {
  add_field(module);
  static const std::string m3c2_doc =
      std::string(algorithm_of("m3c2").sentence) +
      "\n\nParameters\n----------\ne1, e2 : Cloud or N x 3 array of numbers\n"
      "cores : Cloud or M x 3 array, where to measure; default: e1\n    Arrays alone are metres of one frame, used without a "
      "copy where they "
      "are C-ordered float64. An array together\n    with a Cloud has world coordinates of the Cloud's CRS (cloud.world(), not "
      "cloud.xyz).\n" +
      parameters_text<M3c2Options>() +
      "threads : integer, default 0 = all; results do not depend on it\n\nReturns\n-------\nDisplacementField with distance, "
      "lod95, "
      "normal, n1, n2, std1, std2, reason.\n\nRaises\n------\nFrameError when the frames differ, InputError for wrong shapes and "
      "for arrays "
      "more than 100 km from the Clouds, "
      "ConfigError for bad options.";
  module.def(
      "m3c2",
      [](const py::object& e1, const py::object& e2, const py::object& cores, int threads, const py::kwargs& keywords) {
        M3c2Options options;
        apply(options, keywords, "m3c2");
        const PointCloud* cloud = cloud_among({e1, e2, cores});
        const Cores before = points_of(e1, cloud, "e1");
        const Cores after = about(points_of(e2, cloud, "e2"), before.view.frame());
        const Cores places = cores.is_none() ? before : about(points_of(cores, cloud, "cores"), before.view.frame());
        DisplacementField field =
            without_gil(threads, [&](const Run& run) { return m3c2(before.view, after.view, places.view, options, run); });
        field.from = instant_of(e1);
        field.to = instant_of(e2);
        return field;
      },
      py::arg("e1"), py::arg("e2"), py::arg("cores") = py::none(), py::kw_only(), py::arg("threads") = 0, m3c2_doc.c_str());
}

}  // namespace highwall::python
