#include "core/displacement.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <string>

namespace highwall {

namespace {

/// The compiler tells when a reason has no word.
constexpr std::string_view word_of(Reason reason) {
  switch (reason) {
    case Reason::ok:
      return "ok";
    case Reason::no_normal:
      return "no_normal";
    case Reason::empty_before:
      return "empty_before";
    case Reason::empty_after:
      return "empty_after";
    case Reason::empty_both:
      return "empty_both";
    case Reason::few_points:
      return "few_points";
    case Reason::not_finite:
      return "not_finite";
    case Reason::too_few_samples:
      return "too_few_samples";
    case Reason::window_not_filled:
      return "window_not_filled";
    case Reason::no_line_of_sight:
      return "no_line_of_sight";
    case Reason::no_sigma:
      return "no_sigma";
    case Reason::decorrelated:
      return "decorrelated";
    case Reason::no_stable_ground:
      return "no_stable_ground";
    case Reason::no_fit:
      return "no_fit";
    case Reason::not_observable:
      return "not_observable";
    case Reason::no_match:
      return "no_match";
    case Reason::not_rigid:
      return "not_rigid";
  }
  return {};
}

/// The words are taken from code 0 on until one has none, so that a new reason is among them unasked.
constexpr std::size_t count_words() {
  std::uint8_t code = 0;
  while (!word_of(static_cast<Reason>(code)).empty()) ++code;
  return code;
}

constexpr auto kWords = [] {
  std::array<std::string_view, count_words()> words;
  for (std::size_t code = 0; code < words.size(); ++code) words[code] = word_of(static_cast<Reason>(code));
  return words;
}();

}  // namespace

std::span<const std::string_view> reason_words() noexcept { return kWords; }

std::string_view name_of(Reason reason) noexcept {
  const auto code = static_cast<std::size_t>(reason);
  return code < kWords.size() ? kWords[code] : "unknown";
}

std::string reason_codes() {
  std::string text;
  for (std::size_t code = 0; code < kWords.size(); ++code) {
    text += (code == 0 ? "" : ", ") + std::to_string(code) + " " + std::string(kWords[code]);
  }
  return text;
}

namespace {
using Field = DisplacementField;
constexpr LengthColumn kColumns[] = {
    {"distance", "Along the normal, second epoch minus first.", &Field::value_m},
    {"sigma", "One standard deviation of distance.", &Field::sigma_m},
    {"lod95", "Detection limit of distance at 95 %: below it nothing is seen to have changed.", &Field::lod95_m},
    {"std1", "Spread of the first epoch's points: standard deviation, or interquartile range with the median.",
     &Field::spread_before_m},
    {"std2", "Spread of the second epoch's points.", &Field::spread_after_m},
};
constexpr LengthColumn kOptionalColumns[] = {
    {"normal_radius", "Radius of the neighbourhood that gave the normal.", &Field::normal_radius_m},
    {"distance_calibrated", "Along the normal, by the estimator that tells roughness from noise.", &Field::calibrated_m},
    {"lod95_calibrated", "Detection limit of distance_calibrated at 95 %, calibrated on stable ground.",
     &Field::lod95_calibrated_m},
    {"shared_shift", "What ground at rest is off by together, along the normal: taken out of distance_calibrated.",
     &Field::shared_shift_m},
    {"registration", "One standard deviation of the registration along the normal: part of sigma and lod95.",
     &Field::registration_m},
};
}  // namespace

std::span<const LengthColumn> field_columns() { return kColumns; }

std::span<const LengthColumn> optional_field_columns() { return kOptionalColumns; }

std::vector<LengthColumn> columns_of(const DisplacementField& field) {
  std::vector<LengthColumn> columns(std::begin(kColumns), std::end(kColumns));
  for (const LengthColumn& c : kOptionalColumns) {
    if (!(field.*c.values).empty()) columns.push_back(c);
  }
  return columns;
}

DisplacementField DisplacementField::of_size(std::size_t n, Reason reason) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  DisplacementField field;
  field.position_m = Points::Constant(static_cast<Eigen::Index>(n), 3, nan);
  field.direction = field.position_m;
  field.value_m.assign(n, nan);
  field.sigma_m = field.lod95_m = field.spread_before_m = field.spread_after_m = field.value_m;
  field.n_before.assign(n, 0);
  field.n_after.assign(n, 0);
  field.reason.assign(n, reason);
  return field;
}

}  // namespace highwall
