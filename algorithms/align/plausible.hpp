#pragma once

#include "algorithms/align/stable_ground.hpp"

namespace highwall {

/// Refuses a registration that fits and is wrong all the same: benches look alike, so that a scan whose coordinates are off by
/// metres finds some ground to lie on.
/// @param field  distances to the reference at the places, after registration
/// @throws Error(input) with the shift in words and what to do
void require_plausible(const Registration& fit, const DisplacementField& field, const RegisterOptions& options);

}  // namespace highwall
