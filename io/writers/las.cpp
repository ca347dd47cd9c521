#include "io/writers/las.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/error.hpp"
#include "io/crs/crs.hpp"

namespace highwall {
namespace {

constexpr std::size_t kHeaderBytes = 375;
constexpr std::size_t kBaseRecord = 30;
constexpr std::size_t kVlrHeader = 54;
constexpr std::size_t kExtraDescriptor = 192;
constexpr double kScale = 1e-4;

struct Extra {
  const char* name;
  bool length;        // The name gets the unit
  std::uint8_t type;  // LAS 1.4 R15 table 24
  std::size_t bytes;
};
constexpr Extra kExtras[] = {{"distance", true, 10, 8}, {"sigma", true, 10, 8}, {"lod95", true, 10, 8}, {"std1", true, 10, 8},
                             {"std2", true, 10, 8},     {"nx", false, 10, 8},   {"ny", false, 10, 8},   {"nz", false, 10, 8},
                             {"n1", false, 5, 4},       {"n2", false, 5, 4},    {"reason", false, 1, 1}};

template <class T>
void put(std::string& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

std::string record(const char* user, std::uint16_t id, const std::string& content) {
  std::string bytes(kVlrHeader, '\0');
  std::memcpy(bytes.data() + 2, user, std::strlen(user));
  put(bytes, 18, id);
  put(bytes, 20, static_cast<std::uint16_t>(content.size()));
  return bytes + content;
}

std::string extra_descriptors(const std::string& unit) {
  std::string content(kExtraDescriptor * std::size(kExtras), '\0');
  for (std::size_t k = 0; k < std::size(kExtras); ++k) {
    put(content, k * kExtraDescriptor + 2, kExtras[k].type);
    const std::string name = kExtras[k].length ? kExtras[k].name + ("_" + unit) : kExtras[k].name;
    std::memcpy(content.data() + k * kExtraDescriptor + 4, name.data(), std::min<std::size_t>(name.size(), 32));
  }
  return record("LASF_Spec", 4, content);
}

}  // namespace

std::string field_las(const DisplacementField& f, const std::string& unit) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < f.size(); ++i) {
    if (f.position_m.row(static_cast<Eigen::Index>(i)).allFinite()) places.push_back(i);
  }
  const std::string wkt = wkt_of(f.frame, Wkt::wkt1);
  std::string records = extra_descriptors(unit);
  std::uint32_t count = 1;
  if (!wkt.empty() && wkt.size() < 60000) {
    records += record("LASF_Projection", 2112, wkt + '\0');
    ++count;
  }
  std::size_t length = kBaseRecord;
  for (const Extra& e : kExtras) length += e.bytes;
  std::string bytes(kHeaderBytes + records.size() + places.size() * length, '\0');
  std::memcpy(bytes.data(), "LASF", 4);
  put(bytes, 6, static_cast<std::uint16_t>(16));
  put(bytes, 24, std::uint8_t{1});
  put(bytes, 25, std::uint8_t{4});
  std::memcpy(bytes.data() + 58, "highwall", 8);
  put(bytes, 94, static_cast<std::uint16_t>(kHeaderBytes));
  put(bytes, 96, static_cast<std::uint32_t>(kHeaderBytes + records.size()));
  put(bytes, 100, count);
  put(bytes, 104, std::uint8_t{6});
  put(bytes, 105, static_cast<std::uint16_t>(length));
  put(bytes, 247, static_cast<std::uint64_t>(places.size()));
  std::memcpy(bytes.data() + kHeaderBytes, records.data(), records.size());
  std::size_t at = kHeaderBytes + records.size();
  for (std::size_t c = 0; c < 3; ++c) {
    put(bytes, 131 + 8 * c, kScale);
    put(bytes, 155 + 8 * c, f.frame.origin_m[c]);
    put(bytes, 179 + 16 * c, -std::numeric_limits<double>::infinity());
    put(bytes, 187 + 16 * c, std::numeric_limits<double>::infinity());
  }
  double low[3] = {1e300, 1e300, 1e300};
  double high[3] = {-1e300, -1e300, -1e300};
  for (const std::size_t i : places) {
    const auto row = static_cast<Eigen::Index>(i);
    for (std::size_t c = 0; c < 3; ++c) {
      const double counts = std::round(f.position_m(row, static_cast<Eigen::Index>(c)) / kScale);
      if (std::abs(counts) > 2147483647.0) {
        throw Error(ErrorKind::frame, "a point is more than 200 km from the local origin", {}, "choose an origin near the cloud");
      }
      put(bytes, at + 4 * c, static_cast<std::int32_t>(counts));
      low[c] = std::min(low[c], counts * kScale + f.frame.origin_m[c]);
      high[c] = std::max(high[c], counts * kScale + f.frame.origin_m[c]);
    }
    put(bytes, at + 14, std::uint8_t{0x11});
    const double values[] = {f.value_m[i],        f.sigma_m[i],        f.lod95_m[i],        f.spread_before_m[i],
                             f.spread_after_m[i], f.direction(row, 0), f.direction(row, 1), f.direction(row, 2)};
    std::memcpy(bytes.data() + at + kBaseRecord, values, sizeof values);
    put(bytes, at + kBaseRecord + 64, f.n_before[i]);
    put(bytes, at + kBaseRecord + 68, f.n_after[i]);
    put(bytes, at + kBaseRecord + 72, static_cast<std::uint8_t>(f.reason[i]));
    at += length;
  }
  for (std::size_t c = 0; c < 3 && !places.empty(); ++c) {
    put(bytes, 179 + 16 * c, high[c]);
    put(bytes, 187 + 16 * c, low[c]);
  }
  return bytes;
}

}  // namespace highwall
