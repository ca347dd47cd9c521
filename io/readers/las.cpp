// LAS 1.0 to 1.4, point data record formats 0 to 10 (ASPRS LAS 1.4 R15).
#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "core/parallel.hpp"
#include "io/readers/cloud_builder.hpp"
#include "io/readers/las_header.hpp"
#include "io/readers/reader.hpp"

namespace highwall {
namespace {

constexpr double kAdjustedGpsOffset = 1e9;
constexpr double kExtendedAngleStep = 0.006;  // Degrees a count in formats 6 to 10.

int sniff(std::string_view head, std::string_view) { return head.substr(0, 4) == "LASF" ? 100 : 0; }

/// One pass over all points in parallel: f(point's first byte, index).
template <class F>
void each_point(const LasHeader& header, std::string_view data, const Run& run, F&& f) {
  for_blocks(
      static_cast<std::size_t>(header.point_count),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          f(data.data() + i * header.record_length, i);
        }
      },
      run, {}, 8192);
}

template <class T, class Get>
void add_channel(PointCloud& cloud, const LasHeader& header, std::string_view data, const Run& run, const std::string& name,
                 Get&& get) {
  std::vector<T> values(static_cast<std::size_t>(header.point_count));
  each_point(header, data, run, [&](const char* p, std::size_t i) { values[i] = static_cast<T>(get(p)); });
  cloud.channels.emplace(name, std::move(values));
}

struct Layout {
  bool extended = false;
  std::size_t gps_time = 0;  // 0 = the format has none.
  std::size_t rgb = 0;
  std::size_t nir = 0;
  std::size_t wave = 0;
};

Layout layout_of(int format) {
  switch (format) {
    case 0:
      return {false, 0, 0, 0, 0};
    case 1:
      return {false, 20, 0, 0, 0};
    case 2:
      return {false, 0, 20, 0, 0};
    case 3:
      return {false, 20, 28, 0, 0};
    case 4:
      return {false, 20, 0, 0, 28};
    case 5:
      return {false, 20, 28, 0, 34};
    case 6:
      return {true, 22, 0, 0, 0};
    case 7:
      return {true, 22, 30, 0, 0};
    case 8:
      return {true, 22, 30, 36, 0};
    case 9:
      return {true, 22, 0, 0, 30};
    default:
      return {true, 22, 30, 36, 38};
  }
}

void read_attributes(PointCloud& cloud, const LasHeader& header, std::string_view data, const Run& run) {
  const Layout layout = layout_of(header.point_format);
  const auto u8 = [](std::size_t at) { return [at](const char* p) { return load_as<std::uint8_t>(p + at); }; };
  const auto u16 = [](std::size_t at) { return [at](const char* p) { return load_as<std::uint16_t>(p + at); }; };
  const auto bits = [](std::size_t at, unsigned shift, unsigned mask) {
    return [=](const char* p) { return (load_as<std::uint8_t>(p + at) >> shift) & mask; };
  };
  const auto add8 = [&](const std::string& name, auto get) { add_channel<std::uint8_t>(cloud, header, data, run, name, get); };
  add_channel<std::uint16_t>(cloud, header, data, run, "intensity", u16(12));
  if (layout.extended) {
    add8("return_number", bits(14, 0, 15));
    add8("number_of_returns", bits(14, 4, 15));
    add8("classification_flags", bits(15, 0, 15));
    add8("scanner_channel", bits(15, 4, 3));
    add8("scan_direction", bits(15, 6, 1));
    add8("edge_of_flight_line", bits(15, 7, 1));
    add8("classification", u8(16));
    add8("user_data", u8(17));
    add_channel<float>(cloud, header, data, run, "scan_angle",
                       [](const char* p) { return load_as<std::int16_t>(p + 18) * kExtendedAngleStep; });
    add_channel<std::uint16_t>(cloud, header, data, run, "point_source_id", u16(20));
  } else {
    add8("return_number", bits(14, 0, 7));
    add8("number_of_returns", bits(14, 3, 7));
    add8("scan_direction", bits(14, 6, 1));
    add8("edge_of_flight_line", bits(14, 7, 1));
    add8("classification", bits(15, 0, 31));
    add8("classification_flags", bits(15, 5, 7));
    add_channel<float>(cloud, header, data, run, "scan_angle", [](const char* p) { return load_as<std::int8_t>(p + 16); });
    add8("user_data", u8(17));
    add_channel<std::uint16_t>(cloud, header, data, run, "point_source_id", u16(18));
  }
  if (layout.gps_time != 0) {
    add_channel<double>(cloud, header, data, run, "gps_time",
                        [&](const char* p) { return load_as<double>(p + layout.gps_time); });
  }
  if (layout.rgb != 0) {
    add_channel<std::uint16_t>(cloud, header, data, run, "red", u16(layout.rgb));
    add_channel<std::uint16_t>(cloud, header, data, run, "green", u16(layout.rgb + 2));
    add_channel<std::uint16_t>(cloud, header, data, run, "blue", u16(layout.rgb + 4));
  }
  if (layout.nir != 0) add_channel<std::uint16_t>(cloud, header, data, run, "nir", u16(layout.nir));
}

