#include "algorithms/align/plausible.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/error.hpp"

namespace highwall {
namespace {

/// A hundred places of which `seen` have a distance after a registration that took a scan back by `off`.
std::string refusal(const Eigen::Vector3d& off, double rms_m, std::size_t seen, const RegisterOptions& options = {}) {
  DisplacementField field = DisplacementField::of_size(100, Reason::empty_after);
  for (Eigen::Index i = 0; i < 100; ++i) field.position_m.row(i) << static_cast<double>(i), 5.0, 20.0;
  std::fill(field.n_before.begin(), field.n_before.end(), 9);
  for (std::size_t i = 0; i < seen; ++i) field.reason[i] = Reason::ok;
  Registration fit;
  fit.transform.translate(-off);
  fit.rms_m = rms_m;
  try {
    require_plausible(fit, field, options);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::input);
    return e.what();
  }
  return {};
}

TEST(Plausible, AScanNearByIsTaken) {
  EXPECT_EQ(refusal({0.5, -0.3, 0.1}, 0.02, 60), "");
  EXPECT_EQ(refusal({0.0, 0.0, 0.0}, 0.0, 100), "");
}

TEST(Plausible, AScanWhoseCoordinatesAreOffIsRefusedWithItsShift) {
  const std::string text = refusal({-15.0, 2.0, 0.5}, 0.02, 60);
  EXPECT_NE(text.find("15.1 m off the reference (15 m west, 2 m north and 0.5 m above)"), std::string::npos) << text;
  EXPECT_NE(text.find("largest_shift_m"), std::string::npos) << text;
  RegisterOptions free;
  free.largest_shift_m = 50.0;
  EXPECT_EQ(refusal({-15.0, 2.0, 0.5}, 0.02, 60, free), "");
}

TEST(Plausible, OtherGroundIsRefused) {
  EXPECT_NE(refusal({1.0, 0.0, 0.0}, 0.9, 60).find("leaves 900 mm between their stable ground"), std::string::npos);
  EXPECT_NE(refusal({1.0, 0.0, 0.0}, 0.02, 9).find("shows 9 of its 100 places"), std::string::npos);
}

TEST(Plausible, AScanFartherOffThanExpectedIsToldThoughItIsTaken) {
  DisplacementField field = DisplacementField::of_size(100, Reason::ok);
  for (Eigen::Index i = 0; i < 100; ++i) field.position_m.row(i) << static_cast<double>(i), 5.0, 20.0;
  Registration fit;
  fit.rms_m = 0.004;
  fit.transform.translate(Eigen::Vector3d(0.0, -0.19, 0.0));
  EXPECT_EQ(tell_shift(fit, field, {}, 0.004), "");
  fit.transform.translate(Eigen::Vector3d(0.0, -2.81, 0.0));
  const std::string text = tell_shift(fit, field, {}, 0.087);
  EXPECT_NE(text.find("lies 3 m off the reference"), std::string::npos) << text;
  EXPECT_NE(text.find("3 m north"), std::string::npos) << text;
  EXPECT_NE(text.find("left 87.0 mm"), std::string::npos) << text;
  RegisterOptions free;
  free.expected_shift_m = 0.5;
  EXPECT_EQ(tell_shift(fit, field, free, 0.004), "");
}

}  // namespace
}  // namespace highwall
