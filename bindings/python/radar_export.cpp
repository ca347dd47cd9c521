#include <pybind11/stl/filesystem.h>

#include "bindings/pipeline/export_series.hpp"
#include "bindings/python/radar.hpp"
#include "bindings/python/radar_files.hpp"
#include "io/readers/reader.hpp"

namespace highwall::python {
namespace {

py::dict export_file(const std::filesystem::path& series, const std::filesystem::path& output, int threads,
                     const py::kwargs& given) {
  py::dict keywords(given);
  ExportOptions options;
  apply(options, taken_by<ExportOptions>(keywords), "radar.export");
  ReadOptions reading;
  apply(reading, keywords, "radar.export");
  const ExportedSeries done = without_gil(threads, [&](const Run& run) {
    const Reading got = read_file(series, reading, run);
    log_warnings(got.report, run);
    return export_series(output, got.data, options, run);
  });
  py::dict out;
  out["dates"] = done.dates;
  out["points"] = done.points;
  out["files"] = done.files;
  return out;
}

}  // namespace

void add_radar_export(py::module_& radar) {
  static const std::string doc =
      "Write displacement series as GeoTIFF, COG or a table of points, for other programs.\n\nParameters\n----------\n"
      "series : path\n    timeseries.h5 of MintPy, cum.h5 of LiCSBAS, a GeoTIFF of several dates, or a table of points.\n"
      "output : path\n    Folder of the maps (YYYYMMDDTHHMMSSZ.tif in m, positive towards the sensor, NaN = no data, tags "
      "INSTANT,\n"
      "    SIGN, VALUES; and geometry/line_of_sight.tif), or CSV (mm, one row a point, as EGMS has it, with the column crs).\n" +
      parameters_text<ExportOptions>() + parameters_text<ReadOptions>() +
      "threads : int, default 0\n    0: all of the machine.\n"
      "\nReturns\n-------\ndict with dates, points (with a value), files.\n"
      "\nRaises\n------\nInputError: a file that cannot be used. ConfigError: maps of what are points. StorageError.\n";
  radar.def("export", &export_file, py::arg("series"), py::arg("output"), py::kw_only(), py::arg("threads") = 0, doc.c_str());
}

}  // namespace highwall::python
