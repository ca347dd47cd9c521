#include "io/readers/scans/scan_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numbers>

#include "core/error.hpp"
#include "io/readers/cloud_builder.hpp"
#include "io/readers/reader.hpp"
#include "io/readers/scans/diffimage.hpp"
#include "io/readers/scans/scan_names.hpp"
#include "io/readers/scans/scan_source.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

/// "diffimage", "geotiff", or "" for neither.
std::string format_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  char head[8] = {};
  in.read(head, sizeof head);
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  if (error || in.gcount() < 8) return {};
  const std::string_view magic(head, 4);
  for (const std::string_view tiff :
       {std::string_view("II*\0", 4), std::string_view("MM\0*", 4), std::string_view("II+\0", 4), std::string_view("MM\0+", 4)}) {
    if (magic == tiff) return "geotiff";
  }
  return diffimage_shape({head, sizeof head}, size)[0] > 0 ? "diffimage" : "";
}

/// The files, those of folders included, and their one format.
std::pair<std::vector<fs::path>, std::string> list_files(const std::vector<fs::path>& paths, const ScanFileOptions& options,
                                                         Report& report) {
  std::vector<fs::path> files;
  std::string format = options.format == "auto" ? "" : options.format;
  const auto take = [&](const fs::path& file, const std::string& own) {
    if (format.empty()) format = own;
    if (options.format == "auto" && own != format) {
      throw Error(ErrorKind::input,
                  fmt::format("is a scan of the format {}, {} one of the format {}", own, files[0].string(), format),
                  file.string(), "give scans of one format");
    }
    files.push_back(file);
  };
  for (const fs::path& path : paths) {
    if (!fs::exists(path)) throw Error(ErrorKind::input, "there is no such file or folder", path.string());
    if (!fs::is_directory(path)) {
      const std::string own = format_of(path);
      if (own.empty() && options.format == "auto") {
        throw Error(ErrorKind::input, "is no scan: neither a GeoTIFF nor a DiffImage whose header goes with its size",
                    path.string(), "name the format with --format to see what is wrong with it");
      }
      take(path, own);
      continue;
    }
    std::size_t others = 0;
    for (const auto& entry : fs::directory_iterator(path)) {
      const std::string own = entry.is_regular_file() ? format_of(entry.path()) : "";
      if (own.empty() || (!format.empty() && own != format)) {
        ++others;
      } else {
        take(entry.path(), own);
      }
    }
    if (others > 0) report.warn(fmt::format("{}: {} other files or folders were not looked at", path.string(), others));
  }
  if (files.empty()) throw Error(ErrorKind::input, "no scan was found", paths.empty() ? "" : paths[0].string());
  sort_by_name(files);
  return {std::move(files), format};
}

/// Scans in S-SAR files, which hold nothing but numbers.
class DiffImages final : public ScanSource {
 public:
  DiffImages(std::vector<fs::path> files, const ScanFileOptions& options, Report& report)
      : files_(std::move(files)),
        options_(options),
        value_(options.values == "auto" ? ScanValue::increment : scan_value_of(options.values, "--values")) {
    if (options.values == "auto") {
      report.warn("values: increments, as DiffImage files are differences of consecutive images; else give --values cumulative");
    }
    if (options.sign == "auto" || options.unit == "auto") {
      throw Error(ErrorKind::config, "DiffImage files tell neither the sign of motion nor the unit", "--sign, --unit",
                  "ask the radar's operator; usual are toward_negative and mm");
    }
    times_ = times_of(files_, options, report);
    factor_ = (options.sign == "toward_negative" ? -1.0 : 1.0) * (options.unit == "mm"   ? 1e-3
                                                                  : options.unit == "cm" ? 1e-2
                                                                                         : 1.0);
    const std::string bytes = load_file(files_[0]);
    DiffImage first = parse_diffimage({files_[0].string(), bytes});
    grid_.rows = first.rows;
    grid_.cols = first.cols;
    range_ = first.range;
    azimuth_ = first.azimuth;
    grid_.range_m = std::move(first.range);
    grid_.azimuth_rad = std::move(first.azimuth);
    for (double& a : grid_.azimuth_rad) {
      if (options.angle == "deg") a *= std::numbers::pi / 180.0;
      if (std::abs(a) > 2.0 * std::numbers::pi) {
        throw Error(ErrorKind::config, fmt::format("an azimuth of {} rad is more than a turn", a), "--angle",
                    "are they degrees?");
      }
    }
    if (options.wavelength_mm > 0.0) grid_.wavelength_m = 1e-3 * options.wavelength_mm;
  }

  const ScanGrid& grid() const noexcept override { return grid_; }
  ScanValue value() const noexcept override { return value_; }
  std::size_t size() const noexcept override { return times_.instant.size(); }

  RadarScan read(std::size_t index) const override {
    RadarScan scan;
    scan.instant = times_.instant.at(index);
    const std::size_t file = times_.file[index];
    if (file == files_.size()) {
      scan.name = "missing scan of " + to_iso8601(scan.instant);
      scan.displacement_m.assign(grid_.cells(), std::numeric_limits<float>::quiet_NaN());
      return scan;
    }
    scan.name = files_[file].string();
    const std::string bytes = load_file(files_[file]);
    DiffImage image = parse_diffimage({scan.name, bytes});
    if (image.range != range_ || image.azimuth != azimuth_) {
      throw Error(ErrorKind::input,
                  fmt::format("its {} x {} cells or their axes are not those of {}", image.rows, image.cols, files_[0].string()),
                  scan.name, "the radar was set up anew: process scans before and after apart");
    }
    scan.displacement_m = std::move(image.values);
    for (float& v : scan.displacement_m) v = static_cast<float>(factor_ * static_cast<double>(v));
    settle_values(scan, options_.zero);
    return scan;
  }

