#include "datasets/changed_pit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>

#include "core/parallel.hpp"
#include "datasets/random.hpp"
#include "datasets/ray.hpp"

namespace highwall {
namespace {

constexpr double kRadians = std::numbers::pi / 180.0;
constexpr double kBench_m = 10.0;
constexpr int kBenches = 4;
constexpr double kLength_m = 120.0;
constexpr double kFloor_m = 50.0;
const double kFace_m = kBench_m / std::tan(70.0 * kRadians);
/// Distance behind the toe at which the face of a bench begins, and the last berm ends.
const std::array<double, kBenches + 1> kToe{0.0, kFace_m + 24.0, 2.0 * kFace_m + 32.0, 3.0 * kFace_m + 40.0,
                                            4.0 * kFace_m + 55.0};

// The rockfall: face of the third bench, and a heap on the berm below it.
constexpr double kFallY = 60.0, kFallHalfY = 7.0, kFallHalfZ = 5.0, kFallDepth = 0.85, kFallZ = 25.0;
constexpr double kHeapRadius = 4.6, kHeapHeight = 2.6, kHeapBehind_m = 3.0;
// The cut: the lowest bench.
constexpr double kCutFrom = 18.0, kCutTo = 42.0, kCutBack = 14.0;
// The wedge.
constexpr double kWedgeY = 96.0, kWedgeHalfY = 16.0, kWedgeHalfX = 16.0;
const double kWedgeX = -0.5 * (kToe[1] + kToe[3]);
// Dust over the lowest berm.
const Eigen::Array3d kDust(-14.0, 72.0, 12.5);
const Eigen::Array3d kDustHalf(4.0, 5.0, 2.4);
constexpr double kDustOpacity = 0.9;

const MovingObject kTruckBefore{"truck", {25.0, 15.0, -0.5}, {31.0, 24.0, 5.5}};
const MovingObject kTruckAfter{"truck", {15.0, 74.0, -0.5}, {21.0, 83.0, 5.5}};
const MovingObject kMachine{"machine", {68.5, 48.5, 60.0}, {71.5, 53.0, 66.0}};

double profile(double back) {
  if (back <= 0.0) return 0.0;
  int bench = 0;
  while (bench + 1 < kBenches && back >= kToe[static_cast<std::size_t>(bench) + 1]) ++bench;
  return kBench_m * (bench + std::min(1.0, (back - kToe[static_cast<std::size_t>(bench)]) / kFace_m));
}

/// Height of the face that the rock fell from.
double scar(double back, double y, double standing) {
  const double v = (y - kFallY) / kFallHalfY;
  if (std::abs(v) >= 1.0 || back <= kToe[2] || back >= kToe[2] + kFace_m + kFallDepth) return standing;
  const auto behind = [&](double z) {
    const double w = (z - kFallZ) / kFallHalfZ;
    return kToe[2] + (z - 2.0 * kBench_m) / kBench_m * kFace_m + kFallDepth * std::max(0.0, 1.0 - v * v - w * w);
  };
  double low = 2.0 * kBench_m;
  double high = 3.0 * kBench_m;
  if (behind(high) <= back) return standing;
  for (int i = 0; i < 40; ++i) {
    const double middle = 0.5 * (low + high);
    (behind(middle) <= back ? low : high) = middle;
  }
  return std::min(standing, low);
}

/// Height of the heap, or of what stands where there is none.
double heap(double x, double y, double standing) {
  const double r = std::hypot(x + kToe[2] - kHeapBehind_m, y - kFallY) / kHeapRadius;
  return r < 1.0 ? std::max(standing, 2.0 * kBench_m + kHeapHeight * (1.0 - r)) : standing;
}

double weight(double x, double y) {
  const double rho = std::hypot((x - kWedgeX) / kWedgeHalfX, (y - kWedgeY) / kWedgeHalfY);
  return std::clamp((1.0 - rho) / 0.25, 0.0, 1.0);
}

bool over(const MovingObject& box, double x, double y) {
  return x >= box.low.x() && x <= box.high.x() && y >= box.low.y() && y <= box.high.y();
}

/// Range at which a ray ends in the dust; infinite when it does not.
double into_dust(const Eigen::Vector3d& from, const Eigen::Vector3d& ray, double chance, double where) {
  const Eigen::Array3d o = (from.array() - kDust) / kDustHalf;
  const Eigen::Array3d d = ray.array() / kDustHalf;
  const double a = (d * d).sum();
  const double b = (o * d).sum();
  const double rest = b * b - a * ((o * o).sum() - 1.0);
  if (rest <= 0.0 || chance > kDustOpacity) return std::numeric_limits<double>::infinity();
  return (-b - std::sqrt(rest) * (1.0 - 2.0 * where)) / a;
}

}  // namespace

Eigen::Vector3d ChangedPit::motion_at(double x, double y) const {
  return settings_.anything ? Eigen::Vector3d(settings_.motion_m * weight(x, y) * Motion::direction()) : Eigen::Vector3d(0, 0, 0);
}

double ChangedPit::height(double x, double y, bool after, bool rough) const {
  Eigen::Vector3d moved = Eigen::Vector3d::Zero();
  if (after) moved = motion_at(x, y);
  const double px = x - moved.x();
  double z = profile(-px);
  if (after && settings_.anything) {
    z = scar(-px, y, z);
    if (-px < kToe[2]) z = heap(px, y, z);
    if (y > kCutFrom && y < kCutTo && -px < kToe[1]) z = std::min(z, profile(-px - kCutBack));
  }
  // The roughness of the other simulated wall; its own benches are taken off.
  if (rough) z += wall_.height(px, y) - PitWall::profile(px, y);
  return z + moved.z();
}

Points ChangedPit::scan(bool after, const Run& run) const {
  const double step = settings_.beam_step_deg * kRadians;
  const Random noise(seed_, after ? 6001 : 6000);
  const double turn = step * (noise.uniform(1ULL << 50U) - 0.5);
  const double tilt = step * (noise.uniform((1ULL << 50U) + 1) - 0.5);
  const auto columns = static_cast<std::size_t>(80.0 * kRadians / step);
  const auto rows = static_cast<std::size_t>(50.0 * kRadians / step);
  const Eigen::Vector3d from = scanner();
  std::vector<std::vector<Eigen::Vector3d>> by_column(columns);
  for_blocks(
      columns,
      [&](const Block& block) {
        for (std::size_t c = block.begin; c < block.end; ++c) {
          const double azimuth = -40.0 * kRadians + turn + static_cast<double>(c) * step;
          for (std::size_t r = 0; r < rows; ++r) {
            const double elevation = -60.0 * kRadians + tilt + static_cast<double>(r) * step;
            const Eigen::Vector3d ray(-std::cos(elevation) * std::cos(azimuth), std::cos(elevation) * std::sin(azimuth),
                                      std::sin(elevation));
            const auto above = [&](double range, bool rough) {
              const Eigen::Vector3d p = from + range * ray;
              return p.z() - height(p.x(), p.y(), after, rough);
            };
            double range = first_below(above, 30.0, 260.0).value_or(std::numeric_limits<double>::infinity());
            const std::size_t index = c * rows + r;
            range = std::min(range, enter(after && settings_.anything ? kTruckAfter : kTruckBefore, from, ray));
            if (after && settings_.anything) {
              range = std::min(range, enter(kMachine, from, ray));
              range = std::min(range, into_dust(from, ray, noise.uniform(2 * index + (1ULL << 51U)),
                                                noise.uniform(2 * index + 1 + (1ULL << 51U))));
            }
            if (!std::isfinite(range)) continue;
            const Eigen::Vector3d hit = from + range * ray;
            if (hit.y() < 0.0 || hit.y() > kLength_m || hit.x() < -kToe[kBenches] || (hit.x() > kFloor_m && hit.z() < 20.0))
              continue;
            by_column[c].push_back(from + (range + settings_.range_noise_m * noise.normal(index)) * ray);
          }
        }
      },
      run, {}, 4);
  std::size_t n = 0;
  for (const auto& column : by_column) n += column.size();
  Points out(static_cast<Eigen::Index>(n), 3);
  Eigen::Index row = 0;
  for (const auto& column : by_column) {
    for (const Eigen::Vector3d& p : column) out.row(row++) = p.transpose();
  }
  return out;
}

TrueChange ChangedPit::change_at(double x, double y) const {
  if (!settings_.anything) return TrueChange::none;
  if (over(kTruckAfter, x, y) || over(kTruckBefore, x, y)) return TrueChange::truck;
  if (weight(x, y) > 0.0) return TrueChange::deformation;
  const double before = height(x, y, false, false);
  const double after = height(x, y, true, false);
  if (after != before) {
    if (y > kCutFrom && y < kCutTo && -x < kToe[1]) return TrueChange::mined;
    return after < before ? TrueChange::rockfall_source : TrueChange::deposit;
  }
  const Eigen::Array2d d = (Eigen::Array2d(x, y) - kDust.head<2>()) / kDustHalf.head<2>();
  return (d * d).sum() < 1.0 ? TrueChange::dust : TrueChange::none;
}

bool ChangedPit::hidden(const Eigen::Vector3d& place) const {
  if (!settings_.anything) return false;
  const Eigen::Vector3d way = place - scanner();
  const Eigen::Vector3d ray = way.normalized();
  const double nearest = std::min(enter(kMachine, scanner(), ray), enter(kTruckAfter, scanner(), ray));
  return nearest < way.norm() - 0.3;
}

std::vector<TrueVolume> ChangedPit::volumes() const {
  constexpr double kStep_m = 0.05;
  std::map<TrueChange, double> sums;
  for (double y = 0.5 * kStep_m; y < kLength_m; y += kStep_m) {
    for (double x = -kToe[kBenches]; x < 5.0; x += kStep_m) {
      const TrueChange kind = change_at(x, y);
      if (kind == TrueChange::none || kind == TrueChange::dust || kind == TrueChange::truck) continue;
      sums[kind] += kStep_m * kStep_m * (height(x, y, true) - height(x, y, false));
    }
  }
  std::vector<TrueVolume> out;
  for (const auto& [kind, volume] : sums) out.push_back({kind, volume});
  return out;
}

}  // namespace highwall
