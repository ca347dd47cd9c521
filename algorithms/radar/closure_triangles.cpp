#include "algorithms/radar/closure_triangles.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace highwall {

std::vector<Triangle> triangles_of(const InterferogramNetwork& network) {
  struct Edge {
    std::size_t second;
    std::uint32_t pair;
  };
  std::vector<std::vector<Edge>> from(network.instants.size());
  for (std::size_t p = 0; p < network.pairs.size(); ++p) {
    from[network.pairs[p].first].push_back({network.pairs[p].second, static_cast<std::uint32_t>(p)});
  }
  for (std::vector<Edge>& edges : from) {
    std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.second < b.second; });
  }
  std::vector<Triangle> out;
  for (const std::vector<Edge>& edges : from) {
    for (const Edge& ij : edges) {
      // Both lists are in order of the last acquisition: one walk along them finds all common ones.
      auto ik = edges.begin();
      for (const Edge& jk : from[ij.second]) {
        while (ik != edges.end() && ik->second < jk.second) ++ik;
        if (ik != edges.end() && ik->second == jk.second) out.push_back({ij.pair, jk.pair, ik->pair});
      }
    }
  }
  return out;
}

double integer_closure(double closure_rad) noexcept {
  constexpr double kPi = std::numbers::pi;
  return std::floor((closure_rad + kPi) / (2.0 * kPi));
}

}  // namespace highwall
