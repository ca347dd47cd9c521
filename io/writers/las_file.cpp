#include "io/writers/las_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "io/crs/crs.hpp"

namespace highwall {
namespace {

constexpr std::size_t kHeaderBytes = 375;
constexpr std::size_t kVlrHeader = 54;
constexpr std::size_t kExtraDescriptor = 192;
constexpr std::size_t kLargestRecord = 65535;
constexpr std::size_t kReturns = 15;

template <class T>
void put(std::string& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

std::string record_of(const char* user, std::uint16_t id, const std::string& content) {
  std::string bytes(kVlrHeader, '\0');
  std::memcpy(bytes.data() + 2, user, std::strlen(user));
  put(bytes, 18, id);
  put(bytes, 20, static_cast<std::uint16_t>(content.size()));
  return bytes + content;
}

std::string extra_descriptors(const std::vector<LasExtra>& extras) {
  std::string content(kExtraDescriptor * extras.size(), '\0');
  if (content.size() > kLargestRecord) {
    throw Error(ErrorKind::input, fmt::format("LAS describes up to {} extra attributes, the cloud has {}",
                                              kLargestRecord / kExtraDescriptor, extras.size()));
  }
  for (std::size_t k = 0; k < extras.size(); ++k) {
    put(content, k * kExtraDescriptor + 2, extras[k].type);
    const std::string& name = extras[k].name;
    std::memcpy(content.data() + k * kExtraDescriptor + 4, name.data(), std::min<std::size_t>(name.size(), 32));
  }
  return record_of("LASF_Spec", 4, content);
}

std::size_t format_bytes(int format) { return format == 6 ? 30 : format == 7 ? 36 : 38; }

}  // namespace

std::size_t las_type_bytes(std::uint8_t type) {
  constexpr std::array<std::size_t, 11> kBytes{0, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
  return kBytes.at(type);
}

LasFile::LasFile(const Frame& frame, int point_format, const std::vector<LasExtra>& extras, std::size_t points, double scale)
    : extra_offset_(format_bytes(point_format)), points_(points), scale_(scale), offset_(frame.origin_m) {
  std::string records;
  std::uint32_t count = 0;
  if (!extras.empty()) {
    records += extra_descriptors(extras);
    ++count;
  }
  const std::string wkt = wkt_of(frame, Wkt::wkt1);
  if (!wkt.empty() && wkt.size() < 60000) {
    records += record_of("LASF_Projection", 2112, wkt + '\0');
    ++count;
  }
  record_length_ = extra_offset_;
  for (const LasExtra& e : extras) record_length_ += las_type_bytes(e.type);
  data_offset_ = kHeaderBytes + records.size();
  bytes_.assign(data_offset_ + points * record_length_, '\0');
  std::memcpy(bytes_.data(), "LASF", 4);
  set(6, static_cast<std::uint16_t>(16));
  set(24, std::uint8_t{1});
  set(25, std::uint8_t{4});
  std::memcpy(bytes_.data() + 58, "highwall", 8);
  set(94, static_cast<std::uint16_t>(kHeaderBytes));
  set(96, static_cast<std::uint32_t>(data_offset_));
  set(100, count);
  set(104, static_cast<std::uint8_t>(point_format));
  set(105, static_cast<std::uint16_t>(record_length_));
  set(247, static_cast<std::uint64_t>(points));
  std::memcpy(bytes_.data() + kHeaderBytes, records.data(), records.size());
  for (std::size_t c = 0; c < 3; ++c) {
    set(131 + 8 * c, scale);
    set(155 + 8 * c, offset_[c]);
    set(179 + 16 * c, -std::numeric_limits<double>::infinity());
    set(187 + 16 * c, std::numeric_limits<double>::infinity());
  }
}

void LasFile::set_place(std::size_t i, const double* local) {
  for (std::size_t c = 0; c < 3; ++c) {
    const double counts = std::round(local[c] / scale_);
    if (!(std::abs(counts) <= 2147483647.0)) {
      throw Error(ErrorKind::frame, fmt::format("a point is more than {:.0f} km from the local origin", 2147483.647 * scale_), {},
                  "choose an origin near the cloud");
    }
    const auto whole = static_cast<std::int32_t>(counts);
    std::memcpy(record(i) + 4 * c, &whole, 4);
  }
}

std::string LasFile::finish() && {
  std::array<std::int32_t, 3> low{};
  std::array<std::int32_t, 3> high{};
  std::array<std::uint64_t, kReturns> returns{};
  for (std::size_t i = 0; i < points_; ++i) {
    const char* p = record(i);
    for (std::size_t c = 0; c < 3; ++c) {
      std::int32_t v = 0;
      std::memcpy(&v, p + 4 * c, 4);
      low[c] = i == 0 ? v : std::min(low[c], v);
      high[c] = i == 0 ? v : std::max(high[c], v);
    }
    const unsigned number = static_cast<unsigned char>(p[14]) & 15U;
    if (number > 0) ++returns[number - 1];
  }
  for (std::size_t c = 0; c < 3 && points_ > 0; ++c) {
    set(179 + 16 * c, high[c] * scale_ + offset_[c]);
    set(187 + 16 * c, low[c] * scale_ + offset_[c]);
  }
  for (std::size_t k = 0; k < kReturns; ++k) set(255 + 8 * k, returns[k]);
  return std::move(bytes_);
}

}  // namespace highwall
