#include "io/readers/cloud_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "core/error.hpp"
#include "core/parallel.hpp"
#include "io/crs/crs.hpp"

namespace highwall {
namespace {

/// No place on Earth has larger coordinates in any projection, metres.
constexpr double kFarthest_m = 1e9;

struct Extent {
  std::array<double, 3> low;
  double farthest = 0.0;  ///< Largest size of any coordinate.
};

Extent extent_of(const Points& xyz, const Run& run) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const Extent nothing{{inf, inf, inf}, 0.0};
  return reduce_blocks(
      static_cast<std::size_t>(xyz.rows()), nothing,
      [&](const Block& block) {
        Extent e = nothing;
        for (std::size_t i = block.begin; i < block.end; ++i) {
          for (std::size_t c = 0; c < 3; ++c) {
            const double v = xyz(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(c));
            if (v < e.low[c]) e.low[c] = v;
            if (std::abs(v) > e.farthest) e.farthest = std::abs(v);
          }
        }
        return e;
      },
      [](Extent& a, Extent&& b) {
        for (std::size_t c = 0; c < 3; ++c) a.low[c] = std::min(a.low[c], b.low[c]);
        a.farthest = std::max(a.farthest, b.farthest);
      },
      run, {}, 8192);
}

std::string unit_name(double metres) {
  if (metres == 1.0) return "metres";
  if (std::abs(metres - 0.3048) < 1e-9) return "feet";
  if (std::abs(metres - 1200.0 / 3937.0) < 1e-9) return "US survey feet";
  return fmt::format("units of {} m", metres);
}

/// @throws Error(input) for a CRS of the file's own, Error(config) for one of the options
std::string crs_in_metres(const std::string& text, const ReadOptions& options, const Report& report) {
  try {
    return in_metres(text, report.source);
  } catch (const Error& e) {
    if (options.crs != "file") throw;
    throw Error(ErrorKind::input, e.message(), e.where(), e.hint());
  }
}

/// A vertical CRS that only has a name stays a name.
std::string vertical_in_metres(const std::string& text) {
  if (text.empty()) return text;
  try {
    return in_metres(text);
  } catch (const Error&) {
    return text + " in metres";
  }
}

/// nullopt where PROJ cannot read what the file calls its CRS.
std::optional<CrsInfo> own_system(const std::string& of_file) {
  try {
    return describe_crs(of_file);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// "EPSG:2227 (NAD83 / California zone 3 (ftUS))", or the name alone.
std::string code_and_name(const CrsInfo& info) {
  return info.crs.starts_with("EPSG:") ? fmt::format("{} ({})", info.crs, info.name) : fmt::format("\"{}\"", info.name);
}

struct Units {
  double horizontal_m = 1.0;
  double vertical_m = 1.0;
  bool by_crs = false;  ///< A CRS gives them; else they are the units without one, metres.
};

/// Units that the file names beside its CRS stand for those of the CRS, with a line in the report where they differ.
void apply_units_of_file(const WorldPoints& world, bool has_vertical, Units& units, Report& report) {
  if (std::isfinite(world.horizontal_unit_m)) {
    if (units.by_crs && std::abs(world.horizontal_unit_m - units.horizontal_m) > 1e-12) {
      report.warn(fmt::format("the file names {}, its CRS usually has {}: the file's unit is taken",
                              unit_name(world.horizontal_unit_m), unit_name(units.horizontal_m)));
    }
    units.horizontal_m = world.horizontal_unit_m;
    if (!has_vertical) units.vertical_m = world.horizontal_unit_m;
  }
  if (std::isfinite(world.vertical_unit_m)) units.vertical_m = world.vertical_unit_m;
}

/// What numbers are whose CRS tells no unit.
std::string taken_as(const WorldPoints& world) {
  return "its numbers are taken as " + unit_name(std::isfinite(world.horizontal_unit_m) ? world.horizontal_unit_m : 1.0);
}

/// What the file itself tells, by its CRS and beside it. A frame that is tied to nothing still has that unit.
Units units_of_own(const WorldPoints& world, const ReadOptions& options, Report& report) {
  Units units;
  bool has_vertical = false;
  if (const auto info = own_system(world.crs)) {
    if (!info->geographic) units = {info->horizontal_unit_m, info->vertical_unit_m, true};
    has_vertical = info->has_vertical;
    if (info->geographic && options.crs == "local") {
      report.warn(fmt::format("the file's own CRS {} counts in degrees: {}", code_and_name(*info), taken_as(world)));
    }
  } else if (!world.crs.empty()) {
    report.warn(
        fmt::format("the file's own CRS cannot be read: {}", options.crs == "local" ? taken_as(world) : "the option crs counts"));
  }
  apply_units_of_file(world, has_vertical, units, report);
  return units;
}

/// Fills the frame's systems. @throws Error of place_cloud
Units units_of_crs(const std::string& text, const WorldPoints& world, const ReadOptions& options, Frame& frame, Report& report) {
  // What stands in the file is the file's defect, what stands in the options is theirs.
  const bool by_file = options.crs == "file";
  const ErrorKind whose = by_file ? ErrorKind::input : ErrorKind::config;
  const CrsInfo info = describe_crs(text, report.source, whose);
  if (info.geographic) {
    throw Error(whose, "the coordinates are degrees: a point cloud needs metres", report.source,
                "project it first, or name the projected CRS it really has with crs");
  }
  frame.crs = info.crs;
  frame.vertical = info.vertical;
  Units units{info.horizontal_unit_m, info.vertical_unit_m, true};
  bool has_vertical = info.has_vertical;
  if (by_file) {
    apply_units_of_file(world, has_vertical, units, report);
  } else {
    tell_other_crs(world.crs, text, report);
    const Units told = units_of_own(world, options, report);
    if ((told.by_crs || std::isfinite(world.horizontal_unit_m)) && std::abs(told.horizontal_m - units.horizontal_m) > 1e-12) {
      report.warn(fmt::format("the file says {}, the option crs means {}: the option counts", unit_name(told.horizontal_m),
                              unit_name(units.horizontal_m)));
    }
  }
  if (options.vertical != "file") {
    frame.vertical = options.vertical;
    if (const auto metres = vertical_unit_of(options.vertical)) units.vertical_m = *metres;
  }
  return units;
}

/// Takes points out that are nowhere: without any coordinate they are places of a scan without a return, which PCD
/// keeps; with a coordinate that is not finite each is a refused row.
void refuse_points_nowhere(Points& xyz, PointCloud& cloud, Report& report) {
  std::vector<std::size_t> good;
  std::size_t no_return = 0;
  const auto n = static_cast<std::size_t>(xyz.rows());
  for (std::size_t i = 0; i < n; ++i) {
    const auto place = xyz.row(static_cast<Eigen::Index>(i)).array();
    if (place.isFinite().all()) {
      good.push_back(i);
    } else if (place.isNaN().all()) {
      ++no_return;
    } else {
      report.reject(i + 1, "a coordinate is not finite (points are counted here)");
    }
  }
  if (good.size() == n) return;
  if (no_return > 0) report.warn(fmt::format("{} points have no coordinates (no return) and are left out", no_return));
  report.accepted -= std::min<std::uint64_t>(report.accepted, n - good.size());
  cloud.xyz = std::move(xyz);
  cloud = select(cloud, good);
  xyz = std::move(cloud.xyz);
}

/// Keeps what lies in options.box.
void cut_to_box(Points& xyz, const ReadOptions& options, PointCloud& cloud, Report& report) {
  std::vector<std::size_t> good;
  const auto n = static_cast<std::size_t>(xyz.rows());
  for (std::size_t i = 0; i < n; ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    if (xyz(row, 0) >= options.box[0] && xyz(row, 1) >= options.box[1] && xyz(row, 0) <= options.box[2] &&
        xyz(row, 1) <= options.box[3]) {
      good.push_back(i);
    }
  }
  report.warn(fmt::format("{} of {} points lie in the box", good.size(), n));
  report.accepted -= std::min<std::uint64_t>(report.accepted, n - good.size());
  cloud.xyz = std::move(xyz);
  cloud = select(cloud, good);
  xyz = std::move(cloud.xyz);
}

}  // namespace

void tell_other_crs(const std::string& of_file, const std::string& of_option, Report& report) {
  const CrsInfo stated = describe_crs(of_option, report.source);
  const auto own = own_system(of_file);
  if (!own) return;
  const bool other_heights = own->has_vertical && stated.has_vertical && !same_vertical(own->vertical, stated.vertical);
  if (same_crs(own->crs, stated.crs) && !other_heights) return;
  report.warn(
      fmt::format("the file's CRS is {}, the option crs says {}: the option counts", code_and_name(*own), code_and_name(stated)));
}

Placement placement_of(const WorldPoints& world, const ReadOptions& options, Report& report) {
  Placement out;
  std::string text = options.crs == "file" ? world.crs : options.crs;
  if (text.empty()) {
    const bool unit_told = std::isfinite(world.horizontal_unit_m);
    assume(options, report, "crs",
           unit_told ? "the coordinates are of a local frame" : "the coordinates are metres of a local frame");
    text = "local";
  }
  Units units = text == "local" ? units_of_own(world, options, report) : units_of_crs(text, world, options, out.frame, report);
  double& horizontal = units.horizontal_m;
  double& vertical = units.vertical_m;
  const bool foreign = horizontal != 1.0 || vertical != 1.0;
  if (foreign && options.units == "source") {
    report.warn(
        fmt::format("numbers stay as in the file: {} horizontally, {} vertically", unit_name(horizontal), unit_name(vertical)));
    horizontal = vertical = 1.0;
  } else if (foreign) {
    report.warn(
        fmt::format("converted to metres: horizontal from {}, vertical from {}", unit_name(horizontal), unit_name(vertical)));
    // The numbers are metres from here on, so the CRS must be its twin in metres.
    if (horizontal != 1.0 && !out.frame.is_local()) out.frame.crs = crs_in_metres(out.frame.crs, options, report);
    if (vertical != 1.0) out.frame.vertical = vertical_in_metres(out.frame.vertical);
  }
  out.factor = {horizontal, horizontal, vertical};
  return out;
}

void settle_origin(Placement& placement, const std::array<double, 3>& low, double farthest, const ReadOptions& options,
                   const std::string& name) {
  if (farthest * std::max(placement.factor[0], placement.factor[2]) > kFarthest_m) {
    throw Error(ErrorKind::input,
                fmt::format("a coordinate is {:g}: beyond {:g} m there is no place on Earth", farthest, kFarthest_m), name,
                "the file, or the scale and offset in its header, is damaged");
  }
  std::array<double, 3> metres = low;
  for (std::size_t c = 0; c < 3; ++c) metres[c] *= placement.factor[c];
  placement.frame.origin_m = local_origin(options, metres);
}

void place_cloud(WorldPoints&& world, const ReadOptions& options, const Run& run, PointCloud& cloud, Report& report) {
  if (options.channels == "none") cloud.channels.clear();
  if (!options.box.empty() && !world.in_box) cut_to_box(world.xyz, options, cloud, report);
  Placement placement = placement_of(world, options, report);
  cloud.xyz = std::move(world.xyz);
  const Extent extent = extent_of(cloud.xyz, run);
  settle_origin(placement, extent.low, extent.farthest, options, report.source);
  cloud.frame = placement.frame;
  const std::array<double, 3> factor = placement.factor;
  const std::array<double, 3> origin = cloud.frame.origin_m;
  for_blocks(
      cloud.size(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          for (std::size_t c = 0; c < 3; ++c) {
            double& v = cloud.xyz(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(c));
            v = v * factor[c] - origin[c];
          }
        }
      },
      run, {}, 8192);
}

PointCloud cloud_of_columns(std::vector<FieldColumn>&& columns, const Input& input, const ReadOptions& options, const Run& run,
                            Report& report) {
  PointCloud cloud;
  WorldPoints world;
  std::array<const FieldColumn*, 3> axes{};
  for (const char first : {'X', 'x'}) {  // small letters count more where a file has both
    for (const FieldColumn& column : columns) {
      for (std::size_t c = 0; c < 3; ++c) {
        if (column.name() == std::string(1, static_cast<char>(first + static_cast<char>(c)))) axes[c] = &column;
      }
    }
  }
  for (std::size_t c = 0; c < 3; ++c) {
    if (axes[c] == nullptr) {
      throw Error(ErrorKind::input, fmt::format("the file has no column \"{}\"", static_cast<char>('x' + c)), input.name);
    }
  }
  const std::size_t n = axes[0]->size();
  world.xyz.resize(static_cast<Eigen::Index>(n), 3);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      world.xyz(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(c)) = axes[c]->at(i);
    }
  }
  for (FieldColumn& column : columns) {
    if (std::find(axes.begin(), axes.end(), &column) != axes.end()) continue;
    const std::string name = column.name();
    cloud.channels.emplace(name, std::move(column).take());
  }
  refuse_points_nowhere(world.xyz, cloud, report);
  cloud.instant = find_instant(options, input, kNoInstant, kNoInstant, report);
  place_cloud(std::move(world), options, run, cloud, report);
  return cloud;
}

