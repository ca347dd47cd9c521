#include "io/archive/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "io/archive/zero.hpp"

namespace highwall {
namespace {

/// Two exports of one row may be rounded apart by their text; a tenth of a micrometre is no change.
constexpr double kEqualRow_m = 1e-7;

bool same_row(const TimeSeries& a, std::size_t i, const TimeSeries& b, std::size_t j) {
  if (a.width() != b.width()) return false;
  for (std::size_t c = 0; c < a.width(); ++c) {
    const double x = a.value(i, c);
    const double y = b.value(j, c);
    if (std::isnan(x) != std::isnan(y)) return false;
    if (!std::isnan(x) && std::abs(x - y) > kEqualRow_m) return false;
  }
  return true;
}

template <class T>
void extend(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void append_rows(TimeSeries& to, const TimeSeries& from) {
  // Optional columns survive only while every block has them.
  const bool clock = to.time_dejittered.size() == to.size() && from.time_dejittered.size() == from.size();
  const bool covariance = to.covariance_m2.size() == 3 * to.size() && from.covariance_m2.size() == 3 * from.size();
  extend(to.time, from.time);
  extend(to.value_m, from.value_m);
  extend(to.sigma_m, from.sigma_m);
  extend(to.flags, from.flags);
  clock ? extend(to.time_dejittered, from.time_dejittered) : to.time_dejittered.clear();
  covariance ? extend(to.covariance_m2, from.covariance_m2) : to.covariance_m2.clear();
}

bool share_a_stamp(const TimeSeries& sorted, const TimeSeries& other) {
  return std::any_of(other.time.begin(), other.time.end(),
                     [&](Instant t) { return std::binary_search(sorted.time.begin(), sorted.time.end(), t); });
}

}  // namespace

void SeriesMerge::sort(Rows& rows) {
  if (rows.sorted) return;
  const auto& time = rows.series.time;
  if (!std::is_sorted(time.begin(), time.end())) rows.series = select(rows.series, time_order(rows.series));
  rows.sorted = true;
}

bool SeriesMerge::add(Instant instant, const std::string& id, const std::vector<TimeSeries>& block) {
  const Key key{instant, id};
  for (std::size_t place = 0; place < block.size(); ++place) {
    const auto [found, is_new] = targets_.try_emplace(block[place].target);
    Rows& rows = found->second;
    if (is_new) {
      rows = {key, key, place, false, block[place]};
      continue;
    }
    if (block[place].width() != rows.series.width()) {
      throw Error(ErrorKind::storage,
                  fmt::format("{} has {} components in block {} and {} before it", block[place].target, block[place].width(), id,
                              rows.series.width()),
                  {}, "take the block that is wrong, and its drop file, out of the way");
    }
    if (key < rows.first) return false;
    const TimeSeries told = about_zero_of(rows.series, block[place]);
    if (key < rows.last) {
      sort(rows);
      if (share_a_stamp(rows.series, told)) return false;
    }
    append_rows(rows.series, told);
    rows.last = std::max(rows.last, key);
    rows.sorted = false;
  }
  return true;
}

const TimeSeries* SeriesMerge::find(const std::string& target) {
  const auto found = targets_.find(target);
  if (found == targets_.end()) return nullptr;
  sort(found->second);
  return &found->second.series;
}

std::vector<TimeSeries> SeriesMerge::all() {
  std::vector<Rows*> order;
  for (auto& [target, rows] : targets_) order.push_back(&rows);
  std::sort(order.begin(), order.end(),
            [](const Rows* a, const Rows* b) { return a->first != b->first ? a->first < b->first : a->place < b->place; });
  std::vector<TimeSeries> series;
  for (Rows* rows : order) {
    sort(*rows);
    series.push_back(rows->series);
  }
  return series;
}

RowMatch match_rows(const TimeSeries* known, const TimeSeries& told) {
  RowMatch match;
  const std::vector<std::size_t> order = time_order(told);
  for (std::size_t i = 0; i < order.size();) {
    const Instant stamp = told.time[order[i]];
    std::size_t k = 0;
    const std::size_t n = known == nullptr ? 0 : known->size();
    if (known != nullptr) {
      k = static_cast<std::size_t>(std::lower_bound(known->time.begin(), known->time.end(), stamp) - known->time.begin());
    }
    for (; i < order.size() && told.time[order[i]] == stamp; ++i, ++k) {
      ++match.looked_at;
      if (k >= n || known->time[k] != stamp) {
        match.added.push_back(order[i]);
        k = n;
      } else if (same_row(told, order[i], *known, k)) {
        ++match.equal;
      } else {
        match.changed.emplace_back(order[i], k);
      }
    }
  }
  return match;
}

}  // namespace highwall
