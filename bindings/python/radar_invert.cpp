#include <pybind11/stl/filesystem.h>

#include <functional>
#include <memory>
#include <set>

#include "bindings/pipeline/invert_stack.hpp"
#include "bindings/python/radar.hpp"
#include "io/readers/insar/insar.hpp"

namespace highwall::python {
namespace {

using FloatArray = py::array_t<float, py::array::c_style | py::array::forcecast>;

/// Results as arrays of the whole raster.
class ArraySink final : public StackSink {
 public:
  void begin(const InterferogramNetwork& network, const NetworkReference&, const TimeModel& model) override {
    network_ = &network;
    names_ = model.names();
    const std::size_t cells = network.cells();
    series.resize(network.instants.size() * cells);
    for (std::vector<float>* map : {&coherence, &pairs, &gaps, &residue}) map->resize(cells);
    value.resize(model.terms() * cells);
    sigma.resize(model.terms() * cells);
  }
  void take(std::size_t row_begin, std::size_t /*row_end*/, const InvertedTile& tile, const FittedTile& fit) override {
    const std::size_t cells = network_->cells();
    const std::size_t first = row_begin * network_->geometry.cols;
    const auto place = [&](const auto& from, std::vector<float>& to) {
      for (std::size_t k = 0; k * tile.cells < from.size(); ++k) {
        std::transform(from.data() + k * tile.cells, from.data() + (k + 1) * tile.cells, to.data() + k * cells + first,
                       [](auto v) { return static_cast<float>(v); });
      }
    };
    if (!tile.sigma_m.empty()) series_sigma.resize(series.size());
    place(tile.displacement_m, series);
    place(tile.sigma_m, series_sigma);
    place(tile.temporal_coherence, coherence);
    place(fit.value, value);
    place(fit.sigma, sigma);
    place(fit.residual_m, residue);
    std::copy(tile.pairs.begin(), tile.pairs.end(), pairs.begin() + static_cast<std::ptrdiff_t>(first));
    std::copy(tile.gaps.begin(), tile.gaps.end(), gaps.begin() + static_cast<std::ptrdiff_t>(first));
  }
  const std::vector<std::string>& names() const noexcept { return names_; }

  std::vector<float> series, series_sigma, coherence, pairs, gaps, value, sigma, residue;

