#include "core/options.hpp"

#include <gtest/gtest.h>

#include "core/policy.hpp"

namespace highwall {
namespace {

struct Sample {
  double radius_m = 1.0;
  std::int64_t count = 3;
  bool flag = false;
  std::string word = "mean";
  std::vector<double> windows_h{1.0, 3.0};
  static void describe(auto& d) {
    d.field(&Sample::radius_m, "radius_m", "m", above(0), "A radius");
    d.field(&Sample::count, "count", "", between(1, 9), "A count");
    d.field(&Sample::flag, "flag", "", anything(), "A flag");
    d.field(&Sample::word, "word", "", one_of({"mean", "median"}), "A word");
    d.field(&Sample::windows_h, "windows_h", "h", above(0), "Windows");
    d.require([](const Sample& s) { return s.radius_m < 100.0 || s.count < 5; }, "a large radius wants a small count");
  }
};

std::string message(const std::string& name, const OptionValue& value) {
  Sample s;
  try {
    set_option(s, name, value, "here");
    validate(s, "here");
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::config);
    return e.what();
  }
  return {};
}

TEST(Options, OneDescriptionListsSetsAndTests) {
  EXPECT_EQ(list_options<Sample>().size(), 5U);
  EXPECT_EQ(message("radius_m", std::int64_t{2}), "");
  EXPECT_EQ(message("windows_h", 6.0), "");
  EXPECT_NE(message("radius_m", -1.0), "");
  EXPECT_NE(message("radius_m", std::string("1")), "");
  EXPECT_NE(message("radius_m", std::numeric_limits<double>::quiet_NaN()), "");
  EXPECT_NE(message("count", 2.5), "");
  EXPECT_NE(message("word", std::string("mode")), "");
  EXPECT_NE(message("windows_h", std::vector<double>{1.0, 0.0}), "");
}

TEST(Options, UnknownNamesGetTheNearestKnownOne) {
  EXPECT_NE(message("radius", 1.0).find("radius_m"), std::string::npos);
  EXPECT_NE(message("xyz", 1.0).find("known:"), std::string::npos);
}

TEST(Options, CrossFieldRulesAreTested) {
  Sample s;
  s.radius_m = 200.0;
  s.count = 7;
  EXPECT_THROW(validate(s), Error);
}

TEST(Options, AnEnumerationWithWordsIsAText) {
  PolicyTiming timing;
  set_option(timing, "latch_from", std::string("red"));
  EXPECT_EQ(timing.latch_from, Level::red);
  EXPECT_THROW(set_option(timing, "latch_from", std::string("purple")), Error);
  EXPECT_THROW(set_option(timing, "latch_from", std::string("none")), Error);  // A level, but not allowed here.
  EXPECT_NE(help_text(list_options<PolicyTiming>()).find("latch_from = \"orange\""), std::string::npos);
}

TEST(Options, GivenOptionsBecomeAStruct) {
  const std::vector<GivenOption> given{{"count", std::int64_t{7}, "a"}, {"word", std::string("median"), "b"}};
  const Sample s = options_from<Sample>(given);
  EXPECT_EQ(s.count, 7);
  EXPECT_EQ(s.word, "median");
  const std::vector<GivenOption> bad{{"coumt", std::int64_t{7}, "site.toml:3:1"}};
  EXPECT_THROW(options_from<Sample>(bad), Error);
}

TEST(Options, CommasSplitAndBlanksGo) {
  EXPECT_EQ(split_commas("a, b ,c"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(split_commas(""), (std::vector<std::string>{""}));
  EXPECT_EQ(split_commas("a,,"), (std::vector<std::string>{"a", "", ""}));
}

}  // namespace
}  // namespace highwall
