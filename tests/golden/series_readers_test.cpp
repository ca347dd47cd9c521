// Series readers against facts that others computed: shared/data/README.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "io/readers/reader.hpp"
#include "tests/support/realdata.hpp"

namespace highwall {
namespace {

std::vector<TimeSeries> load(const std::filesystem::path& path, const ReadOptions& options = {}) {
  return std::get<std::vector<TimeSeries>>(read_file(path, options, highwall::Run()).data);
}

/// The base: the zero of east, north, up. Every form is read about it.
const std::vector<double> kBase{35.134707705, 136.977577939, 104.853};

TEST(RealDataSeries, TheFiveFormsOfOneRtklibSolutionAgree) {
  HIGHWALL_NEED_REALDATA();
  const auto folder = realdata() / "gnss" / "matrtklib_static";
  ReadOptions options;
  options.reference_llh = kBase;
  const TimeSeries reference = load(folder / "kin_enu.pos", options).at(0);
  ASSERT_EQ(reference.size(), 301U);
  EXPECT_EQ(to_iso8601(reference.time[0]), "2024-06-24T08:19:42Z");  // 08:20:00 GPST less 18 s
  double mean[3] = {0, 0, 0};
  const double truth[3] = {-0.2232, -0.9647, 0.0096};
  for (std::size_t i = 0; i < reference.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) mean[c] += (reference.value(i, c) - truth[c]) / 301.0 * 1000.0;
  }
  std::printf("mean baseline error E %.2f N %.2f U %.2f mm\n", mean[0], mean[1], mean[2]);
  EXPECT_NEAR(mean[0], -0.43, 0.02);
  EXPECT_NEAR(mean[1], 0.02, 0.02);
  EXPECT_NEAR(mean[2], -0.70, 0.02);
  for (const char* name : {"kin_enu.csv", "kin_llh_utc.pos", "kin_xyz_tow.pos", "kin_dms.pos", "rover.nmea"}) {
    const TimeSeries other = load(folder / name, options).at(0);
    ASSERT_EQ(other.size(), 301U) << name;
    double worst[3] = {0, 0, 0};
    double worst_sigma = 0.0;
    for (std::size_t i = 0; i < other.size(); ++i) {
      ASSERT_EQ(other.time[i], reference.time[i]) << name << " sample " << i;
      for (std::size_t c = 0; c < 3; ++c) {
        worst[c] = std::max(worst[c], std::abs(other.value(i, c) - reference.value(i, c)) * 1000.0);
        worst_sigma = std::max(worst_sigma, std::abs(other.sigma(i, c) - reference.sigma(i, c)) * 1000.0);
      }
    }
    std::printf("%-16s differs by at most %.3f %.3f %.3f mm, its sigmas by %.3f mm\n", name, worst[0], worst[1], worst[2],
                worst_sigma);
    // Their own rounding: seconds of arc with five decimals in dms, millimetres of height in NMEA.
    const bool nmea = std::string(name) == "rover.nmea";
    const double plane = std::string(name) == "kin_dms.pos" ? 0.25 : 0.15;
    EXPECT_LT(worst[0], plane) << name;
    EXPECT_LT(worst[1], plane) << name;
    EXPECT_LT(worst[2], nmea ? 0.55 : plane) << name;
    if (!nmea) {
      EXPECT_LT(worst_sigma, 0.15) << name;
    }
  }
}

TEST(RealDataSeries, DailySeriesOfOneStationAgreeAcrossFormats) {
  HIGHWALL_NEED_REALDATA();
  const auto folder = realdata() / "gnss" / "timeseries";
  const TimeSeries tenv3 = load(folder / "00NA.tenv3").at(0);
  const TimeSeries tenv = load(folder / "00NA.tenv").at(0);
  EXPECT_EQ(tenv3.size(), 3190U);
  EXPECT_EQ(tenv3.target, "00NA");
  EXPECT_EQ(tenv3.time.front().ns % kNsPerDay, kNsPerDay / 2);
  ASSERT_GT(tenv.size(), 100U);
  // Same days: the offset between the two zeros is one constant for each component.
  std::size_t j = 0;
  std::vector<double> offset[3];
  for (std::size_t i = 0; i < tenv.size(); ++i) {
    while (j < tenv3.size() && tenv3.time[j] < tenv.time[i]) ++j;
    if (j == tenv3.size() || tenv3.time[j] != tenv.time[i]) continue;
    for (std::size_t c = 0; c < 3; ++c) offset[c].push_back(tenv3.value(j, c) - tenv.value(i, c));
  }
  EXPECT_GT(offset[0].size(), 1000U);
  for (std::size_t c = 0; c < 3; ++c) {
    const auto [low, high] = std::minmax_element(offset[c].begin(), offset[c].end());
    std::printf("tenv3 less tenv, component %zu: %.3f mm apart at most\n", c, (*high - *low) * 1000.0);
    // The sources differ themselves: east by 0.10 mm over ten years.
    EXPECT_LT(*high - *low, 1.5e-4) << c;
  }
  // The PBO file is another adjustment of the same station: the two agree but for noise and a slow tilt.
  const TimeSeries pbo = load(folder / "00NA.pos").at(0);
  EXPECT_TRUE(pbo.origin_ecef_m.has_value());
  std::vector<double> between[3];
  j = 0;
  for (std::size_t i = 0; i < pbo.size(); ++i) {
    while (j < tenv3.size() && tenv3.time[j] < pbo.time[i]) ++j;
    if (j == tenv3.size() || tenv3.time[j] != pbo.time[i]) continue;
    for (std::size_t c = 0; c < 3; ++c) between[c].push_back(tenv3.value(j, c) - pbo.value(i, c));
  }
  ASSERT_GT(between[0].size(), 1000U);
  for (std::size_t c = 0; c < 3; ++c) {
    double mean = 0.0;
    double square = 0.0;
    for (const double d : between[c]) mean += d / static_cast<double>(between[c].size());
    for (const double d : between[c]) square += (d - mean) * (d - mean) / static_cast<double>(between[c].size());
    std::printf("tenv3 less PBO, component %zu: rms %.2f mm over %zu days\n", c, std::sqrt(square) * 1000.0, between[c].size());
    EXPECT_LT(std::sqrt(square), c == 2 ? 0.012 : 0.004) << c;
  }
  const TimeSeries kunm = load(folder / "kunm.neu").at(0);
  for (std::size_t i = 1; i < kunm.size(); ++i) EXPECT_GT(kunm.time[i], kunm.time[i - 1]) << i;
  EXPECT_EQ(to_iso8601(kunm.time[0]), "1999-01-02T12:00:00Z");
  EXPECT_EQ(load(folder / "kunm.neu").at(0).size(), 4887U);
  EXPECT_EQ(load(folder / "BJFS.ios_gamit_raw.neu").at(0).size(), 8040U);
  EXPECT_GT(load(folder / "00NA.pos").at(0).size(), 2000U);
  EXPECT_GT(load(folder / "CAND.sio.noamf_frame.pos").at(0).size(), 2000U);
}

TEST(RealDataSeries, ArcsarFactsComeOut) {
  HIGHWALL_NEED_REALDATA();
  ReadOptions options;
  options.sign = "toward_negative";
  options.time_zone = "UTC";
  const auto path = realdata() / "radar" / "arcsar_area" / "ARCSAR_ALT-079_displacement.csv";
  const Reading reading = read_file(path, options, highwall::Run());
  const TimeSeries& s = std::get<std::vector<TimeSeries>>(reading.data).at(0);
  EXPECT_EQ(reading.report.format, "arcsar_csv");
  EXPECT_EQ(reading.report.rejected, 0U);
  ASSERT_EQ(s.size(), 56256U);
  EXPECT_EQ(s.target, "ALT-079");
  const auto [low, high] = std::minmax_element(s.value_m.begin(), s.value_m.end());
  EXPECT_NEAR(s.value_m.back(), 0.068130547, 1e-12);  // towards the radar is positive here
  EXPECT_NEAR(*high, 0.069347076, 1e-12);
  EXPECT_NEAR(*low, -0.000792418, 1e-12);
  EXPECT_EQ(to_iso8601(s.time.front()), "2025-07-31T23:59:00Z");
  ASSERT_EQ(s.time_dejittered.size(), s.size());
  for (std::size_t i = 0; i < s.size(); ++i) {
    EXPECT_LT(std::abs(to_seconds(s.time_dejittered[i] - s.time[i])), 180.0);
  }
}

TEST(RealDataSeries, AnUnwrappedPhaseIsReadAsGdalMeansIt) {
  HIGHWALL_NEED_REALDATA();
  ReadOptions options;
  options.sign = "toward_positive";
  options.instant = {"filename:geo_061106-%y%m%d_unw"};
  const auto path = realdata() / "radar" / "pyrate_small_test" / "tif" / "geo_061106-070326_unw.tif";
  const Reading reading = read_file(path, options, highwall::Run());
  const Stack& s = std::get<Stack>(reading.data);
  ASSERT_EQ(s.geometry().rows, 72U);
  ASSERT_EQ(s.geometry().cols, 47U);
  EXPECT_EQ(to_iso8601(s.instants().at(0)), "2007-03-26T00:00:00Z");
  // Phases taken from the strips of the file with an independent decoder; no data is 0.
  const double metres = 0.0562356424 / (4.0 * std::acos(-1.0));
  EXPECT_NEAR(s.at(0)[0], 0.989771842956543 * metres, 1e-12);
  EXPECT_NEAR(s.at(0)[1234], 0.49747636914253235 * metres, 1e-12);
  EXPECT_NEAR(s.at(0)[2000], 0.3516417145729065 * metres, 1e-12);
  double sum = 0.0;
  int missing = 0;
  for (const double v : s.at(0)) std::isnan(v) ? static_cast<void>(++missing) : static_cast<void>(sum += v);
  EXPECT_EQ(missing, 13);
  EXPECT_NEAR(sum, 1843.2190049015917 * metres, 1e-9);
}

TEST(RealDataSeries, PreonzoIsUnderstoodByItsUnitSuffixes) {
  HIGHWALL_NEED_REALDATA();
  const TimeSeries s = load(realdata() / "failures" / "preonzo" / "preonzo_E1_2012_apr-may.csv").at(0);
  EXPECT_EQ(s.size(), 36U);
  EXPECT_FALSE(std::isnan(s.sigma(0)));
}

}  // namespace
}  // namespace highwall
