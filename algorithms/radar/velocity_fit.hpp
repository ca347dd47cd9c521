#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "algorithms/radar/network_inversion.hpp"
#include "core/options.hpp"
#include "core/run.hpp"

namespace highwall {

struct VelocityFitOptions {
  int polynomial = 1;
  std::vector<double> periods_years;
  std::string years = "calendar";

  static void describe(auto& d) {
    d.field(&VelocityFitOptions::polynomial, "polynomial", "", between(1, 4),
            "Degree of the polynomial in time; the term of degree k is t^k / k!, so that 2 gives the acceleration");
    d.field(&VelocityFitOptions::periods_years, "periods_years", "years", above(0.0),
            "Periods of sines that are fitted beside it, e.g. 1");
    d.field(&VelocityFitOptions::years, "years", "", one_of({"calendar", "days"}),
            "How times are counted: calendar: year + (day of year - 1) / 365.25, as MintPy; days: days / 365.25, as PyRate");
  }
};

/// A model of series that is linear in its terms: 1, t, t^2 / 2, ..., then cosine and sine of each period.
class TimeModel {
 public:
  /// @param years  of the samples @throws Error(config) when the samples cannot tell the terms apart
  TimeModel(std::vector<double> years, const VelocityFitOptions& options);
  /// With years as the options count them.
  TimeModel(std::span<const Instant> instants, const VelocityFitOptions& options);

  std::size_t samples() const noexcept { return years_.size(); }
  std::size_t terms() const noexcept { return names_.size(); }
  /// "intercept", "velocity", "acceleration", "poly3", "cos1", "sin1", ...
  const std::vector<std::string>& names() const noexcept { return names_; }
  const std::vector<std::string>& units() const noexcept { return units_; }
  const std::vector<double>& design() const noexcept { return design_; }      ///< samples x terms.
  const std::vector<double>& solver() const noexcept { return solver_; }      ///< samples x terms: value = sum solver sample.
  const std::vector<double>& cofactor() const noexcept { return cofactor_; }  ///< Diagonal of the inverse normal matrix.

 private:
  std::vector<double> years_, design_, solver_, cofactor_;
  std::vector<std::string> names_, units_;
};

/// Terms of some pixels, term-major; NaN = no value.
struct FittedTile {
  std::size_t cells = 0;
  std::vector<double> value;  ///< m, m/year, m/year^2, ...
  /// One standard deviation from the residuals: of white noise. Real noise is correlated in time, and then this is too small.
  std::vector<double> sigma;
  std::vector<double> residual_m;      ///< Root of the sum of squares of residuals, as MintPy's "residue".
  std::vector<std::uint16_t> samples;  ///< Instants with a value.
};

/// Fits the model to each pixel by least squares; instants without a value are left out. Parts of a series that nothing ties
/// together (`parted`) have an intercept each, so that how they were bridged changes neither velocity nor sigma.
/// @param series_m  instant-major, samples x cells, float or double
template <class T>
void fit_time_model(const TimeModel& model, std::size_t cells, std::span<const T> series_m, std::span<const PartedCell> parted,
                    FittedTile& out, const Run& run);
extern template void fit_time_model<float>(const TimeModel&, std::size_t, std::span<const float>, std::span<const PartedCell>,
                                           FittedTile&, const Run&);
extern template void fit_time_model<double>(const TimeModel&, std::size_t, std::span<const double>, std::span<const PartedCell>,
                                            FittedTile&, const Run&);

}  // namespace highwall
