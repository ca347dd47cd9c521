#include "bindings/pipeline/trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <new>
#include <set>
#include <stdexcept>
#include <utility>

#include "core/error.hpp"
#include "core/printable.hpp"
#include "io/crs/crs.hpp"
#include "io/durable/digest.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

/// The plausibility box of site.toml: most points of a cloud in the wrong zone or unit lie outside.
void check_box(const Site& site, const PointCloud& cloud) {
  std::size_t outside = 0;
  for (Eigen::Index i = 0; i < cloud.xyz.rows(); ++i) {
    for (Eigen::Index c = 0; c < 3; ++c) {
      const double v = cloud.xyz(i, c);
      if (!(v >= site.box_min_m[static_cast<std::size_t>(c)] && v <= site.box_max_m[static_cast<std::size_t>(c)])) {
        ++outside;
        break;
      }
    }
  }
  if (outside * 2 > cloud.size()) {
    throw Error(ErrorKind::frame, fmt::format("{} of {} points lie outside of the site's box_m", outside, cloud.size()), {},
                "wrong CRS, axis order, unit or UTM zone?");
  }
}

/// What PROJ makes of a file's own words is the file's matter, not that of the configuration.
template <class Body>
void as_file_matter(const Body& body) {
  try {
    body();
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::config) throw;
    throw Error(ErrorKind::frame, e.message(), e.where(), e.hint());
  }
}

/// Heights above another datum look like a slope that has moved by metres. A file may leave the vertical open.
void check_vertical(const Site& site, const PointCloud& cloud, FileOutcome& outcome) {
  const std::string& of_file = cloud.frame.vertical;
  const std::string& of_site = site.frame.vertical;
  if (of_file.empty() || same_vertical(of_file, of_site)) return;
  if (of_site.empty()) {
    outcome.warnings.push_back(fmt::format("the file's heights are {}; the site names no vertical CRS", of_file.substr(0, 60)));
    return;
  }
  throw Error(ErrorKind::frame,
              fmt::format("the cloud's heights are {}, those of the site {}", of_file.substr(0, 60), of_site.substr(0, 60)), {},
              "transform them first; where the file's word is wrong, vertical of its source can stand for it");
}

/// The plausibility box for maps: the cells that ever have a value, in the plane.
void check_box(const Site& site, const Stack& stack) {
  std::size_t known = 0;
  std::size_t outside = 0;
  const GridGeometry& g = stack.geometry();
  for (std::size_t i = 0; i < stack.cells(); ++i) {
    bool has_value = false;
    for (std::size_t e = 0; e < stack.epochs() && !has_value; ++e) has_value = std::isfinite(stack.at(e)[i]);
    if (!has_value) continue;
    ++known;
    const auto [x, y] = g.centre(i / g.cols, i % g.cols);
    const bool inside = x >= site.box_min_m[0] && x <= site.box_max_m[0] && y >= site.box_min_m[1] && y <= site.box_max_m[1];
    outside += inside ? 0 : 1;
  }
  if (outside * 2 > known) {
    throw Error(ErrorKind::frame, fmt::format("{} of {} cells with a value lie outside of the site's box_m", outside, known), {},
                "wrong CRS, axis order, unit or UTM zone?");
  }
}

/// Brings a cloud into the site frame (or leaves a "local" source in its own).
void to_site_frame(const Site& site, const SourceConfig& source, PointCloud& cloud, FileOutcome& outcome) {
  if (source.crs == "local") return;
  if (cloud.frame.is_local() && !site.frame.is_local()) {
    throw Error(ErrorKind::frame, "the cloud has no CRS", {}, "set crs for its source, or crs = \"local\"");
  }
  as_file_matter([&] {
    if (site.frame.is_local() || same_crs(cloud.frame.crs, site.frame.crs)) return;
    const Transformer transformer(cloud.frame.crs, site.frame.crs);
    for (Eigen::Index c = 0; c < 3; ++c) cloud.xyz.col(c).array() += cloud.frame.origin_m[static_cast<std::size_t>(c)];
    const std::size_t failed = transformer.apply(cloud.xyz.data(), cloud.size());
    for (Eigen::Index c = 0; c < 3; ++c) cloud.xyz.col(c).array() -= site.frame.origin_m[static_cast<std::size_t>(c)];
    if (failed > 0) outcome.warnings.push_back(fmt::format("{} points could not be projected", failed));
  });
  check_vertical(site, cloud, outcome);
  cloud.frame = site.frame;
  check_box(site, cloud);
}

