#include "algorithms/radar/area_alarms.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <functional>
#include <numbers>
#include <random>

#include "core/error.hpp"

namespace highwall {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
const highwall::Run one_thread(1);

/// Components by flooding from every cell: the plain way.
std::vector<std::vector<std::uint32_t>> flooded(const std::vector<std::uint8_t>& marked, const CellShape& shape) {
  std::vector<std::uint8_t> seen(marked.size(), 0);
  std::vector<std::vector<std::uint32_t>> out;
  const auto rows = static_cast<int>(shape.rows);
  const auto cols = static_cast<int>(shape.cols);
  for (std::size_t first = 0; first < marked.size(); ++first) {
    if (marked[first] == 0 || seen[first] != 0) continue;
    std::vector<std::uint32_t> part;
    std::deque<std::uint32_t> wait{static_cast<std::uint32_t>(first)};
    seen[first] = 1;
    while (!wait.empty()) {
      const auto cell = static_cast<int>(wait.front());
      wait.pop_front();
      part.push_back(static_cast<std::uint32_t>(cell));
      for (int r = cell / cols - 1; r <= cell / cols + 1; ++r) {
        for (int c = cell % cols - 1; c <= cell % cols + 1; ++c) {
          const int col = shape.wraps ? (c + cols) % cols : c;
          if (r < 0 || r >= rows || col < 0 || col >= cols) continue;
          const auto other = static_cast<std::size_t>(r * cols + col);
          if (marked[other] == 0 || seen[other] != 0) continue;
          seen[other] = 1;
          wait.push_back(static_cast<std::uint32_t>(other));
        }
      }
    }
    std::sort(part.begin(), part.end());
    out.push_back(std::move(part));
  }
  return out;
}

TEST(Components, AreThoseThatFloodingFinds) {
  std::mt19937_64 random(7);
  for (int trial = 0; trial < 200; ++trial) {
    const CellShape shape{1 + random() % 12, 1 + random() % 12, trial % 2 == 1};
    std::vector<std::uint8_t> marked(shape.cells());
    const auto density = 1 + random() % 9;
    for (auto& m : marked) m = random() % 10 < density ? 1 : 0;
    ASSERT_EQ(components_of(marked, shape), flooded(marked, shape)) << trial;
  }
  EXPECT_TRUE(components_of({}, {}).empty());
}

TEST(Components, AFullCircleTouchesItself) {
  ScanGrid grid;
  grid.rows = 1;
  grid.cols = 36;
  for (int i = 0; i < 36; ++i) grid.azimuth_rad.push_back(i * 10.0 * std::numbers::pi / 180.0);
  EXPECT_TRUE(CellShape::of(grid).wraps);
  grid.azimuth_rad.resize(30);
  EXPECT_FALSE(CellShape::of(grid).wraps);
}

/// A field of 20 x 20 cells whose windows are told cell by cell.
struct Field {
  ScanGrid grid;
  std::vector<float> velocity;
  std::vector<float> sigma;
  std::vector<float> displacement;
  std::vector<float> coherence;
  std::vector<std::uint8_t> aliased;
  int scans = 0;

