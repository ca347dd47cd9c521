#include "bindings/pipeline/reference_epoch.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/error.hpp"
#include "tests/support/folder.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

class Reference : public testing::Test {
 protected:
  void SetUp() override { root_ = test_folder(); }
  void TearDown() override { fs::remove_all(root_); }

  static EpochInfo epoch(int day) {
    EpochInfo e;
    e.id = "scan-" + std::to_string(day);
    e.instant = *parse_iso8601("2026-03-01T00:00:00Z") + days(day);
    return e;
  }
  std::size_t ask(std::vector<EpochInfo> epochs, int night) {
    findings_.clear();
    return reference_epoch(root_, "scan", epochs, epoch(night).instant, findings_);
  }

  fs::path root_;
  std::vector<std::string> findings_;
};

TEST_F(Reference, IsTheFirstEpochAndStaysIt) {
  EXPECT_EQ(ask({epoch(5), epoch(6)}, 6), 0U);
  EXPECT_EQ(ask({epoch(5), epoch(6), epoch(7)}, 7), 0U);
  EXPECT_TRUE(findings_.empty());
}

TEST_F(Reference, AnOlderEpochThatArrivesLateDoesNotBecomeIt) {
  ask({epoch(5), epoch(6)}, 6);
  EXPECT_EQ(ask({epoch(2), epoch(5), epoch(6)}, 7), 1U);
  ASSERT_EQ(findings_.size(), 1U);
  EXPECT_NE(findings_[0].find("scan-2"), std::string::npos);
  // The same night again says the same; the next night does not repeat it.
  EXPECT_EQ(ask({epoch(2), epoch(5), epoch(6)}, 7), 1U);
  EXPECT_EQ(findings_.size(), 1U);
  EXPECT_EQ(ask({epoch(2), epoch(5), epoch(6)}, 8), 1U);
  EXPECT_TRUE(findings_.empty());
  EXPECT_EQ(ask({epoch(2), epoch(3), epoch(5)}, 9), 2U);
  EXPECT_EQ(findings_.size(), 1U);
}

TEST_F(Reference, APersonMayLetItGo) {
  ask({epoch(5)}, 6);
  fs::remove(root_ / "reference" / "scan.json");
  EXPECT_EQ(ask({epoch(2), epoch(5)}, 7), 0U);
  EXPECT_EQ(ask({epoch(1), epoch(2), epoch(5)}, 8), 1U);
}

TEST_F(Reference, OneThatIsMissingIsAFinding) {
  ask({epoch(5)}, 6);
  EXPECT_EQ(ask({epoch(6), epoch(7)}, 7), 0U);
  EXPECT_EQ(findings_.size(), 1U);
  EXPECT_EQ(ask({epoch(5), epoch(6), epoch(7)}, 7), 0U);
  EXPECT_TRUE(findings_.empty());
}

TEST_F(Reference, ADamagedFileIsAnError) {
  ask({epoch(5)}, 6);
  fs::resize_file(root_ / "reference" / "scan.json", 10);
  EXPECT_THROW(ask({epoch(5)}, 7), Error);
}

TEST(FieldName, ChangesWithEverythingThatAFieldIsMadeFrom) {
  const Instant t = *parse_iso8601("2026-03-01T00:00:00Z");
  const FieldInputs base{"radius=1;", {{0, 0, 10, 0, 10, 10}}, "a", "b"};
  const std::string name = field_name(t, base);
  EXPECT_EQ(field_name(t, base), name);
  FieldInputs other = base;
  other.options = "radius=2;";
  EXPECT_NE(field_name(t, other), name);
  other = base;
  other.stable_rings[0][5] = 10.001;
  EXPECT_NE(field_name(t, other), name);
  other.stable_rings.clear();
  EXPECT_NE(field_name(t, other), name);
  other = base;
  other.before = "c";
  EXPECT_NE(field_name(t, other), name);
  EXPECT_NE(field_name(t + seconds(1), base), name);
}

}  // namespace
}  // namespace highwall
