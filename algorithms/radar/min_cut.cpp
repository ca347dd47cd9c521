#include "algorithms/radar/min_cut.hpp"

#include <algorithm>
#include <limits>

namespace highwall {

// Flow runs from nodes that want label 1 (price below zero: `excess_` < 0) to nodes that want label 0 (`excess_` > 0). Terminals
// are not built: a node with excess is its own.

void MinCut::add_edge(std::size_t a, std::size_t b, std::int64_t price) {
  const auto arc = static_cast<std::uint32_t>(arcs_.size());
  arcs_.push_back({static_cast<std::uint32_t>(b), price});
  arcs_.push_back({static_cast<std::uint32_t>(a), price});
  arcs_of_[a].push_back(arc);
  arcs_of_[b].push_back(arc + 1);
}

/// Distance from the nodes that want label 1, along arcs with room. @return whether one that wants 0 is reached
bool MinCut::levels() {
  level_.assign(excess_.size(), -1);
  std::vector<std::size_t> queue;
  for (std::size_t n = 0; n < excess_.size(); ++n) {
    if (excess_[n] >= 0) continue;
    level_[n] = 0;
    queue.push_back(n);
  }
  bool reached = false;
  for (std::size_t at = 0; at < queue.size(); ++at) {
    const std::size_t node = queue[at];
    if (excess_[node] > 0) reached = true;
    for (const std::uint32_t arc : arcs_of_[node]) {
      const std::size_t to = arcs_[arc].to;
      if (arcs_[arc].capacity <= 0 || level_[to] >= 0) continue;
      level_[to] = level_[node] + 1;
      queue.push_back(to);
    }
  }
  return reached;
}

/// One path of the level graph from `from` to a node that wants 0. @return the flow it took, 0 = there is none
std::int64_t MinCut::push(std::size_t from) {
  path_.clear();
  std::size_t node = from;
  while (true) {
    if (excess_[node] > 0) break;
    bool advanced = false;
    for (std::size_t& i = next_[node]; i < arcs_of_[node].size(); ++i) {
      const Arc& arc = arcs_[arcs_of_[node][i]];
      if (arc.capacity <= 0 || level_[arc.to] != level_[node] + 1) continue;
      path_.push_back(arcs_of_[node][i]);
      node = arc.to;
      advanced = true;
      break;
    }
    if (advanced) continue;
    if (path_.empty()) return 0;
    level_[node] = -1;  // A dead end.
    node = arcs_[path_.back() ^ 1U].to;
    path_.pop_back();
  }
  std::int64_t flow = std::min(-excess_[from], excess_[node]);
  for (const std::uint32_t arc : path_) flow = std::min(flow, arcs_[arc].capacity);
  for (const std::uint32_t arc : path_) {
    arcs_[arc].capacity -= flow;
    arcs_[arc ^ 1U].capacity += flow;
  }
  excess_[from] += flow;
  excess_[node] -= flow;
  return flow;
}

std::vector<std::uint8_t> MinCut::solve() {
  while (levels()) {
    next_.assign(excess_.size(), 0);
    for (std::size_t n = 0; n < excess_.size(); ++n) {
      while (excess_[n] < 0 && push(n) > 0) {
      }
    }
  }
  // What can still be reached from a wish for label 1 has it.
  std::vector<std::uint8_t> label(excess_.size());
  for (std::size_t n = 0; n < excess_.size(); ++n) label[n] = level_[n] >= 0 ? 1 : 0;
  return label;
}

}  // namespace highwall