  Field() {
    grid.rows = grid.cols = 20;
    grid.area_m2.assign(400, 2.0F);
    rest();
  }
  void rest() {
    velocity.assign(400, 0.0F);
    sigma.assign(400, 0.001F);
  }
  /// Cells of a square move, m/day.
  void move(int row, int col, int side, float speed) {
    for (int r = row; r < row + side; ++r) {
      for (int c = col; c < col + side; ++c) velocity[static_cast<std::size_t>(r * 20 + c)] = speed;
    }
  }
  void push(AreaAlarms& alarms) {
    AreaScan scan;
    scan.at = Instant{0} + hours(++scans);
    scan.windows = {{6.0, velocity, sigma}};
    scan.displacement_m = displacement;
    scan.coherence = coherence;
    scan.aliased = aliased;
    alarms.push(scan, one_thread);
  }
};

AreaRule rule_of(std::int64_t scans, std::int64_t of_scans, std::int64_t cells) {
  AreaRule rule;
  rule.name = "test";
  rule.window_h = 6.0;
  rule.scans = scans;
  rule.of_scans = of_scans;
  rule.least_cells = cells;
  return rule;
}

TEST(AreaAlarms, RisesAfterMOfSScansAndClearsAfterSBelowTheLowerLimit) {
  Field field;
  AreaAlarms alarms(field.grid, {rule_of(3, 5, 9)});
  const auto scan = [&](float speed) {
    field.rest();
    field.move(5, 5, 3, speed);
    field.push(alarms);
  };
  scan(0.006F);  // over 5 sigma
  scan(0.0F);
  scan(0.006F);
  EXPECT_TRUE(alarms.alarms().empty());
  ASSERT_EQ(alarms.alarms(true).size(), 1U);
  scan(0.006F);
  ASSERT_EQ(alarms.alarms().size(), 1U);
  AreaAlarm alarm = alarms.alarms()[0];
  EXPECT_EQ(alarm.first, Instant{0} + hours(1));
  EXPECT_EQ(alarm.raised, Instant{0} + hours(4));
  EXPECT_EQ(alarm.cells.size(), 9U);
  EXPECT_DOUBLE_EQ(alarm.area_m2, 18.0);
  EXPECT_NEAR(alarm.fastest_m_per_day, 0.006, 1e-8);
  EXPECT_NEAR(alarm.significance, 6.0, 1e-5);
  // 4 sigma is above 0.75 x 5: it stands.
  for (int i = 0; i < 10; ++i) scan(0.004F);
  EXPECT_TRUE(alarms.alarms()[0].stands());
  for (int i = 0; i < 4; ++i) scan(0.003F);
  EXPECT_TRUE(alarms.alarms()[0].stands());
  scan(0.003F);
  alarm = alarms.alarms()[0];
  EXPECT_FALSE(alarm.stands());
  EXPECT_EQ(alarm.cleared, Instant{0} + hours(19));
  EXPECT_EQ(alarm.last, Instant{0} + hours(4));
  // Motion anew is another alarm.
  for (int i = 0; i < 3; ++i) scan(0.006F);
  ASSERT_EQ(alarms.alarms().size(), 2U);
  EXPECT_EQ(alarms.alarms()[1].id, 2U);
}

TEST(AreaAlarms, TwoScansOfFiveAreNoAlarmAndSmallAreasAreNone) {
  Field field;
  AreaAlarms alarms(field.grid, {rule_of(3, 5, 9)});
  for (int i = 0; i < 60; ++i) {
    field.rest();
    if (i % 5 < 2) field.move(5, 5, 3, 0.01F);
    field.move(12, 12, 2, 0.1F);
    field.push(alarms);
  }
  EXPECT_TRUE(alarms.alarms().empty());
}

TEST(AreaAlarms, NoDataIsNoCalm) {
  Field field;
  AreaAlarms alarms(field.grid, {rule_of(2, 3, 9)});
  field.move(5, 5, 3, 0.01F);
  for (int i = 0; i < 2; ++i) field.push(alarms);
  ASSERT_EQ(alarms.alarms().size(), 1U);
  field.move(5, 5, 3, kNan);
  for (int i = 0; i < 20; ++i) field.push(alarms);
  EXPECT_TRUE(alarms.alarms()[0].stands());
  EXPECT_TRUE(alarms.alarms()[0].signal_lost);
  field.move(5, 5, 3, 0.0F);
  for (int i = 0; i < 3; ++i) field.push(alarms);
  EXPECT_FALSE(alarms.alarms()[0].stands());
  // Cells that never had a value alarm never.
  field.rest();
  field.velocity.assign(400, kNan);
  for (int i = 0; i < 5; ++i) field.push(alarms);
  EXPECT_EQ(alarms.alarms().size(), 1U);
}

TEST(AreaAlarms, AreasThatGrowTogetherAreTheOlderOne) {
  Field field;
  AreaAlarms alarms(field.grid, {rule_of(2, 3, 9)});
  field.move(2, 2, 3, 0.01F);
  field.push(alarms);
  field.move(2, 9, 3, 0.01F);
  for (int i = 0; i < 2; ++i) field.push(alarms);
  ASSERT_EQ(alarms.alarms().size(), 2U);
  field.move(2, 2, 10, 0.01F);
  field.push(alarms);
  const auto all = alarms.alarms();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(all[0].stands());
  EXPECT_EQ(all[0].cells.size(), 100U);
  EXPECT_EQ(all[1].merged_into, 1U);
  EXPECT_FALSE(all[1].stands());
  // It falls apart again: both parts are still the one alarm.
  field.rest();
  field.move(2, 2, 3, 0.01F);
  field.move(2, 9, 3, 0.01F);
  field.push(alarms);
  EXPECT_EQ(alarms.alarms().size(), 2U);
  EXPECT_EQ(alarms.alarms()[0].cells.size(), 18U);
}

TEST(AreaAlarms, MasksAliasAreasAndThresholds) {
  Field field;
  std::vector<std::uint8_t> masked(400, 0);
  for (std::size_t i = 0; i < 200; ++i) masked[i] = 1;
  AreaRule area = rule_of(1, 1, 1);
  area.least_area_m2 = 20.0;
  area.threshold_mm_per_h = 1.0;
  area.k_sigma = 2.0;
  AreaAlarms alarms(field.grid, {area}, masked);
  field.move(2, 2, 5, 1.0F);  // masked
  field.push(alarms);
  EXPECT_TRUE(alarms.alarms().empty());
  field.move(12, 2, 3, 1.0F);  // 18 m2
  field.push(alarms);
  EXPECT_TRUE(alarms.alarms().empty());
  field.move(12, 2, 4, 0.0255F);  // 1 mm/h is 0.024 m/day, and 2 sigma are 0.002
  field.push(alarms);
  EXPECT_TRUE(alarms.alarms().empty());
  field.move(12, 2, 4, -0.0265F);  // away from the radar too
  field.push(alarms);
  ASSERT_EQ(alarms.alarms().size(), 1U);
  EXPECT_NEAR(alarms.alarms()[0].mean_m_per_day, -0.0265, 1e-7);
  // Too fast to be measured is not too slow to be told.
  Field fast;
  AreaAlarms other(fast.grid, {area});
  fast.aliased.assign(400, 0);
  fast.velocity.assign(400, kNan);
  for (std::size_t i = 0; i < 40; ++i) fast.aliased[i] = 1;
  fast.push(other);
  ASSERT_EQ(other.alarms().size(), 1U);
  EXPECT_TRUE(std::isnan(other.alarms()[0].mean_m_per_day));

  ScanGrid bare = field.grid;
  bare.area_m2.clear();
  EXPECT_THROW(AreaAlarms(bare, {area}), Error);
  area.window_h = 3.0;
  AreaAlarms unknown(field.grid, {area});
  EXPECT_THROW(field.push(unknown), Error) << "no such window";
}

/// Trailing least-squares slope of a displacement, m/day.
float slope_of(const std::deque<double>& d, double step_days) {
  const auto n = static_cast<double>(d.size());
  double st = 0, sd = 0, stt = 0, std_ = 0;
  for (std::size_t i = 0; i < d.size(); ++i) {
    const double t = static_cast<double>(i) * step_days;
    st += t;
    sd += d[i];
    stt += t * t;
    std_ += t * d[i];
  }
  return static_cast<float>((n * std_ - st * sd) / (n * stt - st * st));
}

/// Scans every 10 minutes of a block that moves by `motion` (m at scan k), velocities over 6 h, noise of 0.1 mm.
std::vector<AreaAlarm> alarms_of(const std::function<double(int)>& motion, int scans) {
  Field field;
  AreaAlarms alarms(field.grid, {rule_of(3, 5, 9)});
  std::mt19937_64 random(11);
  std::normal_distribution<double> noise(0.0, 1e-4);
  std::vector<std::deque<double>> history(400);
  for (int k = 0; k < scans; ++k) {
    field.displacement.assign(400, 0.0F);
    for (std::size_t i = 0; i < 400; ++i) {
      const bool moves = i / 20 >= 5 && i / 20 < 10 && i % 20 >= 5 && i % 20 < 10;
      const double d = (moves ? motion(k) : 0.0) + noise(random);
      field.displacement[i] = static_cast<float>(d);
      history[i].push_back(d);
      if (history[i].size() > 37) history[i].pop_front();
      field.velocity[i] = history[i].size() < 37 ? kNan : slope_of(history[i], 1.0 / 144.0);
    }
    field.sigma.assign(400, 2.5e-4F);
    AreaScan scan;
    scan.at = Instant{0} + duration_from_seconds(600.0 * k);
    scan.windows = {{6.0, field.velocity, field.sigma}};
    scan.displacement_m = field.displacement;
    alarms.push(scan, one_thread);
  }
  return alarms.alarms();
}

TEST(AreaAlarms, AJumpOfOneScanIsAStepThatClearsWithItsWindow) {
  const auto all = alarms_of([](int k) { return k < 100 ? 0.0 : 0.01; }, 200);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].kind, AreaKind::step);
  EXPECT_LE(to_hours(all[0].raised - Instant{0}), 100 / 6.0 + 1.0);
  ASSERT_NE(all[0].cleared, kNoInstant);
  EXPECT_LE(to_hours(all[0].cleared - Instant{0}), 100 / 6.0 + 6.0 + 5 / 6.0);
}

