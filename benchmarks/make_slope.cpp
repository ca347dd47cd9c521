// make_slope PREFIX POINTS SIDE_M
// Two scans of a benched slope of SIDE_M x SIDE_M (along strike and up the slope), POINTS points each, one in each cell of a
// lattice, strike outermost, as PREFIX_e1.las and PREFIX_e2.las (LAS 1.2, point format 0, 1 mm), and every tenth point of the
// first as PREFIX_core.las. Benches of 10 m at 70 degrees, 45 degrees overall; roughness of 0.15, 0.05 and 0.015 m at 5, 1 and
// 0.2 m, which repeats after 50 m; 5 mm of noise on each coordinate; two ellipses of 15 x 12 m move by 0.1 m in the second.
// Written in blocks, so the clouds may be larger than the memory. The same numbers on any number of threads.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "core/parallel.hpp"
#include "datasets/random.hpp"

namespace {

using highwall::Block;
using highwall::Random;

constexpr std::size_t kRecord = 20;
constexpr std::size_t kHeader = 227;
constexpr std::array<double, 3> kOrigin{512000.0, 7412000.0, 300.0};
constexpr double kFace = 70.0 * std::numbers::pi / 180.0;
constexpr double kBench = 10.0;

/// Periodic roughness on a lattice of 5 cm.
class Roughness {
 public:
  Roughness() : height_(kSide * kSide, 0.0F) {
    const double wavelength[] = {5.0, 1.0, 0.2};
    const double deviation[] = {0.15, 0.05, 0.015};
    for (std::size_t k = 0; k < 3; ++k) add(wavelength[k], deviation[k], k);
  }
  double operator()(double y, double a) const {
    const double u = y / kStep;
    const double v = a / kStep;
    const double u0 = std::floor(u);
    const double v0 = std::floor(v);
    const auto at = [&](double i, double j) {
      const auto n = static_cast<std::size_t>(kSide);
      return static_cast<double>(height_[(static_cast<std::size_t>(i) % n) * n + static_cast<std::size_t>(j) % n]);
    };
    const double s = u - u0;
    const double t = v - v0;
    return (1 - s) * ((1 - t) * at(u0, v0) + t * at(u0, v0 + 1)) + s * ((1 - t) * at(u0 + 1, v0) + t * at(u0 + 1, v0 + 1));
  }

 private:
  static constexpr std::size_t kSide = 1000;
  static constexpr double kStep = 0.05;

  /// White noise, smoothed by a periodic Gaussian of a quarter of the wavelength along one axis and then the other.
  void add(double wavelength, double deviation, std::uint64_t stream) {
    const Random random(20260401, stream);
    const double sigma = wavelength / 4.0 / kStep;
    const auto reach = static_cast<std::ptrdiff_t>(4.0 * sigma) + 1;
    std::vector<double> weight;
    for (std::ptrdiff_t d = -reach; d <= reach; ++d)
      weight.push_back(std::exp(-0.5 * static_cast<double>(d * d) / (sigma * sigma)));
    std::vector<double> now(kSide * kSide);
    for (std::size_t i = 0; i < now.size(); ++i) now[i] = random.normal(i);
    for (int axis = 0; axis < 2; ++axis) {  // Each turn transposes.
      std::vector<double> next(now.size());
      for (std::size_t r = 0; r < kSide; ++r) {
        for (std::size_t c = 0; c < kSide; ++c) {
          double sum = 0.0;
          for (std::ptrdiff_t d = -reach; d <= reach; ++d) {
            const auto from = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(c + kSide) + d) % kSide;
            sum += weight[static_cast<std::size_t>(d + reach)] * now[r * kSide + from];
          }
          next[c * kSide + r] = sum;
        }
      }
      now = std::move(next);
    }
    double square = 0.0;
    for (const double v : now) square += v * v;
    const double scale = deviation / std::sqrt(square / static_cast<double>(now.size()));
    for (std::size_t i = 0; i < now.size(); ++i) height_[i] += static_cast<float>(scale * now[i]);
  }

  std::vector<float> height_;
};

