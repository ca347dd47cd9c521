// Displacement maps in GeoTIFF files, one or many bands a file, as the scans of a radar.
#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "core/error.hpp"
#include "core/stack_scans.hpp"
#include "io/readers/gdal_file.hpp"
#include "io/readers/reader.hpp"
#include "io/readers/scans/scan_source.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

ReadOptions read_options(const ScanFileOptions& options) {
  ReadOptions read;
  read.format = "geotiff_stack";
  read.sign = options.sign;
  read.unit = options.unit;
  read.crs = options.crs;
  read.time_zone = options.time_zone;
  read.instant.clear();
  if (!options.instant.empty()) read.instant = {options.instant};
  if (options.zero == "no_data") read.no_data = {0.0};
  read.strict = true;
  return read;
}

/// What a file says that its values are; "" = nothing.
std::string values_tag(std::string_view bytes, const std::string& name) {
  constexpr const char* kDrivers[] = {"GTiff", nullptr};
  const GdalFile file(bytes, name, GDAL_OF_RASTER, kDrivers);
  const char* tag = GDALGetMetadataItem(file.get(), "VALUES", nullptr);
  return tag == nullptr ? "" : lower(tag);
}

class GeotiffScans final : public ScanSource {
 public:
  GeotiffScans(std::vector<fs::path> files, const ScanFileOptions& options, const Run& run, Report& report)
      : files_(std::move(files)), options_(options), read_(read_options(options)) {
    if (!options.start.empty()) {
      throw Error(ErrorKind::config, "maps in GeoTIFF files tell their time by a tag (INSTANT) or by their name", "--start",
                  "give --instant filename:PATTERN where the names tell it");
    }
    list_bands(run, report);
    settle_value();
    grid_ = scan_grid_of(geometry_);
    if (options.wavelength_mm > 0.0) grid_.wavelength_m = 1e-3 * options.wavelength_mm;
  }

  const GridGeometry& geometry() const noexcept { return geometry_; }
  const ScanGrid& grid() const noexcept override { return grid_; }
  ScanValue value() const noexcept override { return value_; }
  std::size_t size() const noexcept override { return scans_.size(); }

  RadarScan read(std::size_t index) const override {
    const Scan& wanted = scans_.at(index);
    RadarScan scan;
    scan.instant = wanted.instant;
    scan.name = fmt::format("{}: map {}", files_[wanted.file].string(), wanted.band);
    const std::scoped_lock lock(mutex_);
    if (held_file_ != wanted.file || held_.epochs() == 0) {
      held_ = parse(wanted.file, load_file(files_[wanted.file]), Run(1), nullptr);
      held_file_ = wanted.file;
    }
    const auto map = held_.at(wanted.band);
    scan.displacement_m.assign(map.begin(), map.end());
    settle_values(scan, options_.zero);
    return scan;
  }

 private:
  struct Scan {
    Instant instant;
    std::size_t file = 0;
    std::size_t band = 0;
  };

  Stack parse(std::size_t file, const std::string& bytes, const Run& run, Report* report) const {
    Reading reading = read_input({files_[file].string(), bytes}, read_, run);
    if (report != nullptr)
      report->warnings.insert(report->warnings.end(), reading.report.warnings.begin(), reading.report.warnings.end());
    auto stack = std::get<Stack>(std::move(reading.data));
    if (reading.report.rejected > 0) {
      throw Error(ErrorKind::input, reading.report.rows.front().reason, files_[file].string());
    }
    if (geometry_.rows != 0 && !(stack.geometry() == geometry_)) {
      throw Error(ErrorKind::input, fmt::format("its raster is not that of {}", files_[0].string()), files_[file].string(),
                  "give maps of one raster");
    }
    return stack;
  }

  /// What the values are: as the option says, else as the tag that all files have.
  void settle_value() {
    if (options_.values != "auto") {
      value_ = scan_value_of(options_.values, "--values");
      return;
    }
    for (std::size_t f = 0; f < files_.size(); ++f) {
      if (tags_[f].empty()) {
        throw Error(ErrorKind::config,
                    fmt::format("{} does not tell what its values are: it has no tag VALUES", files_[f].string()), "--values",
                    "give increments (motion since the scan before) or cumulative (since the first scan)");
      }
      if (tags_[f] == tags_[0]) continue;
      throw Error(ErrorKind::input, fmt::format("its tag VALUES says {}, that of {} {}", tags_[f], files_[0].string(), tags_[0]),
                  files_[f].string(), "give maps of one kind");
    }
    value_ = scan_value_of(tags_[0], files_[0].string() + ": tag VALUES");
  }

  void list_bands(const Run& run, Report& report) {
    for (std::size_t f = 0; f < files_.size(); ++f) {
      run.progress("look at maps", f, files_.size());
      const std::string bytes = load_file(files_[f]);
      const Stack stack = parse(f, bytes, run, f == 0 ? &report : nullptr);
      if (options_.values == "auto") tags_.push_back(values_tag(bytes, files_[f].string()));
      if (f == 0) geometry_ = stack.geometry();
      for (std::size_t b = 0; b < stack.epochs(); ++b) scans_.push_back({stack.instants()[b], f, b});
    }
    std::stable_sort(scans_.begin(), scans_.end(), [](const Scan& a, const Scan& b) { return a.instant < b.instant; });
    for (std::size_t i = 1; i < scans_.size(); ++i) {
      if (scans_[i].instant > scans_[i - 1].instant) continue;
      throw Error(
          ErrorKind::input,
          fmt::format("holds a map of {}, as {} does", to_iso8601(scans_[i].instant), files_[scans_[i - 1].file].string()),
          files_[scans_[i].file].string(), "give each map once");
    }
  }

  std::vector<fs::path> files_;
  ScanFileOptions options_;
  ReadOptions read_;
  ScanValue value_ = ScanValue::cumulative;
  std::vector<std::string> tags_;  ///< VALUES of each file, where they are asked.
  GridGeometry geometry_;
  std::vector<Scan> scans_;
  ScanGrid grid_;
  // The file that was read last: its other maps are usually asked for next.
  mutable std::mutex mutex_;
  mutable Stack held_;
  mutable std::size_t held_file_ = 0;
};

}  // namespace

void open_geotiff_scans(std::vector<fs::path> files, const ScanFileOptions& options, const Run& run, OpenedScans& opened) {
  auto scans = std::make_unique<GeotiffScans>(std::move(files), options, run, opened.report);
  opened.map = scans->geometry();
  opened.source = std::move(scans);
}

}  // namespace highwall
