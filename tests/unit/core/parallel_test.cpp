#include "core/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <stop_token>

#include "core/error.hpp"

namespace highwall {
namespace {

double harmonic(int threads, std::size_t n) {
  return reduce_blocks(
      n, 0.0,
      [](const Block& b) {
        double sum = 0.0;
        for (std::size_t i = b.begin; i < b.end; ++i) sum += 1.0 / static_cast<double>(i + 1);
        return sum;
      },
      [](double& a, double&& b) { a += b; }, highwall::Run(threads));
}

TEST(Parallel, SumsHaveTheSameBitsOnAnyNumberOfThreads) {
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{100001}}) {
    const double one = harmonic(1, n);
    for (const int threads : {2, 3, 7}) EXPECT_EQ(harmonic(threads, n), one);
  }
  EXPECT_NEAR(harmonic(2, 1000000), std::log(1e6) + 0.5772156649015329, 1e-6);
}

TEST(Parallel, EveryIndexIsVisitedOnce) {
  std::vector<int> seen(10007, 0);
  for_blocks(
      seen.size(),
      [&](const Block& b) {
        for (std::size_t i = b.begin; i < b.end; ++i) ++seen[i];
      },
      highwall::Run(3));
  for (const int n : seen) EXPECT_EQ(n, 1);
}

TEST(Parallel, TheErrorOfTheFirstBlockIsThrown) {
  for (const int threads : {1, 2, 7}) {
    try {
      for_blocks(
          10000,
          [](const Block& b) {
            if (b.index % 3 == 2) throw Error(ErrorKind::input, std::to_string(b.index));
          },
          highwall::Run(threads));
      FAIL();
    } catch (const Error& e) {
      EXPECT_EQ(e.message(), "2");
    }
  }
}

TEST(Parallel, StopsWhenAsked) {
  std::stop_source stop;
  highwall::Run run(2);
  run.set_stop(stop.get_token());
  std::atomic<int> blocks{0};
  try {
    for_blocks(
        100000,
        [&](const Block&) {
          if (++blocks == 3) stop.request_stop();
        },
        run);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::cancelled);
  }
  EXPECT_LT(blocks.load(), 10);
}

}  // namespace
}  // namespace highwall
