#include "algorithms/warn/criterion.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "core/error.hpp"
#include "io/config/policy.hpp"

namespace highwall {
namespace {

std::string message_of(const std::string& family, const std::string& unit) {
  Policy policy;
  policy.rules.resize(1);
  policy.rules[0].name = "rule";
  policy.rules[0].family = family;
  policy.rules[0].unit = unit;
  try {
    check_rules(policy);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::config);
    return e.what();
  }
  return {};
}

TEST(Criterion, RulesAreHeldAgainstTheTable) {
  EXPECT_EQ(message_of("velocity", "mm_per_day"), "");
  EXPECT_EQ(message_of("velocity", "mm_per_h"), "");
  EXPECT_EQ(message_of("tangent", "degrees"), "");
  EXPECT_NE(message_of("tangent", "mm_per_h").find("degrees"), std::string::npos);
  EXPECT_NE(message_of("velocity", "mm_per"), "");
  EXPECT_NE(message_of("velocety", "mm_per_h").find("velocity"), std::string::npos);
}

/// What is wrong with a rule of a policy page, "" when nothing.
std::string complaint(const std::string& rule_lines) {
  const std::string page =
      "schema = \"highwall.policy/1\"\nid = \"x\"\nversion = \"1\"\n[[rule]]\nname = \"slide\"\nlevel = \"red\"\n" +
      ("source = \"s\"\n" + rule_lines);
  try {
    check_rules(parse_policy(page, "mine.toml"));
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::config);
    return e.what();
  }
  return {};
}

TEST(Criterion, AKeyThatTheFamilyDoesNotTakeIsAnErrorWithItsPlace) {
  const std::string velocity = "family = \"velocity\"\nthreshold_mm_per_day = 10\n";
  const std::string tangent = "family = \"tangent\"\nthreshold_degrees = 80\n";
  const std::string jump = "family = \"jump\"\nthreshold_mm = 10\n";
  const std::string all = "window_h = 24\nk_sigma = 2\nmin_velocity_mm_per_day = 1\n";
  EXPECT_EQ(complaint(velocity + all + "equal_speed_factor = 2"), "");
  EXPECT_EQ(complaint(tangent + all + "margin_degrees = 2\nwithin_sigma = 2"), "");
  EXPECT_EQ(complaint(jump + "k_sigma = 3"), "");
  const std::string told = complaint(velocity + "within_sigma = 2");
  EXPECT_TRUE(told.starts_with("mine.toml:10:")) << told;
  for (const char* word : {"slide", "within_sigma", "velocity", "take it out", "tangent", "equal_speed_factor"})
    EXPECT_NE(told.find(word), std::string::npos) << word << ": " << told;
  EXPECT_NE(complaint(velocity + "margin_degrees = 2"), "");
  EXPECT_NE(complaint(tangent + "equal_speed_factor = 2"), "");
  for (const char* key :
       {"window_h = 48", "min_velocity_mm_per_day = 1", "equal_speed_factor = 2", "margin_degrees = 1", "within_sigma = 1"})
    EXPECT_NE(complaint(jump + key), "") << key;
  EXPECT_NE(complaint(velocity + "margin_degrees = 0"), "") << "a key without effect, whatever it says";
  EXPECT_TRUE(complaint("family = \"velocty\"\nthreshold_mm_per_day = 10").starts_with("mine.toml:4:"));
  EXPECT_TRUE(complaint("family = \"velocity\"\nthreshold_mm = 10").starts_with("mine.toml:4:"));
}

TEST(Criterion, EveryKeyThatAFamilyTakesIsOneOfAPolicy) {
  const std::string keys = policy_keys_text();
  for (const Criterion* criterion : all_criterions()) {
    std::istringstream words{std::string(criterion->parameters)};
    for (std::string word; words >> word;) EXPECT_NE(keys.find("  " + word + " = "), std::string::npos) << word;
  }
}

TEST(Criterion, APolicyOfAreasOnlyWarnsOfNoSeries) {
  const Policy policy = parse_policy(
      "schema = \"highwall.policy/1\"\nid = \"x\"\nversion = \"1\"\n[[area_rule]]\nname = \"a\"\nsource = \"s\"\n", "mine.toml");
  ASSERT_EQ(policy.area_rules.size(), 1U);
  EXPECT_THROW(require_rules(policy), Error);
  EXPECT_NO_THROW(require_rules(load_policy({})));
}

