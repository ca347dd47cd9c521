#include "io/readers/insar/instants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace highwall::insar {
namespace {

constexpr Duration kOneAcquisition{60 * kNsPerSecond};

Instant date_of(Instant t) {
  const std::int64_t day = t.ns / kNsPerDay - (t.ns % kNsPerDay < 0 ? 1 : 0);
  return Instant{day * kNsPerDay};
}

template <class Change>
void change_all(std::vector<Layer>& layers, Change change) {
  for (Layer& layer : layers) {
    layer.first = change(layer.first);
    layer.second = change(layer.second);
  }
}

/// The first of the times that follow each other closely stands for all of them.
std::map<Instant, Instant> merged(const std::vector<Layer>& layers) {
  std::map<Instant, Instant> to;
  for (const Layer& layer : layers) {
    to[layer.first] = layer.first;
    to[layer.second] = layer.second;
  }
  Instant head = kNoInstant;
  for (auto& [from, into] : to) {
    const bool same = head != kNoInstant && from - head <= kOneAcquisition && date_of(from) == date_of(head);
    if (!same) head = from;
    into = head;
  }
  return to;
}

}  // namespace

void settle_instants(std::vector<Layer>& layers, Report& report) {
  const auto dated = std::count_if(layers.begin(), layers.end(), [](const Layer& l) { return !l.has_clock; });
  const bool within_a_day = std::any_of(layers.begin(), layers.end(), [](const Layer& l) {
    const std::int64_t apart = (l.second - l.first).ns;
    return l.has_clock && apart < kNsPerDay && apart > -kNsPerDay;
  });
  if (dated > 0) {
    change_all(layers, date_of);
    report.warn(fmt::format("the acquisitions have dates{}: they count as 00:00 UTC",
                            static_cast<std::size_t>(dated) == layers.size() ? "" : ", and only some of them times of day"));
  } else if (!within_a_day) {
    const std::map<Instant, Instant> to = merged(layers);
    change_all(layers, [&](Instant t) { return to.at(t); });
  }
  std::size_t turned = 0;
  for (Layer& layer : layers) {
    if (layer.first <= layer.second) continue;
    std::swap(layer.first, layer.second);
    if (layer.role != Role::phase) continue;
    layer.scale = -layer.scale;
    layer.perpendicular_baseline_m = -layer.perpendicular_baseline_m;
    ++turned;
  }
  if (turned > 0) report.warn(fmt::format("{} interferograms begin with the later acquisition: they are turned round", turned));
}

}  // namespace highwall::insar