std::optional<Civil> find_civil(std::string_view text, std::string_view pattern) {
  // The pattern must match some stretch of the text whole: try every start and the longest end first.
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    const std::size_t longest = std::min(text.size() - begin, pattern.size() * 3);
    for (std::size_t length = longest; length > 0; --length) {
      if (const auto civil = parse_civil(text.substr(begin, length), pattern)) return civil;
    }
  }
  return std::nullopt;
}

Instant find_instant(const ReadOptions& options, const Input& input, Instant mean_gps, Instant header_date, Report& report) {
  const std::string stem = std::filesystem::path(input.name).filename().string();
  for (const std::string& rule : options.instant) {
    if (rule.rfind("filename:", 0) == 0) {
      const auto civil = find_civil(stem, std::string_view(rule).substr(9));
      if (!civil) continue;
      const TimeZone::Instants found = stamp_zone(options, report).instants_of(*civil);
      if (found.count == 1) return found.at[0];
      report.warn(found.count == 2 ? "the clock change repeats the hour that the file's name tells: it may be either"
                                   : "the clock change skips the hour that the file's name tells");
    } else if (rule == "gps_time") {
      if (mean_gps != kNoInstant) return mean_gps;
    } else if (rule == "header_date") {
      if (header_date == kNoInstant) continue;
      report.warn("the time is the date of the file's header, which may not be the day of the scan");
      return header_date;
    } else {
      throw Error(ErrorKind::config, fmt::format("unknown rule for the instant: \"{}\"", rule), input.name,
                  "known: filename:PATTERN, gps_time, header_date");
    }
  }
  if (!options.instant.empty()) report.warn("no rule gave the time of acquisition");
  return kNoInstant;
}

}  // namespace highwall
