#include <pybind11/eval.h>

#include <algorithm>

#include "bindings/pipeline/bare.hpp"
#include "bindings/python/align.hpp"
#include "bindings/python/python.hpp"
#include "bindings/python/radar.hpp"
#include "core/error.hpp"
#include "core/version.hpp"

namespace highwall::python {

OptionValue option_of(const py::handle& value, const std::string& name) {
  if (py::isinstance<py::bool_>(value)) return py::cast<bool>(value);
  if (py::isinstance<py::int_>(value)) return py::cast<std::int64_t>(value);
  if (py::isinstance<py::float_>(value)) return py::cast<double>(value);
  if (py::isinstance<py::str>(value)) return py::cast<std::string>(value);
  try {
    const auto items = py::cast<std::vector<py::object>>(value);
    if (!items.empty() && py::isinstance<py::str>(items[0])) return py::cast<std::vector<std::string>>(value);
    return py::cast<std::vector<double>>(value);
  } catch (const py::cast_error&) {
    throw Error(ErrorKind::config, "the value cannot be read as a number, a text or a list of them", name);
  }
}

py::object datetimes_of(const std::vector<Instant>& instants, const py::handle& owner) {
  static_assert(sizeof(Instant) == sizeof(std::int64_t) && std::is_standard_layout_v<Instant>);
  static const Instant nothing;
  const Instant* first = instants.empty() ? &nothing : instants.data();
  return view_of(&first->ns, {static_cast<py::ssize_t>(instants.size())}, owner).attr("view")("datetime64[ns]");
}

py::object words_of(const std::vector<Reason>& codes, std::vector<py::ssize_t> shape) {
  py::list names;
  for (const std::string_view word : reason_words()) names.append(std::string(word));
  if (shape.empty()) shape.push_back(static_cast<py::ssize_t>(codes.size()));
  py::array_t<std::uint8_t> numbers(std::move(shape));
  std::transform(codes.begin(), codes.end(), numbers.mutable_data(), [](Reason r) { return static_cast<std::uint8_t>(r); });
  return py::array(names)[numbers];
}

void log_to_python(const LogRecord& record) noexcept {
  const py::gil_scoped_acquire acquire;
  try {
    static constexpr int kLevels[] = {10, 20, 30, 40};
    const int level = kLevels[static_cast<int>(record.level)];
    const py::object logger = py::module_::import("logging").attr("getLogger")("highwall");
    if (!py::cast<bool>(logger.attr("isEnabledFor")(level))) return;
    std::string text = record.event;
    py::dict fields;
    for (const auto& [name, value] : record.fields) {
      text += (fields.empty() ? ": " : ", ") + name + " " + value;
      fields[name.c_str()] = value;
    }
    py::dict extra;
    extra["event"] = record.event;
    extra["fields"] = fields;
    logger.attr("log")(level, "%s", text, py::arg("extra") = extra);
  } catch (const std::exception&) {
    // A broken handler must not break the work.
  }
}

py::object without_mask(const py::handle& object) {
  const py::object ma = py::module_::import("numpy").attr("ma");
  if (!py::isinstance(object, ma.attr("MaskedArray"))) return py::reinterpret_borrow<py::object>(object);
  try {
    return object.attr("astype")("float64").attr("filled")(std::numeric_limits<double>::quiet_NaN());
  } catch (const py::error_already_set&) {
    return py::reinterpret_borrow<py::object>(object);  // No numbers: refused as such.
  }
}

std::vector<Instant> instants_of(const py::object& time) {
  const py::module_ numpy = py::module_::import("numpy");
  const py::object ma = numpy.attr("ma");
  if (py::isinstance(time, ma.attr("MaskedArray")) && py::cast<bool>(ma.attr("is_masked")(time))) {
    throw Error(ErrorKind::input, "some of the times are masked", {},
                "leave such samples out: time[~time.mask], and their values");
  }
  const py::object array = numpy.attr("asarray")(time);
  if (py::cast<int>(array.attr("ndim")) != 1) throw Error(ErrorKind::input, "time must be one-dimensional");
  std::vector<Instant> out;
  if (py::cast<std::string>(array.attr("dtype").attr("kind")) != "M") {
    for (const py::handle& item : array) {
      const auto text = py::cast<std::string>(py::str(item));
      const auto t = parse_iso8601(text);
      if (!t) {
        throw Error(ErrorKind::input, "time[" + std::to_string(out.size()) + "] = " + text +
                                          " is no datetime64 or ISO 8601 text of the years 1678 to 2261");
      }
      out.push_back(*t);
    }
    return out;
  }
  // Years never overflow, nanoseconds do: without a word.
  const auto years = py::cast<py::array_t<std::int64_t>>(array.attr("astype")("datetime64[Y]").attr("astype")("int64"));
  const auto ns = py::cast<py::array_t<std::int64_t>>(array.attr("astype")("datetime64[ns]").attr("astype")("int64"));
  out.reserve(static_cast<std::size_t>(ns.size()));
  const auto year = years.unchecked<1>();
  const auto value = ns.unchecked<1>();
  for (py::ssize_t i = 0; i < ns.size(); ++i) {
    if (year(i) < 1678 - 1970 || year(i) > 2261 - 1970) {
      const auto text = py::cast<std::string>(py::str(array[py::int_(i)]));
      throw Error(
          ErrorKind::input,
          "time[" + std::to_string(i) + "] = " + text + (text == "NaT" ? " is no time" : " is outside of the years 1678 to 2261"),
          {}, text == "NaT" ? "leave such samples out" : "");
    }
    out.push_back({value(i)});
  }
  return out;
}

namespace {

bool is_period_text(const py::handle& item) {
  return py::isinstance<py::str>(item) && py::cast<std::string>(item).find("..") != std::string::npos;
}

bool is_instant(const py::handle& item) {
  return (py::isinstance<py::str>(item) && !is_period_text(item)) || py::hasattr(item, "isoformat") ||
         py::isinstance(item, py::module_::import("numpy").attr("datetime64"));
}

std::array<Instant, 2> period_of(const py::handle& item) {
  if (is_period_text(item)) return parse_period(py::cast<std::string>(item));
  if (py::isinstance<py::sequence>(item) && !py::isinstance<py::str>(item) && py::len(item) == 2) {
    py::list ends;
    for (const py::handle& end : item) ends.append(py::reinterpret_borrow<py::object>(end));
    try {
      std::array<Instant, 2> period{};
      for (std::size_t k = 0; k < 2; ++k) {
        py::list one;
        one.append(ends[k]);
        period[k] = instants_of(one).at(0);
      }
      if (period[0] < period[1]) return period;
    } catch (const Error&) {
    }
  }
  throw Error(ErrorKind::config, py::cast<std::string>(py::str(item)) + " is not a period", "quiet",
              "write \"FROM..TO\" or a pair (from, to) of datetime64, datetime or ISO 8601 text");
}

}  // namespace

std::vector<std::array<Instant, 2>> periods_of(const py::object& quiet) {
  std::vector<std::array<Instant, 2>> periods;
  if (quiet.is_none()) return periods;
  const bool pair = py::isinstance<py::sequence>(quiet) && !py::isinstance<py::str>(quiet) && py::len(quiet) == 2;
  if (py::isinstance<py::str>(quiet) || (pair && is_instant(py::reinterpret_borrow<py::object>(quiet[py::int_(0)])))) {
    periods.push_back(period_of(quiet));
    return periods;
  }
  for (const py::handle& item : quiet) periods.push_back(period_of(item));
  return periods;
}

void add_errors(py::module_& module) {
  // Each kind is also the built-in error that a Python user would expect.
  py::exec(R"(
class HighwallError(Exception):
    """Base of all errors of highwall; says what is wrong, where, and what to do."""
class InputError(HighwallError, ValueError):
    """A file or argument that cannot be used."""
class ConfigError(HighwallError, ValueError):
    """A configuration or option that is wrong, unknown or ambiguous."""
class FrameError(HighwallError, ValueError):
    """Coordinates of different frames were about to be mixed."""
class StorageError(HighwallError, OSError):
    """The disk or another service refused, or another run holds the archive."""
class CancelledError(HighwallError):
    """Stopped on request."""
class InternalError(HighwallError, RuntimeError):
    """A defect of highwall."""
for _c in (HighwallError, InputError, ConfigError, FrameError, StorageError, CancelledError, InternalError):
    _c.__module__ = "highwall"
)",
           module.attr("__dict__"), module.attr("__dict__"));
  py::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const Error& e) {
      static constexpr const char* kNames[] = {"InputError",   "ConfigError",    "FrameError",
                                               "StorageError", "CancelledError", "InternalError"};
      const py::object type = py::module_::import("highwall._highwall").attr(kNames[static_cast<int>(e.kind())]);
      PyErr_SetString(type.ptr(), e.what());
    }
  });
}

}  // namespace highwall::python

PYBIND11_MODULE(_highwall, module) {
  module.doc() = "Compiled part of highwall";
  module.attr("__version__") = highwall::kVersion;
  highwall::python::add_errors(module);
  highwall::python::add_data(module);
  highwall::python::add_measure(module);
  highwall::python::add_align(module);
  highwall::python::add_m3c2_files(module);
  highwall::python::add_series_tools(module);
  highwall::python::add_slope(module);
  highwall::python::add_surface(module);
  highwall::python::add_radar(module);
  highwall::python::add_night(module);
}
