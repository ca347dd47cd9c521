#include <gtest/gtest.h>

#include "io/outbox/outbox.hpp"

namespace highwall {
namespace {

Posted at(const char* text) {
  Posted p;
  p.published_time = *parse_iso8601(text);
  return p;
}

bool due(const char* last, const char* now, double heartbeat_h = 24.0) {
  return heartbeat_due(at(last), *parse_iso8601(now), heartbeat_h);
}

TEST(Heartbeat, ANightThatBeginsALittleEarlySkipsNone) {
  EXPECT_TRUE(due("2026-03-11T00:00:02Z", "2026-03-12T00:00:00Z"));
  EXPECT_TRUE(due("2026-03-11T12:00:00Z", "2026-03-12T11:59:58Z"));
  EXPECT_TRUE(due("2026-03-11T20:00:00Z", "2026-03-12T19:00:00Z"));
}
TEST(Heartbeat, RunsEveryHourSendOneADay) {
  std::optional<Posted> last;
  int sent = 0;
  for (int h = 0; h < 240; ++h) {
    const Instant now = *parse_iso8601("2026-03-11T00:30:00Z") + hours(h);
    if (!heartbeat_due(last, now, 24.0)) continue;
    last = Posted{};
    last->published_time = now;
    ++sent;
  }
  EXPECT_EQ(sent, 10);
}
TEST(Heartbeat, TheSameNightAgainSendsNothing) { EXPECT_FALSE(due("2026-03-11T00:00:00Z", "2026-03-11T00:00:00Z")); }
TEST(Heartbeat, AWrongClockDoesNotSilenceItForYears) { EXPECT_TRUE(due("2040-01-01T00:00:00Z", "2026-03-12T00:00:00Z")); }

}  // namespace
}  // namespace highwall