TEST(Criterion, TheShippedPolicyHasNoKeyWithoutEffect) { EXPECT_NO_THROW(check_rules(load_policy({}))); }

TEST(Criterion, EveryCriterionHasAUnitThatPoliciesKnow) {
  for (const Criterion* criterion : all_criterions()) {
    std::size_t known = 0;
    for (const std::string& unit : threshold_units()) known += message_of(std::string(criterion->family), unit).empty() ? 1 : 0;
    EXPECT_GT(known, 0U) << criterion->family;
  }
}

TEST(Criterion, OrangeAndRedTellOutliersOfTheNoise) {
  const PolicyTiming timing;
  PolicyRule rule;
  for (const Level level : {Level::orange, Level::red}) {
    rule.level = level;
    EXPECT_FALSE(is_significant(rule, timing, 4.9, 1.0));
    EXPECT_TRUE(is_significant(rule, timing, 5.1, 1.0));
    EXPECT_TRUE(is_significant(rule, timing, 0.1, 0.0));
  }
  rule.level = Level::yellow;
  EXPECT_TRUE(is_significant(rule, timing, 0.5, 1.0));
  PolicyTiming not_asked;
  not_asked.significance_sigma = 0.0;
  rule.level = Level::red;
  EXPECT_TRUE(is_significant(rule, not_asked, 0.1, 1.0));
}

TEST(Criterion, TheSigmasAskedGrowWhereTheLimitCannotBeSeen) {
  const PolicyTiming timing;
  PolicyRule rule;
  rule.level = Level::red;
  rule.k_sigma = 2.0;
  EXPECT_EQ(sigmas_asked(rule, timing, 0.05, 0.05), 0.0);
  EXPECT_DOUBLE_EQ(sigmas_asked(rule, timing, 0.10, 0.05), 4.0);
  EXPECT_EQ(sigmas_asked(rule, timing, 0.50, 0.05), 5.0);
  EXPECT_EQ(sigmas_asked(rule, timing, 0.50, 0.0), 0.0) << "no limit";
  rule.level = Level::yellow;
  EXPECT_EQ(sigmas_asked(rule, timing, 0.50, 0.05), 0.0);
}

/// What a velocity rule of 10 mm/day and 2 sigma says of one speed and sigma, mm/day.
Verdict verdict_of(Level level, double speed, double sigma) {
  PolicyRule rule;
  rule.level = level;
  rule.threshold = 0.010;
  rule.unit = "mm_per_day";
  TargetRates rates;
  rates.equal_speed_m_per_day = {kNaN};
  SpeedWindow window;
  window.window_h = 24.0;
  window.speed_m_per_day = window.steady_m_per_day = {speed / 1000.0};
  window.sigma_m_per_day = {sigma / 1000.0};
  window.gap_days = {kNaN};
  rates.windows = {window};
  return *criterion_of("velocity").judge(rule, PolicyTiming{}, rates, 0);
}

TEST(Criterion, AnOutlierOfASensorThatHardlySeesTheLimitIsNotSignificant) {
  EXPECT_TRUE(verdict_of(Level::orange, 15.0, 2.0).significant);
  const Verdict near = verdict_of(Level::orange, 33.0, 10.0);  // it can see the limit: a second sample confirms
  EXPECT_TRUE(near.raise);
  EXPECT_FALSE(near.significant);
  EXPECT_FALSE(verdict_of(Level::orange, 90.0, 30.0).raise);  // three sigmas, and over 10 by more than two
  EXPECT_TRUE(verdict_of(Level::orange, 90.0, 30.0).hold) << "a level that stands does not fall by it";
  EXPECT_TRUE(verdict_of(Level::orange, 160.0, 30.0).raise);
  EXPECT_TRUE(verdict_of(Level::yellow, 90.0, 30.0).raise);
  EXPECT_FALSE(verdict_of(Level::orange, 13.0, 2.0).raise);
}

}  // namespace
}  // namespace highwall
