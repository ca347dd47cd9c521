#include "bindings/pipeline/m3c2_files.hpp"

#include <pybind11/stl/filesystem.h>

#include "algorithms/catalog.hpp"
#include "bindings/python/python.hpp"

namespace highwall::python {

void add_m3c2_files(py::module_& module) {
  static const std::string doc =
      std::string(algorithm_of("m3c2").sentence) +
      " Of files, which may be larger than the memory: the result is written into a file too, and its bytes are the same whether "
      "the clouds fit or are measured by tiles.\n\nParameters\n----------\nbefore, after : paths of the two clouds\n    LAS, LAZ "
      "and "
      "COPC of any size; other formats are read whole\noutput : path of the result, .csv, .las or .laz (.gpkg where the clouds "
      "fit)\ncores : path of the cloud of the places to measure at, default None = before\nunits : \"metres\", or \"source\" for "
      "the files' own unit\nmemory_gb : number, GB, default 0 = half of the machine's memory\n    What clouds and results may "
      "take "
      "beside the program itself\nscratch : folder for the tiles, some 30 bytes a point; default None = that of the output\n" +
      parameters_text<M3c2Options>() +
      "threads : integer, default 0 = all; results do not depend on it\n\nReturns\n-------\ndict with core_points, measured, "
      "reasons (how many core points have no value or no limit, by reason), tiles (0 = the clouds were held whole).\n\n"
      "Raises\n------\nInputError naming the file, FrameError when the frames differ, ConfigError for bad options and a memory "
      "that is too small, StorageError when the disk of scratch or output is full.";
  module.def(
      "m3c2_files",
      [](const std::filesystem::path& before, const std::filesystem::path& after, const std::filesystem::path& output,
         const std::optional<std::filesystem::path>& cores, const std::string& units, double memory_gb,
         const std::optional<std::filesystem::path>& scratch, int threads, const py::kwargs& keywords) {
        M3c2Options options;
        apply(options, keywords, "m3c2_files");
        M3c2Files files{before, after, cores.value_or(""), output, units, 0, scratch.value_or("")};
        if (!(memory_gb >= 0.0) || memory_gb > 1e6) {
          throw Error(ErrorKind::config, "memory_gb must be 0 (half of the machine's) or more", "m3c2_files");
        }
        if (memory_gb > 0.0) files.memory_bytes = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(1e9 * memory_gb));
        const M3c2Outcome outcome = without_gil(threads, [&](const Run& run) {
          return m3c2_files(files, options, run, [&](const Report& report) {
            for (const std::string& warning : report.warnings) {
              run.log(LogLevel::warning, "read", {{"file", report.source}, {"note", warning}});
            }
          });
        });
        py::dict reasons;
        for (const auto& [reason, n] : outcome.reasons) reasons[py::str(std::string(name_of(reason)))] = n;
        py::dict d;
        d["core_points"] = outcome.core_points;
        d["measured"] = outcome.measured;
        d["reasons"] = reasons;
        d["tiles"] = outcome.tiles;
        return d;
      },
      py::arg("before"), py::arg("after"), py::arg("output"), py::arg("cores") = py::none(), py::kw_only(),
      py::arg("units") = "metres", py::arg("memory_gb") = 0.0, py::arg("scratch") = py::none(), py::arg("threads") = 0,
      doc.c_str());
}

}  // namespace highwall::python
