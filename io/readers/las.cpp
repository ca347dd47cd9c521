// LAS 1.0 to 1.4 and LAZ, point data record formats 0 to 10 (ASPRS LAS 1.4 R15), COPC 1.0.
#include <fmt/format.h>

#include <cmath>

#include "core/parallel.hpp"
#include "io/durable/durable.hpp"
#include "io/readers/cloud_builder.hpp"
#include "io/readers/las_copc.hpp"
#include "io/readers/las_header.hpp"
#include "io/readers/las_parts.hpp"
#include "io/readers/las_points.hpp"
#include "io/readers/las_zip.hpp"
#include "io/readers/reader.hpp"

namespace highwall {
namespace {

constexpr double kAdjustedGpsOffset = 1e9;

int sniff(std::string_view head, std::string_view) { return head.substr(0, 4) == "LASF" ? 100 : 0; }

/// Mean of the points' GPS times. Week seconds do not tell the week: no instant then.
Instant mean_gps_instant(const PointCloud& cloud, const LasHeader& header, Report& report, const Run& run) {
  const Channel* channel = cloud.channel("gps_time");
  if (channel == nullptr) return kNoInstant;
  const auto& times = std::get<std::vector<double>>(*channel);
  using Sum = std::pair<double, std::size_t>;
  const auto [sum, n] = reduce_blocks(
      times.size(), Sum{},
      [&](const Block& block) {
        Sum part;
        for (std::size_t i = block.begin; i < block.end; ++i) {
          if (!std::isfinite(times[i])) continue;
          part.first += times[i];
          ++part.second;
        }
        return part;
      },
      [](Sum& a, Sum&& b) {
        a = {a.first + b.first, a.second + b.second};
      },
      run, {}, 8192);
  if (n < times.size()) report.warn(fmt::format("{} points have a GPS time that is not a number", times.size() - n));
  if (n == 0 || sum == 0.0) return kNoInstant;
  if (!header.adjusted_standard_gps_time()) {
    report.warn("GPS times are seconds of an unknown week");
    return kNoInstant;
  }
  return from_gps_seconds(std::round(sum / static_cast<double>(n)) + kAdjustedGpsOffset);
}

bool inside(const char* record, const LasHeader& header, const std::vector<double>& box) {
  const double x = load_as<std::int32_t>(record) * header.scale[0] + header.offset[0];
  const double y = load_as<std::int32_t>(record + 4) * header.scale[1] + header.offset[1];
  return x >= box[0] && y >= box[1] && x <= box[2] && y <= box[3];
}

void for_parts(std::size_t count, const Run& run, const std::function<void(std::size_t)>& body) {
  for_blocks(
      count,
      [&](const Block& block) {
        for (std::size_t part = block.begin; part < block.end; ++part) body(part);
      },
      run, {}, 1);
}

/// Records of each part that lie in the box (all for none); what they need grows with what is there.
std::vector<std::string> gather(const LasParts& parts, const LasHeader& header, const std::vector<double>& box, const Run& run) {
  std::vector<std::string> kept(parts.count);
  for_parts(parts.count, run, [&](std::size_t part) {
    parts.read(part, [&](const char* records, std::size_t n, std::size_t) {
      if (box.empty()) kept[part].append(records, n * header.record_length);
      for (std::size_t i = 0; !box.empty() && i < n; ++i) {
        const char* record = records + i * header.record_length;
        if (inside(record, header, box)) kept[part].append(record, header.record_length);
      }
    });
  });
  return kept;
}

/// @return how many points were taken
std::size_t read_points(const LasParts& parts, const LasHeader& header, const ReadOptions& options, bool gps_time, Points& xyz,
                        PointCloud& cloud, const Run& run) {
  const bool attributes = options.channels == "all";
  if (options.box.empty() && parts.believable) {
    const LasPoints points(header, parts.points, attributes, gps_time, xyz, cloud, run);
    for_parts(parts.count, run, [&](std::size_t part) {
      parts.read(part, [&](const char* records, std::size_t n, std::size_t first) { points.fill(records, n, first); });
    });
    return parts.points;
  }
  const std::vector<std::string> kept = gather(parts, header, options.box, run);
  std::vector<std::size_t> first(kept.size() + 1, 0);
  for (std::size_t k = 0; k < kept.size(); ++k) first[k + 1] = first[k] + kept[k].size() / header.record_length;
  const LasPoints points(header, first.back(), attributes, gps_time, xyz, cloud, run);
  for_parts(kept.size(), run,
            [&](std::size_t part) { points.fill(kept[part].data(), first[part + 1] - first[part], first[part]); });
  return first.back();
}

/// A LAS file of this size would not be read either.
void require_room_for(std::size_t points, const LasHeader& header, const std::string& name) {
  if (points <= kLargestInputBytes / header.record_length) return;
  throw Error(
      ErrorKind::input,
      fmt::format("its {} points are {:.1f} GiB, more than the {} GiB that are read at once", points,
                  static_cast<double>(points) * static_cast<double>(header.record_length) / 0x1p30, kLargestInputBytes >> 30U),
      name, "cut the file into tiles, or read a part of a COPC file with box or resolution");
}

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  Report& report = reading.report;
  report.source = input.name;
  const Bytes bytes(input.bytes, input.name, input.file);
  const LasHeader header = read_las_header(bytes, input.name, option_of_unit(options), report);
  // The time of the cloud comes from its points, also where their attributes are not wanted.
  const bool by_points = std::find(options.instant.begin(), options.instant.end(), "gps_time") != options.instant.end();
  const bool gps_time = by_points && header.adjusted_standard_gps_time();

  WorldPoints world;
  world.crs = header.crs;
  world.horizontal_unit_m = header.horizontal_unit_m;
  world.vertical_unit_m = header.vertical_unit_m;
  world.in_box = true;
  PointCloud cloud;
  const bool query = header.copc && header.compressed && (!options.box.empty() || options.resolution > 0.0);
  if (options.resolution > 0.0 && !query) report.warn("resolution is for COPC files: all points are read");
  if (header.compressed) {
    const LazPoints laz(bytes, header, input.name, report);
    const std::vector<LazChunk> chunks = query ? copc_chunks(bytes, header, laz, options, input.name, report) : laz.chunks();
    const LasParts parts = parts_of_chunks(laz, chunks, {options.channels == "all", gps_time});
    require_room_for(parts.points, header, input.name);
    report.accepted = read_points(parts, header, options, gps_time, world.xyz, cloud, run);
  } else {
    report.accepted = read_points(parts_of_records(header, bytes), header, options, gps_time, world.xyz, cloud, run);
  }
  if (!options.box.empty()) {
    report.warn(fmt::format("{} of {} points lie in the box", report.accepted, header.point_count));
  }
  if (las_has_waves(header.point_format)) report.warn("wave packets are left out");
  cloud.instant = find_instant(options, input, mean_gps_instant(cloud, header, report, run), header.creation_date, report);
  if (options.channels == "none") cloud.channels.clear();
  place_cloud(std::move(world), options, run, cloud, report);
  reading.data = std::move(cloud);
  return reading;
}

}  // namespace

extern const Reader las_reader;
const Reader las_reader{"las", "LAS 1.0 to 1.4, LAZ and COPC point cloud, all point formats", ".las .laz", sniff, read};

}  // namespace highwall
