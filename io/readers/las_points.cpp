#include "io/readers/las_points.hpp"

#include <algorithm>

#include "core/parallel.hpp"
#include "io/durable/large_pages.hpp"

namespace highwall {
namespace {

constexpr double kExtendedAngleStep = 0.006;  // Degrees a count in formats 6 to 10.

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

}  // namespace

bool las_has_waves(int point_format) { return layout_of(point_format).wave != 0; }
bool las_has_gps_time(int point_format) { return layout_of(point_format).gps_time != 0; }

/// A channel of type T from get(a record's first byte); the first channel of a name counts.
template <class T, class Get>
void LasPoints::add(const std::string& name, Get get) {
  const auto [place, is_new] = cloud_.channels.emplace(name, std::vector<T>());
  if (!is_new) return;
  std::vector<T>& values = std::get<std::vector<T>>(place->second);
  rooms_.push_back([&values, this] {
    values.reserve(n_);
    wish_large_pages(values.data(), n_ * sizeof(T));
    values.resize(n_);
  });
  columns_.push_back([&values, get, step = header_.record_length](const char* p, std::size_t n, std::size_t first) {
    T* to = values.data() + first;
    for (std::size_t i = 0; i < n; ++i, p += step) to[i] = static_cast<T>(get(p));
  });
}

void LasPoints::add_attributes() {
  const Layout layout = layout_of(header_.point_format);
  const auto u8 = [](std::size_t at) { return [at](const char* p) { return load_as<std::uint8_t>(p + at); }; };
  const auto u16 = [](std::size_t at) { return [at](const char* p) { return load_as<std::uint16_t>(p + at); }; };
  const auto bits = [](std::size_t at, unsigned shift, unsigned mask) {
    return [=](const char* p) { return (load_as<std::uint8_t>(p + at) >> shift) & mask; };
  };
  const auto add8 = [&](const std::string& name, auto get) { add<std::uint8_t>(name, get); };
  add<std::uint16_t>("intensity", u16(12));
  if (layout.extended) {
    add8("return_number", bits(14, 0, 15));
    add8("number_of_returns", bits(14, 4, 15));
    add8("classification_flags", bits(15, 0, 15));
    add8("scanner_channel", bits(15, 4, 3));
    add8("scan_direction", bits(15, 6, 1));
    add8("edge_of_flight_line", bits(15, 7, 1));
    add8("classification", u8(16));
    add8("user_data", u8(17));
    add<float>("scan_angle", [](const char* p) { return load_as<std::int16_t>(p + 18) * kExtendedAngleStep; });
    add<std::uint16_t>("point_source_id", u16(20));
  } else {
    add8("return_number", bits(14, 0, 7));
    add8("number_of_returns", bits(14, 3, 7));
    add8("scan_direction", bits(14, 6, 1));
    add8("edge_of_flight_line", bits(14, 7, 1));
    add8("classification", bits(15, 0, 31));
    add8("classification_flags", bits(15, 5, 7));
    add<float>("scan_angle", [](const char* p) { return load_as<std::int8_t>(p + 16); });
    add8("user_data", u8(17));
    add<std::uint16_t>("point_source_id", u16(18));
  }
  if (layout.rgb != 0) {
    add<std::uint16_t>("red", u16(layout.rgb));
    add<std::uint16_t>("green", u16(layout.rgb + 2));
    add<std::uint16_t>("blue", u16(layout.rgb + 4));
  }
  if (layout.nir != 0) add<std::uint16_t>("nir", u16(layout.nir));
}

void LasPoints::add_extra() {
  for (const LasExtraField& field : header_.extra) {
    const auto add_as = [&]<class T>(T) {
      const std::size_t at = field.offset;
      if (field.scaled) {
        add<double>(field.name, [at, scale = field.scale, shift = field.shift](const char* p) {
          return static_cast<double>(load_as<T>(p + at)) * scale + shift;
        });
      } else {
        add<T>(field.name, [at](const char* p) { return load_as<T>(p + at); });
      }
    };
    switch (field.type) {
      case 1:
        add_as(std::uint8_t{});
        break;
      case 2:
        add_as(std::int8_t{});
        break;
      case 3:
        add_as(std::uint16_t{});
        break;
      case 4:
        add_as(std::int16_t{});
        break;
      case 5:
        add_as(std::uint32_t{});
        break;
      case 6:
        add_as(std::int32_t{});
        break;
      case 7:
        add_as(std::uint64_t{});
        break;
      case 8:
        add_as(std::int64_t{});
        break;
      case 9:
        add_as(float{});
        break;
      default:
        add_as(double{});
        break;
    }
  }
}

LasPoints::LasPoints(const LasHeader& header, std::size_t n, bool attributes, bool gps_time, Points& xyz, PointCloud& cloud,
                     const Run& run)
    : header_(header), n_(n), xyz_(xyz), cloud_(cloud) {
  // An extra attribute of a usual name holds more than the place of that name: float intensities, say.
  if (attributes) add_extra();
  if (attributes) add_attributes();
  if ((attributes || gps_time) && las_has_gps_time(header.point_format)) {
    add<double>("gps_time", [at = layout_of(header.point_format).gps_time](const char* p) { return load_as<double>(p + at); });
  }
  xyz.resize(static_cast<Eigen::Index>(n), 3);
  wish_large_pages(xyz.data(), 3 * n * sizeof(double));
  // Fresh memory costs as much as reading: every channel gets it on a thread of its own.
  for_blocks(
      rooms_.size(),
      [&](const Block& block) {
        for (std::size_t k = block.begin; k < block.end; ++k) rooms_[k]();
      },
      run, {}, 1);
}

void LasPoints::fill(const char* records, std::size_t n, std::size_t first) const {
  constexpr std::size_t kNear = 512;  // Records that stay in the nearest cache while each column takes its part.
  const std::size_t step = header_.record_length;
  for (std::size_t begin = 0; begin < n; begin += kNear) {
    const std::size_t count = std::min(kNear, n - begin);
    const char* from = records + begin * step;
    double* to = xyz_.data() + 3 * (first + begin);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t c = 0; c < 3; ++c) {
        to[3 * i + c] = load_as<std::int32_t>(from + i * step + 4 * c) * header_.scale[c] + header_.offset[c];
      }
    }
    for (const auto& column : columns_) column(from, count, first + begin);
  }
}

}  // namespace highwall