TEST(AreaAlarms, MotionThatGoesOnIsMotionAlsoAfterAJump) {
  const auto steady = alarms_of([](int k) { return k < 100 ? 0.0 : 2e-4 * (k - 100); }, 200);
  ASSERT_EQ(steady.size(), 1U);
  EXPECT_EQ(steady[0].kind, AreaKind::motion);
  EXPECT_TRUE(steady[0].stands());
  const auto both = alarms_of([](int k) { return k < 100 ? 0.0 : 0.01 + 2e-4 * (k - 100); }, 200);
  ASSERT_EQ(both.size(), 1U);
  EXPECT_EQ(both[0].kind, AreaKind::motion) << "a slip that goes on";
  EXPECT_TRUE(both[0].stands());
}

TEST(AreaAlarms, LostCoherenceIsAnAlarmOfItsOwn) {
  Field field;
  AreaRule motion = rule_of(2, 3, 12);
  AreaRule loss = rule_of(2, 2, 12);
  loss.quantity = "coherence";
  loss.level = "yellow";
  AreaAlarms alarms(field.grid, {motion, loss});
  std::mt19937_64 random(3);
  const auto scan = [&](bool lost) {
    field.coherence.assign(400, 0.95F);
    // Vegetation was never coherent and jumps about.
    for (std::size_t i = 0; i < 100; ++i) {
      field.coherence[i] = 0.3F;
      field.velocity[i] = static_cast<float>(random() % 100) / 100.0F;
    }
    for (std::size_t i = 300; lost && i < 320; ++i) field.coherence[i] = 0.4F;
    field.push(alarms);
  };
  for (int i = 0; i < 30; ++i) scan(false);
  EXPECT_TRUE(alarms.alarms().empty());
  for (int i = 0; i < 60; ++i) scan(true);
  ASSERT_EQ(alarms.alarms().size(), 1U);
  EXPECT_EQ(alarms.alarms()[0].kind, AreaKind::coherence_loss);
  EXPECT_EQ(alarms.alarms()[0].cells.size(), 20U);
  EXPECT_TRUE(alarms.alarms()[0].stands()) << "it does not get used to it";
  for (int i = 0; i < 2; ++i) scan(false);
  EXPECT_FALSE(alarms.alarms()[0].stands());
}

TEST(AreaAlarms, ScansMustComeInOrderAndFit) {
  Field field;
  AreaAlarms alarms(field.grid, {rule_of(1, 1, 1)});
  field.push(alarms);
  field.scans = 0;
  EXPECT_THROW(field.push(alarms), Error);
  field.scans = 5;
  field.velocity.resize(3);
  EXPECT_THROW(field.push(alarms), Error);
  AreaRule bad = rule_of(4, 3, 1);
  EXPECT_THROW(AreaAlarms(field.grid, {bad}), Error);
  EXPECT_THROW(AreaAlarms(field.grid, {rule_of(1, 1, 1)}, {1, 2, 3}), Error);
}

}  // namespace
}  // namespace highwall
