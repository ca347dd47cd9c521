// Every algorithm of the catalogue on degenerate input: values or reasons, never a crash, and the same bits on any
// number of threads.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "algorithms/catalog.hpp"
#include "core/error.hpp"
#include "datasets/random.hpp"

namespace highwall {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Instant at_hour(std::size_t h) { return Instant{1'700'000'000'000'000'000} + hours(static_cast<std::int64_t>(h)); }

/// Points and values by index; the series and the maps take the value of the index too.
template <class PlaceOf, class ValueOf>
Sample sample_of(std::size_t points, std::size_t samples, PlaceOf&& place, ValueOf&& value) {
  Sample s;
  s.before.resize(static_cast<Eigen::Index>(points), 3);
  s.after = s.before;
  for (std::size_t i = 0; i < points; ++i) {
    s.before.row(static_cast<Eigen::Index>(i)) = place(i).transpose();
    s.after.row(static_cast<Eigen::Index>(i)) = place(i).transpose();
  }
  std::vector<Instant> instants;
  for (std::size_t k = 0; k < samples; ++k) {
    s.series.push(at_hour(k), {value(k)}, {1e-3});
    instants.push_back(at_hour(k));
  }
  GridGeometry geometry;
  geometry.rows = 4;
  geometry.cols = 5;
  s.stack = Stack(geometry, instants);
  for (std::size_t e = 0; e < samples; ++e) {
    for (std::size_t c = 0; c < geometry.cells(); ++c) s.stack.at(e)[c] = value(e + c);
  }
  return s;
}

std::vector<std::pair<std::string, Sample>> samples() {
  const Random random(7, 1);
  const auto rough = [&](std::size_t i) {
    return Eigen::Vector3d(30.0 * random.uniform(3 * i), 30.0 * random.uniform(3 * i + 1), 0.05 * random.normal(3 * i + 2));
  };
  const auto noise = [&](std::size_t k) { return 1e-3 * random.normal(1'000'000 + k); };
  const auto zero = [](std::size_t) { return 0.0; };
  const auto origin = [](std::size_t) { return Eigen::Vector3d(1.0, 2.0, 3.0); };
  const auto line = [](std::size_t i) { return Eigen::Vector3d(0.1 * static_cast<double>(i), 0.0, 0.0); };
  const auto straight = [](std::size_t k) { return 1e-4 * static_cast<double>(k); };
  const auto nan_place = [](std::size_t) { return Eigen::Vector3d::Constant(kNaN); };
  const auto nan = [](std::size_t) { return kNaN; };
  const auto some_bad_place = [&](std::size_t i) {
    Eigen::Vector3d p = rough(i);
    if (i % 7 == 0) p.x() = i % 2 == 0 ? kInf : -kInf;
    if (i % 11 == 0) p.z() = kNaN;
    return p;
  };
  const auto some_bad = [&](std::size_t k) { return k % 5 == 0 ? kInf : k % 7 == 0 ? kNaN : k % 13 == 0 ? -kInf : noise(k); };
  std::vector<std::pair<std::string, Sample>> out;
  out.emplace_back("empty", sample_of(0, 0, origin, zero));
  out.emplace_back("one", sample_of(1, 1, origin, zero));
  out.emplace_back("all equal", sample_of(400, 300, origin, zero));
  out.emplace_back("collinear", sample_of(400, 300, line, straight));
  out.emplace_back("all NaN", sample_of(400, 300, nan_place, nan));
  out.emplace_back("some infinite", sample_of(4000, 300, some_bad_place, some_bad));
  out.emplace_back("ordinary", sample_of(4000, 300, rough, noise));
  return out;
}

/// What came out, or the words of the error that the algorithm documents.
struct Result {
  Outcome outcome;
  std::string refused;
};

Result result_of(const Algorithm& algorithm, const Sample& sample, int threads) {
  try {
    return {algorithm.try_on(sample, Run(threads)), {}};
  } catch (const Error& e) {
    EXPECT_TRUE(e.kind() == ErrorKind::input || e.kind() == ErrorKind::frame) << e.what();
    return {{}, e.what()};
  }
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

TEST(Catalog, DegenerateInputGivesValuesOrReasonsOnAnyNumberOfThreads) {
  for (const auto& [name, sample] : samples()) {
    for (const Algorithm& algorithm : all_algorithms()) {
      SCOPED_TRACE(std::string(algorithm.name) + " on " + name);
      const Result one = result_of(algorithm, sample, 1);
      if (!one.outcome.reasons.empty()) {
        ASSERT_EQ(one.outcome.reasons.size(), one.outcome.values.size());
        for (std::size_t i = 0; i < one.outcome.values.size(); ++i) {
          const Reason reason = one.outcome.reasons[i];
          const double value = one.outcome.values[i];
          if (reason == Reason::ok || reason == Reason::few_points) {
            EXPECT_TRUE(std::isfinite(value)) << i << ": " << value;
          } else if (reason != Reason::no_stable_ground) {  // Then it is the sigma that has no value.
            EXPECT_TRUE(std::isnan(value)) << i << ": " << value << " " << name_of(reason);
          }
        }
      }
      for (const int threads : {2, 3, 7}) {
        const Result many = result_of(algorithm, sample, threads);
        EXPECT_EQ(many.refused, one.refused);
        EXPECT_TRUE(same_bits(many.outcome.values, one.outcome.values)) << threads << " threads";
        EXPECT_EQ(many.outcome.reasons, one.outcome.reasons);
      }
    }
  }
}

TEST(Catalog, OrdinaryInputGivesANumber) {
  const Sample sample = samples().back().second;
  for (const Algorithm& algorithm : all_algorithms()) {
    if (algorithm.name == "midas" || algorithm.name == "downslope") continue;  // Want years, and a slope.
    const Result r = result_of(algorithm, sample, 1);
    EXPECT_EQ(r.refused, "") << algorithm.name;
    bool any = false;
    for (const double v : r.outcome.values) any = any || std::isfinite(v);
    EXPECT_TRUE(any) << algorithm.name;
  }
}

TEST(Catalog, EachLineIsWholeAndChecksItsOwnOptions) {
  for (const Algorithm& algorithm : all_algorithms()) {
    SCOPED_TRACE(algorithm.name);
    EXPECT_TRUE(algorithm.sentence.ends_with("."));
    EXPECT_EQ(&algorithm_of(algorithm.name), &algorithm);
    ASSERT_FALSE(algorithm.options().empty());
    for (const OptionSpec& spec : algorithm.options()) {
      EXPECT_FALSE(spec.help.empty()) << spec.name;
      const std::vector<GivenOption> given{{spec.name, spec.standard, "here"}};
      EXPECT_NO_THROW(algorithm.check(given)) << spec.name;
    }
    const std::vector<GivenOption> wrong{{"no_such_option", 1.0, "site.toml:7:1"}};
    EXPECT_THROW(algorithm.check(wrong), Error);
  }
  EXPECT_THROW(algorithm_of("m3c3"), Error);
}

}  // namespace
}  // namespace highwall
