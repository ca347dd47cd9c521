#include <pybind11/eval.h>

#include "bindings/python/python.hpp"
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

py::array datetimes_of(const std::vector<Instant>& instants) {
  py::array_t<std::int64_t> ns(static_cast<py::ssize_t>(instants.size()));
  for (std::size_t i = 0; i < instants.size(); ++i) ns.mutable_at(static_cast<py::ssize_t>(i)) = instants[i].ns;
  return ns.attr("view")("datetime64[ns]");
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
  highwall::python::add_night(module);
}
