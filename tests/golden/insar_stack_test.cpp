// Stacks of interferograms as other programs write them: dates, pairs, wavelength and pixels that are known.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <numbers>

#include "core/error.hpp"
#include "io/readers/insar/insar.hpp"
#include "io/readers/reader.hpp"
#include "tests/support/insar_files.hpp"
#include "tests/support/realdata.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

std::size_t pair_of(const InterferogramNetwork& n, const char* first, const char* second) {
  for (std::size_t p = 0; p < n.pairs.size(); ++p) {
    const bool one = to_iso8601(n.instants[n.pairs[p].first]).rfind(first, 0) == 0;
    if (one && to_iso8601(n.instants[n.pairs[p].second]).rfind(second, 0) == 0) return p;
  }
  ADD_FAILURE() << first << " to " << second << " is not there";
  return 0;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(RealDataInsarStack, MintpyStackHasItsPairsAndTheStoredPixels) {
  HIGHWALL_NEED_REALDATA();
  const OpenedStack o = open_stack({realdata() / "radar/synthetic_mintpy_small/ifgramStack.h5"});
  const InterferogramNetwork& n = o.source->network();
  EXPECT_EQ(n.geometry.rows, 60U);
  EXPECT_EQ(n.geometry.cols, 60U);
  ASSERT_EQ(n.pairs.size(), 120U);
  ASSERT_EQ(n.instants.size(), 40U);
  EXPECT_EQ(to_iso8601(n.instants.front()), "2019-01-01T00:00:00Z");
  EXPECT_EQ(to_iso8601(n.instants.back()), "2020-04-13T00:00:00Z");
  EXPECT_DOUBLE_EQ(n.wavelength_m, 0.05546576);
  EXPECT_DOUBLE_EQ(n.metres_per_radian, -0.05546576 / (4.0 * std::numbers::pi));
  EXPECT_DOUBLE_EQ(n.looks, 7.0);
  ASSERT_TRUE(n.reference.has_value());
  EXPECT_EQ((*n.reference)[0], 5U);
  EXPECT_EQ((*n.reference)[1], 5U);
  EXPECT_TRUE(n.has_coherence);
  EXPECT_EQ(n.processor, "mintpy");
  const StackPixels rows = stack_pixels(*o.source, 60);
  for (const std::size_t step : {1U, 7U, 59U}) {
    const StackPixels others = stack_pixels(*o.source, step);
    EXPECT_TRUE(same_bits(rows.phase, others.phase)) << step;
    EXPECT_TRUE(same_bits(rows.coherence, others.coherence)) << step;
  }
  // Stored values by h5py: unwrapPhase[0,20,30], [119,59,0], coherence[7,3,2].
  EXPECT_EQ(rows.phase[20 * 60 + 30], 0.148833394F);
  EXPECT_EQ(rows.phase[119 * 3600 + 59 * 60], -0.610161364F);
  EXPECT_EQ(rows.coherence[7 * 3600 + 3 * 60 + 2], 0.414966613F);
  EXPECT_EQ(rows.phase[5 * 60 + 5], 0.0F);
  EXPECT_FLOAT_EQ(static_cast<float>(n.pairs[119].perpendicular_baseline_m), 11.0230103F);
}

TEST(RealDataInsarStack, PyrateStackOfEnvisat) {
  HIGHWALL_NEED_REALDATA();
  const fs::path folder = realdata() / "radar/pyrate_small_test/tif";
  const OpenedStack o = open_stack({folder});
  const InterferogramNetwork& n = o.source->network();
  EXPECT_EQ(n.geometry.rows, 72U);
  EXPECT_EQ(n.geometry.cols, 47U);
  EXPECT_EQ(n.pairs.size(), 17U);
  EXPECT_EQ(n.instants.size(), 13U);
  EXPECT_EQ(to_iso8601(n.instants.front()), "2006-06-19T00:00:00Z");
  EXPECT_EQ(to_iso8601(n.instants.back()), "2007-09-17T00:00:00Z");
  EXPECT_DOUBLE_EQ(n.wavelength_m, 0.0562356424);
  EXPECT_EQ(n.geometry.frame.crs, "EPSG:4326");
  EXPECT_DOUBLE_EQ(n.geometry.affine[0], 150.91);
  EXPECT_FALSE(n.has_coherence);
  EXPECT_FALSE(n.reference.has_value());
  EXPECT_EQ(pair_of(n, "2006-06-19", "2006-10-02"), 0U);
  EXPECT_EQ(pair_of(n, "2007-07-09", "2007-08-13"), 16U);
  // The list beside the files names the same stack.
  const OpenedStack by_list = open_stack({folder / "ifms_17"});
  EXPECT_TRUE(same_bits(stack_pixels(*o.source, 72).phase, stack_pixels(*by_list.source, 5).phase));
}

TEST(RealDataInsarStack, PyrateStackOfSentinelWithCoherence) {
  HIGHWALL_NEED_REALDATA();
  const fs::path folder = realdata() / "radar/pyrate_cropA";
  const OpenedStack o = open_stack({folder / "geotiffs"});
  const InterferogramNetwork& n = o.source->network();
  EXPECT_EQ(n.geometry.rows, 60U);
  EXPECT_EQ(n.geometry.cols, 100U);
  EXPECT_EQ(n.pairs.size(), 30U);
  EXPECT_EQ(n.instants.size(), 13U);
  EXPECT_EQ(to_iso8601(n.instants.front()).substr(0, 10), "2018-01-06");
  EXPECT_EQ(to_iso8601(n.instants.back()).substr(0, 10), "2018-07-17");
  EXPECT_DOUBLE_EQ(n.wavelength_m, 0.05550415767769124);
  EXPECT_TRUE(n.has_coherence);
  // Lists that were written elsewhere: their entries are found below the folder that they lie in.
  const OpenedStack by_list = open_stack({folder / "ifg_30", folder / "coherence_30"});
  const StackPixels rows = stack_pixels(*o.source, 60);
  const StackPixels listed = stack_pixels(*by_list.source, 13);
  EXPECT_TRUE(same_bits(rows.phase, listed.phase));
  EXPECT_TRUE(same_bits(rows.coherence, listed.coherence));
  const auto valid = std::count_if(rows.coherence.begin(), rows.coherence.end(), [](float c) { return c > 0.0F && c <= 1.0F; });
  EXPECT_GT(valid, 170000);
}

TEST(RealDataInsarStack, RoipacEqualsItsGeotiffs) {
  HIGHWALL_NEED_REALDATA();
  const OpenedStack roipac = open_stack({realdata() / "radar/roipac"});
  const OpenedStack tiff = open_stack({realdata() / "radar/pyrate_small_test/tif"});
  const InterferogramNetwork& n = roipac.source->network();
  EXPECT_EQ(n.processor, "roipac");
  EXPECT_EQ(n.instants, tiff.source->network().instants);
  EXPECT_DOUBLE_EQ(n.wavelength_m, 0.0562356424);
  EXPECT_EQ(n.geometry.frame.crs, "EPSG:4326");
  EXPECT_EQ(n.geometry, tiff.source->network().geometry);
  const StackPixels rows = stack_pixels(*roipac.source, 72);
  EXPECT_TRUE(same_bits(rows.phase, stack_pixels(*tiff.source, 72).phase));
  EXPECT_TRUE(same_bits(rows.phase, stack_pixels(*roipac.source, 11).phase));
  // The amplitude is 0 in all pixels, and no reason to have no phase.
  EXPECT_GT(std::count_if(rows.phase.begin(), rows.phase.end(), [](float v) { return std::isfinite(v); }), 40000);
  const OpenedStack by_list = open_stack({realdata() / "radar/roipac/ifms_17"});
  EXPECT_TRUE(same_bits(rows.phase, stack_pixels(*by_list.source, 72).phase));
}

TEST(RealDataInsarStack, GammaEqualsItsGeotiff) {
  HIGHWALL_NEED_REALDATA();
  const fs::path folder = realdata() / "radar/gamma_binary";
  const OpenedStack gamma = open_stack({folder / "16x20_20090713-20090817_VV_4rlks_utm.unw"});
  InsarOptions named;
  named.phase = "*_utm.tif";
  const OpenedStack tiff = open_stack({folder / "16x20_20090713-20090817_VV_4rlks_utm.tif"}, named);
  const InterferogramNetwork& n = gamma.source->network();
  EXPECT_EQ(n.geometry.rows, 20U);
  EXPECT_EQ(n.geometry.cols, 16U);
  EXPECT_EQ(to_iso8601(n.instants.front()), "2009-07-13T00:00:00Z");
  EXPECT_EQ(to_iso8601(n.instants.back()), "2009-08-17T00:00:00Z");
  EXPECT_DOUBLE_EQ(n.wavelength_m, 299792458.0 / 5.3310040e+09);
  EXPECT_EQ(n.geometry.frame.crs, "EPSG:4326");
  const std::vector<float> phase = stack_pixels(*gamma.source, 20).phase;
  EXPECT_TRUE(same_bits(phase, stack_pixels(*tiff.source, 20).phase));
  EXPECT_NEAR(*std::min_element(phase.begin(), phase.end()), 19.785, 5e-4);
  EXPECT_NEAR(*std::max_element(phase.begin(), phase.end()), 20.134, 5e-4);
  // corner_lat and corner_lon are the centre of the first pixel here: GAMMA's own GeoTIFF lies a quarter of a pixel from it.
  const auto& own = tiff.source->network().geometry.affine;
  EXPECT_NEAR(n.geometry.affine[0], own[0], 0.3 * own[1]);
  EXPECT_NEAR(n.geometry.affine[3], own[3], 0.3 * own[1]);
}

TEST(RealDataInsarStack, GammaStackEqualsTheGeotiffsOfRoipac) {
  HIGHWALL_NEED_REALDATA();
  InsarOptions outer;
  outer.corner = "outer";
  const OpenedStack gamma = open_stack({realdata() / "radar/gamma_binary/small_gamma_obs"}, outer);
  const OpenedStack tiff = open_stack({realdata() / "radar/pyrate_small_test/tif"});
  EXPECT_EQ(gamma.source->network().instants, tiff.source->network().instants);
  EXPECT_EQ(gamma.source->network().processor, "gamma");
  EXPECT_TRUE(same_bits(stack_pixels(*gamma.source, 72).phase, stack_pixels(*tiff.source, 72).phase));
  const auto& a = gamma.source->network().geometry.affine;
  const auto& b = tiff.source->network().geometry.affine;
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(a[i], b[i], 1e-8) << i;
}

TEST(RealDataInsarStack, GunwWithoutPhaseSaysSo) {
  HIGHWALL_NEED_REALDATA();
  try {
    open_stack({realdata() / "radar/nisar_gunw"});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::input);
    EXPECT_NE(std::string(e.what()).find("GUNW"), std::string::npos) << e.what();
  }
}

TEST(RealDataInsarStack, MintpySeriesIsAStackOfMaps) {
  HIGHWALL_NEED_REALDATA();
  const Reading reading = read_file(realdata() / "radar/synthetic_mintpy_small/mintpy_ts_no.h5", {}, highwall::Run(1));
  const auto& stack = std::get<Stack>(reading.data);
  ASSERT_EQ(stack.epochs(), 40U);
  EXPECT_EQ(stack.geometry().rows, 60U);
  EXPECT_EQ(to_iso8601(stack.instants().back()), "2020-04-13T00:00:00Z");
  EXPECT_NEAR(stack.at(20)[30 * 60 + 30], -0.0018574761, 1e-10);
  // The reference pixel is at rest by definition, and has a value.
  EXPECT_EQ(stack.at(39)[5 * 60 + 5], 0.0);
  EXPECT_EQ(reading.report.format, "insar_series");
}

}  // namespace
}  // namespace highwall
