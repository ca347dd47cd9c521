// The synthetic S-SAR scans against the numbers they were made of (truth.json beside them).
#include <gtest/gtest.h>

#include <cmath>

#include "algorithms/radar/velocity_stream.hpp"
#include "core/statistics.hpp"
#include "io/readers/reader.hpp"
#include "io/readers/scans/scan_files.hpp"
#include "tests/support/realdata.hpp"

namespace highwall {
namespace {

constexpr std::size_t kRows = 80;
constexpr std::size_t kCols = 60;
constexpr double kStep_d = 300.0 / 86400.0;
constexpr std::size_t kPeak = 35 * kCols + 36;

ScanFileOptions told() {
  ScanFileOptions options;
  options.start = "2025-01-01T00:00:00Z";
  options.interval_s = 300.0;
  options.sign = "toward_negative";
  options.unit = "mm";
  options.values = "increments";
  options.wavelength_mm = 17.2;
  return options;
}

/// Share of the peak's motion that a cell has.
double bowl(std::size_t row, std::size_t col) {
  const double range = 400.0 + 800.0 * static_cast<double>(row) / (kRows - 1);
  const double azimuth = (-30.0 + 60.0 * static_cast<double>(col) / (kCols - 1)) * 3.14159265358979323846 / 180.0;
  return std::exp(-(std::pow((range - 750.0) / 60.0, 2) + std::pow((azimuth - 0.1) / 0.08, 2)));
}

/// Motion of a cell towards the radar until scan k, since before the first.
double truth_m(std::size_t row, std::size_t col, int k) {
  double sum = 0.0;
  for (int j = 0; j <= k; ++j) sum += 0.05e-3 * std::exp(j / 30.0);
  return sum * bowl(row, col);
}

/// Numbers of "name": [...] in a JSON text.
std::vector<double> numbers_of(const std::string& text, const std::string& name) {
  std::vector<double> numbers;
  std::size_t at = text.find('[', text.find('"' + name + '"')) + 1;
  while (text[at] != ']') {
    std::size_t used = 0;
    numbers.push_back(std::stod(text.substr(at), &used));
    at += used;
    while (text[at] == ',' || text[at] == ' ') ++at;
  }
  return numbers;
}

TEST(RealDataSsarStream, RecoversTheBowlFindsTheWrapAndTakesOffTheAtmosphere) {
  HIGHWALL_NEED_REALDATA();
  const auto folder = realdata() / "radar/ssar_diffimage_synthetic";
  const OpenedScans opened = open_scans({folder}, told(), highwall::Run(1));
  const ScanSource& scans = *opened.source;
  const std::vector<double> per_km = numbers_of(load_file(folder / "truth.json"), "atm_mm_per_km");
  ASSERT_EQ(per_km.size(), 60u);
  VelocityStreamOptions options;
  options.windows_h = {1.0, 3.0};
  VelocityStream stream(scans.grid(), scans.value(), options);
  double air_truth = 0.0;
  std::size_t corrected = 0;
  std::size_t aliased = 0;
  for (std::size_t k = 0; k < scans.size(); ++k) {
    const VelocityScan& scan = stream.push(scans.read(k), highwall::Run(1));
    air_truth += per_km[k];
    // The files count motion towards the radar as negative. Between 400 and 1200 m, where the radar looks.
    const double near_to_far = 1e3 * (0.8 * scan.atmosphere.per_km_m + 1.28 * scan.atmosphere.per_km2_m);
    EXPECT_NEAR(near_to_far, -0.8 * air_truth, 0.03 + 0.001 * static_cast<double>(k)) << "scan " << k;
    corrected += scan.corrected;
    aliased += scan.newly_aliased;
    if (k != 41) {
      EXPECT_EQ(scan.corrected, 0u) << "scan " << k;
    }
  }
  const VelocityScan& last = stream.last();
  EXPECT_EQ(corrected, 12u);
  EXPECT_EQ(aliased, 0u);
  // Noise of 0.1 mm an increment adds up to 0.77 mm in 60 scans.
  double squares = 0.0;
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t c = 0; c < kCols; ++c) {
      const std::size_t i = r * kCols + c;
      const bool wrapped = r >= 34 && r < 38 && c >= 36 && c < 39;
      EXPECT_EQ((last.flags[i] & cell_flag::corrected) != 0, wrapped) << r << ' ' << c;
      const double off = (last.displacement_m[i] - truth_m(r, c, 59)) / (1e-4 * std::sqrt(60.0));
      if (wrapped) {
        EXPECT_LT(std::abs(off), 4.5) << r << ' ' << c;
      }
      squares += off * off;
    }
  }
  EXPECT_NEAR(std::sqrt(squares / (kRows * kCols)), 1.0, 0.05);
  EXPECT_GT(last.atmosphere.stable, 4500u);
  EXPECT_NEAR(last.atmosphere.after_m, 1.0e-4, 0.25e-4);
  EXPECT_GT(last.atmosphere.before_m, 2.0 * last.atmosphere.after_m);
  EXPECT_EQ(last.flags[kPeak] & cell_flag::stable, 0);
}

TEST(RealDataSsarStream, IntervalsHoldTheTruth) {
  HIGHWALL_NEED_REALDATA();
  const OpenedScans opened = open_scans({realdata() / "radar/ssar_diffimage_synthetic"}, told(), highwall::Run(1));
  VelocityStreamOptions options;
  options.windows_h = {1.0, 3.0};
  VelocityStream stream(opened.source->grid(), opened.source->value(), options);
  for (std::size_t k = 0; k < opened.source->size(); ++k) stream.push(opened.source->read(k), highwall::Run(1));
  for (const WindowVelocity& w : stream.last().windows) {
    std::size_t inside = 0;
    for (std::size_t i = 0; i < kRows * kCols; ++i) {
      ASSERT_EQ(w.reason[i], Reason::ok);
      const int scans = static_cast<int>(w.window_h * 12.0);
      const double moved = truth_m(i / kCols, i % kCols, 59) - truth_m(i / kCols, i % kCols, 59 - scans);
      inside += std::abs(w.velocity_m_per_day[i] - moved / (scans * kStep_d)) < kNormal95 * w.sigma_m_per_day[i] ? 1 : 0;
    }
    EXPECT_NEAR(static_cast<double>(inside) / (kRows * kCols), 0.95, 0.02) << w.window_h << " h";
    EXPECT_GT(w.z[kPeak], 7.0);
  }
  // The increments grow by a thirtieth a scan: the longer window sees that.
  EXPECT_EQ(stream.last().windows[1].motion[kPeak], CellMotion::progressive);
}

}  // namespace
}  // namespace highwall
