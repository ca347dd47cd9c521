// Velocities and trends of series of numbers.
#include <algorithm>

#include "algorithms/series/midas.hpp"
#include "algorithms/series/noise.hpp"
#include "algorithms/series/rate.hpp"
#include "bindings/pipeline/bare.hpp"
#include "bindings/python/python.hpp"
#include "core/error.hpp"

namespace highwall::python {
namespace {

constexpr double kDaysPerYear = 365.25;

/// Result of rate(): samples x windows, each table one block that arrays look into.
struct RateResult {
  std::vector<double> windows_h;
  std::vector<Instant> time;
  std::vector<double> velocity;
  std::vector<double> sigma;
  std::vector<Reason> reason;
  std::vector<Calibration> calibration;
};

RateResult tables_of(const std::vector<WindowRate>& rates, std::vector<Instant> time) {
  RateResult result;
  const std::size_t n = time.size();
  const std::size_t width = rates.size();
  result.velocity.resize(n * width);
  result.sigma.resize(n * width);
  result.reason.resize(n * width);
  for (std::size_t w = 0; w < width; ++w) {
    result.windows_h.push_back(rates[w].window_h);
    for (std::size_t i = 0; i < n; ++i) {
      result.velocity[i * width + w] = rates[w].velocity_m_per_day[i];
      result.sigma[i * width + w] = rates[w].sigma_m_per_day[i];
      result.reason[i * width + w] = rates[w].reason[i];
    }
  }
  result.time = std::move(time);
  return result;
}

std::vector<py::ssize_t> shape_of(const RateResult& r) {
  return {static_cast<py::ssize_t>(r.time.size()), static_cast<py::ssize_t>(r.windows_h.size())};
}

py::array table(const py::object& self, std::vector<double> RateResult::*member) {
  const auto& r = self.cast<const RateResult&>();
  static const double nothing = 0.0;
  return view_of((r.*member).empty() ? &nothing : (r.*member).data(), shape_of(r), self);
}

py::list calibration_list(const RateResult& r) {
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
}

py::object rates_to_xarray(const py::object& self) {
  py::dict variables;
  for (const char* name : {"velocity", "sigma", "reason"}) {
    variables[name] = py::make_tuple(py::make_tuple("time", "window_h"), self.attr(name));
  }
  py::dict coordinates;
  coordinates["time"] = self.attr("time");
  coordinates["window_h"] = self.attr("windows_h");
  py::dict attributes;
  attributes["units"] = "unit of value per day";
  return py::module_::import("xarray").attr("Dataset")(variables, coordinates, attributes);
}

py::object rates_to_pandas(const py::object& self) {
  const auto& r = self.cast<const RateResult&>();
  py::dict columns;
  for (std::size_t w = 0; w < r.windows_h.size(); ++w) {
    const py::object index = py::make_tuple(py::slice(py::none(), py::none(), py::none()), w);
    const auto hours = py::cast<std::string>(py::str("{:g}h").attr("format")(r.windows_h[w]));
    for (const char* name : {"velocity", "sigma"})
      columns[(std::string(name) + "_" + hours + "_per_day").c_str()] = self.attr(name)[index];
  }
  return py::module_::import("pandas").attr("DataFrame")(columns, self.attr("time"));
}

void add_rate_result(py::module_& module) {
  py::class_<RateResult>(module, "RateResult", "Trailing velocities, one row a sample, one column a window.")
      .def("__len__", [](const RateResult& r) { return r.time.size(); })
      .def_readonly("windows_h", &RateResult::windows_h, "Lengths of the windows in hours: the columns of velocity and sigma.")
      .def_property_readonly(
          "time", [](const py::object& self) { return datetimes_of(self.cast<const RateResult&>().time, self); },
          "datetime64[ns] of shape (n,), UTC, in time order whatever the order of the input. A read-only view.")
      .def_property_readonly(
          "velocity", [](const py::object& self) { return table(self, &RateResult::velocity); },
          "n x windows float64, unit of value per day; NaN: see reason. A read-only view.")
      .def_property_readonly(
          "sigma", [](const py::object& self) { return table(self, &RateResult::sigma); },
          "n x windows float64, one standard deviation, unit of value per day; NaN = not known. A read-only view.")
      .def_property_readonly(
          "reason", [](const RateResult& r) { return words_of(r.reason, shape_of(r)); },
          "n x windows: \"ok\", or why there is no velocity.")
      .def_property_readonly("calibration", &calibration_list,
                             "How sigma was found, a dict a window: window_h, sigma_per_day, method, independent_windows.")
      .def("to_xarray", &rates_to_xarray,
           "An xarray.Dataset of velocity, sigma and reason over time and window_h, per day. Needs xarray.")
      .def("to_pandas", &rates_to_pandas,
           "A pandas.DataFrame indexed by time with velocity_1h_per_day, sigma_1h_per_day and so on. Needs pandas.");
}

/// Result of trend(): one entry a component.
struct TrendResult {
  std::vector<std::string> components;
  std::vector<double> velocity;
  std::vector<double> sigma;
  std::vector<std::uint64_t> pairs;
};

void add_trend_result(py::module_& module) {
  const auto numbers = [](auto member) {
    return [member](const py::object& self) {
      const auto& values = self.cast<const TrendResult&>().*member;
      return view_of(values.data(), {static_cast<py::ssize_t>(values.size())}, self);
    };
  };
  py::class_<TrendResult>(module, "Trend", "Robust trend, one entry a component.")
      .def("__len__", [](const TrendResult& r) { return r.velocity.size(); })
      .def_readonly("components", &TrendResult::components, "Names of the components.")
      .def_property_readonly(
          "velocity_per_year", numbers(&TrendResult::velocity),
          "float64 of shape (k,), unit of value per year of 365.25 days; NaN with fewer than 10 pairs. A read-only view.")
      .def_property_readonly("sigma_per_year", numbers(&TrendResult::sigma),
                             "float64 of shape (k,), one standard deviation, unit of value per year. A read-only view.")
      .def_property_readonly("pairs", numbers(&TrendResult::pairs),
                             "Number of pairs of samples one period apart. A read-only view.");
}

/// One- or n x k-dimensional values at the times.
TimeSeries series_of(const py::object& time, const DoubleArray& value, bool wide) {
  TimeSeries series;
  series.target = "values";
  series.time = instants_of(time);
  const bool fits = value.ndim() == 1 || (wide && value.ndim() == 2);
  if (!fits || static_cast<std::size_t>(value.shape(0)) != series.time.size()) {
    throw Error(ErrorKind::input, wide ? "value must have one number or one row of numbers a time"
                                       : "time and value must be one-dimensional and of one length");
  }
  const std::size_t width = value.ndim() == 1 ? 1 : static_cast<std::size_t>(value.shape(1));
  if (width == 0) throw Error(ErrorKind::input, "value has no columns");
  if (width == 3) {
    series.components = {"east", "north", "up"};
  } else {
    series.components.clear();
    for (std::size_t c = 0; c < width; ++c) series.components.push_back(width == 1 ? "value" : "value" + std::to_string(c));
  }
  series.value_m.assign(value.data(), value.data() + value.size());
  series.sigma_m.assign(series.value_m.size(), kNaN);
  series.flags.assign(series.time.size(), kFlagNone);
  return select(series, time_order(series));
}

RateResult rate_of(const py::object& time, const DoubleArray& value, const std::vector<double>& windows_h,
                   const py::object& quiet, int threads, const py::kwargs& keywords) {
  TimeSeries series = series_of(time, value, false);
  RateOptions options;
  options.windows_h = windows_h;
  NoiseOptions noise_options;
  py::dict rest;
  const auto of_noise = list_options<NoiseOptions>();
  for (const auto& [key, given] : keywords) {
    const std::string name = py::cast<std::string>(key);
    if (std::any_of(of_noise.begin(), of_noise.end(), [&](const OptionSpec& s) { return s.name == name; })) {
      set_option(noise_options, name, option_of(given, name), "rate");
    } else {
      rest[key] = given;
    }
  }
  apply(options, rest, "rate");
  require_different_windows(options.windows_h, "windows_h");
  const auto periods = periods_of(quiet);
  return without_gil(threads, [&](const Run& run) {
    auto rates = rate(series, options, run);
    NoiseModel noise;
    auto calibration = periods.empty() ? calibrate_on_start(rates, series, noise, 0, noise_options)
                                       : calibrate(rates, series, periods, 0, noise_options);
    RateResult result = tables_of(rates, std::move(series.time));
    result.calibration = std::move(calibration);
    return result;
  });
}

TrendResult trend_of(const py::object& time, const py::object& value, const py::kwargs& keywords) {
  MidasOptions options;
  apply(options, keywords, "trend");
  TimeSeries own;
  if (!py::isinstance<TimeSeries>(time)) {
    const DoubleArray array = DoubleArray::ensure(value);
    if (value.is_none() || !array) {
      PyErr_Clear();
      throw Error(ErrorKind::input, "value must be an array of numbers, unless the first argument is a Series");
    }
    own = series_of(time, array, true);
  } else if (!value.is_none()) {
    throw Error(ErrorKind::input, "a Series has its own values");
  }
  const TimeSeries& series = py::isinstance<TimeSeries>(time) ? time.cast<const TimeSeries&>() : own;
  return without_gil(0, [&](const Run& run) {
    TrendResult result;
    result.components = series.components;
    for (std::size_t c = 0; c < series.width(); ++c) {
      run.check_stop();
      const Trend trend = midas(series, options, c);
      result.velocity.push_back(trend.velocity_m_per_day * kDaysPerYear);
      result.sigma.push_back(trend.sigma_m_per_day * kDaysPerYear);
      result.pairs.push_back(trend.pairs);
    }
    return result;
  });
}

}  // namespace

void add_series_tools(py::module_& module) {
  add_rate_result(module);
  add_trend_result(module);
  static const std::string rate_doc =
      "Trailing least-squares velocity in closed windows [t - w, t]; sigma from the slopes of quiet periods, or from their "
      "structure function (Matheron 1963, doi:10.2113/gsecongeo.58.8.1246).\n\nParameters\n----------\n"
      "time : n datetime64, datetimes or ISO 8601 texts of the years 1678 to 2261, UTC unless they name a zone; any order\n"
      "value : n numbers of any length unit (metres in, metres per day out); copied once, into time order; NaN is left out\n" +
      parameters_text<RateOptions>() + parameters_text<NoiseOptions>() +
      "quiet : one period or several, each \"FROM..TO\" or a pair (from, to) of datetime64, datetime or ISO 8601 text, in which "
      "the truth\n"
      "    is rest; they calibrate sigma. Without: the first days\n"
      "threads : integer, default 0 = all; results do not depend on it\n\nReturns\n-------\n"
      "RateResult with time (n,), velocity and sigma (n x windows, per day) and reason (n x windows).\n\nRaises\n------\n"
      "InputError naming the index of an impossible time, ConfigError for bad options.";
  module.def("rate", &rate_of, py::arg("time"), py::arg("value"), py::arg("windows_h") = RateOptions{}.windows_h,
             py::arg("quiet") = py::none(), py::kw_only(), py::arg("threads") = 0, rate_doc.c_str());
  static const std::string trend_doc =
      "Robust trend of a long series: MIDAS (Blewitt et al. 2016, doi:10.1002/2015JB012552). Steps and seasons hardly matter.\n\n"
      "Parameters\n----------\ntime : a Series, or n times as for rate()\n"
      "value : n or n x k numbers of any length unit; left out for a Series (metres)\n" +
      parameters_text<MidasOptions>() +
      "\nReturns\n-------\nTrend with velocity_per_year, sigma_per_year and pairs, each of shape (k,); NaN with fewer than 10 "
      "pairs.\n\n"
      "Raises\n------\nInputError for wrong shapes and impossible times, ConfigError for bad options.";
  module.def("trend", &trend_of, py::arg("time"), py::arg("value") = py::none(), trend_doc.c_str());
}

}  // namespace highwall::python
