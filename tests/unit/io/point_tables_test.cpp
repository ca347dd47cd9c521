// Points of EGMS and of vendors, one a row and one date a column, on texts written by hand.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"
#include "io/readers/reader.hpp"

namespace highwall {
namespace {

const std::string kEgms =
    "pid,mp_type,latitude,longitude,easting,northing,height,rmse,incidence_angle,track_angle,los_east,los_north,los_up,"
    "mean_velocity,20200117,20200105,20200111\n";
const std::string kPoint = "10a,1,40.1,-3.2,3100010.5,2000020.5,101.2,1.5,38.5,350.1,-0.6,0.0,0.8,-3.1,-2.25,0.0,-1.5\n";

Reading read(const std::string& name, const std::string& text, const ReadOptions& options = {}) {
  return read_input({name, text}, options, Run(1));
}
const std::vector<TimeSeries>& all(const Reading& reading) { return std::get<std::vector<TimeSeries>>(reading.data); }
std::string why(const std::string& name, const std::string& text, const ReadOptions& options = {}) {
  try {
    read(name, text, options);
  } catch (const Error& e) {
    return e.what();
  }
  return "was read";
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(EgmsCsv, IsFoundByItsColumnsAndReadByTheirNames) {
  const Reading reading = read("a.csv", kEgms + kPoint);
  EXPECT_EQ(reading.report.format, "egms_csv");
  const TimeSeries& s = all(reading).at(0);
  EXPECT_EQ(s.target, "10a");
  EXPECT_EQ(s.frame.crs, "EPSG:3035");
  EXPECT_EQ(*s.position_m, (std::array<double, 3>{3100010.5, 2000020.5, 101.2}));
  ASSERT_EQ(s.size(), 3U);
  EXPECT_EQ(to_iso8601(s.time[0]), "2020-01-05T00:00:00Z") << "columns in any order, series in that of time";
  EXPECT_DOUBLE_EQ(s.value(1), -1.5e-3);
  EXPECT_DOUBLE_EQ(s.value(2), -2.25e-3);
  EXPECT_DOUBLE_EQ(s.sigma(2), 1.5e-3);
  EXPECT_DOUBLE_EQ(s.line_of_sight.unit.x(), -0.6);
  EXPECT_EQ(s.components, std::vector<std::string>{"los"});
}

TEST(EgmsCsv, OtherReleasesRenameColumnsAndOtherToolsSeparators) {
  const Reading reading = read("b.csv",
                               "northing;easting;pid;height_ortho;rmse_ts;gnss_velocity;incidence_angle;track_angle;20200105\n"
                               "1,5;2,5;a;3;0,5;1;30;0;2,5\n");
  const TimeSeries& s = all(reading).at(0);
  EXPECT_EQ(*s.position_m, (std::array<double, 3>{2.5, 1.5, 3.0}));
  EXPECT_DOUBLE_EQ(s.sigma(0), 0.5e-3);
  // Northwards, to the right: the sensor is west of the point and above.
  EXPECT_NEAR(s.line_of_sight.unit.x(), -0.5, 1e-12);
  EXPECT_NEAR(s.line_of_sight.unit.z(), std::sqrt(0.75), 1e-12);
}

TEST(EgmsCsv, Level3SaysByItsNameWhichComponentItIs) {
  const std::string text = "pid,easting,northing,20200105\na,1,2,3\n";
  EXPECT_EQ(all(read("EGMS_L3_E32N35_100km_U_2018_2022_1.csv", text)).at(0).line_of_sight.unit, Eigen::Vector3d::UnitZ());
  const TimeSeries east = all(read("EGMS_L3_E32N35_100km_E.csv", text)).at(0);
  EXPECT_EQ(east.line_of_sight.unit, Eigen::Vector3d::UnitX());
  EXPECT_EQ(east.components, std::vector<std::string>{"displacement"});
  EXPECT_TRUE(has(why("points.csv", text), "up, east or a line of sight"));
}

TEST(EgmsCsv, BadRowsAreReportedByTheirLineAndNotFatal) {
  const auto with = [](std::string row, const std::string& old, const std::string& now) {
    return row.replace(row.find(old), old.size(), now);
  };
  const Reading reading = read("a.csv",
                               kEgms + kPoint + "x\n" + with(with(kPoint, "10a", "b"), "3100010.5", "east") + kPoint +
                                   with(with(kPoint, "10a", "c"), "-2.25", "1e999") + with(kPoint, "10a", "") +
                                   with(with(kPoint, "10a", "d"), ",-1.5", ",") + with(with(kPoint, "10a", "e"), "-0.6", "0.9"),
                               [] {
                                 ReadOptions o;
                                 o.max_rejected_share = 0.9;
                                 return o;
                               }());
  ASSERT_EQ(reading.report.rejected, 5U);
  EXPECT_EQ(reading.report.rows[0].line, 3U);
  EXPECT_TRUE(has(reading.report.rows[1].reason, "easting is \"east\"")) << reading.report.rows[1].reason;
  EXPECT_TRUE(has(reading.report.rows[2].reason, "stands in line 2")) << reading.report.rows[2].reason;
  EXPECT_TRUE(has(reading.report.rows[3].reason, "1e999")) << reading.report.rows[3].reason;
  ASSERT_EQ(all(reading).size(), 3U);
  EXPECT_TRUE(std::isnan(all(reading)[1].value(1))) << "what is left empty has no value";
  EXPECT_FALSE(all(reading)[2].line_of_sight.known()) << "0.9, 0, 0.8 is no unit vector";
}

TEST(EgmsCsv, TheBoxLeavesOutWhatIsElsewhere) {
  std::string text = kEgms;
  for (int i = 0; i < 100; ++i) {
    std::string row = kPoint;
    row.replace(row.find("10a"), 3, std::to_string(i));
    text += row.replace(row.find("3100010.5"), 9, std::to_string(3100000 + i));
  }
  ReadOptions options;
  options.box = {3100010, 0, 3100019, 3000000};
  EXPECT_EQ(all(read("a.csv", text, options)).size(), 10U);
}

TEST(EgmsCsv, ManyDatesAndNoneAndOneTwice) {
  std::string header = "pid,easting,northing,incidence_angle,track_angle";
  std::string row = "a,1,2,30,0";
  for (int i = 0; i < 5000; ++i) {
    header += "," + to_compact_iso8601(Instant{} + days(2 * i)).substr(0, 8);
    row += fmt::format(",{}", i);
  }
  const TimeSeries s = all(read("a.csv", header + "\n" + row + "\n")).at(0);
  ASSERT_EQ(s.size(), 5000U);
  EXPECT_DOUBLE_EQ(s.value(4999), 4.999);
  ReadOptions egms;
  egms.format = "egms_csv";
  EXPECT_TRUE(has(why("a.csv", "pid,easting,northing\na,1,2\n", egms), "no column of the header is a date"));
  EXPECT_TRUE(has(why("a.csv", "pid,easting,northing,20200105,20200105\na,1,2,3,4\n", egms), "twice"));
  EXPECT_TRUE(has(why("a.csv", "\n\n", egms), "no header"));
  EXPECT_TRUE(all(read("EGMS_L3_U.csv", "pid,easting,northing,20200105\n", egms)).empty());
}

TEST(EgmsCsv, EveryCutIsReadOrRefusedWithAReason) {
  const std::string text = kEgms + kPoint + kPoint;
  for (std::size_t size = 1; size < text.size(); ++size) {
    const std::string said = why("cut.csv", text.substr(0, size));
    EXPECT_TRUE(said == "was read" || has(said, "cut.csv")) << size << ": " << said;
  }
}

TEST(PixelCsv, AsksForWhatTheTableDoesNotSay) {
  const std::string text = "CODE,X,Y,HEIGHT,VEL,D20200105,D20200111\nA1,10,20,30,-1,0,1.5\n";
  ReadOptions told;
  EXPECT_TRUE(has(why("a.csv", text, told), "--unit"));
  told.unit = "mm";
  EXPECT_TRUE(has(why("a.csv", text, told), "--sign"));
  told.sign = "toward_negative";
  EXPECT_TRUE(has(why("a.csv", text, told), "--crs"));
  told.crs = "EPSG:32719";
  const Reading reading = read("a.csv", text, told);
  EXPECT_EQ(reading.report.format, "pixel_csv");
  const TimeSeries& s = all(reading).at(0);
  EXPECT_EQ(s.target, "A1");
  EXPECT_EQ(s.frame.crs, "EPSG:32719");
  EXPECT_DOUBLE_EQ(s.value(1), -1.5e-3);
  EXPECT_FALSE(s.line_of_sight.known());
}

TEST(PixelCsv, TakesAColumnMapAndAPatternOfDates) {
  ReadOptions told;
  told.x_column = "Este";
  told.y_column = "Norte";
  told.height_column = "Cota";
  told.target_column = "Punto";
  told.time_pattern = "D %d/%m/%Y %H:%M";
  told.unit = "cm";
  told.sign = "toward_positive";
  told.crs = "local";
  const std::string text = "Punto;Este;Norte;Cota;D 05/01/2020 10:00;D 06/01/2020 10:00\nP;1,5;2;3;0;2\n";
  EXPECT_TRUE(has(why("a.csv", text, told), "--time-zone"));
  told.time_zone = "America/Santiago";
  const Reading reading = read("a.csv", text, told);
  EXPECT_EQ(reading.report.format, "pixel_csv");
  EXPECT_EQ(to_iso8601(all(reading).at(0).time[1]), "2020-01-06T13:00:00Z");
  EXPECT_DOUBLE_EQ(all(reading)[0].value(1), 0.02);
  ReadOptions plain = told;
  plain.x_column = plain.y_column = plain.height_column = plain.target_column = plain.time_pattern = "";
  EXPECT_EQ(read("a.csv", "id,x,y,z,20200105,20200111\n1,2,3,4,5,6\n", plain).report.format, "pixel_csv") << "no cloud";
  told.x_column = "Oeste";
  EXPECT_TRUE(has(why("a.csv", text, told), "there is no column \"Oeste\""));
}

}  // namespace
}  // namespace highwall
