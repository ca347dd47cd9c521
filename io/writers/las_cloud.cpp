#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "core/error.hpp"
#include "core/parallel.hpp"
#include "io/writers/las.hpp"
#include "io/writers/las_file.hpp"

namespace highwall {
namespace {

constexpr double kMillimetre = 1e-3;
constexpr double kFine = 1e-4;
constexpr double kAngleStep = 0.006;  // Degrees a count.
constexpr double kAdjustedGpsOffset = 1e9;
constexpr std::int64_t kDay = std::int64_t{86400} * 1000000000;

template <class T>
std::uint8_t las_type() {
  if constexpr (std::is_same_v<T, float>) return 9;
  if constexpr (std::is_same_v<T, double>) return 10;
  constexpr int kWidth = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
  return static_cast<std::uint8_t>(1 + 2 * kWidth + (std::is_signed_v<T> ? 1 : 0));
}

/// 1 mm where that loses nothing, as for files that came with it, else 0.1 mm.
double scale_for(const Points& xyz, const Run& run) {
  const std::size_t others = reduce_blocks(
      static_cast<std::size_t>(xyz.size()), std::size_t{0},
      [&](const Block& block) {
        std::size_t n = 0;
        for (std::size_t k = block.begin; k < block.end; ++k) {
          const double counts = xyz.data()[k] / kMillimetre;
          if (!(std::abs(counts - std::round(counts)) < 1e-3)) ++n;
        }
        return n;
      },
      [](std::size_t& a, std::size_t&& b) { a += b; }, run, {}, 8192);
  return others == 0 ? kMillimetre : kFine;
}

/// Where a channel has its place in a record: puts value i there.
using Put = std::function<void(char* record, std::size_t i)>;

template <class T>
const std::vector<T>* channel_of(const PointCloud& cloud, const char* name) {
  const Channel* channel = cloud.channel(name);
  return channel == nullptr ? nullptr : std::get_if<std::vector<T>>(channel);
}

class CloudWriter {
 public:
  CloudWriter(const PointCloud& cloud, const Run& run) : cloud_(cloud), run_(run) {
    plain<std::uint16_t>("intensity", 12);
    bits("return_number", 14, 0, 15);
    bits("number_of_returns", 14, 4, 15);
    bits("classification_flags", 15, 0, 15);
    bits("scanner_channel", 15, 4, 3);
    bits("scan_direction", 15, 6, 1);
    bits("edge_of_flight_line", 15, 7, 1);
    plain<std::uint8_t>("classification", 16);
    plain<std::uint8_t>("user_data", 17);
    angle();
    plain<std::uint16_t>("point_source_id", 20);
    plain<double>("gps_time", 22);
    colours();
    for (const auto& [name, channel] : cloud.channels) {
      if (placed_.contains(name)) continue;
      std::visit([&, &key = name](const auto& values) { extra(key, values); }, channel);
    }
  }

  std::string bytes() {
    LasFile file(cloud_.frame, format_, extras_, cloud_.size(), scale_for(cloud_.xyz, run_));
    tell_time(file);
    for_blocks(
        cloud_.size(),
        [&](const Block& block) {
          for (std::size_t i = block.begin; i < block.end; ++i) {
            file.set_place(i, cloud_.xyz.data() + 3 * i);
            for (const Put& put : puts_) put(file.record(i), i);
            for (const auto& [at, put] : extra_puts_) put(file.record(i) + file.extra_offset() + at, i);
          }
        },
        run_, {}, 8192);
    return std::move(file).finish();
  }

