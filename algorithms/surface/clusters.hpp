#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "algorithms/surface/pieces.hpp"

namespace highwall {

/// Connected pieces of significant change of one sign.
struct Clusters {
  std::vector<std::int32_t> label;   ///< By piece: 0 = in none, else number of the cluster; its margin included.
  std::vector<std::uint8_t> member;  ///< 1 = significant itself, not margin.
  std::int32_t count = 0;
};

/// Clusters of at least `least_area_m2` of significant pieces, numbered by their first piece, each with a margin of `margin`
/// rings of usable pieces about it: what lies below its limit at the border of a change is part of its volume, and of zero mean
/// where nothing changed. A piece between two clusters goes to the one with the lower number.
/// @param neighbours  neighbours(i, visit) calls visit(j) for the pieces next to piece i
template <class Neighbours>
Clusters find_clusters(const ChangePieces& pieces, Neighbours&& neighbours, double least_area_m2, std::int64_t margin) {
  Clusters out;
  const std::size_t n = pieces.size();
  out.label.assign(n, 0);
  out.member.assign(n, 0);
  std::vector<std::uint8_t> seen(n, 0);
  std::vector<std::size_t> found;
  std::vector<std::vector<std::size_t>> front;
  for (std::size_t first = 0; first < n; ++first) {
    if (seen[first] != 0 || !pieces.significant(first)) continue;
    const bool gain = pieces.change_m[first] > 0.0;
    found.assign(1, first);
    seen[first] = 1;
    double area = 0.0;
    for (std::size_t k = 0; k < found.size(); ++k) {
      area += pieces.area_m2[found[k]];
      neighbours(found[k], [&](std::size_t j) {
        if (seen[j] != 0 || !pieces.significant(j) || (pieces.change_m[j] > 0.0) != gain) return;
        seen[j] = 1;
        found.push_back(j);
      });
    }
    if (!(area >= least_area_m2)) continue;
    ++out.count;
    for (const std::size_t i : found) {
      out.label[i] = out.count;
      out.member[i] = 1;
    }
    front.push_back(found);
  }
  for (std::int64_t ring = 0; ring < margin; ++ring) {
    for (std::size_t c = 0; c < front.size(); ++c) {
      std::vector<std::size_t> next;
      for (const std::size_t i : front[c]) {
        neighbours(i, [&](std::size_t j) {
          if (out.label[j] != 0 || !pieces.usable(j)) return;
          out.label[j] = static_cast<std::int32_t>(c + 1);
          next.push_back(j);
        });
      }
      front[c] = std::move(next);
    }
  }
  return out;
}

/// Pieces without a value beside each cluster (by its number - 1), ascending: all next to its members, and from those on, over
/// `rings` of neighbours, what one epoch saw.
template <class Neighbours>
std::vector<std::vector<std::uint32_t>> missing_beside(const ChangePieces& pieces, const Clusters& clusters,
                                                       const std::vector<std::uint8_t>& seen_once, Neighbours&& neighbours,
                                                       std::int64_t rings) {
  std::vector<std::vector<std::uint32_t>> out(static_cast<std::size_t>(clusters.count));
  std::vector<std::vector<std::uint32_t>> front(out.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (clusters.member[i] == 0) continue;
    auto& here = front[static_cast<std::size_t>(clusters.label[i] - 1)];
    neighbours(i, [&](std::size_t j) {
      if (!pieces.usable(j)) here.push_back(static_cast<std::uint32_t>(j));
    });
  }
  std::vector<std::uint32_t> owner(pieces.size(), 0);
  for (std::size_t c = 0; c < out.size(); ++c) {
    const auto number = static_cast<std::uint32_t>(c + 1);
    std::vector<std::uint32_t> now = std::move(front[c]);
    for (std::int64_t ring = 0; !now.empty(); ++ring) {
      std::vector<std::uint32_t> next;
      for (const std::uint32_t i : now) {
        if (owner[i] == number) continue;
        owner[i] = number;
        out[c].push_back(i);
        if (ring + 1 >= rings) continue;
        neighbours(i, [&](std::size_t j) {
          if (!pieces.usable(j) && seen_once[j] != 0) next.push_back(static_cast<std::uint32_t>(j));
        });
      }
      now = std::move(next);
    }
    std::sort(out[c].begin(), out[c].end());
  }
  return out;
}

}  // namespace highwall
