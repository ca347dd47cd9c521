#include "core/displacement.hpp"

#include <gtest/gtest.h>

#include <set>

namespace highwall {
namespace {

TEST(Reason, EveryOneHasAWordOfItsOwn) {
  const auto words = reason_words();
  EXPECT_EQ(words[0], "ok");
  EXPECT_EQ(words.back(), "not_rigid") << "a new reason has come: files that keep codes must tell its word";
  EXPECT_EQ(std::set<std::string_view>(words.begin(), words.end()).size(), words.size());
  for (std::size_t code = 0; code < words.size(); ++code) EXPECT_EQ(name_of(static_cast<Reason>(code)), words[code]);
  EXPECT_EQ(name_of(static_cast<Reason>(words.size())), "unknown");
  EXPECT_TRUE(reason_codes().starts_with("0 ok, 1 no_normal, "));
  EXPECT_TRUE(reason_codes().ends_with(", 16 not_rigid"));
}

}  // namespace
}  // namespace highwall