/// What a source of this kind is measured by. Anything else would lie in the archive, and nobody would miss it.
void require_payload(const SourceConfig& source, const Payload& data) {
  const bool cloud = std::holds_alternative<PointCloud>(data);
  const bool map = std::holds_alternative<Stack>(data);
  if (source.kind == "lidar" ? cloud : source.kind == "radar" ? !cloud : !cloud && !map) return;
  throw Error(ErrorKind::input,
              fmt::format("the file holds {}, but a source of kind {} takes {}",
                          cloud ? "a point cloud"
                          : map ? "maps"
                                : "series of values",
                          source.kind,
                          source.kind == "lidar"   ? "point clouds"
                          : source.kind == "radar" ? "maps and series"
                                                   : "series"),
              {}, "move it to the folder of its own source");
}

/// Reads files and tries them, without storing anything.
class Trier {
 public:
  Trier(const Site& site, const Run& run) : site_(site), run_(run) {}

  /// The file's data in the site frame, with its report in `outcome` and `note`.
  /// @throws Error(input or frame) for the file's own defects, Error(config) for what site.toml leaves open.
  Reading read(const DropFile& file, const std::string& bytes, const std::vector<double>& origin_m, FileNote& note,
               FileOutcome& outcome) const {
    Reading reading = read_any(file, bytes, origin_m);
    for (const std::string& warning : reading.report.warnings) outcome.warnings.push_back(printable(warning));
    outcome.rejected_rows = reading.report.rejected;
    if (!reading.report.rows.empty()) {
      note.first_rejected = fmt::format("line {}: {}", reading.report.rows[0].line, printable(reading.report.rows[0].reason));
    }
    require_payload(*file.source, reading.data);
    if (auto* cloud = std::get_if<PointCloud>(&reading.data)) {
      try_cloud(file, *cloud, outcome);
    } else if (const auto* stack = std::get_if<Stack>(&reading.data)) {
      try_stack(file, *stack);
    } else {
      std::size_t rows = 0;
      for (const TimeSeries& s : std::get<std::vector<TimeSeries>>(reading.data)) {
        rows += s.size();
        if (const std::string defect = target_name_defect(s.target); !defect.empty()) {
          throw Error(ErrorKind::input, defect, {}, "write the file, or its name, in UTF-8; or set target for its source");
        }
      }
      if (rows == 0) throw Error(ErrorKind::input, "the file has no usable row", file.path.string());
    }
    return reading;
  }

 private:
  Reading read_any(const DropFile& file, const std::string& bytes, const std::vector<double>& origin_m) const {
    ReadOptions options = read_options_of(site_, *file.source);
    if (!origin_m.empty()) options.origin_m = origin_m;
    return read_input({file.path.string(), bytes}, options, run_);
  }

  void try_cloud(const DropFile& file, PointCloud& cloud, FileOutcome& outcome) const {
    if (cloud.size() == 0) throw Error(ErrorKind::input, "the cloud has no points", file.path.string());
    if (cloud.instant == kNoInstant) {
      throw Error(ErrorKind::input, "the time of acquisition is not known", file.path.string(),
                  "give the source instant rules, e.g. instant = [\"filename:%Y%m%d\"]");
    }
    to_site_frame(site_, *file.source, cloud, outcome);
  }

  /// A radar's own scan lies nowhere until its place is told; what it needs is a time and, for increments, the usual interval:
  /// the motion of a scan that is missing is missing from all that follow.
  void try_polar(const DropFile& file, const Stack& stack) const {
    if (stack.instants().at(0) == kNoInstant) {
      throw Error(ErrorKind::input, "the time of the scan is not known", file.path.string(),
                  "give its source instant = [\"filename:%Y%m%d%H%M%S\"], or start and interval_s");
    }
    if (stack.increments && file.source->interval_s == 0.0) {
      throw Error(ErrorKind::config,
                  fmt::format("source \"{}\": scans of motion since the scan before need the usual interval", file.source->id),
                  file.source->where, "set interval_s, by which a missing scan is seen");
    }
  }

  void try_stack(const DropFile& file, const Stack& stack) const {
    const std::string& crs = stack.geometry().frame.crs;
    if (stack.is_polar()) return try_polar(file, stack);
    if (stack.epochs() == 0) throw Error(ErrorKind::input, "the file has no map with an instant", file.path.string());
    if (file.source->crs == "local" || site_.frame.is_local()) return;
    as_file_matter([&] {
      if (same_crs(crs, site_.frame.crs)) return;
      throw Error(ErrorKind::frame, fmt::format("the map's CRS ({}) is not that of the site", crs.substr(0, 60)), {},
                  "export it in the site's CRS");
    });
    check_box(site_, stack);
  }

  const Site& site_;
  const Run& run_;
};

/// One origin for all clouds of a source with a frame of its own: that of its first epoch in the archive, else of the
/// first cloud that could be read. Each cloud's own would change with the cloud, and two epochs could not be compared.
class LocalOrigins {
 public:
  explicit LocalOrigins(const Archive* archive) : archive_(archive) {}

