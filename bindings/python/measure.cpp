#include "algorithms/compare/m3c2.hpp"
#include "algorithms/series/noise.hpp"
#include "algorithms/series/rate.hpp"
#include "bindings/python/python.hpp"
#include "core/error.hpp"

namespace highwall::python {
namespace {

/// Points of a Cloud or of an N x 3 array, without a copy where the array is C-contiguous float64.
struct Cores {
  py::object keeper;
  PointsView view;
};

Cores points_of(const py::object& object, const Frame& frame, const std::string& name) {
  if (py::isinstance<PointCloud>(object)) return {object, object.cast<const PointCloud&>().view()};
  const DoubleArray array = DoubleArray::ensure(object);
  if (!array || array.ndim() != 2 || array.shape(1) != 3) {
    PyErr_Clear();
    throw Error(ErrorKind::input, name + " must be a Cloud or an N x 3 array of numbers");
  }
  return {array, PointsView(array.data(), static_cast<std::size_t>(array.shape(0)), frame)};
}

Frame frame_of(const py::object& a, const py::object& b) {
  if (py::isinstance<PointCloud>(a)) return a.cast<const PointCloud&>().frame;
  if (py::isinstance<PointCloud>(b)) return b.cast<const PointCloud&>().frame;
  return {};
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
      .def_readonly("method", &DisplacementField::method)
      .def_property_readonly("position", points(&DisplacementField::position_m), "N x 3 local metres.")
      .def_property_readonly("normal", points(&DisplacementField::direction), "N x 3 unit vectors along which distance counts.")
      .def_property_readonly("distance", doubles(&DisplacementField::value_m), "Metres along the normal, second epoch minus first.")
      .def_property_readonly("sigma", doubles(&DisplacementField::sigma_m), "One standard deviation, metres.")
      .def_property_readonly("lod95", doubles(&DisplacementField::lod95_m), "Detection limit at 95 %, metres.")
      .def_property_readonly("std1", doubles(&DisplacementField::spread_before_m), "Spread of the first epoch's points, metres.")
      .def_property_readonly("std2", doubles(&DisplacementField::spread_after_m), "Spread of the second epoch's points, metres.")
      .def_property_readonly("n1", counts(&DisplacementField::n_before), "Points of the first epoch in the cylinder.")
      .def_property_readonly("n2", counts(&DisplacementField::n_after), "Points of the second epoch in the cylinder.")
      .def_property_readonly(
          "reason",
          [](const DisplacementField& f) {
            py::list words;
            for (const Reason r : f.reason) words.append(std::string(name_of(r)));
            return py::array(words);
          },
          "Why a value is NaN, or \"ok\".")
      .def(
          "to_pandas",
          [](const py::object& self) {
            py::dict d;
            const py::object position = self.attr("position");
            const char* const axes[] = {"x_m", "y_m", "z_m"};
            for (int c = 0; c < 3; ++c) d[axes[c]] = position[py::make_tuple(py::slice(py::none(), py::none(), py::none()), c)];
            d["distance_m"] = self.attr("distance");
            d["lod95_m"] = self.attr("lod95");
            d["n1"] = self.attr("n1");
            d["n2"] = self.attr("n2");
            d["reason"] = self.attr("reason");
            return py::module_::import("pandas").attr("DataFrame")(d);
          },
          "A pandas.DataFrame, local metres. Needs pandas.");
}

/// Result of rate(): windows by windows.
struct RateResult {
  std::vector<WindowRate> windows;
  std::vector<Calibration> calibration;
  std::vector<Instant> time;
};

py::array_t<double> table(const std::vector<WindowRate>& windows, std::vector<double> WindowRate::*member) {
  const py::ssize_t n = windows.empty() ? 0 : static_cast<py::ssize_t>((windows[0].*member).size());
  py::array_t<double> out({n, static_cast<py::ssize_t>(windows.size())});
  for (std::size_t w = 0; w < windows.size(); ++w) {
    for (py::ssize_t i = 0; i < n; ++i) {
      out.mutable_at(i, static_cast<py::ssize_t>(w)) = (windows[w].*member)[static_cast<std::size_t>(i)];
    }
  }
  return out;
}

void add_rate_result(py::module_& module) {
  py::class_<RateResult>(module, "RateResult", "Trailing velocities, one column a window.")
      .def_property_readonly("windows_h",
                             [](const RateResult& r) {
                               std::vector<double> hours;
                               for (const WindowRate& w : r.windows) hours.push_back(w.window_h);
                               return hours;
                             })
      .def_property_readonly("time", [](const RateResult& r) { return datetimes_of(r.time); }, "datetime64[ns], UTC, in time order.")
      .def_property_readonly("velocity", [](const RateResult& r) { return table(r.windows, &WindowRate::velocity_m_per_day); },
                             "n x windows, unit of value per day; NaN: see reason.")
      .def_property_readonly("sigma", [](const RateResult& r) { return table(r.windows, &WindowRate::sigma_m_per_day); },
                             "n x windows, one standard deviation, unit of value per day; NaN = not known.")
      .def_property_readonly("reason",
                             [](const RateResult& r) {
                               py::list columns;
                               for (const WindowRate& w : r.windows) {
                                 py::list words;
                                 for (const Reason reason : w.reason) words.append(std::string(name_of(reason)));
                                 columns.append(words);
                               }
                               return py::object(py::array(columns).attr("T"));
                             },
                             "n x windows: \"ok\", or why there is no velocity.")
      .def_property_readonly("calibration",
                             [](const RateResult& r) {
                               py::list list;
                               for (const Calibration& c : r.calibration) {
                                 py::dict d;
                                 d["window_h"] = c.window_h;
                                 d["sigma_per_day"] = c.sigma_m_per_day;
                                 d["method"] = c.method;
                                 d["independent_windows"] = c.independent_windows;
                                 list.append(d);
                               }
                               return list;
                             },
                             "How sigma was found, by window.");
}

std::vector<Instant> instants_of(const py::object& time) {
  const py::module_ numpy = py::module_::import("numpy");
  py::object array = numpy.attr("asarray")(time);
  if (py::cast<std::string>(array.attr("dtype").attr("kind")) != "M") {
    std::vector<Instant> out;
    for (const py::handle& item : array) {
      const auto t = parse_iso8601(py::cast<std::string>(py::str(item)));
      if (!t) throw Error(ErrorKind::input, "time must be datetime64 or ISO 8601 text: " + py::cast<std::string>(py::str(item)));
      out.push_back(*t);
    }
    return out;
  }
  const py::array_t<std::int64_t> ns = array.attr("astype")("datetime64[ns]").attr("view")("int64");
  std::vector<Instant> out;
  for (py::ssize_t i = 0; i < ns.size(); ++i) out.push_back({ns.at(i)});
  return out;
}

RateResult rate_of(const py::object& time, const DoubleArray& value, const std::vector<double>& windows_h,
                   const std::vector<std::pair<std::string, std::string>>& quiet, const py::kwargs& keywords) {
  TimeSeries series;
  series.target = "rate";
  series.time = instants_of(time);
  if (value.ndim() != 1 || static_cast<std::size_t>(value.size()) != series.time.size()) {
    throw Error(ErrorKind::input, "time and value must be one-dimensional and of one length");
  }
  series.value_m.assign(value.data(), value.data() + value.size());
  series.sigma_m.assign(series.value_m.size(), kNaN);
  series.flags.assign(series.value_m.size(), kFlagNone);
  series = select(series, time_order(series));
  RateOptions options;
  options.windows_h = windows_h;
  int threads = 0;
  py::dict rest;
  for (const auto& [key, v] : keywords) {
    if (py::cast<std::string>(key) == "threads") {
      threads = py::cast<int>(v);
    } else {
      rest[key] = v;
    }
  }
  apply(options, rest, "rate");
  std::vector<std::array<Instant, 2>> periods;
  for (const auto& [from, to] : quiet) {
    const auto a = parse_iso8601(from);
    const auto b = parse_iso8601(to);
    if (!a || !b) throw Error(ErrorKind::config, "a quiet period is a pair of ISO 8601 texts");
    periods.push_back({*a, *b});
  }
  return without_gil(threads, [&](const Run& run) {
    RateResult result;
    result.windows = rate(series, options, run);
    NoiseModel noise;
    result.calibration = periods.empty() ? calibrate_on_start(result.windows, series, noise) : calibrate(result.windows, series, periods);
    result.time = series.time;
    return result;
  });
}

}  // namespace

void add_measure(py::module_& module) {
  add_field(module);
  add_rate_result(module);
  static const std::string m3c2_doc =
      "Distances between two clouds along the surface normal (Lague, Brodu, Leroux 2013, "
      "doi:10.1016/j.isprsjprs.2013.04.009).\n\nParameters\n----------\ne1, e2 : Cloud or N x 3 array, local metres of one frame\n"
      "cores : Cloud or M x 3 array, where to measure; default: e1\n" +
      parameters_text<M3c2Options>() +
      "threads : integer, default 0 = all; results do not depend on it\n\nReturns\n-------\nDisplacementField with distance, lod95, "
      "normal, n1, n2, std1, std2, reason.\n\nRaises\n------\nFrameError when the frames differ, InputError for wrong shapes, "
      "ConfigError for bad options.";
  module.def(
      "m3c2",
      [](const py::object& e1, const py::object& e2, const py::object& cores, int threads, const py::kwargs& keywords) {
        M3c2Options options;
        apply(options, keywords, "m3c2");
        const Frame frame = frame_of(e1, e2);
        const Cores before = points_of(e1, frame, "e1");
        const Cores after = about(points_of(e2, frame, "e2"), before.view.frame());
        const Cores places = cores.is_none() ? before : about(points_of(cores, frame, "cores"), before.view.frame());
        return without_gil(threads, [&](const Run& run) { return m3c2(before.view, after.view, places.view, options, run); });
      },
      py::arg("e1"), py::arg("e2"), py::arg("cores") = py::none(), py::kw_only(), py::arg("threads") = 0, m3c2_doc.c_str());
  module.def("rate", &rate_of, py::arg("time"), py::arg("value"),
             py::arg("windows_h") = std::vector<double>{1.0, 3.0, 6.0, 12.0, 24.0, 48.0},
             py::arg("quiet") = std::vector<std::pair<std::string, std::string>>{},
             "Trailing least-squares velocity in closed windows [t - w, t].\n\nParameters\n----------\ntime : datetime64 array or ISO 8601 texts\n"
             "value : one-dimensional array, any length unit (metres in metres per day out)\nwindows_h : windows in hours\n"
             "quiet : pairs (from, to) of ISO 8601 texts in which the truth is rest; they calibrate sigma. Without: the first days.\n"
             "min_samples : 10, min_fill : 0.5, threads : 0\n\nReturns\n-------\nRateResult with velocity and sigma (n x windows, per day) and reason.");
}

}  // namespace highwall::python
