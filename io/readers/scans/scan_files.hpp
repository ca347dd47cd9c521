#pragma once

#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/grid.hpp"
#include "core/options.hpp"
#include "core/report.hpp"
#include "core/run.hpp"
#include "core/scan.hpp"

namespace highwall {

/// What files of scans do not say themselves. Nothing of it is assumed: what is needed and not told is asked for.
struct ScanFileOptions {
  std::string format = "auto";
  std::string start;
  double interval_s = 0.0;
  std::string instant;
  std::string time_zone = "auto";
  std::string sign = "auto";
  std::string unit = "auto";
  std::string values = "auto";
  std::string angle = "rad";
  std::string zero = "auto";
  std::string crs = "file";
  double wavelength_mm = 0.0;

  static void describe(auto& d) {
    using O = ScanFileOptions;
    d.field(&O::format, "format", "", one_of({"auto", "diffimage", "geotiff"}), "Format of the scans; auto: by their content");
    d.field(&O::start, "start", "", anything(),
            "Time of the first scan, ISO 8601 with its zone (2025-08-13T00:00:00+08:00), for files that hold none");
    d.field(&O::interval_s, "interval_s", "s", at_least(0),
            "Time from scan to scan, with start; a number that the names leave out is a missing scan");
    d.field(&O::instant, "instant", "", anything(),
            "filename:PATTERN, where the names of the files hold the time, such as filename:%Y%m%d%H%M%S");
    d.field(&O::time_zone, "time_zone", "", anything(), "IANA zone of the times in the names");
    d.field(&O::sign, "sign", "", one_of({"auto", "toward_negative", "toward_positive"}),
            "Sign of motion towards the radar in the files; auto: as they say, else it must be given (S-SAR: usually "
            "toward_negative)");
    d.field(&O::unit, "unit", "", one_of({"auto", "m", "cm", "mm"}),
            "Unit of the values; auto: as the files say, else it must be given (S-SAR: usually mm)");
    d.field(&O::values, "values", "", one_of({"auto", "increments", "cumulative"}),
            "increments: motion since the scan before; cumulative: since the first scan; auto: increments for DiffImage files, "
            "which are differences of consecutive images; as the tag VALUES of a GeoTIFF says, else it must be given");
    d.field(&O::angle, "angle", "", one_of({"rad", "deg"}), "Unit of the azimuths of DiffImage files");
    d.field(&O::zero, "zero", "", one_of({"auto", "data", "no_data"}),
            "What a value of exactly 0 is; auto: data where it is rare, else it must be given");
    d.field(&O::crs, "crs", "", anything(), "GeoTIFF: file, local, or the CRS as PROJ reads it");
    d.field(&O::wavelength_mm, "wavelength_mm", "mm", at_least(0),
            "Wavelength of the radar, by which wraps are found (17.4 at 17.2 GHz); 0: not known");
    d.require([](const O& o) { return o.start.empty() || o.instant.empty(); }, "give start or instant, not both");
    d.require([](const O& o) { return o.start.empty() == (o.interval_s == 0.0); }, "start and interval_s go together");
  }
};

/// Scans as files gave them, and what there is to say about the files.
struct OpenedScans {
  std::unique_ptr<ScanSource> source;
  std::optional<GridGeometry> map;  ///< Where the cells lie, for maps.
  Report report;
};

/// Files of scans of one radar, in the order of their names. Of a folder, what looks like a scan is taken. Each file is read when
/// its scan is asked for.
/// @throws Error(config) naming what must be told; Error(input) for what is no scan, and for files of two formats or shapes
OpenedScans open_scans(const std::vector<std::filesystem::path>& paths, const ScanFileOptions& options, const Run& run);

}  // namespace highwall
