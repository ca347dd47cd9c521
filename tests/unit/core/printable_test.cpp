#include "core/printable.hpp"

#include <gtest/gtest.h>

namespace highwall {
namespace {

TEST(Printable, KeepsUtf8AndEscapesTheRestWithoutLoss) {
  EXPECT_EQ(printable("G01 \xE5\x8C\x97\xE5\xA2\x99.csv"), "G01 \xE5\x8C\x97\xE5\xA2\x99.csv");
  EXPECT_EQ(printable("\xB1\xB1.csv"), "%B1%B1.csv");
  EXPECT_EQ(printable("a\nb"), "a%0Ab");
  EXPECT_EQ(printable("100%"), "100%");
  EXPECT_EQ(printable("%B1"), "%25B1");  // no other name looks like this one
  EXPECT_EQ(printable("\xC0\xAF"), "%C0%AF");
  EXPECT_EQ(printable("\xED\xA0\x80"), "%ED%A0%80");
  EXPECT_EQ(printable("\xE5\x8C"), "%E5%8C");
}

TEST(Printable, TargetNamesThatWouldTroubleSomebodyAreRefused) {
  for (const std::string_view good : {"G01", "\xE5\x8C\x97\xE5\xA2\x99", "a b+#.c", "..a"})
    EXPECT_EQ(target_name_defect(good), "") << good;
  const std::string_view nul("a\0b", 3);
  for (const std::string_view bad : {std::string_view(""), std::string_view("."), std::string_view(".."), std::string_view("a/b"),
                                     nul, std::string_view("a\nb"), std::string_view("\xB1\xB1"), std::string_view("\xC2\x85")}) {
    EXPECT_NE(target_name_defect(bad), "") << bad;
  }
  EXPECT_NE(target_name_defect(std::string(201, 'a')), "");
  EXPECT_EQ(target_name_defect(std::string(200, 'a')), "");
}

}  // namespace
}  // namespace highwall