 private:
  std::vector<fs::path> files_;
  ScanFileOptions options_;
  ScanValue value_;
  ScanTimes times_;
  double factor_ = 1.0;
  std::vector<double> range_;
  std::vector<double> azimuth_;
  ScanGrid grid_;
};

}  // namespace

ScanValue scan_value_of(const std::string& word, const std::string& where) {
  if (word == "increments") return ScanValue::increment;
  if (word == "cumulative") return ScanValue::cumulative;
  throw Error(ErrorKind::config, fmt::format("\"{}\" does not tell what the values of scans are", word), where,
              "increments or cumulative");
}

ScanTimes times_of(const std::vector<fs::path>& files, const ScanFileOptions& options, Report& report) {
  ScanTimes times;
  if (!options.start.empty()) {
    if (options.time_zone == "auto" && !has_zone(options.start)) {
      throw Error(ErrorKind::config, fmt::format("\"{}\" names no zone", options.start), "--start", "end it with Z or an offset");
    }
    const auto start = parse_iso8601(options.start);
    if (!start) throw Error(ErrorKind::config, fmt::format("\"{}\" is no ISO 8601 time", options.start), "--start");
    const std::vector<std::size_t> places = places_by_counter(files);
    times.file.assign(places.back() + 1, files.size());
    for (std::size_t i = 0; i < files.size(); ++i) times.file[places[i]] = i;
    const Duration step = duration_from_seconds(options.interval_s);
    for (std::size_t i = 0; i < times.file.size(); ++i) {
      times.instant.push_back({start->ns + static_cast<std::int64_t>(i) * step.ns});
    }
    if (times.file.size() > files.size()) {
      report.warn(
          fmt::format("the numbers in the names leave out {} scans, which are missing", times.file.size() - files.size()));
    }
    return times;
  }
  if (options.instant.empty()) {
    throw Error(ErrorKind::config, "the files hold no time", "--start, --interval-s",
                "give the time of the first scan and the interval, or --instant filename:PATTERN");
  }
  ReadOptions read;
  read.instant = {options.instant};
  read.time_zone = options.time_zone;
  read.strict = true;
  std::vector<std::pair<Instant, std::size_t>> order;
  for (std::size_t i = 0; i < files.size(); ++i) {
    Report own;
    own.source = files[i].string();
    const Instant t = find_instant(read, {files[i].string(), {}}, kNoInstant, kNoInstant, own);
    if (t == kNoInstant) {
      throw Error(ErrorKind::input, fmt::format("its name does not hold a time by {}", options.instant), files[i].string(),
                  own.warnings.empty() ? "" : own.warnings.front());
    }
    order.emplace_back(t, i);
  }
  std::sort(order.begin(), order.end());
  for (std::size_t k = 0; k < order.size(); ++k) {
    if (k > 0 && order[k].first == order[k - 1].first) {
      throw Error(ErrorKind::input, fmt::format("has the time of {}", files[order[k - 1].second].string()),
                  files[order[k].second].string(), "give each scan once, of one radar");
    }
    times.instant.push_back(order[k].first);
    times.file.push_back(order[k].second);
  }
  return times;
}

void settle_values(RadarScan& scan, const std::string& zero) {
  constexpr double kFarthest_m = 1000.0;
  constexpr double kRareZeros = 1e-3;
  std::size_t zeros = 0;
  for (std::size_t i = 0; i < scan.displacement_m.size(); ++i) {
    float& v = scan.displacement_m[i];
    if (std::abs(v) > kFarthest_m) {
      throw Error(ErrorKind::input, fmt::format("cell {} moves by {} m", i, v), scan.name,
                  "is the unit right, or the number a code for no data?");
    }
    if (v != 0.0F) continue;
    ++zeros;
    if (zero == "no_data") v = std::numeric_limits<float>::quiet_NaN();
  }
  if (zero == "auto" && static_cast<double>(zeros) > 1.0 + kRareZeros * static_cast<double>(scan.displacement_m.size())) {
    throw Error(ErrorKind::config,
                fmt::format("{} of {} values of {} are exactly 0", zeros, scan.displacement_m.size(), scan.name), "--zero",
                "give no_data if that marks cells without a signal, else data");
  }
}

std::unique_ptr<ScanSource> open_diffimages(std::vector<fs::path> files, const ScanFileOptions& options, Report& report) {
  return std::make_unique<DiffImages>(std::move(files), options, report);
}

OpenedScans open_scans(const std::vector<fs::path>& paths, const ScanFileOptions& options, const Run& run) {
  validate(options, "scans");
  OpenedScans opened;
  auto [files, format] = list_files(paths, options, opened.report);
  opened.report.source = files[0].string();
  opened.report.format = format;
  if (format == "geotiff") {
    open_geotiff_scans(std::move(files), options, run, opened);
  } else {
    opened.source = open_diffimages(std::move(files), options, opened.report);
  }
  opened.report.accepted = opened.source->size();
  return opened;
}

}  // namespace highwall
