// The robust trend of a real GNSS station against published figures.
#include "algorithms/series/midas.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "io/readers/reader.hpp"
#include "tests/support/realdata.hpp"

namespace highwall {
namespace {

TimeSeries load(const char* name) {
  return std::get<std::vector<TimeSeries>>(
             read_file(realdata() / "gnss" / "timeseries" / name, ReadOptions{}, highwall::Run()).data)
      .at(0);
}

TEST(RealDataMidas, Station00NAMovesAsPublished) {
  HIGHWALL_NEED_REALDATA();
  const TimeSeries tenv3 = load("00NA.tenv3");
  const TimeSeries pbo = load("00NA.pos");
  std::vector<std::size_t> same_span;
  for (std::size_t i = 0; i < tenv3.size(); ++i) {
    if (tenv3.time[i] >= pbo.time.front() && tenv3.time[i] <= pbo.time.back()) same_span.push_back(i);
  }
  const TimeSeries cut = select(tenv3, same_span);
  const double expected[] = {36.3, 58.5, -1.1};      // mm/yr, shared/data/README.md: tenv3, to 2018
  const double expected_pbo[] = {35.8, 58.9, -0.9};  // the PBO file, which ends in 2016
  for (std::size_t c = 0; c < 3; ++c) {
    const auto mm_per_year = [&](const TimeSeries& s) { return 365250.0 * midas(s, MidasOptions{}, c).velocity_m_per_day; };
    std::printf("%s: tenv3 %.2f, cut %.2f, PBO %.2f mm/yr\n", tenv3.components[c].c_str(), mm_per_year(tenv3), mm_per_year(cut),
                mm_per_year(pbo));
    EXPECT_NEAR(mm_per_year(tenv3), expected[c], 0.5);
    EXPECT_NEAR(mm_per_year(pbo), expected_pbo[c], 0.5);
  }
}

TEST(Midas, ALineWithSeasonsAndAStepKeepsItsSlope) {
  TimeSeries s;
  s.target = "line";
  s.components = {"east"};
  for (int day = 0; day < 2000; ++day) {
    const double season = 0.005 * std::sin(2.0 * 3.14159265358979 * day / 365.25);
    s.push(Instant{} + days(day), {1e-4 * day + season + (day > 1200 ? 0.02 : 0.0)});
  }
  const Trend trend = midas(s, MidasOptions{});
  EXPECT_NEAR(trend.velocity_m_per_day, 1e-4, 2e-6);
  EXPECT_TRUE(std::isnan(midas(select(s, {0, 1, 2}), MidasOptions{}).velocity_m_per_day));
}

}  // namespace
}  // namespace highwall
