#include <pybind11/stl.h>

#include <array>
#include <cmath>
#include <optional>

#include "algorithms/catalog.hpp"
#include "algorithms/surface/change_class.hpp"
#include "algorithms/surface/raster.hpp"
#include "algorithms/surface/volumes.hpp"
#include "bindings/python/points.hpp"
#include "bindings/python/python.hpp"

namespace highwall::python {
namespace {

py::object column(const py::object& self, const std::vector<double>& values, const GridGeometry& g) {
  return view_of(values.data(), {static_cast<py::ssize_t>(g.rows), static_cast<py::ssize_t>(g.cols)}, self);
}

/// A registration as hw.register() gives it.
std::optional<Registration> registration_of(const py::object& given) {
  if (given.is_none()) return std::nullopt;
  if (!py::isinstance<py::dict>(given)) throw Error(ErrorKind::input, "registration must be what hw.register() returned");
  const auto d = given.cast<py::dict>();
  if (!d.contains("covariance") || !d.contains("centre")) {
    throw Error(ErrorKind::input, "registration has no covariance and centre: give what hw.register() returned");
  }
  const DoubleArray covariance = DoubleArray::ensure(d["covariance"]);
  if (!covariance || covariance.ndim() != 2 || covariance.shape(0) != 6 || covariance.shape(1) != 6) {
    PyErr_Clear();
    throw Error(ErrorKind::input, "registration[\"covariance\"] must be 6 x 6");
  }
  Registration r;
  r.covariance = Eigen::Map<const Eigen::Matrix<double, 6, 6, Eigen::RowMajor>>(covariance.data());
  const auto centre = d["centre"].cast<std::array<double, 3>>();
  r.centre_m = Eigen::Vector3d::Map(centre.data());
  return r;
}

const Registration* pointer_to(const std::optional<Registration>& r) { return r ? &*r : nullptr; }

/// Outlines from dicts {name: rings of (x, y)}: world coordinates of the frame.
std::vector<Polygon> polygons_of(const py::object& given, const Frame& frame) {
  std::vector<Polygon> out;
  if (given.is_none()) return out;
  for (const auto& [name, rings] : given.cast<py::dict>()) {
    Polygon p;
    p.name = py::cast<std::string>(name);
    p.frame = frame;
    const DoubleArray one = DoubleArray::ensure(rings);
    if (!one || one.ndim() != 2 || one.shape(1) != 2 || one.shape(0) < 3) {
      PyErr_Clear();
      throw Error(ErrorKind::input, "outline \"" + p.name + "\" must be an N x 2 array of corners");
    }
    Ring ring;
    for (py::ssize_t i = 0; i < one.shape(0); ++i) {
      if (!std::isfinite(one.at(i, 0)) || !std::isfinite(one.at(i, 1))) {
        throw Error(ErrorKind::input, "outline \"" + p.name + "\": corner " + std::to_string(i + 1) + " is not a number", {},
                    "leave the corner out, or the outline");
      }
      ring.emplace_back(one.at(i, 0) - frame.origin_m[0], one.at(i, 1) - frame.origin_m[1]);
    }
    p.rings.push_back(std::move(ring));
    out.push_back(std::move(p));
  }
  return out;
}

std::vector<std::uint8_t> marks_of(const py::object& stable) {
  if (stable.is_none()) return {};
  const auto array = py::array_t<bool, py::array::c_style | py::array::forcecast>::ensure(stable);
  if (!array) {
    PyErr_Clear();
    throw Error(ErrorKind::input, "stable must be booleans");
  }
  return {array.data(), array.data() + array.size()};
}

py::dict dict_of(const Sum& s) {
  py::dict d;
  d["volume_m3"] = s.value_m3;
  d["half95_m3"] = s.half95_m3;
  d["low_m3"] = s.low_m3();
  d["high_m3"] = s.high_m3();
  d["registration95_m3"] = s.registration95_m3;
  d["area_m2"] = s.area_m2;
  return d;
}

py::list list_of(const std::vector<VolumeRow>& rows) {
  py::list out;
  for (const VolumeRow& r : rows) {
    py::dict d;
    d["name"] = r.name;
    d["loss"] = dict_of(r.loss);
    d["gain"] = dict_of(r.gain);
    d["net"] = dict_of(r.net);
    d["measured_m2"] = r.measured_m2;
    d["unmeasured_m2"] = r.unmeasured_m2;
    out.append(d);
  }
  return out;
}

std::array<double, 3> world(const Eigen::Vector3d& p, const Frame& frame) {
  return {p.x() + frame.origin_m[0], p.y() + frame.origin_m[1], p.z() + frame.origin_m[2]};
}

py::dict dict_of(const VolumeTable& t, const Frame& frame) {
  py::dict d;
  py::list clusters;
  for (const ChangeCluster& c : t.clusters) {
    py::dict one;
    one["cluster"] = c.number;
    one["change"] = c.gain ? "gain" : "loss";
    one["volume_m3"] = c.volume.value_m3;
    one["half95_m3"] = c.volume.half95_m3;
    one["low_m3"] = c.volume.low_m3();
    one["high_m3"] = c.volume.high_m3();
    one["registration95_m3"] = c.volume.registration95_m3;
    one["area_m2"] = c.area_m2;
    one["mean_m"] = c.mean_m;
    one["largest_m"] = c.largest_m;
    one["place"] = world(c.place_m, frame);
    one["unmeasured_m2"] = c.unmeasured_m2;
    one["gap_m3"] = c.gap_m3;
    one["steep_share"] = c.steep_share;
    one["bench"] = c.bench;
    one["zones"] = c.zones;
    clusters.append(one);
  }
  d["clusters"] = clusters;
  d["zones"] = list_of(t.zones);
  d["benches"] = list_of(t.benches);
  d["total"] = list_of({t.total})[0];
  d["bench_floors_m"] = t.bench_floors_m;
  d["label"] = py::array_t<std::int32_t>(static_cast<py::ssize_t>(t.label.size()), t.label.data());
  d["error_growth"] =
      py::dict(py::arg("side_m") = t.growth.side_m, py::arg("factor") = t.growth.factor, py::arg("blocks") = t.growth.blocks);
  d["sentence"] = t.sentence;
  return d;
}

template <class Type>
void add_grid(py::class_<Type>& type) {
  type.def_property_readonly(
          "affine",
          [](const Type& d) {
            auto a = d.geometry.affine;
            a[0] += d.geometry.frame.origin_m[0];
            a[3] += d.geometry.frame.origin_m[1];
            return a;
          },
          "Six numbers in GDAL's order: world place of the upper-left corner, and steps.")
      .def_property_readonly(
          "crs", [](const Type& d) { return d.geometry.frame.crs; }, "CRS of the world coordinates, or \"local\".")
      .def_property_readonly(
          "origin", [](const Type& d) { return d.geometry.frame.origin_m; }, "World coordinates of the local origin, m.")
      .def_property_readonly(
          "shape", [](const Type& d) { return py::make_tuple(d.geometry.rows, d.geometry.cols); }, "Rows and columns.")
      .def_property_readonly(
          "reason",
          [](const Type& d) {
            return words_of(d.reason, {static_cast<py::ssize_t>(d.geometry.rows), static_cast<py::ssize_t>(d.geometry.cols)});
          },
          "Why a value is NaN, or \"ok\".");
}

void add_types(py::module_& module) {
  py::class_<Dem> surface(module, "Dem", "Heights of one epoch by cell. Arrays are read-only views, rows from north to south.");
  add_grid(surface);
  surface
      .def_property_readonly(
          "height",
          [](const py::object& self) {
            const auto& d = self.cast<const Dem&>();
            return column(self, d.height_m, d.geometry);
          },
          "At the cells' centres, local metres: add origin[2] for the world's.")
      .def_property_readonly(
          "sigma",
          [](const py::object& self) {
            const auto& d = self.cast<const Dem&>();
            return column(self, d.sigma_m, d.geometry);
          },
          "One standard deviation, m.")
      .def_property_readonly(
          "count",
          [](const py::object& self) {
            const auto& d = self.cast<const Dem&>();
            return view_of(d.count.data(), {static_cast<py::ssize_t>(d.geometry.rows), static_cast<py::ssize_t>(d.geometry.cols)},
                           self);
          },
          "Points in the cell.");
  py::class_<DemDifference> difference(module, "DemDifference",
                                       "Height of the second epoch less that of the first, by cell. Arrays are read-only views.");
  add_grid(difference);
  const auto grid = [&](const char* name, std::vector<double> DemDifference::*values, const char* help) {
    difference.def_property_readonly(
        name,
        [values](const py::object& self) {
          const auto& d = self.cast<const DemDifference&>();
          return column(self, d.*values, d.geometry);
        },
        help);
  };
  grid("difference", &DemDifference::difference_m, "m, up is positive.");
  grid("sigma", &DemDifference::sigma_m, "One standard deviation without the registration, m.");
  grid("registration", &DemDifference::registration_m, "One standard deviation of the registration's share, m.");
  grid("lod95", &DemDifference::lod95_m, "Detection limit at 95 %, m.");
  difference
      .def_property_readonly(
          "stable",
          [](const DemDifference& d) {
            const py::array_t<std::uint8_t> marks(
                std::vector<py::ssize_t>{static_cast<py::ssize_t>(d.geometry.rows), static_cast<py::ssize_t>(d.geometry.cols)},
                d.stable.data());
            return marks.attr("astype")(py::dtype::of<bool>());
          },
          "True = taken for ground at rest.")
      .def_property_readonly(
          "calibration",
          [](const DemDifference& d) {
            const DifferenceCalibration& c = d.calibration;
            py::dict out;
            out["done"] = c.done;
            out["factor"] = c.factor;
            out["floor_m"] = c.floor_m;
            out["measured"] = c.measured;
            out["stable_count"] = c.stable_count;
            out["mean_m"] = c.mean_m;
            out["false_alarms"] = c.false_alarms;
            out["median_limit_m"] = c.median_limit_m;
            out["sentence"] = c.sentence;
            return out;
          },
          "How limits were calibrated on stable ground.");
}

std::string doc_of(const char* algorithm, const std::string& before, const std::string& options, const std::string& after) {
  return std::string(algorithm_of(algorithm).sentence) + "\n\nParameters\n----------\n" + before + options +
         "threads : integer, default 0 = all; results do not depend on it\n\nReturns\n-------\n" + after;
}

}  // namespace

void add_surface(py::module_& module) {
  add_types(module);
  static const std::string dem_doc = doc_of("surface",
                                            "cloud : Cloud or N x 3 array\nlike : Cloud or array, default None\n    Both clouds "
                                            "make the raster, so that two DEMs lie on each other\n",
                                            parameters_text<DemOptions>(), "Dem with height, sigma, count, reason.");
  module.def(
      "dem",
      [](const py::object& cloud, const py::object& like, int threads, const py::kwargs& keywords) {
        DemOptions options;
        apply(options, keywords, "dem");
        const PointCloud* first = cloud_among({cloud, like});
        const Cores points = points_of(cloud, first, "cloud");
        // The frame is that of `like`, so that both DEMs have one.
        const Cores other = like.is_none() ? points : points_of(like, first, "like");
        const Cores own = about(points, other.view.frame());
        return without_gil(threads, [&](const Run& run) {
          // Ordered, so that either way round gives one raster.
          const std::array<PointsView, 2> both{own.view, other.view};
          return dem(own.view, raster_over(both, options.cell_m), options, run);
        });
      },
      py::arg("cloud"), py::arg("like") = py::none(), py::kw_only(), py::arg("threads") = 0, dem_doc.c_str());
  static const std::string difference_doc =
      doc_of("difference",
             "e1, e2 : Cloud or N x 3 array, before and after; or two Dem of one raster: hw.dem(before, like=after) and "
             "hw.dem(after, like=before)\nstable : booleans, one a cell, default None: found\nregistration "
             ": what hw.register() returned, default None\n    Its covariance joins the limits\n",
             parameters_text<DemOptions>() + parameters_text<DifferenceOptions>(),
             "DemDifference with difference, sigma, registration, lod95, reason, stable, calibration.");
  module.def(
      "dem_of_difference",
      [](const py::object& e1, const py::object& e2, const py::object& stable, const py::object& registration, int threads,
         const py::kwargs& keywords) {
        DemOptions surface;
        DifferenceOptions options;
        const bool cells = apply_to_both(surface, options, keywords, "dem_of_difference");
        if (py::isinstance<Dem>(e1) || py::isinstance<Dem>(e2)) {
          if (!py::isinstance<Dem>(e1) || !py::isinstance<Dem>(e2)) {
            throw Error(ErrorKind::input, "e1 and e2 must both be a Dem, or both be clouds", "dem_of_difference");
          }
          if (cells)
            throw Error(ErrorKind::config, "two DEMs have their cells: give these options to hw.dem", "dem_of_difference");
          const auto& first = e1.cast<const Dem&>();
          const auto& second = e2.cast<const Dem&>();
          const std::vector<std::uint8_t> marks = marks_of(stable);
          const std::optional<Registration> r = registration_of(registration);
          return without_gil(
              threads, [&](const Run& run) { return dem_of_difference(first, second, marks, pointer_to(r), options, run); });
        }
        const PointCloud* cloud = cloud_among({e1, e2});
        const Cores before = points_of(e1, cloud, "e1");
        const Cores after = about(points_of(e2, cloud, "e2"), before.view.frame());
        const std::vector<std::uint8_t> marks = marks_of(stable);
        const std::optional<Registration> r = registration_of(registration);
        return without_gil(threads, [&](const Run& run) {
          const std::array<PointsView, 2> both{before.view, after.view};
          const GridGeometry g = raster_over(both, surface.cell_m);
          return dem_of_difference(dem(before.view, g, surface, run), dem(after.view, g, surface, run), marks, pointer_to(r),
                                   options, run);
        });
      },
      py::arg("e1"), py::arg("e2"), py::kw_only(), py::arg("stable") = py::none(), py::arg("registration") = py::none(),
      py::arg("threads") = 0, difference_doc.c_str());
  static const std::string volumes_doc = doc_of(
      "volume",
      "change : DemDifference, for volumes in plan, or DisplacementField of hw.m3c2() at evenly spaced core points, along "
      "normals: for faces\nzones : dict of name: N x 2 array of corners, world coordinates, default None\nstable : booleans, one "
      "a core point, default None: found; of a DemDifference it is the difference's own\nregistration : what hw.register() "
      "returned, default None\n",
      parameters_text<VolumeOptions>(),
      "dict with clusters (dicts with volume_m3, half95_m3: half of the 95 % interval of what has a value, low_m3 and high_m3: "
      "the interval with what the ground without one beside it may hold, area_m2, mean_m, place, steep_share, "
      "unmeasured_m2, gap_m3, bench, zones), zones, benches, total (loss, gain, net), label, error_growth, sentence.");
  module.def(
      "volumes",
      [](const py::object& change, const py::object& zones, const py::object& stable, const py::object& registration, int threads,
         const py::kwargs& keywords) {
        VolumeOptions options;
        apply(options, keywords, "volumes");
        const std::optional<Registration> r = registration_of(registration);
        if (py::isinstance<DemDifference>(change)) {
          if (!stable.is_none())
            throw Error(ErrorKind::config, "stable is that of the difference: give it to hw.dem_of_difference", "volumes");
          const auto& d = change.cast<const DemDifference&>();
          const std::vector<Polygon> outlines = polygons_of(zones, d.geometry.frame);
          return dict_of(without_gil(threads, [&](const Run& run) { return volumes(d, outlines, pointer_to(r), options, run); }),
                         d.geometry.frame);
        }
        if (!py::isinstance<DisplacementField>(change))
          throw Error(ErrorKind::input, "change must be a DemDifference or a DisplacementField", "volumes");
        const auto& f = change.cast<const DisplacementField&>();
        const std::vector<Polygon> outlines = polygons_of(zones, f.frame);
        const std::vector<std::uint8_t> marks = marks_of(stable);
        return dict_of(
            without_gil(threads, [&](const Run& run) { return face_volumes(f, marks, outlines, pointer_to(r), options, run); }),
            f.frame);
      },
      py::arg("change"), py::arg("zones") = py::none(), py::kw_only(), py::arg("stable") = py::none(),
      py::arg("registration") = py::none(), py::arg("threads") = 0, volumes_doc.c_str());
  static const std::string classes_doc = doc_of(
      "classes",
      "field : DisplacementField of hw.m3c2(e1, e2, cores)\ne1, e2 : the clouds that it was measured on\nscanner : three "
      "numbers, world coordinates of the second epoch's scanner, default None: not known\nevents : dict of name: N x 2 array of "
      "corners of declared blasts and digging, default None\n",
      parameters_text<ClassOptions>(),
      "dict with value (words: none, deformation, rockfall_source, deposit, mined, moving_object, occluded, unknown), evidence, "
      "change_m, limit_m, area_m2, object (number from 1; 0 = none), one a core point, and objects. A class lowers no warning "
      "level.");
  module.def(
      "classify_change",
      [](const DisplacementField& field, const py::object& e1, const py::object& e2, const py::object& scanner,
         const py::object& events, int threads, const py::kwargs& keywords) {
        ClassOptions options;
        apply(options, keywords, "classify_change");
        const PointCloud* cloud = cloud_among({e1, e2});
        const Cores before = about(points_of(e1, cloud, "e1"), field.frame);
        const Cores after = about(points_of(e2, cloud, "e2"), field.frame);
        std::optional<Eigen::Vector3d> place;
        if (!scanner.is_none()) {
          const auto given = scanner.cast<std::array<double, 3>>();
          place = Eigen::Vector3d::Map(given.data()) - Eigen::Vector3d::Map(field.frame.origin_m.data());
        }
        const std::vector<Polygon> outlines = polygons_of(events, field.frame);
        const ChangeClasses c = without_gil(threads, [&](const Run& run) {
          return classify_change(field, before.view, after.view, place ? &*place : nullptr, outlines, options, run);
        });
        py::list value, evidence, objects;
        for (const ChangeClass one : c.value) value.append(std::string(name_of(one)));
        for (const ChangeEvidence one : c.evidence) evidence.append(std::string(name_of(one)));
        for (const ChangeObject& x : c.objects) {
          py::dict one;
          one["class"] = std::string(name_of(x.value));
          one["change"] = x.gain ? "gain" : "loss";
          one["volume_m3"] = x.volume.value_m3;
          one["half95_m3"] = x.volume.half95_m3;
          one["area_m2"] = x.area_m2;
          one["largest_m"] = x.largest_m;
          one["length_m"] = x.length_m;
          one["place"] = world(x.place_m, field.frame);
          one["partner"] = x.partner;
          one["evidence"] = x.evidence;
          objects.append(one);
        }
        const py::object array = py::module_::import("numpy").attr("array");
        py::dict out;
        out["value"] = array(value, py::arg("dtype") = "U16");
        out["evidence"] = array(evidence, py::arg("dtype") = "U16");
        out["limit_m"] = py::array_t<double>(static_cast<py::ssize_t>(c.limit_m.size()), c.limit_m.data());
        out["change_m"] = py::array_t<double>(static_cast<py::ssize_t>(c.change_m.size()), c.change_m.data());
        out["area_m2"] = py::array_t<double>(static_cast<py::ssize_t>(c.area_m2.size()), c.area_m2.data());
        out["object"] = py::array_t<std::uint32_t>(static_cast<py::ssize_t>(c.object.size()), c.object.data());
        out["objects"] = objects;
        return out;
      },
      py::arg("field"), py::arg("e1"), py::arg("e2"), py::kw_only(), py::arg("scanner") = py::none(),
      py::arg("events") = py::none(), py::arg("threads") = 0, classes_doc.c_str());
}

}  // namespace highwall::python
