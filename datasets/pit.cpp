#include "datasets/pit.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "datasets/random.hpp"

namespace highwall {
namespace {

constexpr int kBenches = 20;
constexpr double kBench_m = 12.0;
constexpr double kBerm_m = 8.0;
constexpr double kRoadTop_m = 135.0;
const double kFace_m = kBench_m / std::tan(70.0 * std::numbers::pi / 180.0);

constexpr double kWedgeX = -110.0;
constexpr double kWedgeY = 150.0;
constexpr double kWedgeRadiusX = 60.0;
constexpr double kWedgeRadiusY = 45.0;

constexpr double kOnsetDays = 5.0;  // The first days are quiet in every scenario.
constexpr double kVoightK_m = 0.1;  // v = K / (t_f - t): 100 mm/d one day before failure.
constexpr double kCreep_m_per_day = 0.004;
constexpr double kRegressionDay = 18.0;
constexpr double kRegressionDecayDays = 3.0;
constexpr double kRunOut_m = 6.0;  // How far the wedge lies below its place after the failure.
constexpr double kBlastStep_m = 0.015;

/// Smooth noise on a lattice of the given wavelength, standard deviation about 1.
double value_noise(std::uint64_t seed, std::uint64_t octave, double u, double v, double wavelength) {
  const Random random(seed, 1000 + octave);
  const double x = u / wavelength;
  const double y = v / wavelength;
  const double x0 = std::floor(x);
  const double y0 = std::floor(y);
  const auto node = [&](double i, double j) {
    const auto a = static_cast<std::uint64_t>(static_cast<std::int64_t>(i) + (1 << 20));
    const auto b = static_cast<std::uint64_t>(static_cast<std::int64_t>(j) + (1 << 20));
    return 2.0 * random.uniform(a * 4194304ULL + b) - 1.0;
  };
  const double fx = x - x0;
  const double fy = y - y0;
  const double sx = fx * fx * (3.0 - 2.0 * fx);
  const double sy = fy * fy * (3.0 - 2.0 * fy);
  const double low = node(x0, y0) * (1.0 - sx) + node(x0 + 1.0, y0) * sx;
  const double high = node(x0, y0 + 1.0) * (1.0 - sx) + node(x0 + 1.0, y0 + 1.0) * sx;
  return 2.4 * (low * (1.0 - sy) + high * sy);
}

/// Height of the wall without its road, by the distance behind the toe.
double benches(double back) {
  if (back <= 0.0) return 0.0;
  const double bench = std::floor(back / (kFace_m + kBerm_m));
  if (bench >= kBenches) return PitWall::kHeight_m;
  const double on = back - bench * (kFace_m + kBerm_m);
  return kBench_m * (bench + std::min(1.0, on / kFace_m));
}

/// Distance behind the toe at which the wall without its road has a height: behind a berm of that height.
double depth_at(double z) {
  const double bench = std::floor(z / kBench_m);
  return bench * (kFace_m + kBerm_m) + (z / kBench_m - bench) * kFace_m;
}

double voight(double days_to_failure_at_onset, double days_to_failure) {
  return -kVoightK_m * std::log(days_to_failure / days_to_failure_at_onset);
}

}  // namespace

double PitWall::depth_m() { return kBenches * kFace_m + (kBenches - 1) * kBerm_m + kRoadWidth_m; }

double PitWall::road_height(double y) { return kRoadTop_m - kRoadGradient * std::clamp(y, 0.0, kLength_m); }

double PitWall::road_edge(double y) { return -depth_at(road_height(y)); }

double PitWall::profile(double x, double y) {
  const double back = -x;  // Distance behind the toe.
  const double edge = -road_edge(y);
  if (back < edge) return benches(back);
  if (back < edge + kRoadWidth_m) return road_height(y);
  return benches(back - kRoadWidth_m);  // The road sets all that lies above it back.
}

double PitWall::height(double x, double y) const {
  const double rough = 0.15 * value_noise(seed_, 0, x, y, 5.0) + 0.05 * value_noise(seed_, 1, x, y, 1.2) +
                       0.015 * value_noise(seed_, 2, x, y, 0.4);
  return profile(x, y) + rough;
}

Motion::Motion(std::string scenario, Instant start, Instant failure)
    : scenario_(std::move(scenario)), start_(start), failure_(failure) {}

double Motion::magnitude_m(Instant t) const {
  const double day = to_days(t - start_).value - kOnsetDays;
  const double to_failure_at_onset = to_days(failure_ - start_).value - kOnsetDays;
  if (scenario_ == "stable" || day <= 0.0) return 0.0;
  if (scenario_ == "creep") return kCreep_m_per_day * day;
  if (scenario_ == "blast-step") {
    const double since = to_days(t - blast()).value;
    return since <= 0.0 ? 0.0 : kBlastStep_m * (1.0 + 0.15 * std::log1p(since / 0.1));
  }
  if (has_failed(t)) return kRunOut_m;
  if (scenario_ == "accelerating") {
    return voight(to_failure_at_onset, std::max(1e-3, to_failure_at_onset - day));
  }
  // regressive: accelerates towards a failure that does not come, then slows down.
  const double turn = kRegressionDay - kOnsetDays;
  const double pretended = turn + 3.0;
  if (day <= turn) return voight(pretended, pretended - day);
  const double speed = kVoightK_m / 3.0;
  return voight(pretended, 3.0) + speed * kRegressionDecayDays * (1.0 - std::exp(-(day - turn) / kRegressionDecayDays));
}

double Motion::weight(double x, double y) {
  const double rho = std::hypot((x - kWedgeX) / kWedgeRadiusX, (y - kWedgeY) / kWedgeRadiusY);
  return std::clamp((1.0 - rho) / 0.2, 0.0, 1.0);
}

Eigen::Vector3d Motion::direction() { return {std::numbers::sqrt2 / 2.0, 0.0, -std::numbers::sqrt2 / 2.0}; }

Eigen::Vector3d Motion::at(double x, double y, Instant t) const { return weight(x, y) * magnitude_m(t) * direction(); }

std::vector<std::pair<std::string, std::vector<Eigen::Vector2d>>> Motion::zones() {
  const double back = -PitWall::depth_m();
  std::vector<Eigen::Vector2d> wedge;
  for (int k = 0; k < 24; ++k) {
    const double angle = 2.0 * std::numbers::pi * k / 24.0;
    wedge.emplace_back(kWedgeX + 0.95 * kWedgeRadiusX * std::cos(angle), kWedgeY + 0.95 * kWedgeRadiusY * std::sin(angle));
  }
  return {{"wedge", wedge},
          {"north_wall", {{0.0, 205.0}, {0.0, 300.0}, {back, 300.0}, {back, 205.0}}},
          {"south_wall", {{0.0, 0.0}, {0.0, 95.0}, {back, 95.0}, {back, 0.0}}}};
}

}  // namespace highwall
