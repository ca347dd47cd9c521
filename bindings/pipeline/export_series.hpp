#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "core/epoch.hpp"
#include "core/options.hpp"
#include "core/run.hpp"

namespace highwall {

struct ExportOptions {
  std::string as = "geotiff";

  static void describe(auto& d) {
    d.field(&ExportOptions::as, "as", "", one_of({"geotiff", "cog", "csv"}),
            "geotiff, cog (Cloud Optimized GeoTIFF): a folder with a map a date; csv: a table of points as EGMS has them");
  }
};

struct ExportedSeries {
  std::size_t dates = 0;
  std::size_t points = 0;  ///< With a value at some date.
  std::size_t files = 0;
};

/// Writes displacement series for other programs.
///
/// Maps: <out>/<YYYYMMDDTHHMMSSZ>.tif, one band in metres, positive towards the sensor, NaN = no data, in the CRS of the stack,
/// with the tags INSTANT, SIGN, VALUES = cumulative, DATA_UNITS and FIRST_DATE, and geometry/line_of_sight.tif (east, north, up
/// of the unit vector target -> sensor) where it is known. Table: see PointCsv; its mean velocities are straight lines through
/// the series, their sigma that of white noise. Cells without any value are left out.
/// @throws Error(config) for maps of what is no stack of maps, and for series of several times; Error(input) for a cloud
ExportedSeries export_series(const std::filesystem::path& out, const Payload& data, const ExportOptions& options, const Run& run);

}  // namespace highwall
