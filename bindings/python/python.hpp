#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "core/cloud.hpp"
#include "core/displacement.hpp"
#include "core/error.hpp"
#include "core/options.hpp"
#include "core/run.hpp"

namespace highwall::python {

namespace py = pybind11;

/// What a NumPy mask hides is NaN: without that the numbers under it would be taken for measurements.
py::object without_mask(const py::handle& object);

/// An array of doubles, from whatever NumPy makes one of.
class DoubleArray : public py::array_t<double, py::array::c_style | py::array::forcecast> {
 public:
  using Base = py::array_t<double, py::array::c_style | py::array::forcecast>;
  DoubleArray() = default;
  DoubleArray(Base numbers) : Base(std::move(numbers)) {}
  /// Null when the object is none.
  static DoubleArray ensure(const py::handle& object) { return Base::ensure(without_mask(object)); }
};

/// Sets options from keyword arguments; `where` names the function in messages.
template <class Options>
void apply(Options& options, const py::dict& keywords, const std::string& where);

OptionValue option_of(const py::handle& value, const std::string& name);

template <class Options>
void apply(Options& options, const py::dict& keywords, const std::string& where) {
  for (const auto& [key, value] : keywords) {
    const std::string name = py::cast<std::string>(key);
    set_option(options, name, option_of(value, name), where);
  }
  validate(options, where);
}

/// Each keyword goes to the struct that knows its name, unknown ones to the second.
/// @return whether the first got any
template <class First, class Second>
bool apply_to_both(First& first, Second& second, const py::dict& keywords, const std::string& where) {
  py::dict of_first;
  py::dict of_second;
  const auto known = list_options<First>();
  for (const auto& [key, value] : keywords) {
    const std::string name = py::cast<std::string>(key);
    const bool is_first = std::any_of(known.begin(), known.end(), [&](const OptionSpec& o) { return o.name == name; });
    (is_first ? of_first : of_second)[key] = value;
  }
  apply(second, of_second, where);
  apply(first, of_first, where);
  return !of_first.empty();
}

/// Takes the keywords that begin with `prefix` out and sets the options by the rest of their names.
/// @return whether there were any
template <class Options>
bool take_prefixed(Options& options, py::dict& keywords, const std::string& prefix, const std::string& where) {
  py::dict own;
  py::dict others;
  for (const auto& [key, value] : keywords) {
    const std::string name = py::cast<std::string>(key);
    if (name.starts_with(prefix)) {
      own[name.substr(prefix.size()).c_str()] = value;
    } else {
      others[key] = value;
    }
  }
  keywords = others;
  apply(options, own, where + ", " + prefix + "...");
  return !own.empty();
}

/// Lines of a docstring's "Parameters" section, made from describe(); `prefix` before every name.
template <class Options>
std::string parameters_text(const std::string& prefix = {}) {
  std::string text;
  for (const OptionSpec& spec : list_options<Options>()) {
    text += prefix + spec.name + " : " + spec.type + (spec.unit.empty() ? "" : ", " + spec.unit) + ", default " +
            to_text(spec.standard) + "\n    " + spec.help + (spec.rule.text.empty() ? "" : " (" + spec.rule.text + ")") + "\n";
  }
  return text;
}

/// Hands log records to logging.getLogger("highwall"); takes the GIL.
void log_to_python(const LogRecord& record) noexcept;

/// Calls work(run) without the GIL on a thread of its own, while this one looks out for Ctrl-C and asks
/// the work to stop.
template <class Work>
auto without_gil(int threads, Work&& work) {
  if (threads < 0) throw Error(ErrorKind::config, "threads must be 0 (all) or more, not " + std::to_string(threads), "threads");
  std::stop_source stop;
  Run run(threads);
  run.set_stop(stop.get_token()).set_log(log_to_python);
  auto result = std::async(std::launch::async, [&] { return work(run); });
  bool interrupted = false;
  {
    const py::gil_scoped_release release;
    while (result.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) {
      const py::gil_scoped_acquire acquire;
      if (!interrupted && PyErr_CheckSignals() != 0) {
        interrupted = true;
        stop.request_stop();
      }
    }
  }
  if (interrupted) {
    try {
      result.get();
    } catch (...) {
    }
    throw py::error_already_set();
  }
  return result.get();
}

/// A read-only array over memory that `owner` keeps alive: no copy.
template <class T>
py::array view_of(const T* data, std::vector<py::ssize_t> shape, const py::handle& owner) {
  py::array_t<T> array(std::move(shape), data, owner);
  py::detail::array_proxy(array.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  return array;
}

/// Reason codes as an array of their words; shape {} = as long as the codes.
py::object words_of(const std::vector<Reason>& codes, std::vector<py::ssize_t> shape);

/// Instants as datetime64[ns]: a read-only view of memory that `owner` keeps alive.
py::object datetimes_of(const std::vector<Instant>& instants, const py::handle& owner);

/// datetime64 array, datetimes or ISO 8601 texts; without a zone they are UTC.
/// @throws Error(input) naming the index of what is no instant, NaT, or outside of 1678 to 2261
std::vector<Instant> instants_of(const py::object& time);
/// Quiet periods: one period or several, each "FROM..TO" or a pair of datetime64, datetime or ISO 8601 text.
/// @throws Error(config) for anything else
std::vector<std::array<Instant, 2>> periods_of(const py::object& quiet);

void add_errors(py::module_& module);
void add_data(py::module_& module);          // Cloud, Series, Stack, read, info
void add_measure(py::module_& module);       // m3c2, DisplacementField
void add_m3c2_files(py::module_& module);    // m3c2_files
void add_series_tools(py::module_& module);  // rate, trend, RateResult, Trend
void add_surface(py::module_& module);       // dem, dem_of_difference, volumes, classify_change
void add_slope(py::module_& module);         // downslope, algorithms
void add_night(py::module_& module);         // run, simulate, judge, Archive

}  // namespace highwall::python

namespace pybind11::detail {

template <>
class type_caster<highwall::python::DoubleArray> {
 public:
  PYBIND11_TYPE_CASTER(highwall::python::DoubleArray, handle_type_name<highwall::python::DoubleArray::Base>::name);
  bool load(handle source, bool) {
    value = highwall::python::DoubleArray::ensure(source);
    return static_cast<bool>(value);
  }
  static handle cast(const highwall::python::DoubleArray& numbers, return_value_policy, handle) { return numbers.inc_ref(); }
};

}  // namespace pybind11::detail