class Slope {
 public:
  Slope(std::size_t points, double side_m)
      : n_(static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(points))))), side_(side_m) {}
  std::size_t size() const { return n_ * n_; }

  std::array<double, 3> point(std::size_t i, bool second) const {
    const std::uint64_t seed = second ? 2 : 1;
    const Random place(seed, 1);
    const Random noise(seed, 2);
    const double y = (static_cast<double>(i / n_) + place.uniform(2 * i)) * side_ / static_cast<double>(n_);
    const double a = (static_cast<double>(i % n_) + place.uniform(2 * i + 1)) * side_ / static_cast<double>(n_);
    const double face = kBench / std::sin(kFace);
    const double period = face + kBench - kBench / std::tan(kFace);
    const double b = std::floor(a / period);
    const double r = a - b * period;
    const bool on_face = r < face;
    const double rough = roughness_(y, a);
    std::array<double, 3> p{-kBench * b - (on_face ? r * std::cos(kFace) : face * std::cos(kFace) + (r - face)), y,
                            kBench * b + (on_face ? r * std::sin(kFace) : kBench)};
    p[0] += rough * (on_face ? std::sin(kFace) : 0.0);
    p[2] += rough * (on_face ? std::cos(kFace) : 1.0);
    if (second) {
      const double half = std::numbers::sqrt2 / 2.0;
      const double topples = 0.1 * share(y - 0.3 * side_, a - 0.6 * side_);
      const double slides = 0.1 * share(y - 0.7 * side_, a - 0.4 * side_);
      p[0] += topples + half * slides;
      p[2] -= half * slides;
    }
    for (std::size_t c = 0; c < 3; ++c) p[c] += kOrigin[c] + 0.005 * noise.normal(3 * i + c);
    return p;
  }

 private:
  static double share(double y, double a) { return std::clamp((1.0 - std::hypot(y / 15.0, a / 12.0)) / 0.2, 0.0, 1.0); }

  std::size_t n_;
  double side_;
  Roughness roughness_;
};

/// Writes every step-th point.
void write_las(const std::string& path, const Slope& slope, bool second, std::size_t step) {
  constexpr std::size_t kAtOnce = 1U << 20U;
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) throw std::runtime_error("cannot write " + path);
  const std::size_t n = (slope.size() + step - 1) / step;
  const std::array<double, 3> offset{kOrigin[0], kOrigin[1], kOrigin[2]};
  std::array<std::int32_t, 3> low;
  std::array<std::int32_t, 3> high;
  low.fill(std::numeric_limits<std::int32_t>::max());
  high.fill(std::numeric_limits<std::int32_t>::min());
  std::string header(kHeader, '\0');
  const auto put = [&](std::size_t at, auto value) { std::memcpy(header.data() + at, &value, sizeof value); };
  std::fwrite(header.data(), 1, header.size(), file);
  for (std::size_t first = 0; first < n; first += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, n - first);
    std::string records(count * kRecord, '\0');
    highwall::for_blocks(
        count,
        [&](const Block& block) {
          for (std::size_t k = block.begin; k < block.end; ++k) {
            const std::array<double, 3> p = slope.point((first + k) * step, second);
            char* record = records.data() + k * kRecord;
            for (std::size_t c = 0; c < 3; ++c) {
              const auto v = static_cast<std::int32_t>(std::lround((p[c] - offset[c]) * 1000.0));
              std::memcpy(record + 4 * c, &v, 4);
            }
            record[14] = 9;
            record[15] = 2;
          }
        },
        highwall::Run());
    for (std::size_t k = 0; k < count; ++k) {
      for (std::size_t c = 0; c < 3; ++c) {
        std::int32_t v = 0;
        std::memcpy(&v, records.data() + k * kRecord + 4 * c, 4);
        low[c] = std::min(low[c], v);
        high[c] = std::max(high[c], v);
      }
    }
    if (std::fwrite(records.data(), 1, records.size(), file) != records.size()) throw std::runtime_error("disk full: " + path);
  }
  std::memcpy(header.data(), "LASF", 4);
  put(24, std::uint8_t{1});
  put(25, std::uint8_t{2});
  put(94, static_cast<std::uint16_t>(kHeader));
  put(96, static_cast<std::uint32_t>(kHeader));
  put(105, static_cast<std::uint16_t>(kRecord));
  put(107, static_cast<std::uint32_t>(n));
  put(111, static_cast<std::uint32_t>(n));
  for (std::size_t c = 0; c < 3; ++c) {
    put(131 + 8 * c, 0.001);
    put(155 + 8 * c, offset[c]);
    put(179 + 16 * c, high[c] * 0.001 + offset[c]);
    put(187 + 16 * c, low[c] * 0.001 + offset[c]);
  }
  std::rewind(file);
  std::fwrite(header.data(), 1, header.size(), file);
  if (std::fclose(file) != 0) throw std::runtime_error("disk full: " + path);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: make_slope PREFIX POINTS SIDE_M\n", stderr);
    return 64;
  }
  const std::string prefix = argv[1];
  try {
    const Slope slope(static_cast<std::size_t>(std::atoll(argv[2])), std::atof(argv[3]));
    write_las(prefix + "_e1.las", slope, false, 1);
    write_las(prefix + "_core.las", slope, false, 10);
    write_las(prefix + "_e2.las", slope, true, 1);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 74;
  }
  return 0;
}
