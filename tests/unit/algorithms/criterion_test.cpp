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

}  // namespace
}  // namespace highwall
