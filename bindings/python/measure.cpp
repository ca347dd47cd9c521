#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "algorithms/align/stable_ground.hpp"
#include "algorithms/catalog.hpp"
#include "algorithms/compare/m3c2.hpp"
#include "algorithms/vectors/vectors.hpp"
#include "bindings/pipeline/compare_pair.hpp"
#include "bindings/python/align.hpp"
#include "bindings/python/points.hpp"
#include "bindings/python/python.hpp"
#include "core/error.hpp"
#include "io/config/cloudcompare.hpp"
#include "io/crs/crs.hpp"
#include "io/writers/vector_columns.hpp"

namespace highwall::python {
namespace {

Instant instant_of(const py::object& object) {
  return py::isinstance<PointCloud>(object) ? object.cast<const PointCloud&>().instant : kNoInstant;
}

/// One mark a core point; none for None.
std::vector<std::uint8_t> marks_of(const py::object& stable) {
  if (stable.is_none()) return {};
  const auto array = py::array_t<bool, py::array::c_style | py::array::forcecast>::ensure(stable);
  if (!array || array.ndim() != 1) {
    PyErr_Clear();
    throw Error(ErrorKind::input, "stable must be one boolean a core point", "m3c2");
  }
  return {array.data(), array.data() + array.size()};
}

py::dict dict_of(const LimitCalibration& c) {
  py::dict d;
  d["done"] = c.done;
  d["factor"] = c.factor;
  d["error_m"] = c.error_m;
  d["shift_m"] = std::vector<double>{c.shift.motion[0], c.shift.motion[1], c.shift.motion[2]};
  d["shift_turn_rad"] = std::vector<double>{c.shift.motion[3], c.shift.motion[4], c.shift.motion[5]};
  d["shift_centre_m"] = std::vector<double>{c.shift.centre_m.x(), c.shift.centre_m.y(), c.shift.centre_m.z()};
  d["shift_rms_m"] = c.shift_rms_m;
  d["measured"] = c.measured;
  d["stable_count"] = c.stable_count;
  d["stable"] =
      py::array_t<bool>(py::array(py::dtype::of<std::uint8_t>(), static_cast<py::ssize_t>(c.stable.size()), c.stable.data()));
  d["false_alarms"] = c.false_alarms;
  d["floor_m"] = c.floor_m;
  d["false_alarms_by_half"] = c.false_alarms_by_half;
  d["false_alarms_by_third"] = c.false_alarms_by_third;
  d["median_limit_m"] = c.median_limit_m;
  d["noise_m"] = std::sqrt(c.roughness.noise_m2);
  d["roughness_m"] = std::vector<double>{std::sqrt(c.roughness.variance_m2[0]), std::sqrt(c.roughness.variance_m2[1])};
  d["roughness_length_m"] = c.roughness.length_m;
  d["sentence"] = c.sentence;
  return d;
}

py::dict dict_of(const VectorCalibration& c) {
  py::dict d;
  d["done"] = c.done;
  d["factor"] = c.factor;
  d["spacing_m"] = c.spacing_m;
  d["misfit"] = c.misfit;
  d["measured"] = c.measured;
  d["found_far"] = c.found_far;
  d["turned"] = c.turned;
  d["small"] = c.small;
  d["stable_count"] = c.stable_count;
  d["stable"] =
      py::array_t<bool>(py::array(py::dtype::of<std::uint8_t>(), static_cast<py::ssize_t>(c.stable.size()), c.stable.data()));
  d["false_vectors"] = c.false_vectors;
  d["median_sigma_m"] = std::vector<double>{c.median_sigma_m.x(), c.median_sigma_m.y(), c.median_sigma_m.z()};
  d["sentence"] = c.sentence;
  return d;
}

py::array column(const py::object& self, const std::vector<double>& values) {
  return view_of(values.data(), {static_cast<py::ssize_t>(values.size())}, self);
}

void add_field(py::module_& module) {
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
  py::class_<DisplacementField> type(module, "DisplacementField", py::dynamic_attr(),
                                     "Displacement of many places between two epochs. Arrays are read-only views of length N; "
                                     "NaN has a reason, zero is a measurement.");
  for (const LengthColumn& c : field_columns()) {
    static_cast<void>(type.def_property_readonly(
        std::string(c.name).c_str(),
        [c](const py::object& self) { return column(self, self.cast<const DisplacementField&>().*c.values); },
        std::string(c.help).c_str()));
  }
  for (const LengthColumn& c : optional_field_columns()) {
    static_cast<void>(type.def_property_readonly(
        std::string(c.name).c_str(),
        [c](const py::object& self) -> py::object {
          const auto& values = self.cast<const DisplacementField&>().*c.values;
          if (values.empty()) return py::none();
          return column(self, values);
        },
        (std::string(c.help) + " None where it was not asked for.").c_str()));
  }
  type.def("__len__", &DisplacementField::size)
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
      .def_property_readonly("n1", counts(&DisplacementField::n_before), "Points of the first epoch in the cylinder.")
      .def_property_readonly("n2", counts(&DisplacementField::n_after), "Points of the second epoch in the cylinder.")
      .def_property_readonly(
          "reason", [](const py::object& self) { return words_of(self.cast<const DisplacementField&>().reason, {}); },
          "Why a value is NaN, or \"ok\".")
      .def_property_readonly(
          "reason_calibrated",
          [](const py::object& self) -> py::object {
            const auto& reasons = self.cast<const DisplacementField&>().reason_calibrated;
            if (reasons.empty()) return py::none();
            return words_of(reasons, {});
          },
          "Why distance_calibrated is NaN, or \"ok\". None where it was not asked for.")
      .def_property_readonly(
          "vector",
          [](const py::object& self) -> py::object {
            const auto& f = self.cast<const DisplacementField&>();
            if (f.reason_vector.empty()) return py::none();
            return view_of(f.vector_m.data(), {static_cast<py::ssize_t>(f.vector_m.rows()), 3}, self);
          },
          "N x 3 displacement in space along x, y, z of position, second epoch minus first. None where it was not asked for.")
      .def_property_readonly(
          "vector_covariance",
          [](const py::object& self) -> py::object {
            const auto& f = self.cast<const DisplacementField&>();
            if (f.reason_vector.empty()) return py::none();
            return view_of(f.vector_covariance_m2.data(), {static_cast<py::ssize_t>(f.vector_covariance_m2.rows()), 6}, self);
          },
          "N x 6 covariance of vector, unit squared: xx, xy, xz, yy, yz, zz. None where it was not asked for.")
      .def_property_readonly(
          "reason_vector",
          [](const py::object& self) -> py::object {
            const auto& reasons = self.cast<const DisplacementField&>().reason_vector;
            if (reasons.empty()) return py::none();
            return words_of(reasons, {});
          },
          "Why vector is NaN, or \"ok\". None where it was not asked for.")
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
            for (const LengthColumn& c : columns_of(self.cast<const DisplacementField&>())) {
              const std::string name(c.name);
              d[(name + "_" + unit).c_str()] = self.attr(name.c_str());
            }
            for (const char* name : {"n1", "n2", "reason"}) d[name] = self.attr(name);
            const py::object calibrated = self.attr("reason_calibrated");
            if (!calibrated.is_none()) d["reason_calibrated"] = calibrated;
            const DisplacementField& f = self.cast<const DisplacementField&>();
            if (has_vectors(f)) {
              const auto names = vector_names(unit);
              std::array<py::array_t<double>, kVectorColumns> columns;
              for (py::array_t<double>& one : columns) one = py::array_t<double>(static_cast<py::ssize_t>(f.size()));
              for (std::size_t i = 0; i < f.size(); ++i) {
                const auto numbers = vector_numbers(f, i);
                for (std::size_t k = 0; k < kVectorColumns; ++k) columns[k].mutable_at(i) = numbers[k];
              }
              for (std::size_t k = 0; k < kVectorColumns; ++k) d[names[k].c_str()] = columns[k];
              d["reason_vector"] = self.attr("reason_vector");
            }
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
      "calibrated : boolean, default False\n    Measure distance_calibrated and lod95_calibrated too: the estimator that does "
      "not "
      "book roughness as noise, its\n    limit calibrated on ground at rest; the result's `calibration` tells the factor and the "
      "false alarms that were reached\nstable : M booleans, one a core point, default None\n    Ground that is known to rest; "
      "None: found from the distances themselves\nregister : boolean, default False\n    Register e2 on the patches of e1 that "
      "did "
      "not move before: its share is in sigma and in the limits then, and by itself in\n    `registration`; the result's "
      "`registered` is what register() gives. Without it no limit holds the registration's error\nnormals_at_cores : M x 3 "
      "array, one normal a core point, default None: measured\n    They need not have unit length\n" +
      parameters_text<M3c2Options>() + parameters_text<CalibrateOptions>() + parameters_text<PiecewiseOptions>("register_") +
      "threads : integer, default 0 = all; results do not depend on it\n\nReturns\n-------\nDisplacementField with distance, "
      "lod95, "
      "normal, n1, n2, std1, std2, reason.\n\nRaises\n------\nFrameError when the frames differ, InputError for wrong shapes and "
      "for arrays "
      "more than 100 km from the Clouds, "
      "ConfigError for bad options.";
  module.def(
      "m3c2",
      [](const py::object& e1, const py::object& e2, const py::object& cores, bool calibrated, const py::object& stable,
         bool align, const py::object& normals, int threads, const py::kwargs& keywords) {
        M3c2Options options;
        PairRequest request;
        py::dict others = keywords;
        if (take_prefixed(request.registration, others, "register_", "m3c2") && !align) {
          throw Error(ErrorKind::config, "options of the registration have no effect without register=True", "m3c2");
        }
        if (apply_to_both(request.calibrate, options, others, "m3c2") && !calibrated) {
          throw Error(ErrorKind::config, "options of the calibration have no effect without calibrated=True", "m3c2");
        }
        if (!calibrated && !stable.is_none()) throw Error(ErrorKind::config, "stable is used with calibrated=True only", "m3c2");
        const PointCloud* cloud = cloud_among({e1, e2, cores});
        const Cores before = points_of(e1, cloud, "e1");
        const Cores after = about(points_of(e2, cloud, "e2"), before.view.frame());
        const Cores places = cores.is_none() ? before : about(points_of(cores, cloud, "cores"), before.view.frame());
        request.align = align;
        request.calibrated = calibrated;
        request.stable = marks_of(stable);
        if (!normals.is_none()) request.normals = points_of(normals, nullptr, "normals_at_cores").view.matrix();
        PairResult found = without_gil(
            threads, [&](const Run& run) { return compare_pair(before.view, after.view, places.view, request, options, run); });
        found.field.from = instant_of(e1);
        found.field.to = instant_of(e2);
        py::object out = py::cast(std::move(found.field));
        out.attr("calibration") = calibrated ? py::object(dict_of(found.calibration)) : py::object(py::none());
        out.attr("registered") = found.registration ? py::object(dict_of(*found.registration)) : py::object(py::none());
        return out;
      },
      py::arg("e1"), py::arg("e2"), py::arg("cores") = py::none(), py::kw_only(), py::arg("calibrated") = false,
      py::arg("stable") = py::none(), py::arg("register") = false, py::arg("normals_at_cores") = py::none(),
      py::arg("threads") = 0, m3c2_doc.c_str());
  static const std::string vectors_doc =
      std::string(algorithm_of("vectors").sentence) +
      "\n\nParameters\n----------\ne1, e2 : Cloud or N x 3 array of numbers, as for m3c2\n"
      "cores : Cloud or M x 3 array, where to measure; default: points of e1, half a patch radius apart\n"
      "stable : M booleans, one a core point, default None\n    Ground that is known to rest; None: found from the vectors "
      "themselves\n" +
      parameters_text<VectorOptions>() + parameters_text<M3c2Options>() +
      "threads : integer, default 0 = all; results do not depend on it\n\nReturns\n-------\nDisplacementField as of m3c2, with "
      "vector, vector_covariance, reason_vector; its `calibration` tells the factor and the false vectors that were "
      "reached.\n\nRaises\n------\nFrameError when the frames differ, InputError for wrong shapes, ConfigError for bad options.";
  module.def(
      "vectors",
      [](const py::object& e1, const py::object& e2, const py::object& cores, const py::object& stable, int threads,
         const py::kwargs& keywords) {
        M3c2Options compare;
        VectorOptions options;
        apply_to_both(options, compare, keywords, "vectors");
        const PointCloud* cloud = cloud_among({e1, e2, cores});
        const Cores before = points_of(e1, cloud, "e1");
        const Cores after = about(points_of(e2, cloud, "e2"), before.view.frame());
        Points thin;
        if (cores.is_none()) thin = thin_to_cores(before.view, 0.5 * options.patch_radius_m);
        const Cores places = cores.is_none() ? Cores{py::none(), PointsView(thin, before.view.frame())}
                                             : about(points_of(cores, cloud, "cores"), before.view.frame());
        const std::vector<std::uint8_t> ground = marks_of(stable);
        VectorCalibration calibration;
        DisplacementField field = without_gil(threads, [&](const Run& run) {
          DisplacementField f = m3c2(before.view, after.view, places.view, compare, run);
          calibration = measure_vectors(before.view, after.view, f, ground, nullptr, options, run);
          return f;
        });
        field.from = instant_of(e1);
        field.to = instant_of(e2);
        py::object out = py::cast(std::move(field));
        out.attr("calibration") = dict_of(calibration);
        out.attr("registered") = py::none();
        return out;
      },
      py::arg("e1"), py::arg("e2"), py::arg("cores") = py::none(), py::kw_only(), py::arg("stable") = py::none(),
      py::arg("threads") = 0, vectors_doc.c_str());
  module.def(
      "cloudcompare_m3c2",
      [](const std::filesystem::path& path) {
        py::dict d;
        for (const GivenOption& o : read_cloudcompare_m3c2(path).options) {
          d[o.name.c_str()] = std::visit([](const auto& v) { return py::object(py::cast(v)); }, o.value);
        }
        return d;
      },
      py::arg("path"),
      "Options of a parameter file of CloudCompare's M3C2, for hw.m3c2(e1, e2, **options): its scales are diameters, ours "
      "radii.\n\n"
      "Raises\n------\nInputError naming file, line and key, ConfigError for what highwall does not have.");
}

}  // namespace highwall::python
