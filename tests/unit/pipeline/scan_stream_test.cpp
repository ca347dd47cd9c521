#include "bindings/pipeline/scan_stream.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/run.hpp"
#include "io/archive/epoch_file.hpp"
#include "io/readers/reader.hpp"
#include "tests/support/radar_scene.hpp"

namespace highwall {
namespace {

/// A block of 6 x 6 cells that moves by 1 mm an hour, in two zones: with the block, and without.
ScanStreamSetup setup_of(const RadarScene& scene) {
  ScanStreamSetup setup;
  setup.cells.grid = scene.grid();
  setup.value = ScanValue::increment;
  setup.interval_s = scene.step_s;
  AreaRule rule;
  rule.name = "area_3h_orange";
  rule.window_h = 3.0;
  rule.k_sigma = 5.0;
  setup.rules = {rule};
  setup.rule_numbers = {0};
  setup.velocity.windows_h = {1.0, 3.0};
  ScanZone upper{"upper", {}};
  ScanZone lower{"lower", {}};
  for (std::uint32_t i = 0; i < scene.cells(); ++i) (i < scene.cells() / 2 ? upper : lower).cells.push_back(i);
  setup.zones = {upper, lower};
  setup.inputs = "of this test";
  return setup;
}

RadarScene moving_scene() {
  RadarScene scene;
  scene.rows = scene.cols = 20;
  scene.motion_mm = [](std::size_t r, std::size_t c, double hours) {
    return r >= 2 && r < 8 && c >= 5 && c < 11 ? std::max(0.0, hours - 3.0) : 0.0;
  };
  return scene;
}

/// Increments of a simulated radar.
std::vector<RadarScan> scans_of(const RadarScene& scene, std::size_t count) {
  RadarSimulator radar(scene);
  std::vector<RadarScan> scans;
  std::vector<float> before(scene.cells(), 0.0F);
  for (std::size_t k = 0; k < count; ++k) {
    RadarScan scan = radar.next();
    for (std::size_t i = 0; i < before.size(); ++i) {
      const float now = scan.displacement_m[i];
      scan.displacement_m[i] = now - before[i];
      before[i] = now;
    }
    scans.push_back(std::move(scan));
  }
  return scans;
}

std::string id_of(std::size_t k) { return "scan-" + std::to_string(k); }

ScanStream followed(const ScanStreamSetup& setup, const std::vector<RadarScan>& scans, std::size_t until, int threads = 1) {
  const Run run(threads);
  ScanStream stream(setup);
  for (std::size_t k = 0; k < until; ++k) stream.push(scans[k], id_of(k), run);
  return stream;
}

TEST(ScanStream, RaisesTheZoneOfTheMovingBlockAlone) {
  const RadarScene scene = moving_scene();
  const ScanStream stream = followed(setup_of(scene), scans_of(scene, 100), 100);
  const AreaSample& upper = stream.samples()[0].back();
  const AreaSample& lower = stream.samples()[1].back();
  EXPECT_EQ(upper.level, Level::orange);
  EXPECT_EQ(upper.moving, Level::orange);
  EXPECT_EQ(upper.rule, 0);
  EXPECT_GT(upper.value, 5.0);
  EXPECT_EQ(lower.level, Level::none);
  EXPECT_LT(lower.value, 5.0);
  EXPECT_FLOAT_EQ(lower.judged, 1.0F);
  EXPECT_FLOAT_EQ(lower.known, 1.0F);
  EXPECT_EQ(stream.samples()[0].size(), 100U);
}

TEST(ScanStream, SavedAnywhereItGoesOnToTheSameBytes) {
  const RadarScene scene = moving_scene();
  const ScanStreamSetup setup = setup_of(scene);
  const std::vector<RadarScan> scans = scans_of(scene, 90);
  const std::string whole = followed(setup, scans, 90).save();
  EXPECT_EQ(followed(setup, scans, 90, 3).save(), whole);
  for (const std::size_t at : {std::size_t{1}, std::size_t{37}, std::size_t{70}}) {
    const ScanStream first = followed(setup, scans, at);
    ScanStream stream = ScanStream::restore(first.save(), setup);
    EXPECT_EQ(stream.save(), first.save());
    for (std::size_t k = at; k < scans.size(); ++k) stream.push(scans[k], id_of(k), highwall::Run(2));
    EXPECT_EQ(stream.save(), whole) << "saved after " << at;
  }
}

TEST(ScanStream, KnowsWhichScansItFollowed) {
  const RadarScene scene = moving_scene();
  const ScanStream stream = followed(setup_of(scene), scans_of(scene, 5), 5);
  EXPECT_TRUE(stream.has_followed({id_of(0), id_of(1), id_of(2), id_of(3), id_of(4), "a new one"}));
  EXPECT_FALSE(stream.has_followed({id_of(0), id_of(1), id_of(2), id_of(3)}));
  EXPECT_FALSE(stream.has_followed({id_of(0), "late", id_of(1), id_of(2), id_of(3), id_of(4)}));
}

TEST(ScanStream, HostileBytesAreTold) {
  const RadarScene scene = moving_scene();
  const ScanStreamSetup setup = setup_of(scene);
  const std::string whole = followed(setup, scans_of(scene, 50), 50).save();
  const auto is_refused = [&](const std::string& bytes) {
    try {
      ScanStream::restore(bytes, setup);
    } catch (const Error& e) {
      return e.kind() == ErrorKind::storage;
    }
    return false;
  };
  EXPECT_FALSE(is_refused(whole));
  for (std::size_t n = 0; n < whole.size(); n += 997) EXPECT_TRUE(is_refused(whole.substr(0, n))) << n;
  for (std::size_t n = 3; n < whole.size(); n += 4999) {
    std::string bytes = whole;
    bytes[n] = static_cast<char>(bytes[n] ^ 0x10);
    EXPECT_TRUE(is_refused(bytes)) << n;
  }
  ScanStreamSetup other = setup;
  other.inputs = "of another one";
  EXPECT_THROW(ScanStream::restore(whole, other), Error);
  EXPECT_EQ(ScanStream::inputs_of(whole), setup.inputs);
}

TEST(ScanStream, RepeatedScansAreNoSignOfLife) {
  const RadarScene scene = moving_scene();
  const std::vector<RadarScan> scans = scans_of(scene, 30);
  ScanStream stream = followed(setup_of(scene), scans, 30);
  RadarScan again = scans.back();
  for (int k = 1; k <= 3; ++k) {
    again.instant = again.instant + duration_from_seconds(300.0);
    stream.push(again, "again-" + std::to_string(k), highwall::Run(1));
  }
  EXPECT_EQ(stream.frozen(), 3U);
  EXPECT_EQ(stream.newest(), scans.back().instant);
  EXPECT_EQ(stream.samples()[0].size(), 30U);
}

/// Without the motion of a missing scan the block would seem to have stood meanwhile.
TEST(ScanStream, AMissingIncrementIsBridged) {
  const RadarScene scene = moving_scene();
  std::vector<RadarScan> scans = scans_of(scene, 100);
  const ScanStreamSetup setup = setup_of(scene);
  const ScanStream whole = followed(setup, scans, 100);
  scans.erase(scans.begin() + 90, scans.begin() + 93);
  const ScanStream gap = followed(setup, scans, scans.size());
  const std::size_t cell = 4 * scene.cols + 8;
  EXPECT_NEAR(gap.velocity().displacement_m[cell], whole.velocity().displacement_m[cell], 1.5e-4);
  EXPECT_EQ(gap.samples()[0].size(), 97U);
}

TEST(ArchivedScan, PolarScansComeBackAsTheyWere) {
  GridGeometry geometry;
  geometry.rows = 2;
  geometry.cols = 3;
  Stack stack(geometry, {RadarSimulator::kStart});
  stack.range_m = {600.0, 601.5};
  stack.azimuth_rad = {-0.1, 0.0, 0.1};
  stack.increments = true;
  stack.wavelength_m = 0.0172;
  for (std::size_t i = 0; i < 6; ++i) stack.at(0)[i] = i == 4 ? kNaN : static_cast<double>(0.001F * static_cast<float>(i));
  const Epoch epoch{"radar", RadarSimulator::kStart, stack, {}};
  const std::string bytes = encode_epoch(epoch);
  const Epoch back = decode_epoch(bytes, "back", epoch_id_of(epoch));
  const auto& again = std::get<Stack>(back.data);
  EXPECT_EQ(again.range_m, stack.range_m);
  EXPECT_EQ(again.azimuth_rad, stack.azimuth_rad);
  EXPECT_TRUE(again.increments);
  EXPECT_EQ(again.wavelength_m, 0.0172);
  EXPECT_EQ(content_digest(back), content_digest(epoch));
}

}  // namespace
}  // namespace highwall
