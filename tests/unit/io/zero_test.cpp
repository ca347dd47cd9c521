// One zero a target: what a base that moved must not do to its rovers.
#include "io/archive/zero.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/error.hpp"
#include "core/geodesy.hpp"
#include "io/archive/archive.hpp"
#include "tests/support/folder.hpp"

namespace highwall {
namespace {

/// A station whose true ECEF place is told about a zero.
TimeSeries about(const Eigen::Vector3d& zero, const Eigen::Vector3d& place, const char* day) {
  const Eigen::Vector3d llh = llh_of(zero);
  const Eigen::Vector3d enu = enu_axes(llh.x(), llh.y()) * (place - zero);
  TimeSeries s;
  s.target = "G01";
  s.kind = SensorKind::gnss;
  s.meaning = SeriesMeaning::position;
  s.components = {"east", "north", "up"};
  s.origin_ecef_m = {zero.x(), zero.y(), zero.z()};
  s.push(*parse_iso8601(day), {enu.x(), enu.y(), enu.z()});
  return s;
}

const Eigen::Vector3d kZero = ecef_of(0.61, 2.39, 100.0);
const Eigen::Vector3d kPlace = ecef_of(0.6101, 2.3902, 150.0);

TEST(Zero, PositionsAreTurnedAndShiftedExactly) {
  const Eigen::Vector3d other = ecef_of(0.612, 2.391, 80.0);  // 13 km away: the axes differ, too
  const TimeSeries a = about(kZero, kPlace, "2026-03-01");
  const TimeSeries b = about_zero_of(a, about(other, kPlace, "2026-03-02"));
  for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(b.value(0, c), a.value(0, c), 1e-8) << c;
  EXPECT_EQ(b.origin_ecef_m, a.origin_ecef_m);
}

TEST(Zero, RoundingIsNoMoveButAMillimetreIs) {
  const TimeSeries a = about(kZero, kPlace, "2026-03-01");
  EXPECT_NO_THROW(require_same_zero(a, about(kZero + Eigen::Vector3d(0.0001, 0, 0), kPlace, "2026-03-02")));
  try {
    require_same_zero(a, about(kZero + Eigen::Vector3d(0, 1.5, 0), kPlace, "2026-03-02"));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::input);
    EXPECT_NE(std::string(e.what()).find("G01"), std::string::npos);
    EXPECT_NE(std::string(e.what()).find("1.500 m"), std::string::npos);
  }
  TimeSeries without = about(kZero, kPlace, "2026-03-02");
  without.origin_ecef_m.reset();
  EXPECT_THROW(require_same_zero(a, without), Error);
  TimeSeries line_of_sight;
  EXPECT_NO_THROW(require_same_zero(line_of_sight, line_of_sight));
}

TEST(Zero, TheArchiveTakesNoRowAboutAnotherZero) {
  namespace fs = std::filesystem;
  const fs::path root = test_folder();
  const Instant now = *parse_iso8601("2026-03-05");
  {
    Archive archive = Archive::open_for_writing(root, Frame{});
    archive.append_series("gnss", {about(kZero, kPlace, "2026-03-01")}, {{"file_sha256", "1"}}, now);
    EXPECT_THROW(archive.append_series("gnss", {about(kZero + Eigen::Vector3d(0, 0, 0.5), kPlace, "2026-03-02")},
                                       {{"file_sha256", "2"}}, now),
                 Error);
    const Eigen::Vector3d rounded = kZero + Eigen::Vector3d(0.0001, 0.0001, -0.0001);
    archive.append_series("gnss", {about(rounded, kPlace, "2026-03-03")}, {{"file_sha256", "3"}}, now);
    const auto all = archive.load_series("gnss");
    ASSERT_EQ(all.at(0).size(), 2U);
    for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(all[0].value(1, c), all[0].value(0, c), 1e-8) << c;
  }
  fs::remove_all(root);
}

}  // namespace
}  // namespace highwall
