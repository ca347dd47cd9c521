#include "algorithms/surface/tabulate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include "core/error.hpp"
#include "core/series.hpp"

namespace highwall {
namespace {

constexpr double kMuchUnseen = 0.3;  // Of a cluster's area.

/// Pieces and shares of them.
struct Part {
  std::vector<std::size_t> list;
  std::vector<double> share;
  void add(std::size_t i, double s) {
    list.push_back(i);
    share.push_back(s);
  }
};

class Tabulator {
 public:
  Tabulator(const Tabulation& what, const Registration* registration, const ErrorGrowth& growth)
      : w_(what), registration_(registration), growth_(growth) {}

  Sum sum(const Part& part) const { return sum_of(w_.pieces, part.list, part.share, registration_, growth_); }

  /// Of a cluster, with what lies beside it.
  Sum sum(const Part& part, std::size_t cluster) const {
    Sum out = sum(part);
    double area = 0.0;
    for (const std::uint32_t i : w_.missing_next[cluster]) {
      if (std::isfinite(w_.pieces.area_m2[i])) area += w_.pieces.area_m2[i];
    }
    (is_gain(cluster) ? out.beside_high_m3 : out.beside_low_m3) = area * largest_[cluster];
    return out;
  }

  /// Of the pieces with their shares.
  VolumeRow row(std::string name, const Part& all) const {
    Part loss;
    Part gain;
    Part measured;
    double low = 0.0;
    double high = 0.0;
    VolumeRow out;
    out.name = std::move(name);
    for (std::size_t k = 0; k < all.list.size(); ++k) {
      const std::size_t i = all.list[k];
      const double area = all.share[k] * w_.pieces.area_m2[i];
      if (!w_.pieces.usable(i)) {
        if (std::isfinite(area)) {
          low += area * beside_low_[i];
          high += area * beside_high_[i];
        }
        if (w_.seen_once[i] != 0 && std::isfinite(area)) out.unmeasured_m2 += area;
        continue;
      }
      out.measured_m2 += area;
      measured.add(i, all.share[k]);
      const std::int32_t cluster = w_.clusters.label[i];
      if (cluster > 0) (gains_[static_cast<std::size_t>(cluster - 1)] != 0 ? gain : loss).add(i, all.share[k]);
    }
    if (measured.list.empty()) {  // Nothing seen is no zero.
      out.loss.value_m3 = out.gain.value_m3 = out.net.value_m3 = kNaN;
      out.loss.half95_m3 = out.gain.half95_m3 = out.net.half95_m3 = kNaN;
      return out;
    }
    out.loss = sum(loss);
    out.gain = sum(gain);
    out.net = sum(measured);
    out.loss.beside_low_m3 = out.net.beside_low_m3 = low;
    out.gain.beside_high_m3 = out.net.beside_high_m3 = high;
    return out;
  }

  void set_signs() {
    gains_.assign(static_cast<std::size_t>(w_.clusters.count), 0);
    largest_.assign(gains_.size(), 0.0);
    for (std::size_t i = 0; i < w_.pieces.size(); ++i) {
      if (w_.clusters.member[i] == 0) continue;
      const auto c = static_cast<std::size_t>(w_.clusters.label[i] - 1);
      gains_[c] = w_.pieces.change_m[i] > 0.0 ? 1 : 0;
      if (std::abs(w_.pieces.change_m[i]) > std::abs(largest_[c])) largest_[c] = w_.pieces.change_m[i];
    }
    // A piece between clusters may belong to either.
    beside_low_.assign(w_.pieces.size(), 0.0);
    beside_high_.assign(w_.pieces.size(), 0.0);
    for (std::size_t c = 0; c < gains_.size(); ++c) {
      for (const std::uint32_t i : w_.missing_next[c]) {
        beside_low_[i] = std::min(beside_low_[i], largest_[c]);
        beside_high_[i] = std::max(beside_high_[i], largest_[c]);
      }
    }
  }
  bool is_gain(std::size_t cluster) const { return gains_[cluster] != 0; }