 private:
  template <class T>
  void plain(const char* name, std::size_t at) {
    const auto* values = channel_of<T>(cloud_, name);
    if (values == nullptr) return;
    placed_.insert(name);
    puts_.push_back([values, at](char* record, std::size_t i) { std::memcpy(record + at, &(*values)[i], sizeof(T)); });
  }
  /// Numbers that do not fit into the bits stay an extra attribute.
  void bits(const char* name, std::size_t at, unsigned shift, unsigned mask) {
    const auto* values = channel_of<std::uint8_t>(cloud_, name);
    if (values == nullptr || std::any_of(values->begin(), values->end(), [&](auto v) { return v > mask; })) return;
    placed_.insert(name);
    puts_.push_back([=](char* record, std::size_t i) {
      record[at] = static_cast<char>(static_cast<unsigned char>(record[at]) | ((*values)[i] << shift));
    });
  }
  /// The place has steps of 0.006 degrees: other angles (whole degrees of the old formats) are kept beside it, too.
  void angle() {
    const auto* values = channel_of<float>(cloud_, "scan_angle");
    if (values == nullptr) return;
    const auto counts = [](float degrees) { return std::round(static_cast<double>(degrees) / kAngleStep); };
    bool exact = true;
    for (const float v : *values) {
      const double c = counts(v);
      exact = exact && std::abs(c) <= 32767.0 && static_cast<float>(c * kAngleStep) == v;
    }
    if (exact) placed_.insert("scan_angle");
    puts_.push_back([=](char* record, std::size_t i) {
      const double c = counts((*values)[i]);
      const auto whole = static_cast<std::int16_t>(std::isfinite(c) ? std::clamp(c, -32768.0, 32767.0) : 0.0);
      std::memcpy(record + 18, &whole, 2);
    });
  }
  void colours() {
    const bool nir = channel_of<std::uint16_t>(cloud_, "nir") != nullptr;
    const bool rgb = channel_of<std::uint16_t>(cloud_, "red") != nullptr &&
                     channel_of<std::uint16_t>(cloud_, "green") != nullptr &&
                     channel_of<std::uint16_t>(cloud_, "blue") != nullptr;
    format_ = rgb && nir ? 8 : rgb ? 7 : 6;
    if (!rgb) return;
    plain<std::uint16_t>("red", 30);
    plain<std::uint16_t>("green", 32);
    plain<std::uint16_t>("blue", 34);
    if (nir) plain<std::uint16_t>("nir", 36);
  }
  template <class T>
  void extra(const std::string& name, const std::vector<T>& values) {
    if (name.size() > 32) {
      throw Error(ErrorKind::input, fmt::format("LAS names an attribute with up to 32 bytes, \"{}\" has {}", name, name.size()));
    }
    extra_puts_.emplace_back(extra_bytes_, [&values](char* to, std::size_t i) { std::memcpy(to, &values[i], sizeof(T)); });
    extras_.push_back({name, las_type<T>()});
    extra_bytes_ += sizeof(T);
  }
  /// GPS times are adjusted standard times where they mean the cloud's instant; without any the header's date tells it.
  void tell_time(LasFile& file) const {
    if (cloud_.instant == kNoInstant) return;
    if (const auto* times = channel_of<double>(cloud_, "gps_time")) {
      double sum = 0.0;
      std::size_t n = 0;
      for (const double t : *times) {
        if (!std::isfinite(t)) continue;
        sum += t;
        ++n;
      }
      if (n == 0 || sum == 0.0) return;
      const Instant mean = from_gps_seconds(std::round(sum / static_cast<double>(n)) + kAdjustedGpsOffset);
      constexpr std::int64_t kNear = 30 * kDay;  // Seconds of an unknown week would be of September 2011.
      if (mean != kNoInstant && std::abs(mean.ns - cloud_.instant.ns) <= kNear) file.set(6, static_cast<std::uint16_t>(17));
      return;
    }
    const Civil civil = to_civil_utc(cloud_.instant);
    const auto new_year = from_civil_utc({civil.year, 1, 1, 0, 0, 0.0});
    if (!new_year || civil.year < 1990 || civil.year > 2200) return;
    file.set(90, static_cast<std::uint16_t>(1 + (cloud_.instant.ns - new_year->ns) / kDay));
    file.set(92, static_cast<std::uint16_t>(civil.year));
  }

  const PointCloud& cloud_;
  const Run& run_;
  int format_ = 6;
  std::set<std::string, std::less<>> placed_;
  std::vector<Put> puts_;
  std::vector<std::pair<std::size_t, Put>> extra_puts_;
  std::vector<LasExtra> extras_;
  std::size_t extra_bytes_ = 0;
};

}  // namespace

std::string cloud_las(const PointCloud& cloud, const Run& run) { return CloudWriter(cloud, run).bytes(); }

}  // namespace highwall