 private:
  const InterferogramNetwork* network_ = nullptr;
  std::vector<std::string> names_;
};

/// Memory of a vector as an array that owns it.
py::object array_of(std::vector<float>&& values, std::vector<py::ssize_t> shape) {
  auto kept = std::make_unique<std::vector<float>>(std::move(values));
  const float* data = kept->data();
  const py::capsule owner(kept.release(), [](void* p) { delete static_cast<std::vector<float>*>(p); });
  return py::array_t<float>(std::move(shape), data, owner);
}

py::dict dict_of(const StackSummary& s, const InterferogramNetwork& network) {
  return py::module_::import("json").attr("loads")(summary_json(s, network)).cast<py::dict>();
}

py::dict dict_of(ArraySink&& sink, StackSummary&& s, const InterferogramNetwork& network) {
  const auto rows = static_cast<py::ssize_t>(network.geometry.rows);
  const auto cols = static_cast<py::ssize_t>(network.geometry.cols);
  const auto instants = static_cast<py::ssize_t>(network.instants.size());
  const std::size_t cells = network.cells();
  py::dict d;
  d["summary"] = dict_of(s, network);
  const py::array_t<std::int64_t> stamps(instants, &network.instants.front().ns);
  d["time"] = stamps.attr("view")("datetime64[ns]");
  d["displacement"] = array_of(std::move(sink.series), {instants, rows, cols});
  if (!sink.series_sigma.empty()) d["sigma"] = array_of(std::move(sink.series_sigma), {instants, rows, cols});
  for (std::size_t t = 0; t < sink.names().size(); ++t) {
    const auto at = static_cast<std::ptrdiff_t>(t * cells);
    const auto end = at + static_cast<std::ptrdiff_t>(cells);
    d[py::str(sink.names()[t])] = array_of({sink.value.begin() + at, sink.value.begin() + end}, {rows, cols});
    d[py::str(sink.names()[t] + "_sigma")] = array_of({sink.sigma.begin() + at, sink.sigma.begin() + end}, {rows, cols});
  }
  d["residue"] = array_of(std::move(sink.residue), {rows, cols});
  d["temporal_coherence"] = array_of(std::move(sink.coherence), {rows, cols});
  d["pairs"] = array_of(std::move(sink.pairs), {rows, cols});
  d["gaps"] = array_of(std::move(sink.gaps), {rows, cols});
  if (s.closure_counted) d["closure"] = array_of(std::move(s.open_triangles), {rows, cols});
  return d;
}

FloatArray block_of(const py::object& object, const std::string& name) {
  const FloatArray block = FloatArray::ensure(without_mask(object));
  if (!block || block.ndim() != 3) {
    PyErr_Clear();
    throw Error(ErrorKind::input, name + " must be an array pairs x rows x columns", "radar.invert");
  }
  return block;
}

/// A stack from arrays: what files would tell of it comes as arguments.
std::unique_ptr<InterferogramSource> source_of(const py::object& phase, const py::object& coherence, const py::object& pairs,
                                               const InsarOptions& read) {
  const FloatArray block = block_of(phase, "phase");
  InterferogramNetwork n;
  n.geometry.rows = static_cast<std::size_t>(block.shape(1));
  n.geometry.cols = static_cast<std::size_t>(block.shape(2));
  if (pairs.is_none()) throw Error(ErrorKind::input, "pairs is wanted: the two times of each interferogram", "radar.invert");
  std::vector<std::array<Instant, 2>> times;
  for (const py::handle& pair : pairs) {
    const std::vector<Instant> two = instants_of(py::list(py::reinterpret_borrow<py::object>(pair)));
    if (two.size() != 2) throw Error(ErrorKind::input, "each of pairs must be two times", "radar.invert");
    times.push_back({two[0], two[1]});
  }
  if (static_cast<py::ssize_t>(times.size()) != block.shape(0)) {
    throw Error(ErrorKind::input, "pairs must have as many entries as phase has layers", "radar.invert");
  }
  std::set<Instant> instants;
  for (const auto& t : times) instants.insert(t.begin(), t.end());
  n.instants.assign(instants.begin(), instants.end());
  const auto index = [&](Instant t) {
    return static_cast<std::size_t>(std::lower_bound(n.instants.begin(), n.instants.end(), t) - n.instants.begin());
  };
  for (const auto& t : times) {
    n.pairs.push_back({index(t[0]), index(t[1]), to_iso8601(t[0]) + "_" + to_iso8601(t[1])});
  }
  if (!(read.wavelength_m > 0.0)) throw Error(ErrorKind::config, "wavelength_m is wanted with arrays, in m", "radar.invert");
  if (read.sign == "auto") {
    throw Error(ErrorKind::config, "sign is wanted with arrays: what movement towards the sensor makes of the phase",
                "radar.invert", "toward_negative for MintPy, GAMMA, ISCE2 and LiCSAR, toward_positive where the source says so");
  }
  n.wavelength_m = read.wavelength_m;
  n.metres_per_radian = (read.sign == "toward_negative" ? -1.0 : 1.0) * read.wavelength_m / (4.0 * M_PI);
  n.sign_convention = read.sign;
  if (read.looks > 0.0) n.looks = read.looks;
  std::vector<float> gamma;
  if (!coherence.is_none()) {
    const FloatArray c = block_of(coherence, "coherence");
    gamma.assign(c.data(), c.data() + c.size());
  }
  return std::make_unique<InterferogramStack>(std::move(n), std::vector<float>(block.data(), block.data() + block.size()),
                                              std::move(gamma));
}

bool is_path(const py::handle& object) { return py::isinstance<py::str>(object) || py::hasattr(object, "__fspath__"); }

/// One path, or several; empty when the object is none.
std::vector<std::filesystem::path> paths_of(const py::object& stack) {
  std::vector<std::filesystem::path> paths;
  if (is_path(stack)) {
    paths.push_back(stack.cast<std::filesystem::path>());
  } else if (py::isinstance<py::list>(stack) || py::isinstance<py::tuple>(stack)) {
    for (const py::handle& one : stack) {
      if (!is_path(one)) return {};
      paths.push_back(one.cast<std::filesystem::path>());
    }
  }
  return paths;
}

struct InvertCall {
  InvertSettings settings;
  InsarOptions read;
};

template <class Options>
bool knows(const std::string& name, std::vector<std::string>& all) {
  bool found = false;
  for (const OptionSpec& o : list_options<Options>()) {
    all.push_back(o.name);
    found = found || o.name == name;
  }
  return found;
}

InvertCall call_of(const py::kwargs& keywords) {
  py::dict stack, inversion, velocity, correction, read;
  for (const auto& [key, value] : keywords) {
    const auto name = py::cast<std::string>(key);
    std::vector<std::string> all;
    if (knows<StackOptions>(name, all)) {
      stack[key] = value;
    } else if (knows<InversionOptions>(name, all)) {
      inversion[key] = value;
    } else if (knows<VelocityFitOptions>(name, all)) {
      velocity[key] = value;
    } else if (knows<ClosureOptions>(name, all)) {
      correction[key] = value;
    } else if (knows<InsarOptions>(name, all)) {
      read[key] = value;
    } else {
      const std::string near = nearest_word(name, all);
      throw Error(ErrorKind::config, "unknown option \"" + name + "\"", "radar.invert",
                  near.empty() ? "" : "is it " + near + "?");
    }
  }
  InvertCall o;
  apply(o.settings.stack, stack, "radar.invert");
  apply(o.settings.inversion, inversion, "radar.invert");
  apply(o.settings.velocity, velocity, "radar.invert");
  apply(o.settings.correction, correction, "radar.invert");
  apply(o.read, read, "radar.invert");
  return o;
}

py::dict invert(const py::object& stack, const py::object& coherence, const py::object& pairs,
                const std::optional<std::filesystem::path>& output, int threads, const py::kwargs& keywords) {
  InvertCall o = call_of(keywords);
  const std::vector<std::filesystem::path> paths = paths_of(stack);
  if (py::isinstance<py::str>(coherence)) o.read.coherence = coherence.cast<std::string>();
  std::unique_ptr<InterferogramSource> source;
  if (paths.empty()) source = source_of(stack, coherence, pairs, o.read);
  ArraySink sink;
  StackSummary s = without_gil(threads, [&](const Run& run) {
    if (!source) {
      Report report;
      source = open_interferograms(paths, o.read, report, run);
      for (const std::string& warning : report.warnings) {
        run.log(LogLevel::warning, "read", {{"file", report.source}, {"note", warning}});
      }
    }
    return output ? invert_stack_to(*output, *source, o.settings, run) : invert_stack(*source, o.settings, sink, run);
  });
  if (output) return dict_of(s, source->network());
  return dict_of(std::move(sink), std::move(s), source->network());
}

/// Terms of series that the caller has, in double.
py::dict fit_series(const py::object& time, const py::object& displacement, int threads, const py::kwargs& keywords) {
  VelocityFitOptions options;
  apply(options, keywords, "radar.fit_velocity");
  const std::vector<Instant> instants = instants_of(time);
  const DoubleArray series = DoubleArray::ensure(displacement);
  if (!series || series.ndim() < 1 || series.shape(0) != static_cast<py::ssize_t>(instants.size())) {
    PyErr_Clear();
    throw Error(ErrorKind::input, "displacement must be an array whose first axis is that of time", "radar.fit_velocity");
  }
  if (instants.empty() || std::adjacent_find(instants.begin(), instants.end(), std::greater_equal<>()) != instants.end()) {
    throw Error(ErrorKind::input, "time must be ascending", "radar.fit_velocity");
  }
  const TimeModel model(instants, options);
  const std::vector<py::ssize_t> shape(series.shape() + 1, series.shape() + series.ndim());
  const std::size_t cells = static_cast<std::size_t>(series.size()) / instants.size();
  const std::span<const double> values(series.data(), static_cast<std::size_t>(series.size()));
  FittedTile fit;
  without_gil(threads, [&](const Run& run) {
    fit_time_model<double>(model, cells, values, {}, fit, run);
    return 0;
  });
  py::dict d;
  for (std::size_t t = 0; t < model.terms(); ++t) {
    d[py::str(model.names()[t])] = py::array_t<double>(shape, fit.value.data() + t * cells);
    d[py::str(model.names()[t] + "_sigma")] = py::array_t<double>(shape, fit.sigma.data() + t * cells);
  }
  d["residue"] = py::array_t<double>(shape, fit.residual_m.data());
  d["samples"] = py::array_t<std::uint16_t>(shape, fit.samples.data());
  return d;
}

}  // namespace

void add_radar_invert(py::module_& radar) {
  static const std::string doc =
      "Series and velocities from a stack of unwrapped interferograms, by weighted least squares, pixel by pixel (Berardino et "
      "al. "
      "2002, doi:10.1109/TGRS.2002.803792).\n\nParameters\n----------\n"
      "stack : path, list of paths, or array pairs x rows x columns, radians\n    Files, folders, text lists; of an array: "
      "unwrapped "
      "phase, NaN = none.\n"
      "coherence : array like the phase, 0..1, default None = none; with files their names, with * and ?\n"
      "pairs : with an array: two times of each interferogram, datetime64 or ISO 8601\n"
      "output : folder for MintPy-readable files, default None = return arrays\n" +
      parameters_text<StackOptions>() + parameters_text<InversionOptions>() + parameters_text<VelocityFitOptions>() +
      parameters_text<ClosureOptions>() + parameters_text<InsarOptions>() +
      "threads : integer, default 0 = all; results do not depend on it\n\nReturns\n-------\n"
      "dict with displacement (times x rows x columns, m, positive towards the sensor), sigma (formal, m), time, velocity and "
      "velocity_sigma (m/year), the other terms likewise, residue (m), temporal_coherence, pairs, gaps, closure (triangles that "
      "do "
      "not close), summary. With output only what summary.json says.\n\nRaises\n------\nInputError naming the file or array that "
      "cannot be used, ConfigError for what must be told, StorageError.";
  radar.def("invert", &invert, py::arg("stack"), py::arg("coherence") = py::none(), py::kw_only(), py::arg("pairs") = py::none(),
            py::arg("output") = py::none(), py::arg("threads") = 0, doc.c_str());
  static const std::string fit_doc =
      "Velocity and further terms of displacement series by least squares, with sigma from the residuals: of white noise, so too "
      "small where noise is correlated in time.\n\nParameters\n----------\ntime : datetime64, datetimes or ISO 8601, ascending\n"
      "displacement : array times x ..., in m or any other length; NaN = none\n" +
      parameters_text<VelocityFitOptions>() +
      "threads : integer, default 0 = all; results do not depend on it\n\nReturns\n-------\n"
      "dict with velocity and velocity_sigma (length/year), the other terms likewise, residue (root of the sum of squares), "
      "samples.";
  radar.def("fit_velocity", &fit_series, py::arg("time"), py::arg("displacement"), py::kw_only(), py::arg("threads") = 0,
            fit_doc.c_str());
}

}  // namespace highwall::python