 private:
  const Tabulation& w_;
  const Registration* registration_;
  const ErrorGrowth& growth_;
  std::vector<std::uint8_t> gains_;
  std::vector<double> largest_;      ///< Change of largest size, by cluster.
  std::vector<double> beside_low_;   ///< Most that a piece without a value beside a cluster may have lost, m.
  std::vector<double> beside_high_;  ///< or gained.
};

ChangeCluster describe_cluster(const Tabulation& w, std::size_t number, const Part& part, const Tabulator& tabulator,
                               const VolumeOptions& options) {
  ChangeCluster c;
  c.number = static_cast<std::int32_t>(number) + 1;
  c.gain = tabulator.is_gain(number);
  c.volume = tabulator.sum(part, number);
  c.mean_m = c.volume.value_m3 / c.volume.area_m2;
  double n = 0.0;
  double steep = 0.0;
  for (const std::size_t i : part.list) {
    if (w.clusters.member[i] == 0) continue;
    n += 1.0;
    c.area_m2 += w.pieces.area_m2[i];
    c.place_m += w.pieces.place_m.row(static_cast<Eigen::Index>(i)).transpose();
    if (std::abs(w.pieces.change_m[i]) > std::abs(c.largest_m)) c.largest_m = w.pieces.change_m[i];
    if (w.slope_deg[i] > options.steep_deg) steep += w.pieces.area_m2[i];
  }
  c.place_m /= n;
  c.steep_share = steep / c.area_m2;
  for (const std::uint32_t i : w.missing_next[number]) {
    if (std::isfinite(w.pieces.area_m2[i])) c.unmeasured_m2 += w.pieces.area_m2[i];
  }
  c.gap_m3 = c.unmeasured_m2 * c.mean_m;
  return c;
}

std::string bench_name(const Benches& benches, std::size_t k, const Frame& frame) {
  const double floor = benches.floors_m()[k] + frame.origin_m[2];
  if (k + 1 == benches.size()) return fmt::format("{:.1f} m up", floor);
  return fmt::format("{:.1f}-{:.1f} m", floor, benches.floors_m()[k + 1] + frame.origin_m[2]);
}

}  // namespace

VolumeTable tabulate(const Tabulation& w, const Benches& benches, const std::vector<Polygon>& zones,
                     const Registration* registration, const Frame& frame, const VolumeOptions& options, const Run& run) {
  for (const Polygon& zone : zones) {
    if (zone.frame.origin_m != frame.origin_m || zone.frame.crs != frame.crs) {
      throw Error(ErrorKind::frame,
                  fmt::format("zone {}: its frame is {}, the surface's {}", zone.name, zone.frame.to_string(), frame.to_string()),
                  {}, "read the zones in the clouds' frame");
    }
  }
  VolumeTable out;
  out.growth = measure_growth(w.pieces, run);
  out.label = w.clusters.label;
  Tabulator tabulator(w, registration, out.growth);
  tabulator.set_signs();
  const std::size_t n = w.pieces.size();
  std::vector<Part> by_cluster(static_cast<std::size_t>(w.clusters.count));
  std::vector<Part> by_bench(benches.size());
  Part all;
  std::vector<std::pair<std::size_t, double>> shares;
  std::vector<std::map<std::size_t, double>> bench_of(by_cluster.size());
  for (std::size_t i = 0; i < n; ++i) {
    all.add(i, 1.0);
    const std::int32_t label = w.clusters.label[i];
    if (label > 0) by_cluster[static_cast<std::size_t>(label - 1)].add(i, 1.0);
    const double top = std::isfinite(w.top_m[i]) ? w.top_m[i] : w.bottom_m[i];
    const double bottom = std::isfinite(w.bottom_m[i]) ? w.bottom_m[i] : w.top_m[i];
    benches.split(bottom, top, shares);
    for (const auto& [bench, share] : shares) {
      by_bench[bench].add(i, share);
      if (label > 0) bench_of[static_cast<std::size_t>(label - 1)][bench] += share * std::abs(w.pieces.change_m[i]);
    }
  }
  for (std::size_t k = 0; k < by_cluster.size(); ++k) {
    ChangeCluster c = describe_cluster(w, k, by_cluster[k], tabulator, options);
    const auto most = std::max_element(bench_of[k].begin(), bench_of[k].end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most != bench_of[k].end()) c.bench = bench_name(benches, most->first, frame);
    for (const Polygon& zone : zones) {
      if (zone.contains(c.place_m.x(), c.place_m.y())) c.zones += (c.zones.empty() ? "" : " ") + zone.name;
    }
    out.clusters.push_back(std::move(c));
  }
  std::stable_sort(out.clusters.begin(), out.clusters.end(), [](const ChangeCluster& a, const ChangeCluster& b) {
    return std::abs(a.volume.value_m3) > std::abs(b.volume.value_m3);
  });
  for (const Polygon& zone : zones) {
    Part inside;
    for (std::size_t i = 0; i < n; ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      if (zone.contains(w.pieces.place_m(row, 0), w.pieces.place_m(row, 1))) inside.add(i, 1.0);
    }
    out.zones.push_back(tabulator.row(zone.name, inside));
  }
  for (std::size_t k = 0; k < by_bench.size(); ++k)
    out.benches.push_back(tabulator.row(bench_name(benches, k, frame), by_bench[k]));
  for (const double floor : benches.floors_m()) out.bench_floors_m.push_back(floor + frame.origin_m[2]);
  out.total = tabulator.row("all", all);
  out.sentence =
      out.growth.side_m.empty()
          ? "errors of volumes: cells taken as independent, for there is no stable ground to measure their correlation on"
          : fmt::format("errors of volumes grow {:.2f} times from one piece to {:.0f} m, by {} sums on stable ground",
                        out.growth.factor.back(), out.growth.side_m.back(), out.growth.blocks.back());
  const auto named = [&](auto&& holds) {
    std::string numbers;
    for (const ChangeCluster& c : out.clusters) {
      if (holds(c)) numbers += fmt::format("{}{}", numbers.empty() ? "" : ", ", c.number);
    }
    return numbers;
  };
  const std::string steep = named([](const ChangeCluster& c) { return c.steep_share > 0.5; });
  if (!steep.empty() && w.pieces.in_plan) out.sentence += "; mostly steep, better measured along the normal: clusters " + steep;
  const std::string open = named([](const ChangeCluster& c) { return c.unmeasured_m2 > kMuchUnseen * c.area_m2; });
  if (!open.empty())
    out.sentence +=
        "; much ground without a value beside them, so a part only (see the interval with what is unseen): clusters " + open;
  return out;
}

}  // namespace highwall