void read_extra(PointCloud& cloud, const LasHeader& header, std::string_view data, const Run& run) {
  for (const LasExtraField& field : header.extra) {
    const auto add = [&]<class T>(T) {
      const auto raw = [&](const char* p) { return load_as<T>(p + field.offset); };
      if (field.scaled) {
        add_channel<double>(cloud, header, data, run, field.name,
                            [&](const char* p) { return static_cast<double>(raw(p)) * field.scale + field.shift; });
      } else {
        add_channel<T>(cloud, header, data, run, field.name, raw);
      }
    };
    switch (field.type) {
      case 1:
        add(std::uint8_t{});
        break;
      case 2:
        add(std::int8_t{});
        break;
      case 3:
        add(std::uint16_t{});
        break;
      case 4:
        add(std::int16_t{});
        break;
      case 5:
        add(std::uint32_t{});
        break;
      case 6:
        add(std::int32_t{});
        break;
      case 7:
        add(std::uint64_t{});
        break;
      case 8:
        add(std::int64_t{});
        break;
      case 9:
        add(float{});
        break;
      default:
        add(double{});
        break;
    }
  }
}

/// Mean of the points' GPS times. Week seconds do not tell the week: no instant then.
Instant mean_gps_instant(const PointCloud& cloud, const LasHeader& header, Report& report) {
  const Channel* channel = cloud.channel("gps_time");
  if (channel == nullptr) return kNoInstant;
  const auto& times = std::get<std::vector<double>>(*channel);
  double sum = 0.0;
  std::size_t n = 0;
  for (const double t : times) {
    if (!std::isfinite(t)) continue;
    sum += t;
    ++n;
  }
  if (n < times.size()) report.warn(fmt::format("{} points have a GPS time that is not a number", times.size() - n));
  if (n == 0 || sum == 0.0) return kNoInstant;
  if (!header.adjusted_standard_gps_time()) {
    report.warn("GPS times are seconds of an unknown week");
    return kNoInstant;
  }
  return from_gps_seconds(std::round(sum / static_cast<double>(n)) + kAdjustedGpsOffset);
}

/// The option that tells the unit of the numbers, whatever the file says; "" = none. "local" is a frame, not a unit.
std::string_view option_of_unit(const ReadOptions& options) {
  if (options.crs == "file") return {};
  if (options.crs != "local") return "crs";
  return options.units == "source" ? "units" : std::string_view();
}

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  Report& report = reading.report;
  report.source = input.name;
  const Bytes bytes(input.bytes, input.name);
  const LasHeader header = read_las_header(bytes, input.name, option_of_unit(options), report);
  const auto n = static_cast<std::size_t>(header.point_count);
  const std::string_view data = input.bytes.substr(header.data_offset, n * header.record_length);

  WorldPoints world;
  world.crs = header.crs;
  world.horizontal_unit_m = header.horizontal_unit_m;
  world.vertical_unit_m = header.vertical_unit_m;
  world.xyz.resize(static_cast<Eigen::Index>(n), 3);
  each_point(header, data, run, [&](const char* p, std::size_t i) {
    for (std::size_t c = 0; c < 3; ++c) {
      world.xyz(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(c)) =
          load_as<std::int32_t>(p + 4 * c) * header.scale[c] + header.offset[c];
    }
  });
  PointCloud cloud;
  read_attributes(cloud, header, data, run);
  read_extra(cloud, header, data, run);
  if (layout_of(header.point_format).wave != 0) report.warn("wave packets are left out");
  cloud.instant = find_instant(options, input, mean_gps_instant(cloud, header, report), header.creation_date, report);
  place_cloud(std::move(world), options, run, cloud, report);
  report.accepted = n;
  reading.data = std::move(cloud);
  return reading;
}

}  // namespace

extern const Reader las_reader;
const Reader las_reader{"las", "LAS 1.0 to 1.4 point cloud, all point formats", ".las", sniff, read};

}  // namespace highwall
