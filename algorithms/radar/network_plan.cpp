#include "algorithms/radar/network_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/error.hpp"

namespace highwall {
namespace {

// A lane group of the factor then takes 64 MB at most.
constexpr std::size_t kMostEntries = std::size_t{1} << 20U;

void list_parts(NetworkPlan& plan, const InterferogramNetwork& network) {
  std::vector<std::vector<NetworkPlan::Part>> back(plan.instants), forward(plan.instants);
  for (std::size_t p = 0; p < plan.pairs; ++p) {
    const auto a = static_cast<std::uint32_t>(network.pairs[p].first);
    const auto b = static_cast<std::uint32_t>(network.pairs[p].second);
    const auto number = static_cast<std::uint32_t>(p);
    plan.pair_first.push_back(a);
    plan.pair_second.push_back(b);
    back[b].push_back({number, a});
    forward[a].push_back({number, b});
  }
  const auto flatten = [](const auto& lists, std::vector<std::uint32_t>& begin, std::vector<NetworkPlan::Part>& all) {
    for (const auto& list : lists) {
      begin.push_back(static_cast<std::uint32_t>(all.size()));
      all.insert(all.end(), list.begin(), list.end());
    }
    begin.push_back(static_cast<std::uint32_t>(all.size()));
  };
  flatten(back, plan.back_begin, plan.back);
  flatten(forward, plan.forward_begin, plan.forward);
}

void shape_envelope(NetworkPlan& plan) {
  const std::size_t n = plan.unknowns();
  std::size_t entries = 0;
  for (std::size_t i = 0; i < n; ++i) {
    auto lowest = static_cast<std::uint32_t>(i);
    for (std::uint32_t k = plan.back_begin[i + 1]; k < plan.back_begin[i + 2]; ++k) {
      if (plan.back[k].other > 0) lowest = std::min(lowest, plan.back[k].other - 1);
    }
    plan.first.push_back(lowest);
    plan.row_begin.push_back(static_cast<std::uint32_t>(entries));
    entries += i - lowest;
    if (entries > kMostEntries) {
      throw Error(ErrorKind::input,
                  fmt::format("a network of {} acquisitions with pairs that far apart cannot be inverted", plan.instants),
                  "network", "leave out the longest pairs, or invert the years one after the other");
    }
  }
  plan.row_begin.push_back(static_cast<std::uint32_t>(entries));
  plan.entry_pair.assign(entries, NetworkPlan::kNoPair);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::uint32_t k = plan.back_begin[i + 1]; k < plan.back_begin[i + 2]; ++k) {
      if (plan.back[k].other > 0) plan.entry_pair[plan.at(i, plan.back[k].other - 1)] = plan.back[k].pair;
    }
  }
  std::vector<std::vector<std::uint32_t>> columns(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = plan.first[i]; j < i; ++j) columns[j].push_back(static_cast<std::uint32_t>(i));
  }
  for (const auto& column : columns) {
    plan.column_begin.push_back(static_cast<std::uint32_t>(plan.column_row.size()));
    plan.column_row.insert(plan.column_row.end(), column.begin(), column.end());
  }
  plan.column_begin.push_back(static_cast<std::uint32_t>(plan.column_row.size()));
}

}  // namespace

std::vector<std::uint32_t> connected_parts(const NetworkPlan& plan, const std::vector<std::uint8_t>& present,
                                           std::size_t& parts) {
  std::vector<std::uint32_t> parent(plan.instants);
  std::iota(parent.begin(), parent.end(), 0U);
  const auto root = [&](std::uint32_t k) {
    while (parent[k] != k) k = parent[k] = parent[parent[k]];
    return k;
  };
  for (std::size_t p = 0; p < plan.pairs; ++p) {
    if (present[p] == 0) continue;
    const std::uint32_t a = root(plan.pair_first[p]);
    const std::uint32_t b = root(plan.pair_second[p]);
    parent[std::max(a, b)] = std::min(a, b);
  }
  std::vector<std::uint32_t> part(plan.instants);
  std::uint32_t next = 0;
  for (std::uint32_t k = 0; k < plan.instants; ++k) {
    const std::uint32_t r = root(k);
    part[k] = r == k ? next++ : part[r];
  }
  parts = next;
  return part;
}

NetworkPlan plan_network(const InterferogramNetwork& network) {
  NetworkPlan plan;
  plan.instants = network.instants.size();
  plan.pairs = network.pairs.size();
  if (plan.instants < 2 || plan.pairs == 0) throw Error(ErrorKind::input, "a network has two acquisitions at least", "network");
  list_parts(plan, network);
  shape_envelope(plan);
  std::size_t parts = 0;
  connected_parts(plan, std::vector<std::uint8_t>(plan.pairs, 1), parts);
  plan.rank = plan.instants - parts;
  return plan;
}

}  // namespace highwall