  /// World coordinates, m; empty when nothing is known yet, and for sources in the site frame.
  /// @throws Error(storage) when the archive has clouds of the source and none can be read
  std::vector<double> of(const SourceConfig& source) {
    if (!has_one(source)) return {};
    if (const auto known = origins_.find(source.id); known != origins_.end()) return known->second;
    std::vector<double> origin_m = in_archive(source.id);
    if (!origin_m.empty()) origins_[source.id] = origin_m;
    return origin_m;
  }

  void learn(const SourceConfig& source, const Reading& reading) {
    const auto* cloud = std::get_if<PointCloud>(&reading.data);
    if (cloud == nullptr || !has_one(source)) return;
    origins_.try_emplace(source.id, cloud->frame.origin_m.begin(), cloud->frame.origin_m.end());
  }

 private:
  static bool has_one(const SourceConfig& source) { return source.kind == "lidar" && source.crs == "local"; }

  std::vector<double> in_archive(const std::string& source) const {
    std::optional<Error> trouble;
    for (const EpochInfo& info : archive_ == nullptr ? std::vector<EpochInfo>{} : archive_->epochs(source)) {
      try {
        const Epoch epoch = archive_->load(info);
        const auto* cloud = std::get_if<PointCloud>(&epoch.data);
        if (cloud != nullptr) return {cloud->frame.origin_m.begin(), cloud->frame.origin_m.end()};
      } catch (const Error& e) {
        if (e.kind() != ErrorKind::storage) throw;
        if (!trouble) trouble = e;  // the next epoch has the same origin
      }
    }
    if (trouble) throw Error(*trouble);
    return {};
  }

  const Archive* archive_;
  std::map<std::string, std::vector<double>> origins_;
};

/// Readings that are kept from the trial to the storing; beyond that a file is read a second time.
constexpr std::uintmax_t kKeptBytes = 64U << 20U;

}  // namespace

/// The error's words without the file's name, which stands before them anyway.
std::string reason_of(const Error& e, const fs::path& path) {
  std::string place = e.where();
  if (place.rfind(path.string(), 0) == 0) {
    place.erase(0, path.string().size());
    const bool line = place.size() > 1 && place[0] == ':' && std::isdigit(static_cast<unsigned char>(place[1])) != 0;
    place = line ? "line " + place.substr(1) : place.substr(std::min(place.size(), place.find_first_not_of(": ")));
  }
  std::string text = place.empty() ? e.message() : place + ": " + e.message();
  // Readers may quote the path within their sentence too.
  if (const std::size_t at = text.find(path.string()); at != std::string::npos)
    text.replace(at, path.string().size(), "the file");
  return printable(e.hint().empty() ? text : fmt::format("{} ({})", text, e.hint()));
}

std::string defect_of(const DropFile& file, const std::function<void()>& body) {
  try {
    body();
    return {};
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::input && e.kind() != ErrorKind::frame) throw;
    return reason_of(e, file.path);
  } catch (const std::bad_alloc&) {
    return "the file asks for more memory than there is";
  } catch (const std::length_error&) {
    return "the file asks for more memory than there is";
  }
}

std::string unreadable_epochs(const std::string& source, const Error& e) {
  return fmt::format("the archive's epochs of {} cannot be read: {}", source, e.what());
}

ReadOptions read_options_of(const Site& site, const SourceConfig& source) {
  ReadOptions o = source;
  o.strict = true;
  if (source.crs != "local") o.origin_m.assign(site.frame.origin_m.begin(), site.frame.origin_m.end());
  return o;
}

std::string options_digest(const Site& site, const SourceConfig& source) {
  std::string text = site.frame.to_string();
  for (const double v : site.box_min_m) text += fmt::format("|{}", v);
  for (const double v : site.box_max_m) text += fmt::format("|{}", v);
  for (const auto& [name, value] : option_values(read_options_of(site, source))) text += "|" + name + "=" + to_text(value);
  return sha256_hex(text).substr(0, 16);
}

