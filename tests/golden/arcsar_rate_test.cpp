// Velocities of a real slope radar series and the honesty of their sigmas.
#include <gtest/gtest.h>

#include <cmath>

#include "algorithms/radar/velocity_stream.hpp"
#include "algorithms/series/noise.hpp"
#include "algorithms/series/rate.hpp"
#include "io/readers/reader.hpp"
#include "tests/support/realdata.hpp"

namespace highwall {
namespace {

TimeSeries arcsar() {
  ReadOptions options;
  options.sign = "toward_negative";
  options.time_zone = "UTC";
  const auto path = realdata() / "radar" / "arcsar_area" / "ARCSAR_ALT-079_displacement.csv";
  return std::get<std::vector<TimeSeries>>(read_file(path, options, highwall::Run()).data).at(0);
}

Instant at(const char* text) { return *parse_iso8601(text); }

TEST(RealDataArcsar, LargestVelocitiesAreThoseOfAnIndependentComputation) {
  HIGHWALL_NEED_REALDATA();
  const TimeSeries s = arcsar();
  const auto rates = rate(s, RateOptions{}, highwall::Run());
  const double expected[] = {4.105, 1.796, 1.081, 0.652, 0.394, 0.215};  // mm/h, shared/data/README.md
  for (std::size_t w = 0; w < rates.size(); ++w) {
    double largest = 0.0;
    std::size_t where = 0;
    for (std::size_t i = 0; i < s.size(); ++i) {
      const double v = std::abs(rates[w].velocity_m_per_day[i]);
      if (v > largest) {
        largest = v;
        where = i;
      }
    }
    const double mm_per_h = to_mm_per_h(MetresPerDay(largest));
    std::printf("%2.0f h: %.4f mm/h at %s\n", rates[w].window_h, mm_per_h, to_iso8601(s.time[where]).c_str());
    EXPECT_NEAR(mm_per_h, expected[w], 0.005 * expected[w]);
    if (w == 0) {
      EXPECT_EQ(to_iso8601(s.time[where]), "2025-09-25T18:14:00Z");
    }
    if (w == 4) {
      EXPECT_EQ(to_iso8601(s.time[where]), "2025-09-26T08:57:00Z");
    }
  }
}

TEST(RealDataArcsar, SigmaOfOneQuietPeriodCoversTheNext) {
  HIGHWALL_NEED_REALDATA();
  const TimeSeries s = arcsar();
  auto rates = rate(s, RateOptions{}, highwall::Run());
  const auto calibrations = calibrate(rates, s, {{at("2025-08-13T00:00:00Z"), at("2025-08-17T00:00:00Z")}});
  const Instant from = at("2025-08-17T00:00:00Z");
  const Instant to = at("2025-08-21T00:00:00Z");
  const double low[] = {0.88, 0.88, 0.85, 0.80, 0.0, 0.0};
  const double high[] = {0.99, 0.99, 1.0, 1.0, 1.0, 1.0};
  for (std::size_t w = 0; w < rates.size(); ++w) {
    double inside = 0.0;
    double n = 0.0;
    for (std::size_t i = 0; i < s.size(); ++i) {
      if (s.time[i] < from + duration_from_seconds(rates[w].window_h * 3600.0) || s.time[i] > to) continue;
      if (rates[w].reason[i] != Reason::ok) continue;
      n += 1.0;
      if (std::abs(rates[w].velocity_m_per_day[i]) <= 1.96 * rates[w].sigma_m_per_day[i]) inside += 1.0;
    }
    std::printf("%2.0f h: sigma %.4f mm/h by %s, %2.0f independent windows; covers %.1f %% of %.0f\n", rates[w].window_h,
                to_mm_per_h(MetresPerDay(calibrations[w].sigma_m_per_day)), calibrations[w].method.c_str(),
                calibrations[w].independent_windows, 100.0 * inside / n, n);
    EXPECT_GE(inside / n, low[w]);
    EXPECT_LE(inside / n, high[w]);
  }
}

TEST(RealDataArcsar, TheStreamTellsWhatRateTellsAndItsScatterCoversTheNextDays) {
  HIGHWALL_NEED_REALDATA();
  const TimeSeries s = arcsar();
  const auto rates = rate(s, RateOptions{}, highwall::Run());
  auto streamed = rates;
  ScanGrid grid;
  grid.rows = grid.cols = 1;
  VelocityStreamOptions options;
  options.atmosphere = "off";
  options.refit_z = 1e9;
  VelocityStream stream(grid, ScanValue::cumulative, options);
  for (std::size_t i = 0; i < s.size(); ++i) {
    const VelocityScan& scan = stream.push({s.time[i], "", {static_cast<float>(s.value_m[i])}, {}, {}}, highwall::Run(1));
    for (std::size_t w = 0; w < rates.size(); ++w) {
      streamed[w].velocity_m_per_day[i] = scan.windows[w].velocity_m_per_day[0];
      // One area has no neighbours to be calibrated by.
      EXPECT_FALSE(std::isfinite(scan.windows[w].sigma_m_per_day[0]));
    }
  }
  // Scatter of four days, taken from time instead of from cells of one range, is held against the next four.
  calibrate(streamed, s, {{at("2025-08-13T00:00:00Z"), at("2025-08-17T00:00:00Z")}});
  const Instant from = at("2025-08-17T00:00:00Z");
  const Instant to = at("2025-08-21T00:00:00Z");
  for (std::size_t w = 0; w < rates.size(); ++w) {
    double difference = 0.0;
    double size = 0.0;
    double inside = 0.0;
    double n = 0.0;
    for (std::size_t i = 0; i < s.size(); ++i) {
      const double v = streamed[w].velocity_m_per_day[i];
      const double other = rates[w].velocity_m_per_day[i];
      if (!std::isfinite(v) || !std::isfinite(other)) continue;
      difference += (v - other) * (v - other);
      size += other * other;
      if (s.time[i] < from + duration_from_seconds(rates[w].window_h * 3600.0) || s.time[i] > to) continue;
      n += 1.0;
      inside += std::abs(v) <= 1.96 * streamed[w].sigma_m_per_day[i] ? 1.0 : 0.0;
    }
    const double apart = std::sqrt(difference / size);
    std::printf("%2.0f h: rms off rate() by %.2f %%; covers %.1f %% of %.0f\n", rates[w].window_h, 100.0 * apart,
                100.0 * inside / n, n);
    // The window's far end is known to a 24th: velocities differ by as much as they change in that.
    EXPECT_LT(apart, 0.05);
    if (rates[w].window_h <= 12.0) {
      EXPECT_GE(inside / n, 0.88) << rates[w].window_h << " h";
      EXPECT_LE(inside / n, 0.99) << rates[w].window_h << " h";
    }
  }
}

}  // namespace
}  // namespace highwall
