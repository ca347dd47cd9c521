#include "algorithms/radar/network_absolute.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace highwall {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
/// Phases are set apart by less than this, each by its own amount, so that no two steps are equally good: with ties the tree
/// might go in a circle.
constexpr double kApart_rad = 1e-9;
constexpr double kGolden = 0.6180339887498949;
constexpr double kRounding = 1e-10;

/// A spanning tree of each connected part, along which residuals are zero.
class TreeDescent {
 public:
  TreeDescent(const NetworkPlan& plan, const PixelPairs& pairs, std::vector<double>& phase_rad)
      : plan_(plan), pairs_(pairs), x_(phase_rad), cost_(plan.pairs), phase_(plan.pairs), in_tree_(plan.pairs, 0) {
    for (std::size_t p = 0; p < plan_.pairs; ++p) {
      cost_[p] = std::sqrt(std::max(0.0, pairs_.weight[p]));
      const double turns = kGolden * static_cast<double>(p + 1);
      phase_[p] = pairs_.phase_rad[p] + kApart_rad * (turns - std::floor(turns));
    }
  }

  void run() {
    grow();
    hang(phase_);
    double sum = objective();
    while (step()) {
      hang(phase_);
      const double now = objective();
      // As good as numbers can tell.
      if (!(now < sum)) break;
      sum = now;
    }
    hang(pairs_.phase_rad);
  }

 private:
  double residual(std::size_t p) const { return phase_[p] - (x_[plan_.pair_second[p]] - x_[plan_.pair_first[p]]); }

  double objective() const {
    double sum = 0.0;
    for (std::size_t p = 0; p < plan_.pairs; ++p) {
      if (cost_[p] > 0.0 && in_tree_[p] == 0) sum += cost_[p] * std::abs(residual(p));
    }
    return sum;
  }

  /// The pairs that fit the start best.
  void grow() {
    std::vector<std::uint32_t> order;
    std::vector<double> off(plan_.pairs);
    for (std::size_t p = 0; p < plan_.pairs; ++p) {
      off[p] = std::abs(residual(p));
      if (cost_[p] > 0.0) order.push_back(static_cast<std::uint32_t>(p));
    }
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return off[a] != off[b] ? off[a] < off[b] : a < b; });
    std::vector<std::uint32_t> group(plan_.instants);
    std::iota(group.begin(), group.end(), 0U);
    const auto root = [&](std::uint32_t k) {
      while (group[k] != k) k = group[k] = group[group[k]];
      return k;
    };
    for (const std::uint32_t p : order) {
      const std::uint32_t a = root(plan_.pair_first[p]);
      const std::uint32_t b = root(plan_.pair_second[p]);
      if (a == b) continue;
      group[std::max(a, b)] = std::min(a, b);
      in_tree_[p] = 1;
    }
  }

  /// Lists the tree from its roots on, and sets every instant to what the tree's phases make it.
  void hang(const std::vector<double>& phase) {
    std::vector<std::vector<std::pair<std::uint32_t, std::uint32_t>>> next(plan_.instants);  // Pair, other instant.
    for (std::uint32_t p = 0; p < plan_.pairs; ++p) {
      if (in_tree_[p] == 0) continue;
      next[plan_.pair_first[p]].emplace_back(p, plan_.pair_second[p]);
      next[plan_.pair_second[p]].emplace_back(p, plan_.pair_first[p]);
    }
    parent_.assign(plan_.instants, kNone);
    above_.assign(plan_.instants, kNone);
    order_.clear();
    std::vector<std::uint8_t> seen(plan_.instants, 0);
    for (std::uint32_t start = 0; start < plan_.instants; ++start) {
      if (seen[start] != 0) continue;
      seen[start] = 1;
      std::size_t at = order_.size();
      order_.push_back(start);
      for (; at < order_.size(); ++at) {
        const std::uint32_t k = order_[at];
        for (const auto& [pair, other] : next[k]) {
          if (seen[other] != 0) continue;
          seen[other] = 1;
          parent_[other] = k;
          above_[other] = pair;
          x_[other] = plan_.pair_second[pair] == other ? x_[k] + phase[pair] : x_[k] - phase[pair];
          order_.push_back(other);
        }
      }
    }
  }

  /// Exchanges the pair of the tree whose part gains most by a shift. @return false when no shift gains anything
  bool step() {
    std::vector<double> pull(plan_.instants, 0.0);  // What a shift of all that hangs at an instant costs.
    for (std::size_t p = 0; p < plan_.pairs; ++p) {
      if (cost_[p] == 0.0 || in_tree_[p] != 0) continue;
      const double c = residual(p) > 0.0 ? cost_[p] : -cost_[p];
      pull[plan_.pair_second[p]] -= c;
      pull[plan_.pair_first[p]] += c;
    }
    std::uint32_t best = kNone;
    double gain = 0.0;
    for (std::size_t k = order_.size(); k-- > 0;) {
      const std::uint32_t node = order_[k];
      if (parent_[node] == kNone) continue;
      const double c = cost_[above_[node]];
      const double rate = std::abs(pull[node]) - c;
      if (rate > kRounding * c && rate > gain) {
        gain = rate;
        best = node;
      }
      pull[parent_[node]] += pull[node];
    }
    if (best == kNone) return false;
    const std::uint32_t enters = entering(best, pull[best] > 0.0 ? -1.0 : 1.0, gain);
    if (enters == kNone) return false;
    in_tree_[above_[best]] = 0;
    in_tree_[enters] = 1;
    return true;
  }

  /// The pair across the cut at which a shift of what hangs at `node` gains no more.
  std::uint32_t entering(std::uint32_t node, double direction, double gain) {
    std::vector<std::uint8_t> moves(plan_.instants, 0);
    for (const std::uint32_t k : order_) moves[k] = k == node || (parent_[k] != kNone && moves[parent_[k]] != 0) ? 1 : 0;
    std::vector<std::pair<double, std::uint32_t>> stops;  // Shift at which the pair's residual is zero.
    for (std::uint32_t p = 0; p < plan_.pairs; ++p) {
      const int end = moves[plan_.pair_second[p]];
      const int begin = moves[plan_.pair_first[p]];
      if (cost_[p] == 0.0 || in_tree_[p] != 0 || end == begin) continue;
      const double shift = residual(p) * direction * (end - begin);
      if (shift > 0.0) stops.emplace_back(shift, p);
    }
    std::sort(stops.begin(), stops.end());
    for (const auto& [shift, p] : stops) {
      gain -= 2.0 * cost_[p];
      if (gain <= 0.0) return p;
    }
    return kNone;
  }

  const NetworkPlan& plan_;
  const PixelPairs& pairs_;
  std::vector<double>& x_;
  std::vector<double> cost_, phase_;
  std::vector<std::uint8_t> in_tree_;
  std::vector<std::uint32_t> parent_, above_, order_;  ///< Instant and pair that an instant hangs at; roots first.
};

}  // namespace

void least_absolute(const NetworkPlan& plan, const PixelPairs& pairs, std::vector<double>& phase_rad) {
  TreeDescent(plan, pairs, phase_rad).run();
}

}  // namespace highwall
