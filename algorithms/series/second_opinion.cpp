#include "algorithms/series/second_opinion.hpp"

#include "algorithms/series/gap.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

struct Eighth {
  std::vector<double> t_days;
  std::vector<double> x_m;
  bool enough() const { return t_days.size() >= 3; }
};

}  // namespace

double median_difference_rate(const TimeSeries& s, std::size_t sample, double window_days, std::size_t c) {
  const Instant end = s.time[sample];
  Eighth first;
  Eighth last;
  for (std::size_t k = sample + 1; k-- > 0;) {
    const double age = to_days(end - s.time[k]).value;
    if (age > window_days) break;
    if (age > window_days / 8.0 && age < window_days * 7.0 / 8.0) continue;
    if (!is_measured(s, k)) continue;
    Eighth& part = age <= window_days / 8.0 ? last : first;
    part.t_days.push_back(-age);
    part.x_m.push_back(s.value(k, c));
  }
  if (!first.enough() || !last.enough()) return kNaN;
  return (median(last.x_m) - median(first.x_m)) / (median(last.t_days) - median(first.t_days));
}

double recent_rate(const TimeSeries& s, std::size_t sample, Instant since, std::size_t c, std::size_t fewest) {
  double n = 0, st = 0, sx = 0, stt = 0, stx = 0;
  for (std::size_t k = sample + 1; k-- > 0 && s.time[k] >= since;) {
    if (!is_measured(s, k)) continue;
    const double t = to_days(s.time[k] - s.time[sample]).value;
    const double x = s.value(k, c) - s.value(sample, c);
    n += 1.0;
    st += t;
    sx += x;
    stt += t * t;
    stx += t * x;
  }
  const double spread = n * stt - st * st;
  return n < static_cast<double>(fewest) || !(spread > 0.0) ? kNaN : (n * stx - st * sx) / spread;
}

}  // namespace highwall
