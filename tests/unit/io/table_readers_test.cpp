// Generic tables and ArcSAR exports on texts written by hand.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "io/readers/reader.hpp"

namespace highwall {
namespace {

Reading read(const std::string& name, const std::string& text, const ReadOptions& options = {}) {
  return read_input({name, text}, options, Run());
}
const std::vector<TimeSeries>& all(const Reading& reading) { return std::get<std::vector<TimeSeries>>(reading.data); }
bool warns(const Reading& reading, const std::string& words) {
  return std::any_of(reading.report.warnings.begin(), reading.report.warnings.end(),
                     [&](const std::string& w) { return w.find(words) != std::string::npos; });
}
ErrorKind kind_of_failure(const std::string& name, const std::string& text, const ReadOptions& options = {}) {
  try {
    read(name, text, options);
  } catch (const Error& e) {
    return e.kind();
  }
  ADD_FAILURE() << "was read";
  return ErrorKind::internal;
}

TEST(SeriesCsv, UnitComesFromTheSuffix) {
  for (const auto& [header, factor] :
       {std::pair{"date,displacement_mm,sigma_mm", 1e-3}, std::pair{"date,displacement_cm,sigma_cm", 1e-2},
        std::pair{"timestamp,disp [mm],sigma", 1e-3}, std::pair{"time_utc,value_m,sigma_m", 1.0}}) {
    const Reading reading = read("E1.csv", std::string(header) + "\n2012-04-10,1.5,0.25\n2012-04-11T06:00:00Z,,0\n");
    const TimeSeries& s = all(reading).at(0);
    ASSERT_EQ(s.size(), 2U) << header;
    EXPECT_DOUBLE_EQ(s.value(0), 1.5 * factor) << header;
    EXPECT_DOUBLE_EQ(s.sigma(0), 0.25 * factor) << header;
    EXPECT_TRUE(std::isnan(s.value(1)));  // empty is no data
    EXPECT_TRUE(std::isnan(s.sigma(1)));  // zero is not known
    EXPECT_EQ(to_iso8601(s.time[1]), "2012-04-11T06:00:00Z");
    EXPECT_TRUE(warns(reading, "UTC"));
  }
}

TEST(SeriesCsv, NothingIsAssumedInTheNight) {
  ReadOptions night;
  night.strict = true;
  EXPECT_EQ(kind_of_failure("a.csv", "date,displacement_mm\n2012-04-10,1\n", night), ErrorKind::config);  // zone
  night.time_zone = "UTC";
  EXPECT_EQ(kind_of_failure("a.csv", "date,displacement\n2012-04-10,1\n", night), ErrorKind::config);  // unit
  night.unit = "cm";
  EXPECT_DOUBLE_EQ(all(read("a.csv", "date,displacement\n2012-04-10,1\n", night)).at(0).value(0), 0.01);
  night.kind = "radar";
  EXPECT_EQ(kind_of_failure("a.csv", "date,displacement\n2012-04-10,1\n", night), ErrorKind::config);  // sign
  night.sign = "toward_negative";
  EXPECT_DOUBLE_EQ(all(read("a.csv", "date,displacement\n2012-04-10,1\n", night)).at(0).value(0), -0.01);
}

TEST(SeriesCsv, ErrorsSayHowColumnsAreNamed) {
  const auto words_of = [](const std::string& text, const ReadOptions& options) -> std::string {
    try {
      read("a.csv", text, options);
    } catch (const Error& e) {
      return e.what();
    }
    return "was read";
  };
  ReadOptions night;
  night.strict = true;
  night.time_zone = "UTC";
  ReadOptions mapped;
  mapped.displacement_column = "u";
  for (const auto& [text, options] :
       {std::pair{"date,displacement\n2012-04-10,1\n", night}, std::pair{"epoch,u\n2012-04-10,1\n", ReadOptions{}},
        std::pair{"epoch,u\n2012-04-10,1\n", mapped}}) {
    const std::string words = words_of(text, options);
    EXPECT_NE(words.find("--displacement-column"), std::string::npos) << words;
    EXPECT_NE(words.find("[source.columns]"), std::string::npos) << words;
  }
  EXPECT_NE(
      words_of("date,displacement\n2012-04-10,1\n", night).find("column 2 holds the displacement, but does not name its unit"),
      std::string::npos);
}

TEST(SeriesCsv, ATargetAtRestIsZeroWhateverItsSign) {
  ReadOptions options;
  options.sign = "toward_negative";
  const Reading table = read("a.csv", "date,displacement_mm\n2012-04-10,0\n2012-04-11,0.0\n", options);
  const Reading radar = read("radar.csv", "Displacement [mm];\nTime;A1\n01-08-2025 00:00;0\n01-08-2025 00:02;1,5\n", options);
  for (const Reading* reading : {&table, &radar}) {
    EXPECT_EQ(all(*reading).at(0).value(0), 0.0);
    EXPECT_FALSE(std::signbit(all(*reading).at(0).value(0)));
  }
}

TEST(SeriesCsv, DecimalCommaWithSemicolonsAndLocalStamps) {
  ReadOptions options;
  options.time_column = "Datum";
  options.displacement_column = "Verschiebung_mm";
  options.time_pattern = "%d-%m-%Y %H:%M";
  options.time_zone = "America/Santiago";
  const TimeSeries s = all(read("a.csv", "Datum;Verschiebung_mm\n31-07-2025 23:59;-1,25\n", options)).at(0);
  EXPECT_DOUBLE_EQ(s.value(0), -0.00125);
  EXPECT_EQ(to_iso8601(s.time[0]), "2025-08-01T03:59:00Z");
}

TEST(SeriesCsv, ADecimalCommaBetweenCommasIsRejectedNotShifted) {
  const Reading reading = read("a.csv", "date,displacement_mm\n2012-04-10,1.5\n2012-04-11,1,5\n2012-04-12,2.5\n");
  EXPECT_EQ(reading.report.accepted, 2U);
  ASSERT_EQ(reading.report.rows.size(), 1U);
  EXPECT_EQ(reading.report.rows[0].line, 3U);
}

TEST(SeriesCsv, DateAndTimeInTwoColumns) {
  const TimeSeries s = all(read("a.csv", "date,time,displacement_mm\n2012-04-10,06:30:00,1\n2012-04-10,18:30:00,2\n")).at(0);
  EXPECT_EQ(to_iso8601(s.time[0]), "2012-04-10T06:30:00Z");
  EXPECT_EQ(to_iso8601(s.time[1]), "2012-04-10T18:30:00Z");
}

TEST(SeriesCsv, ATargetColumnMakesSeveralSeriesInOrderOfAppearance) {
  ReadOptions options;
  options.target_column = "prism";
  const auto series =
      all(read("a.csv", "prism,date,displacement_mm\nP2,2012-04-10,1\nP1,2012-04-10,2\nP2,2012-04-11,3\n", options));
  ASSERT_EQ(series.size(), 2U);
  EXPECT_EQ(series[0].target, "P2");
  EXPECT_EQ(series[0].size(), 2U);
  EXPECT_EQ(series[1].target, "P1");
  options.target_column = "prisma";  // a column that is not there must not melt all targets into one
  EXPECT_EQ(kind_of_failure("a.csv", "prism,date,displacement_mm\nP2,2012-04-10,1\n",
                            [&] {
                              ReadOptions o = options;
                              o.format = "series_csv";
                              return o;
                            }()),
            ErrorKind::input);
}

TEST(SeriesCsv, EastNorthUpWithTheirSigmas) {
  const TimeSeries s =
      all(read("a.csv", "time,up_mm,east_mm,north_mm,sigma_up_mm,sigma_north_mm,sigma_east_mm\n2012-04-10,3,1,2,0.3,0.2,0.1\n"))
          .at(0);
  ASSERT_EQ(s.width(), 3U);
  EXPECT_DOUBLE_EQ(s.value(0, 0), 0.001);
  EXPECT_DOUBLE_EQ(s.value(0, 1), 0.002);
  EXPECT_DOUBLE_EQ(s.value(0, 2), 0.003);
  EXPECT_DOUBLE_EQ(s.sigma(0, 0), 0.0001);
  EXPECT_DOUBLE_EQ(s.sigma(0, 2), 0.0003);
}

std::vector<std::string> times_of(const TimeSeries& s) {
  std::vector<std::string> out;
  for (const Instant t : s.time) out.push_back(to_iso8601(t).substr(5, 11));
  return out;
}

// Central Europe: 2025-03-30 02:00 is 03:00, and 2025-10-26 03:00 is 02:00 again.
TEST(LocalStamps, AnHourThatIsSkippedIsRejected) {
  ReadOptions options;
  options.time_zone = "Europe/Berlin";
  const Reading reading =
      read("a.csv", "time,displacement_mm\n2025-03-30 01:30,1\n2025-03-30 02:30,2\n2025-03-30 03:30,3\n", options);
  EXPECT_EQ(times_of(all(reading)[0]), (std::vector<std::string>{"03-30T00:30", "03-30T01:30"}));
  ASSERT_EQ(reading.report.rows.size(), 1U);
  EXPECT_EQ(reading.report.rows[0].line, 3U);
  EXPECT_NE(reading.report.rows[0].reason.find("skips"), std::string::npos);
}

TEST(LocalStamps, TheOrderOfTheRowsTellsARepeatedHour) {
  ReadOptions options;
  options.time_zone = "Europe/Berlin";
  const std::string head = "time,displacement_mm\n";
  const std::string half_hours =
      "2025-10-26 01:30,1\n2025-10-26 02:00,2\n2025-10-26 02:30,3\n2025-10-26 02:00,4\n2025-10-26 02:30,5\n2025-10-26 03:00,6\n";
  EXPECT_EQ(times_of(all(read("a.csv", head + half_hours, options))[0]),
            (std::vector<std::string>{"10-25T23:30", "10-26T00:00", "10-26T00:30", "10-26T01:00", "10-26T01:30", "10-26T02:00"}));
  const std::string hourly = "2025-10-26 01:00,1\n2025-10-26 02:00,2\n2025-10-26 02:00,3\n2025-10-26 03:00,4\n";
  EXPECT_EQ(times_of(all(read("a.csv", head + hourly, options))[0]),
            (std::vector<std::string>{"10-25T23:00", "10-26T00:00", "10-26T01:00", "10-26T02:00"}));
  // Once through the hour: it may be either.
  const Reading once = read("a.csv", head + "2025-10-26 01:30,1\n2025-10-26 02:30,2\n2025-10-26 03:30,3\n", options);
  EXPECT_EQ(times_of(all(once)[0]), (std::vector<std::string>{"10-25T23:30", "10-26T02:30"}));
  EXPECT_EQ(once.report.accepted, 2U);
  ASSERT_EQ(once.report.rows.size(), 1U);
  EXPECT_EQ(once.report.rows[0].line, 3U);
  // Rows that are out of order tell nothing.
  const Reading mixed = read("a.csv",
                             head +
                                 "2025-10-26 02:30,1\n2025-10-26 02:00,2\n2025-10-26 02:30,3\n2025-10-26 02:10,4\n2025-10-27 "
                                 "00:00,5\n2025-10-27 01:00,5\n2025-10-27 02:00,5\n2025-10-27 03:00,5\n",
                             options);
  EXPECT_EQ(mixed.report.rejected, 4U);
}

TEST(LocalStamps, EachTargetHasAnOrderOfItsOwn) {
  ReadOptions options;
  options.time_zone = "Europe/Berlin";
  std::string text = "target,time,displacement_mm\n";
  for (const char* clock : {"01:40", "02:10", "02:50", "02:20", "03:10"}) {
    for (const char* target : {"A", "B"}) text += fmt::format("{},2025-10-26 {},1\n", target, clock);
  }
  const Reading reading = read("a.csv", text, options);
  for (const TimeSeries& s : all(reading)) {
    EXPECT_EQ(times_of(s), (std::vector<std::string>{"10-25T23:40", "10-26T00:10", "10-26T00:50", "10-26T01:20", "10-26T02:10"}))
        << s.target;
  }
}

TEST(LocalStamps, ArcsarRowsGoThroughTheHourTwice) {
  ReadOptions options;
  options.time_zone = "America/Santiago";  // 2025-04-05 24:00 is 23:00 again
  options.sign = "toward_negative";
  const std::string head = "Time series AREA A.;\nDisplacement [mm];\nTime;A;B\n";
  const Reading reading = read("a.csv",
                               head +
                                   "05-04-2025 22:59;1;1\n05-04-2025 23:00;2;2\n05-04-2025 23:30;3;3\n05-04-2025 "
                                   "23:00;4;4\n05-04-2025 23:59;5;5\n06-04-2025 0:00;6;6\n",
                               options);
  for (const TimeSeries& s : all(reading)) {
    EXPECT_EQ(times_of(s), (std::vector<std::string>{"04-06T01:59", "04-06T02:00", "04-06T02:30", "04-06T03:00", "04-06T03:59",
                                                     "04-06T04:00"}));
  }
  EXPECT_EQ(reading.report.accepted, 6U);
}

TEST(SeriesCsv, ChineseHeadersUnitsAndDates) {
  for (const char* header : {"日期,位移(mm)", "时间,累计位移（mm）", "监测时间,位移【毫米】", "时间,displacement (mm)"}) {
    const Reading reading = read("a.csv", std::string(header) + "\n2026/3/1 8:00,1.5\n2026年3月2日 08:30,2\n2026-03-03,3\n");
    const TimeSeries& s = all(reading).at(0);
    ASSERT_EQ(s.size(), 3U) << header;
    EXPECT_DOUBLE_EQ(s.value(0), 0.0015) << header;
    EXPECT_EQ(to_iso8601(s.time[0]), "2026-03-01T08:00:00Z");
    EXPECT_EQ(to_iso8601(s.time[1]), "2026-03-02T08:30:00Z");
  }
  EXPECT_DOUBLE_EQ(all(read("a.csv", "时间,测点,位移（米）\n2026-03-01,P1,2\n")).at(0).value(0), 2.0);
}

TEST(SeriesCsv, ASensorColumnTellsSensorsApart) {
  for (const char* column : {"sensor", "sensor_id", "Station", "point_id", "测点", "传感器编号", "点名"}) {
    const Reading reading = read("a.csv", std::string("time,") + column + ",displacement_mm\n2026-03-01,A,1\n2026-03-01,B,2\n");
    ASSERT_EQ(all(reading).size(), 2U) << column;
    EXPECT_EQ(all(reading)[1].target, "B");
    EXPECT_EQ(reading.report.rejected, 0U);
  }
}

TEST(SeriesCsv, RowsThatContradictEachOtherAreRefusedAndNamed) {
  // Two sensors in a column that nobody knows: one after the other, or in turns.
  for (const char* rows : {"2026-03-01,A,1\n2026-03-01,B,2\n2026-03-02,A,1\n2026-03-02,B,2\n",
                           "2026-03-01,A,1\n2026-03-02,A,1\n2026-03-01,B,2\n2026-03-02,B,2\n"}) {
    try {
      read("a.csv", std::string("time,unit_no,displacement_mm\n") + rows);
      ADD_FAILURE() << "was read";
    } catch (const Error& e) {
      const std::string text = e.what();
      EXPECT_NE(text.find("4 of 4 rows are bad; line 2"), std::string::npos) << text;
      EXPECT_NE(text.find("target_column"), std::string::npos) << text;
    }
  }
  // A single one takes neither value, whatever the order of its rows; the same value twice contradicts nothing.
  for (const char* twice :
       {"2026-03-02,2\n2026-03-02,0\n", "2026-03-02,0\n2026-03-02,2\n", "2026-03-02,2\n2026-03-02,2\n2026-03-02,0\n"}) {
    const Reading reading =
        read("a.csv", std::string("time,displacement_mm\n2026-03-01,1\n2026-03-01,1\n") + twice + "2026-03-03,3\n2026-03-04,4\n");
    EXPECT_EQ(all(reading)[0].size(), 4U);
    EXPECT_EQ(reading.report.accepted, 4U);
    EXPECT_GE(reading.report.rejected, 2U);
    EXPECT_NE(reading.report.rows[0].reason.find("another value at the same time, 2026-03-02T00:00:00Z"), std::string::npos);
  }
}

std::string failure(const std::string& name, const std::string& text) {
  try {
    read(name, text);
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

TEST(SeriesCsv, TextThatIsNotUtf8IsToldSo) {
  EXPECT_NE(failure("a.csv", "\xCA\xB1\xBC\xE4,\xCE\xBB\xD2\xC6(mm)\n2026-03-01,1\n").find("iconv -f GBK"), std::string::npos);
  EXPECT_NE(failure("a.csv", std::string("\xFF\xFEt\0i\0m\0e\0", 10)).find("UTF-16"), std::string::npos);
  EXPECT_NE(failure("a.csv", std::string("t\0i\0m\0e\0,\0", 10)).find("UTF-16"), std::string::npos);
  EXPECT_NE(failure("a.csv", "time,target,displacement_mm\n2026-03-01,\xCE\xD2,1\n").find("iconv -f GBK"), std::string::npos);
}

TEST(NoData, NumbersThatStandForNothingAreMissing) {
  const std::string head = "time,displacement_mm\n2026-03-01,1.5\n";
  Reading reading = read("a.csv", head + "2026-03-02,-9999\n2026-03-03,-999.0\n2026-03-04,-999.5\n");
  EXPECT_TRUE(std::isnan(all(reading)[0].value(1)));
  EXPECT_DOUBLE_EQ(all(reading)[0].value(2), -0.999);  // a value stands beside it: it may be one
  EXPECT_DOUBLE_EQ(all(reading)[0].value(3), -0.9995);
  EXPECT_TRUE(warns(reading, "1 values of -9999 are taken as missing"));
  EXPECT_TRUE(std::isnan(all(read("a.csv", head + "2026-03-02,-999\n")).at(0).value(1)));
  reading = read("a.csv", head + "2026-03-02,-998\n2026-03-03,-6000\n2026-03-04,-9999\n");
  EXPECT_DOUBLE_EQ(all(reading)[0].value(3), -9.999);
  ReadOptions options;
  options.no_data = {-9999.0, 777.0};
  reading = read("a.csv", head + "2026-03-02,777\n2026-03-03,-6000\n2026-03-04,-9999\n", options);
  EXPECT_TRUE(std::isnan(all(reading)[0].value(1)));
  EXPECT_TRUE(std::isnan(all(reading)[0].value(3)));
  const TimeSeries area =
      all(read("a.csv", "Time series AREA A.;\nDisplacement [mm];\nTime;A\n01-08-2025 0:01;1,5\n01-08-2025 0:03;-9999\n")).at(0);
  EXPECT_TRUE(std::isnan(area.value(1)));
}

TEST(SeriesCsv, ADayNumberOfASpreadsheetIsHinted) {
  ReadOptions options;
  options.max_rejected_share = 1.0;
  const Reading reading = read("a.csv", "date,displacement_mm\n45678.25,1\n2025-01-01,2\n", options);
  ASSERT_EQ(reading.report.rows.size(), 1U);
  EXPECT_NE(reading.report.rows[0].reason.find("spreadsheet"), std::string::npos);
}

TEST(SeriesCsv, AMissingLineEndIsTold) {
  EXPECT_TRUE(warns(read("a.csv", "date,displacement_mm\n2012-04-10,1\n2012-04-11,2"), "line end"));
  EXPECT_FALSE(warns(read("a.csv", "date,displacement_mm\n2012-04-10,1\n2012-04-11,2\n"), "line end"));
}

TEST(Units, OnlyLengthsAreTaken) {
  EXPECT_EQ(length_unit("mm"), "mm");
  EXPECT_EQ(length_unit(" Metres "), "m");
  EXPECT_EQ(length_unit("MILLIMETERS"), "mm");
  EXPECT_EQ(length_unit("in"), "");
  EXPECT_EQ(length_unit("mmm"), "");
  EXPECT_EQ(kind_of_failure("a.csv", "Time series AREA A.;\nDisplacement [in];\nTime;A\n01-08-2025 0:01;1\n"), ErrorKind::input);
}

constexpr const char* kArcsar =
    "Time series AREA ALT-079.;\nDisplacement [mm];\nTime;ALT-079;ALT-080\nX [m];0;10,5\nY [m];0;20\nZ [m];0;30\n";

TEST(Arcsar, ColumnsPositionsSignAndDuplicates) {
  ReadOptions options;
  options.sign = "toward_negative";
  options.time_zone = "America/Santiago";
  const Reading reading = read("a.csv",
                               std::string(kArcsar) +
                                   "31-07-2025 23:59;0;1,5\n01-08-2025 0:01;-0,036928;\n01-08-2025 0:01;-0.04;1\n"
                                   "01-08-2025 0:05;-0.04\nxx;1;2\n01-08-2025 0:07;1;2;3\n01-08-2025 0:09;1;2\n",
                               options);
  ASSERT_EQ(all(reading).size(), 2U);
  const TimeSeries& a = all(reading)[0];
  const TimeSeries& b = all(reading)[1];
  ASSERT_EQ(a.size(), 4U);
  EXPECT_EQ(a.kind, SensorKind::radar);
  EXPECT_EQ(to_iso8601(a.time[0]), "2025-08-01T03:59:00Z");
  EXPECT_DOUBLE_EQ(a.value(1), 0.036928e-3);  // towards the radar is positive
  EXPECT_TRUE(std::isnan(b.value(1)));
  EXPECT_FALSE(a.position_m);  // an area has none
  ASSERT_TRUE(b.position_m);
  EXPECT_DOUBLE_EQ((*b.position_m)[0], 10.5);
  EXPECT_EQ(reading.report.rejected, 3U);
  EXPECT_EQ(reading.report.rows[0].line, 10U);
  EXPECT_TRUE(warns(reading, "twice"));
}

TEST(Arcsar, TheClockIsRegularAgainWithinASegment) {
  // A scan every 125 s, stamps cut to the minute; the truth is known.
  std::string text = "Time series AREA A.;\nDisplacement [mm];\nTime;A\n";
  const Instant start = *parse_iso8601("2025-08-01T00:00:17Z");
  std::vector<Instant> truth;
  for (int i = 0; i < 600; ++i) {
    if (i >= 200 && i < 240) continue;  // a gap
    const Instant t = start + seconds(125LL * i);
    truth.push_back(t);
    const Civil c = to_civil_utc(t);
    char line[48];
    std::snprintf(line, sizeof line, "%02d-%02d-%04d %d:%02d;0.5\n", c.day, c.month, c.year, c.hour, c.minute);
    text += line;
  }
  ReadOptions options;
  options.sign = "toward_positive";
  options.time_zone = "UTC";
  const TimeSeries s = all(read("a.csv", text, options)).at(0);
  ASSERT_EQ(s.size(), truth.size());
  ASSERT_EQ(s.time_dejittered.size(), truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i) {
    EXPECT_LT(std::abs(to_seconds(s.time_dejittered[i] - truth[i])), 4.0) << i;
    EXPECT_LE(s.time[i], truth[i]);  // the stamps stay as written
  }
}

}  // namespace
}  // namespace highwall
