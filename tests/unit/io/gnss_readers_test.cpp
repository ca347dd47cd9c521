// GNSS readers on texts written by hand from the formats' descriptions.
#include <gtest/gtest.h>

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "core/geodesy.hpp"
#include "io/readers/reader.hpp"

namespace highwall {
namespace {

constexpr double kRadians = std::numbers::pi / 180.0;

Reading read(const std::string& name, const std::string& text, const ReadOptions& options = {}) {
  return read_input({name, text}, options, Run());
}
const TimeSeries& first(const Reading& reading) { return std::get<std::vector<TimeSeries>>(reading.data).at(0); }

TEST(Geodesy, MatchesThePublishedExample) {
  // EPSG Guidance Note 7-2, geographic/geocentric conversions, WGS 84.
  const double latitude = (53.0 + 48.0 / 60.0 + 33.820 / 3600.0) * kRadians;
  const double longitude = (2.0 + 7.0 / 60.0 + 46.380 / 3600.0) * kRadians;
  const Eigen::Vector3d xyz = ecef_of(latitude, longitude, 73.0);
  EXPECT_NEAR(xyz.x(), 3771793.968, 1e-3);
  EXPECT_NEAR(xyz.y(), 140253.342, 1e-3);
  EXPECT_NEAR(xyz.z(), 5124304.349, 1e-3);
}

TEST(Geodesy, ThereAndBackAgainFromPoleToPole) {
  for (double latitude = -90.0; latitude <= 90.0; latitude += 7.5) {
    for (const double height : {-10000.0, -400.0, 0.0, 4500.0, 10000.0}) {
      const Eigen::Vector3d xyz = ecef_of(latitude * kRadians, 1.1, height);
      const Eigen::Vector3d llh = llh_of(xyz);
      EXPECT_NEAR(llh.x(), latitude * kRadians, 1e-13) << latitude;
      EXPECT_NEAR(llh.z(), height, 1e-6) << latitude;
      EXPECT_NEAR((ecef_of(llh.x(), llh.y(), llh.z()) - xyz).norm(), 0.0, 1e-6);
    }
  }
  const Eigen::Matrix3d axes = enu_axes(0.6, -1.2);
  EXPECT_NEAR((axes * axes.transpose() - Eigen::Matrix3d::Identity()).norm(), 0.0, 1e-14);
  EXPECT_NEAR(axes.determinant(), 1.0, 1e-14);
}

constexpr const char* kEnuHeader =
    "% ref pos   : 35.000000000  137.000000000   100.0000\n"
    "%  GPST                  e-baseline(m)  n-baseline(m)  u-baseline(m)   Q  ns   sde(m)   sdn(m)   sdu(m)  "
    "sden(m)  sdnu(m)  sdue(m) age(s)  ratio\n";
constexpr const char* kLlhHeader =
    "% ref pos   : 35.000000000  137.000000000   100.0000\n"
    "%  UTC                   latitude(deg) longitude(deg)  height(m)   Q  ns   sdn(m)   sde(m)   sdu(m)  sdne(m)  "
    "sdeu(m)  sdun(m) age(s)  ratio\n";

TEST(RtklibPos, EnuColumnsAreEastNorthUpAndCrossTermsSignedRoots) {
  const Reading reading = read("G01.pos", std::string(kEnuHeader) +
                                              "2024/06/24 08:20:00.500 1.0 2.0 3.0 1 20 0.001 0.002 0.003 -0.0005 0.0006 "
                                              "-0.0007 0.00 10.0\n");
  const TimeSeries& s = first(reading);
  ASSERT_EQ(s.size(), 1U);
  EXPECT_EQ(s.target, "G01");
  EXPECT_EQ(to_iso8601(s.time[0]), "2024-06-24T08:19:42.5Z");
  EXPECT_EQ(s.value(0, 0), 1.0);
  EXPECT_EQ(s.value(0, 1), 2.0);
  EXPECT_EQ(s.value(0, 2), 3.0);
  EXPECT_DOUBLE_EQ(s.sigma(0, 0), 0.001);
  EXPECT_DOUBLE_EQ(s.sigma(0, 1), 0.002);
  EXPECT_DOUBLE_EQ(s.covariance_m2.at(0), -0.0005 * 0.0005);  // east-north
  EXPECT_DOUBLE_EQ(s.covariance_m2.at(1), 0.0006 * 0.0006);   // north-up
  EXPECT_DOUBLE_EQ(s.covariance_m2.at(2), -0.0007 * 0.0007);  // up-east
}

TEST(RtklibPos, LlhSigmasComeNorthFirst) {
  const Reading reading = read("a.pos", std::string(kLlhHeader) +
                                            "2024/06/24 08:20:00.000 35.000000000 137.000000000 101.5 2 9 0.002 0.001 0.003 "
                                            "-0.0005 0.0006 -0.0007 0.00 1.0\n");
  const TimeSeries& s = first(reading);
  EXPECT_EQ(to_iso8601(s.time[0]), "2024-06-24T08:20:00Z");  // UTC as it stands
  EXPECT_NEAR(s.value(0, 0), 0.0, 1e-9);
  EXPECT_NEAR(s.value(0, 2), 1.5, 1e-9);
  EXPECT_DOUBLE_EQ(s.sigma(0, 0), 0.001);
  EXPECT_DOUBLE_EQ(s.sigma(0, 1), 0.002);
  EXPECT_DOUBLE_EQ(s.covariance_m2.at(0), -0.0005 * 0.0005);  // sdne
  EXPECT_DOUBLE_EQ(s.covariance_m2.at(1), -0.0007 * 0.0007);  // sdun
  EXPECT_DOUBLE_EQ(s.covariance_m2.at(2), 0.0006 * 0.0006);   // sdeu
  EXPECT_EQ(s.flags[0], kFlagFloat);
}

TEST(RtklibPos, XyzCovarianceIsTurnedIntoEastNorthUp) {
  // On the equator at longitude 0: east = y, north = z, up = x.
  const std::string header =
      "%  GPST              x-ecef(m)      y-ecef(m)      z-ecef(m)   Q  ns   sdx(m)   sdy(m)   sdz(m)  sdxy(m)  sdyz(m)  "
      "sdzx(m) age(s)  ratio\n";
  const Reading reading = read("a.pos", header + "2320 116400.000 6378137.0 0.0 0.0 1 9 0.03 0.01 0.02 0.004 -0.005 0.006 0 1\n" +
                                            "2320 116401.000 6378138.0 2.0 3.0 1 9 0.03 0.01 0.02 0.004 -0.005 0.006 0 1\n");
  const TimeSeries& s = first(reading);
  ASSERT_EQ(s.size(), 2U);
  EXPECT_EQ(to_iso8601(s.time[0]), "2024-06-24T08:19:42Z");
  EXPECT_NEAR(s.value(1, 0), 2.0, 1e-9);
  EXPECT_NEAR(s.value(1, 1), 3.0, 1e-9);
  EXPECT_NEAR(s.value(1, 2), 1.0, 1e-9);
  EXPECT_NEAR(s.sigma(1, 0), 0.01, 1e-12);
  EXPECT_NEAR(s.sigma(1, 1), 0.02, 1e-12);
  EXPECT_NEAR(s.sigma(1, 2), 0.03, 1e-12);
  EXPECT_NEAR(s.covariance_m2.at(3), -0.005 * 0.005, 1e-15);  // east-north = yz
  EXPECT_NEAR(s.covariance_m2.at(4), 0.006 * 0.006, 1e-15);   // north-up = zx
  EXPECT_NEAR(s.covariance_m2.at(5), 0.004 * 0.004, 1e-15);   // up-east = xy
}

TEST(RtklibPos, DmsKeepsTheSignOfZeroDegrees) {
  const std::string header =
      "% ref pos   : 00 00 00.00000  00 00 00.00000   0.0000\n"
      "%  JST   latitude(d'\")   longitude(d'\")  height(m)   Q  ns   sdn(m)   sde(m)   sdu(m)  sdne(m)  sdeu(m)  sdue(m) "
      "age(s)  ratio\n";
  const Reading reading = read("a.pos", header + "2024/06/24 17:20:00.000 -0 00 01.0 -0 00 01.0 0.0 1 9 0 0 0 0 0 0 0 1\n");
  const TimeSeries& s = first(reading);
  EXPECT_EQ(to_iso8601(s.time[0]), "2024-06-24T08:20:00Z");
  EXPECT_NEAR(s.value(0, 0), -30.922, 0.01);  // one second of arc of longitude on the equator
  EXPECT_NEAR(s.value(0, 1), -30.715, 0.01);  // and of latitude
  EXPECT_TRUE(std::isnan(s.sigma(0, 0)));     // zero means that it is not known
}

// RTKLIB's outsols() turns GPS time into the clock of the header before it writes either form.
TEST(RtklibPos, EveryClockInBothFormsOfTimeIsTheSameInstant) {
  struct Case {
    const char* clock;
    const char* time;
  };
  for (const Case& c :
       {Case{"GPST", "2024/06/24 08:20:00.500"}, Case{"GPST", "2320 116400.500"}, Case{"UTC", "2024/06/24 08:19:42.500"},
        Case{"UTC", "2320 116382.500"}, Case{"JST", "2024/06/24 17:19:42.500"}, Case{"JST", "2320 148782.500"}}) {
    const std::string header =
        std::string("%  ") + c.clock + "  e-baseline(m)  n-baseline(m)  u-baseline(m)   Q  ns age(s)  ratio\n";
    const Reading reading = read("a.pos", header + c.time + " 1.0 2.0 3.0 1 20\n");
    ASSERT_EQ(first(reading).size(), 1U) << c.clock << " " << c.time;
    EXPECT_EQ(to_iso8601(first(reading).time[0]), "2024-06-24T08:19:42.5Z") << c.clock << " " << c.time;
  }
}

TEST(RtklibPos, JstCrossesTheEndOfAWeek) {
  // Sunday 2024-06-30, 08:00 in Japan is Saturday 23:00 UTC.
  const Reading reading = read("a.pos",
                               "%  JST  e-baseline(m)  n-baseline(m)  u-baseline(m)   Q  ns age(s)  ratio\n"
                               "2321 28800.000 1.0 2.0 3.0 1 20\n");
  EXPECT_EQ(to_iso8601(first(reading).time[0]), "2024-06-29T23:00:00Z");
}

TEST(RtklibPos, AnySeparator) {
  for (const std::string separator : {",", ";", "\t"}) {
    std::string text = "%  GPST LOCAL e-baseline(m) n-baseline(m) u-baseline(m) Q ns sde(m) age(s) ratio\n";
    text = "%  GPST                " + separator + " e-baseline(m)" + separator + " n-baseline(m)" + separator +
           " u-baseline(m)" + separator + "  Q" + separator + " ns" + separator + "age(s)" + separator + " ratio\n" +
           "2024/06/24 08:20:00.000" + separator + "1.5" + separator + "2.5" + separator + "3.5" + separator + "1" + separator +
           "12\n";
    const Reading reading = read("a.pos", text);
    ASSERT_EQ(reading.report.accepted, 1U) << separator;
    EXPECT_EQ(first(reading).value(0, 2), 3.5);
  }
}

TEST(RtklibPos, BadRowsAreToldByLineAndDoNotStopTheFile) {
  const std::string good = "2024/06/24 08:20:00.000 1 2 3 1 20 0.001 0.001 0.001 0 0 0 0 1\n";
  const Reading reading = read("a.pos", std::string(kEnuHeader) + good + "2024/13/24 08:20:01.000 1 2 3 1 20\n" +
                                            "2024/06/24 08:20:02.000 1 x 3 1 20\n" + good + "2024/06/24\n" + good + good);
  EXPECT_EQ(reading.report.accepted, 4U);
  ASSERT_EQ(reading.report.rows.size(), 3U);
  EXPECT_EQ(reading.report.rows[0].line, 4U);
  EXPECT_EQ(reading.report.rows[1].line, 5U);
  EXPECT_EQ(reading.report.rows[2].line, 7U);
  EXPECT_NE(reading.report.rows[1].reason.find("\"x\""), std::string::npos);
}

TEST(RtklibPos, MostlyBadIsAnError) {
  try {
    read("a.pos", std::string(kEnuHeader) + "a b c d e f g\nh i j k l m n\n");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::input);
    EXPECT_NE(std::string(e.what()).find("a.pos"), std::string::npos);
    EXPECT_NE(std::string(e.what()).find("line 3"), std::string::npos);
  }
}

TEST(RtklibPos, FilesWithoutReferenceShareTheirZeroInTheNight) {
  const std::string header =
      "%  UTC  latitude(deg) longitude(deg)  height(m)   Q  ns   sdn(m)   sde(m)   sdu(m)  sdne(m)  sdeu(m)  sdun(m) age(s)  "
      "ratio\n";
  const std::string day1 = header + "2024/06/24 08:20:00 35.134707705 136.977577939 104.8530 1 9\n";
  const std::string day2 = header + "2024/06/25 08:20:00 35.134707795 136.977577939 104.8530 1 9\n";  // 10 mm north
  ReadOptions night;
  night.strict = true;
  const TimeSeries a = first(read("a.pos", day1, night));
  const TimeSeries b = first(read("a.pos", day2, night));
  ASSERT_TRUE(a.origin_ecef_m && b.origin_ecef_m);
  EXPECT_EQ(*a.origin_ecef_m, *b.origin_ecef_m);
  EXPECT_NEAR(b.value(0, 1) - a.value(0, 1), 0.00998, 2e-4);
  // A bare file starts at its own first position.
  EXPECT_NEAR(first(read("a.pos", day2)).value(0, 1), 0.0, 1e-9);
}

std::string sentence(const std::string& body) {
  unsigned sum = 0;
  for (const char c : body) sum ^= static_cast<unsigned char>(c);
  char tail[8];
  std::snprintf(tail, sizeof tail, "*%02X\r\n", sum);
  return "$" + body + tail;
}

TEST(Nmea, HeightIsAltitudePlusSeparationAndQualityMaps) {
  const std::string text = sentence("GNRMC,081942.00,A,3508.0819408,N,13658.6545287,E,0.02,0.00,240624,0.0,E,R,V") +
                           sentence("GNGGA,081942.00,3508.0819408,N,13658.6545287,E,4,42,1.0,67.082,M,37.779,M,0.0,0000") +
                           sentence("GNGGA,081943.00,3508.0819408,N,13658.6545287,E,5,42,1.0,67.082,M,37.779,M,0.0,0000") +
                           sentence("GNGGA,081944.00,3508.0819408,N,13658.6545287,E,1,42,1.0,67.082,M,37.779,M,0.0,0000") +
                           sentence("GNGGA,081945.00,,,,,0,00,,,M,,M,,");
  ReadOptions options;
  options.reference_llh = {35.0 + 8.0819408 / 60.0, 136.0 + 58.6545287 / 60.0, 0.0};
  const Reading reading = read("rover.nmea", text, options);
  const TimeSeries& s = first(reading);
  ASSERT_EQ(s.size(), 3U);
  EXPECT_EQ(to_iso8601(s.time[0]), "2024-06-24T08:19:42Z");
  EXPECT_NEAR(s.value(0, 2), 104.861, 1e-6);
  EXPECT_EQ(s.flags[0], kFlagNone);
  EXPECT_EQ(s.flags[1], kFlagFloat);
  EXPECT_EQ(s.flags[2], kFlagLowQuality);
  EXPECT_EQ(reading.report.rejected, 0U);
  EXPECT_TRUE(std::any_of(reading.report.warnings.begin(), reading.report.warnings.end(),
                          [](const std::string& w) { return w.find("no fix") != std::string::npos; }));
}

TEST(Nmea, MidnightGoesToTheNextDayAlsoWhenTheGgaComesFirst) {
  const std::string gga = ",3508.0,N,13658.0,E,4,42,1.0,67.0,M,37.0,M,0.0,0000";
  const std::string rmc = ",A,3508.0,N,13658.0,E,0.0,0.0,";
  const std::string text = sentence("GPGGA,235958.00" + gga) + sentence("GPRMC,235958.00" + rmc + "311223,,") +
                           sentence("GPGGA,235959.50" + gga) + sentence("GPGGA,000000.50" + gga) +
                           sentence("GPRMC,000001.00" + rmc + "010124,,") + sentence("GPGGA,000001.00" + gga);
  const TimeSeries s = first(read("a.nmea", text));
  ASSERT_EQ(s.size(), 4U);
  EXPECT_EQ(to_iso8601(s.time[0]), "2023-12-31T23:59:58Z");
  EXPECT_EQ(to_iso8601(s.time[2]), "2024-01-01T00:00:00.5Z");
  EXPECT_EQ(to_iso8601(s.time[3]), "2024-01-01T00:00:01Z");
}

TEST(Nmea, StandardDeviationsThatAreNotUsedAreTold) {
  const std::string zda = sentence("GPZDA,101010.00,24,06,2024,00,00");
  const std::string gga = sentence("GPGGA,101010.00,3508.0,N,13658.0,E,4,42,1.0,67.0,M,37.0,M,0.0,0000");
  const auto told = [&](const std::string& text) {
    const auto& warnings = read("a.nmea", text).report.warnings;
    return std::count_if(warnings.begin(), warnings.end(),
                         [](const std::string& w) { return w.find("GST") != std::string::npos; });
  };
  const std::string gst = sentence("GPGST,101010.00,0.01,0.02,0.01,45.0,0.011,0.012,0.023");
  EXPECT_EQ(told(zda + gga + gst + gga + gst), 1);
  EXPECT_EQ(told(zda + gga), 0);
}

TEST(Nmea, ABadChecksumIsARejectedRowAndNoDayIsAnError) {
  const std::string gga = "GPGGA,101010.00,3508.0,N,13658.0,E,4,42,1.0,67.0,M,37.0,M,0.0,0000";
  std::string broken = sentence(gga);
  broken[20] = '9';
  const std::string zda = sentence("GPZDA,101010.00,24,06,2024,00,00");
  const Reading reading = read("a.nmea", zda + sentence(gga) + broken + sentence(gga));
  EXPECT_EQ(reading.report.accepted, 2U);
  ASSERT_EQ(reading.report.rows.size(), 1U);
  EXPECT_EQ(reading.report.rows[0].line, 3U);
  EXPECT_THROW(read("a.nmea", sentence(gga) + sentence(gga)), Error);
  // Without the separation of the geoid the ellipsoidal height is not known.
  EXPECT_THROW(read("a.nmea", zda + sentence("GPGGA,101010.00,3508.0,N,13658.0,E,4,42,1.0,67.0,M,,M,0.0,0000")), Error);
}

TEST(Ngl, Tenv3AddsWholeAndPartAndDatesByMjd) {
  const std::string header =
      "site YYMMMDD yyyy.yyyy __MJD week d reflon _e0(m) __east(m) ____n0(m) _north(m) u0(m) ____up(m) _ant(m) "
      "sig_e(m) sig_n(m) sig_u(m) __corr_en __corr_eu __corr_nu _latitude(deg) _longitude(deg) __height(m)\n";
  const std::string row1 =
      "00NA 08MAR27 2008.2355 54552 1472 4  130.8   4781  0.836816  -1378706 -0.286481   104  0.836530  0.0000 "
      "0.001162 0.001047 0.005206  0.019638 -0.041223  0.003237 -12.4666414661 -229.1560136125   104.83653\n";
  const std::string row2 =
      "00NA 08MAR28 2008.2382 54553 1472 5  130.8   4782 -0.162467  -1378706 -0.282454   104  0.844980  0.0000 "
      "0.001105 0.001009 0.004919  0.029817 -0.005660  0.000582 -12.4666414297 -229.1560136059   104.84498\n";
  const std::string other =
      "00NA 08MAR29 2008.2409 54554 1472 6  130.9   4782 -0.162467  -1378706 -0.282454   104  0.844980  0.0000 "
      "0.001105 0.001009 0.004919  0.029817 -0.005660  0.000582 -12.4666414297 -229.1560136059   104.84498\n";
  const Reading reading = read("x.tenv3", header + row1 + row2 + other);
  const TimeSeries& s = first(reading);
  ASSERT_EQ(s.size(), 2U);
  EXPECT_EQ(s.target, "00NA");
  EXPECT_EQ(to_iso8601(s.time[0]), "2008-03-27T12:00:00Z");
  EXPECT_NEAR(s.value(1, 0) - s.value(0, 0), 0.000717, 1e-9);  // e0 changed between the rows
  EXPECT_NEAR(s.value(1, 1) - s.value(0, 1), 0.004027, 1e-9);
  EXPECT_DOUBLE_EQ(s.covariance_m2.at(1), 0.003237 * 0.001047 * 0.005206);  // north-up
  EXPECT_EQ(reading.report.rejected, 1U);                                   // another reference meridian
}

TEST(PboPos, OrderIsNorthEastUpAndBadFirstRowsAreNoHeader) {
  const std::string head =
      "PBO Station Position Time Series. Reference Frame : ITRF2014\nFormat Version: 1.1.0\n4-character ID: 00NA\n"
      "XYZ Reference position :  -4073662.34092  4712064.72162 -1367874.39898 (ITRF2014)\n*YYYYMMDD HHMMSS JJJJJ.JJJJ X Y Z\n";
  const std::string row =
      " 20080327 120000 54552.5000 -4073662.3 4712064.7 -1367874.3 0.001 0.001 0.001 0.1 0.1 0.1 -12.46 130.84 104.8 "
      "0.011 0.022 0.033 0.001 0.002 0.003 0.1 0.2 0.3 suppf\n";
  std::string bad = row;
  bad.replace(bad.find("0.022"), 5, "0.0x2");
  const Reading reading = read("x.pos", head + bad + row + row);
  const TimeSeries& s = first(reading);
  ASSERT_EQ(s.size(), 2U);
  EXPECT_EQ(s.target, "00NA");
  EXPECT_EQ(s.frame.crs, "ITRF2014");
  EXPECT_EQ(s.value(0, 0), 0.022);
  EXPECT_EQ(s.value(0, 1), 0.011);
  EXPECT_EQ(s.sigma(0, 0), 0.002);
  EXPECT_DOUBLE_EQ(s.covariance_m2.at(0), 0.1 * 0.001 * 0.002);
  EXPECT_DOUBLE_EQ(s.covariance_m2.at(1), 0.2 * 0.001 * 0.003);
  EXPECT_DOUBLE_EQ(s.covariance_m2.at(2), 0.3 * 0.002 * 0.003);
  ASSERT_TRUE(s.origin_ecef_m);
  EXPECT_DOUBLE_EQ((*s.origin_ecef_m)[1], 4712064.72162);
  ASSERT_EQ(reading.report.rows.size(), 1U);
  EXPECT_EQ(reading.report.rows[0].line, 6U);
}

TEST(Neu, BothMeaningsOfTheDecimalYearGiveTheRightDays) {
  // 2000 is a leap year: the two rules part by up to 0.75 days in it.
  std::string calendar;
  std::string julian;
  const Instant start = *parse_iso8601("1999-12-20");
  for (int i = 0; i < 400; ++i) {
    const Instant day = start + days(i);
    const Civil c = to_civil_utc(day);
    const double length = c.year % 4 == 0 ? 366.0 : 365.0;
    const double doy = to_mjd(day) - to_mjd(*from_civil_utc({c.year, 1, 1, 0, 0, 0.0})) + 1.0;
    char line[96];
    std::snprintf(line, sizeof line, "%.4f 0.001 0.002 0.003 0.001 0.001 0.001\n", c.year + (doy - 0.5) / length);
    calendar += line;
    std::snprintf(line, sizeof line, "%.4f 0.001 0.002 0.003 0.001 0.001 0.001\n", 2000.0 + (to_mjd(day) - 51544.0) / 365.25);
    julian += line;
  }
  // 51544 / 365.25 puts 2000.0000 on 1 January: a whole year is no decimal year to the sniffer, so name it.
  ReadOptions options;
  options.format = "neu";
  for (const std::string& text : {calendar, julian}) {
    const TimeSeries s = first(read("x.neu", text, options));
    ASSERT_EQ(s.size(), 400U);
    for (int i = 0; i < 400; ++i) {
      ASSERT_EQ(s.time[static_cast<std::size_t>(i)], start + days(i) + hours(12)) << i;
    }
    EXPECT_EQ(s.value(0, 0), 0.002);
    EXPECT_EQ(s.value(0, 1), 0.001);
  }
}

TEST(Neu, IosReadsYearAndDayOfYearAndNotesSteps) {
  const Reading reading =
      read("BJFS.neu",
           "YYYY.DECM YYYY DOY     N(m)      E(m)      U(m)   sig_n(m)   sig_e(m)  sig_u(m)\n# offset 2000.5 7\n"
           "1999.9999 1999 365 0.001 0.002 0.003 0.0011 0.0012 0.0013\n2000.0014 2000  1 0.001 0.002 0.003 0 0 0\n");
  const TimeSeries& s = first(reading);
  ASSERT_EQ(s.size(), 2U);
  EXPECT_EQ(to_iso8601(s.time[0]), "1999-12-31T12:00:00Z");
  EXPECT_EQ(s.sigma(0, 0), 0.0012);
  EXPECT_TRUE(std::isnan(s.sigma(1, 2)));
  EXPECT_NE(reading.report.warnings.at(0).find("offset 2000.5 7"), std::string::npos);
}

}  // namespace
}  // namespace highwall
