#pragma once

#include "algorithms/align/stable_ground.hpp"

namespace highwall {

/// Refuses a registration that fits and is wrong all the same: benches look alike, so that a scan whose coordinates are off by
/// metres finds some ground to lie on.
/// @param field  distances to the reference at the places, after registration
/// @throws Error(input) with the shift in words and what to do
void require_plausible(const Registration& fit, const DisplacementField& field, const RegisterOptions& options);

/// What a geologist is told of a registration that is taken: that the scan lay farther off than ten times expected_shift_m;
/// empty when it did not.
/// @param nearest_rms_m  what the fit nearest to the scan's own coordinates left; more than fit.rms_m where another was taken
std::string tell_shift(const Registration& fit, const DisplacementField& field, const RegisterOptions& options,
                       double nearest_rms_m);

}  // namespace highwall