std::vector<TriedFile> try_files(const Site& site, const NightOptions& options, const Archive* archive, const Run& run) {
  std::vector<TriedFile> tried;
  const std::vector<DropFile> files = list_drop(site, options);
  const Trier trier(site, run);
  LocalOrigins origins(archive);
  std::set<std::pair<std::string, std::string>> seen;  // a renamed copy is read once
  std::uintmax_t kept = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    run.check_stop();
    const DropFile& file = files[i];
    TriedFile one{file,
                  {file.source->id, file.name, "stored", {}, {}, 0},
                  {file.source->id, file.name, {}, {}, {}, 0, {}, {}, {}, options_digest(site, *file.source)},
                  0,
                  false,
                  {},
                  {},
                  {},
                  {},
                  {}};
    if (file.waiting) {
      one.outcome.outcome = "waiting";
      one.outcome.detail = "still being uploaded, or too young";
      tried.push_back(std::move(one));
      continue;
    }
    if (file.other != nullptr) {
      one.hold = fmt::format(
          "not taken in as {}: source {} takes it too, and one instrument would confirm itself (let \"files\" of each match its "
          "own only)",
          file.source->id, file.other->id);
      tried.push_back(std::move(one));
      continue;
    }
    one.defect = defect_of(file, [&] {
      const std::string bytes = load_file(file.path);
      one.bytes = bytes.size();
      one.note.file_sha256 = sha256_hex(bytes);
      one.known = (archive != nullptr &&
                   archive->known_file(file.source->id, one.note.file_sha256, file.name, one.note.options) != nullptr) ||
                  !seen.insert({file.source->id, one.note.file_sha256}).second;
      if (one.known) return;
      try {
        one.origin_m = origins.of(*file.source);
      } catch (const Error& e) {
        if (e.kind() != ErrorKind::storage) throw;
        one.hold = unreadable_epochs(file.source->id, e);
      }
      if (one.hold.empty()) {
        Reading reading = trier.read(file, bytes, one.origin_m, one.note, one.outcome);
        origins.learn(*file.source, reading);
        one.format = reading.report.format;
        if (kept + one.bytes <= kKeptBytes) {
          kept += one.bytes;
          one.reading = std::move(reading);
        }
      }
    });
    tried.push_back(std::move(one));
    run.progress("read", i + 1, files.size());
  }
  return tried;
}

std::vector<std::string> copies_between_sources(const std::vector<TriedFile>& files) {
  std::vector<std::string> told;
  std::map<std::string, const TriedFile*> first;
  for (const TriedFile& tried : files) {
    if (tried.note.file_sha256.empty() || !tried.defect.empty()) continue;
    const TriedFile& other = *first.try_emplace(tried.note.file_sha256, &tried).first->second;
    if (other.file.source == tried.file.source || other.file.path.lexically_normal() == tried.file.path.lexically_normal())
      continue;
    told.push_back(fmt::format("{}: the same bytes as {} of source {}: as source {} it would confirm itself", tried.file.name,
                               other.file.name, other.file.source->id, tried.file.source->id));
  }
  return told;
}

std::optional<Reading> reading_of(const Site& site, TriedFile& tried, const Run& run) {
  if (tried.reading) return std::exchange(tried.reading, std::nullopt);
  const std::string bytes = load_file(tried.file.path);
  if (sha256_hex(bytes) != tried.note.file_sha256) return std::nullopt;
  return Trier(site, run).read(tried.file, bytes, tried.origin_m, tried.note, tried.outcome);
}

Stack one_epoch(const Stack& stack, std::size_t e) {
  Stack one(stack.geometry(), {stack.instants()[e]});
  std::copy(stack.at(e).begin(), stack.at(e).end(), one.at(0).begin());
  one.line_of_sight = stack.line_of_sight;
  one.line_of_sight_per_cell = stack.line_of_sight_per_cell;
  one.cell_position_m = stack.cell_position_m;
  one.range_m = stack.range_m;
  one.azimuth_rad = stack.azimuth_rad;
  one.increments = stack.increments;
  one.wavelength_m = stack.wavelength_m;
  return one;
}

MapGrid::MapGrid(const Stack& stack)
    : raster(stack.geometry()),
      range_m(stack.range_m),
      azimuth_rad(stack.azimuth_rad),
      increments(stack.increments),
      wavelength_m(stack.wavelength_m) {}

std::optional<MapGrid> grid_of_source(const Archive& archive, const std::string& source) {
  for (const EpochInfo& info : archive.epochs(source)) {
    if (!info.kind.empty() && info.kind != "scan") continue;  // Known without opening it.
    const Epoch epoch = archive.load(info);
    if (const auto* stack = std::get_if<Stack>(&epoch.data)) return MapGrid(*stack);
  }
  return std::nullopt;
}

void require_grid(const MapGrid& first, const MapGrid& other) {
  if (first == other) return;
  const GridGeometry& a = first.raster;
  const GridGeometry& b = other.raster;
  const char* hint = "give a re-installed radar a source of its own";
  if (!first.range_m.empty() && !other.range_m.empty() && a == b) {
    throw Error(ErrorKind::frame,
                first.range_m == other.range_m && first.azimuth_rad == other.azimuth_rad
                    ? "the scan is told to be of another value or wavelength than the source's first scan"
                    : "the scan has other ranges or azimuths than the source's first scan",
                {}, hint);
  }
  throw Error(ErrorKind::frame,
              fmt::format("the map has another grid ({} x {} cells from {:.3f}, {:.3f}) than the source's first map ({} x {} "
                          "from {:.3f}, {:.3f})",
                          b.rows, b.cols, b.affine[0], b.affine[3], a.rows, a.cols, a.affine[0], a.affine[3]),
              {}, hint);
}

}  // namespace highwall
