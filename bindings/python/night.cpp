#include "bindings/pipeline/night.hpp"

#include "bindings/pipeline/bare.hpp"
#include "bindings/python/python.hpp"
#include "core/error.hpp"
#include "datasets/simulate.hpp"
#include "io/archive/archive.hpp"
#include "io/archive/map_file.hpp"
#include "io/config/policy.hpp"
#include "io/durable/durable.hpp"

namespace highwall::python {
namespace {

py::dict state_dict(const NightState& s) {
  py::dict d;
  d["name"] = s.name;
  d["zone"] = s.zone;
  d["is_zone"] = s.is_zone;
  d["level"] = std::string(name_of(s.level));
  d["unlatched"] = std::string(name_of(s.unlatched));
  d["health"] = std::string(name_of(s.health));
  d["since"] = to_iso8601(s.since);
  d["newest_sample"] = to_iso8601(s.newest);
  d["rule"] = s.evidence.rule;
  d["value"] = s.evidence.value;
  d["sigma"] = s.evidence.sigma;
  d["threshold"] = s.evidence.threshold;
  d["unit"] = s.evidence.unit;
  return d;
}

void add_maps(py::module_& module) {
  module.def(
      "read_map",
      [](const py::object& path) {
        const std::string file = py::str(path);
        const DecodedMap map = decode_map(read_whole(file), file);
        py::dict out;
        for (const auto& [name, values] : map.layers) {
          py::array_t<double> layer({static_cast<py::ssize_t>(map.rows), static_cast<py::ssize_t>(map.cols)});
          std::copy(values.begin(), values.end(), layer.mutable_data());
          out[py::str(name)] = layer;
        }
        return out;
      },
      py::arg("path"),
      "Layers of a map in HDF5 (schema highwall.map/1), as a night writes radar_SOURCE.h5 and velocity_SOURCE.h5.\n\n"
      "Parameters\n----------\npath : file\n\nReturns\n-------\ndict of name: rows x cols float64; NaN = no value. Units end the "
      "names "
      "(velocity_6h_mm_per_day) or stand in the file's attributes.\n\nRaises\n------\nStorageError : the file is damaged or no "
      "map.");
}

void add_archive(py::module_& module) {
  py::class_<Archive>(module, "Archive", "The epochs of a mine, read-only. Archive(path): the archive folder.")
      .def(py::init([](const py::object& path) { return Archive::open_for_reading(py::cast<std::string>(py::str(path))); }),
           py::arg("path"))
      .def(
          "epochs",
          [](const Archive& a, const std::string& source) {
            py::list out;
            for (const EpochInfo& e : a.epochs(source)) {
              py::dict d;
              d["id"] = e.id;
              d["source"] = e.source;
              d["instant"] = to_iso8601(e.instant);
              d["path"] = e.path.string();
              d["sealed"] = e.sealed;
              out.append(d);
            }
            return out;
          },
          py::arg("source") = "", "Epochs by instant: dicts with id, source, instant (ISO 8601 UTC), path, sealed.")
      .def(
          "load",
          [](const Archive& a, const std::string& id) -> py::object {
            for (const EpochInfo& e : a.epochs()) {
              if (e.id != id) continue;
              Epoch epoch = a.load(e);
              if (auto* cloud = std::get_if<PointCloud>(&epoch.data)) return py::cast(std::move(*cloud));
              if (auto* stack = std::get_if<Stack>(&epoch.data)) return py::cast(std::move(*stack));
              return py::cast(std::get<std::vector<TimeSeries>>(std::move(epoch.data)));
            }
            throw Error(ErrorKind::input, "the archive has no epoch " + id);
          },
          py::arg("id"), "Cloud, Stack or list of Series of an epoch.")
      .def(
          "series",
          [](const Archive& a, const std::string& source, const std::string& value) {
            const CoreValue which = core_value_of(value);
            return without_gil(0, [&](const Run& run) { return series_of_source(a, source, which, run); });
          },
          py::arg("source"), py::arg("value") = "m3c2",
          "All rows of a source, merged: a list of Series. Of a LiDAR source one a core point that was ever measured, since the "
          "reference epoch, along its normal at that epoch; value says which displacement: \"m3c2\" (with sigma), \"calibrated\" "
          "(the sharper estimator; sigma is its detection limit by 1.96) or \"vector\" (east, north, up). InputError for a "
          "source "
          "that the archive does not have, for one of maps, and for one that no night has compared yet.")
      .def(
          "verify", [](const Archive& a) { return without_gil(0, [&](const Run& run) { return a.verify(run); }).problems; },
          "Reads everything again, epochs and messages; a list of problems, empty when all is well.");
}

}  // namespace

void add_night(py::module_& module) {
  add_archive(module);
  add_maps(module);
  py::class_<NightSummary>(module, "NightSummary", "What a night did.")
      .def_property_readonly(
          "now", [](const NightSummary& s) { return to_iso8601(s.now); }, "The clock of the night, ISO 8601 UTC.")
      .def_property_readonly(
          "folder", [](const NightSummary& s) { return s.folder.string(); }, "Folder of the night's products.")
      .def_readonly("findings", &NightSummary::findings, "Everything that went wrong, each a sentence.")
      .def_readonly("messages_posted", &NightSummary::messages_posted, "Number of new messages in the outbox.")
      .def_property_readonly("complete", &NightSummary::complete_without_findings, "True without findings.")
      .def_property_readonly(
          "states",
          [](const NightSummary& s) {
            py::list out;
            for (const NightState& state : s.states) out.append(state_dict(state));
            return out;
          },
          "Level and health of zones and targets: dicts.")
      .def_property_readonly(
          "files",
          [](const NightSummary& s) {
            py::list out;
            for (const FileOutcome& f : s.files) {
              py::dict d;
              d["source"] = f.source;
              d["file"] = f.file;
              d["outcome"] = f.outcome;
              d["detail"] = f.detail;
              out.append(d);
            }
            return out;
          },
          "Every file of the drop folder: dicts with source, file, outcome (stored, duplicate, quarantined, waiting, ...) and "
          "detail.");
  module.def(
      "run",
      [](const std::string& site, const std::string& now, bool settle, const std::string& python, int threads) {
        NightOptions options;
        options.now = parse_now(now, "now");
        options.settle = settle;
        options.python = python;
        const Site config = read_site(site);
        return without_gil(threads, [&](const Run& run) { return run_night(config, options, run); });
      },
      py::arg("site"), py::arg("now"), py::arg("settle"), py::arg("python"), py::arg("threads"), "See highwall.run.");
  static const std::string simulate_doc =
      "Build a simulated pit with known truth.\n\nParameters\n----------\nout : folder\n" + parameters_text<SimulateOptions>() +
      "\nReturns\n-------\ndict with site (path of site.toml), nights (ISO 8601 instants to run with) and failure (or None).";
  module.def(
      "simulate",
      [](const py::object& out, int threads, const py::kwargs& keywords) {
        SimulateOptions options;
        apply(options, keywords, "simulate");
        const std::string folder = py::str(out);
        const SimulateResult r = without_gil(threads, [&](const Run& run) { return simulate(folder, options, run); });
        py::list nights;
        for (const Instant t : r.nights) nights.append(to_iso8601(t));
        py::dict d;
        d["site"] = r.site.string();
        d["nights"] = nights;
        d["failure"] = r.failure == kNoInstant ? py::object(py::none()) : py::object(py::str(to_iso8601(r.failure)));
        return d;
      },
      py::arg("out"), py::kw_only(), py::arg("threads") = 0, simulate_doc.c_str());
  module.def(
      "judge",
      [](const std::vector<std::string>& files, const std::string& policy, const py::object& quiet, int threads,
         const py::dict& keywords) {
        ReadOptions options;
        apply(options, keywords, "warn");
        const auto periods = periods_of(quiet);
        const auto rows = without_gil(threads, [&](const Run& run) {
          std::vector<TimeSeries> all;
          for (const std::string& file : files) {
            Report report;
            auto series = read_series(file, options, report, run);
            for (std::string& sentence : assumptions_of(series)) report.warn(std::move(sentence));
            for (const std::string& note : report.warnings) run.log(LogLevel::warning, "read", {{"file", file}, {"note", note}});
            for (TimeSeries& s : series) all.push_back(std::move(s));
          }
          return rows_of(judge_files(all, load_policy(policy), periods, run));
        });
        py::list time, target, level, health, rule, value, sigma, threshold, unit, window;
        for (const LevelRow& r : rows) {
          time.append(to_iso8601(r.time));
          target.append(r.target);
          level.append(r.level);
          health.append(r.health);
          rule.append(r.rule);
          value.append(r.value);
          sigma.append(r.sigma);
          threshold.append(r.threshold);
          unit.append(r.unit);
          window.append(r.window);
        }
        py::dict d;
        d["time"] = time;
        d["target"] = target;
        d["level"] = level;
        d["health"] = health;
        d["rule"] = rule;
        d["value"] = value;
        d["sigma"] = sigma;
        d["threshold"] = threshold;
        d["unit"] = unit;
        d["window"] = window;
        return d;
      },
      py::arg("files"), py::arg("policy"), py::arg("quiet"), py::arg("threads"), py::arg("options"), "See highwall.warn.");
}

}  // namespace highwall::python
