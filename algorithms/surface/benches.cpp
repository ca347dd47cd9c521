#include "algorithms/surface/benches.hpp"

#include <algorithm>
#include <cmath>

namespace highwall {
namespace {

constexpr double kLevel_deg = 20.0;
constexpr double kBin_m = 0.5;
constexpr double kLeastShare = 0.03;  // Of the level ground, within a metre of a floor.
constexpr double kMostTolerance_m = 2.0;
constexpr double kTolerance = 0.25;  // Of the lowest bench.
constexpr std::size_t kMostBins = 100000;

}  // namespace

std::vector<double> find_bench_floors(const Dem& surface, double least_apart_m) {
  std::vector<double> heights;
  for (std::size_t i = 0; i < surface.size(); ++i) {
    if (surface.reason[i] == Reason::ok && surface.slope_deg(i) <= kLevel_deg) heights.push_back(surface.height_m[i]);
  }
  std::sort(heights.begin(), heights.end());
  if (heights.empty() || (heights.back() - heights.front()) / kBin_m > static_cast<double>(kMostBins)) return {};
  const auto within = [&](double low, double high) {
    return std::pair(std::lower_bound(heights.begin(), heights.end(), low),
                     std::upper_bound(heights.begin(), heights.end(), high));
  };
  // Candidates by how much level ground lies within a metre.
  std::vector<std::pair<std::size_t, double>> candidates;
  for (double z = heights.front(); z <= heights.back() + kBin_m; z += kBin_m) {
    const auto [begin, end] = within(z - 2.0 * kBin_m, z + 2.0 * kBin_m);
    const auto n = static_cast<std::size_t>(end - begin);
    if (static_cast<double>(n) >= std::max(3.0, kLeastShare * static_cast<double>(heights.size()))) {
      candidates.emplace_back(n, *(begin + (end - begin) / 2));
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<double> floors;
  for (const auto& [n, z] : candidates) {
    const auto near = [&, level = z](double other) { return std::abs(other - level) < least_apart_m; };
    if (std::none_of(floors.begin(), floors.end(), near)) floors.push_back(z);
  }
  std::sort(floors.begin(), floors.end());
  if (floors.size() < 2) floors.clear();
  return floors;
}

Benches::Benches(std::vector<double> floors_m) : floors_(std::move(floors_m)) {
  double lowest = std::numeric_limits<double>::infinity();
  for (std::size_t k = 1; k < floors_.size(); ++k) lowest = std::min(lowest, floors_[k] - floors_[k - 1]);
  tolerance_ = std::min(kMostTolerance_m, kTolerance * lowest);
}

std::size_t Benches::bench_at(double z) const {
  const auto above = std::upper_bound(floors_.begin(), floors_.end(), z + 0.5 * tolerance_);
  return above == floors_.begin() ? 0 : static_cast<std::size_t>(above - floors_.begin()) - 1;
}

void Benches::split(double z1, double z2, std::vector<std::pair<std::size_t, double>>& shares) const {
  shares.clear();
  if (floors_.empty() || !std::isfinite(z1) || !std::isfinite(z2)) return;
  const double low = std::min(z1, z2);
  const double high = std::max(z1, z2);
  double from = low;
  for (const double floor : floors_) {
    if (!(floor > low + tolerance_ && floor < high - tolerance_)) continue;
    shares.emplace_back(bench_at(0.5 * (from + floor)), (floor - from) / (high - low));
    from = floor;
  }
  shares.emplace_back(bench_at(0.5 * (from + high)), high > low ? (high - from) / (high - low) : 1.0);
}

}  // namespace highwall
