#include "algorithms/warn/criterion.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"

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

TEST(Criterion, EveryCriterionHasAUnitThatPoliciesKnow) {
  for (const Criterion* criterion : all_criterions()) {
    std::size_t known = 0;
    for (const std::string& unit : threshold_units()) known += message_of(std::string(criterion->family), unit).empty() ? 1 : 0;
    EXPECT_GT(known, 0U) << criterion->family;
  }
}

TEST(Criterion, ASensorThatCannotSeeALimitOfOrangeOrRedIsAskedForMoreSigmas) {
  const PolicyTiming timing;
  PolicyRule rule;
  rule.level = Level::red;
  rule.k_sigma = 2.0;
  EXPECT_EQ(sigmas_to_raise(rule, timing, 0.01, 0.05), 2.0);
  EXPECT_EQ(sigmas_to_raise(rule, timing, 0.05, 0.05), 2.0);
  EXPECT_DOUBLE_EQ(sigmas_to_raise(rule, timing, 0.10, 0.05), 4.0);
  EXPECT_EQ(sigmas_to_raise(rule, timing, 0.50, 0.05), 6.0);
  rule.level = Level::yellow;
  EXPECT_EQ(sigmas_to_raise(rule, timing, 0.50, 0.05), 2.0);
  rule.level = Level::orange;
  EXPECT_EQ(sigmas_to_raise(rule, timing, 0.50, 0.0), 2.0);
  PolicyTiming never;
  never.k_sigma_unseen = 0.0;
  EXPECT_EQ(sigmas_to_raise(rule, never, 0.50, 0.05), 2.0);
}

}  // namespace
}  // namespace highwall
