#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "algorithms/patch.hpp"
#include "core/displacement.hpp"
#include "core/run.hpp"

namespace highwall {

/// Displacement of every patch from M3C2 fields over the same core points, metres along the directions that it shows; taken
/// field by field, so that a new epoch costs the work of one.
///
/// A distance along a normal sees one component only, of opposite sign on face and berm of one sliding block; so
/// each patch's motion (horizontal across the wall, and vertical) is fitted to all its distances by robust least
/// squares: components "across_wall" (level, out of the wall) and "up". A patch of which the scanner sees faces only
/// has one component, "along_normal", that of its mean normal. What is not observable (along the wall, and the rest of
/// a patch of one direction) is no component: it would be a zero that nobody measured. `Patch::directions` holds the
/// unit vectors. Decided once a patch, from the first field: directions that came and
/// went would look like jumps.
class PatchMotion {
 public:
  /// @param first                 the first epoch against the reference: it decides patches and directions, and is not added
  /// @param reference             instant of the reference epoch, where each series starts with zero
  /// @param registration_sigma_m  of the first field: what all places of an epoch share
  /// @param outline               places outside of it are left out
  /// @throws Error(config) for bad options
  PatchMotion(const DisplacementField& first, Instant reference, double registration_sigma_m, const Polygon& outline,
              const PatchOptions& options);

  /// One more epoch. @throws Error(input) when the field has other places than the first
  void add(const DisplacementField& field, double registration_sigma_m, const Run& run);

  /// All patches by cell, also those that were never measured; sigma holds the stretched covariance of the fit with the
  /// patch's own scatter or the epoch's median one, whichever is larger, widened for few places, and the registration's share.
  const std::vector<Patch>& patches() const noexcept { return patches_; }
  /// Goes on from the series of an earlier run over the same first field, one a patch, cut after `epochs` of them.
  /// @return false, changing nothing, when they are not of these patches
  bool resume(std::span<const TimeSeries> series, std::size_t epochs);
  /// The patches that were measured at least once: what was never measured the scanner does not see.
  std::vector<Patch> measured() const;

 private:
  PatchOptions options_;
  std::size_t places_;
  std::vector<std::vector<std::size_t>> cores_;
  std::vector<Patch> patches_;
};

/// The same for fields that are all at hand; in epoch order, the first epoch against itself left out.
/// @param registration_sigma_m  of each field
/// @throws Error(input) when the fields differ in size
std::vector<Patch> patch_motion(const std::vector<DisplacementField>& fields, Instant reference,
                                const std::vector<double>& registration_sigma_m, const Polygon& outline,
                                const PatchOptions& options, const Run& run);

}  // namespace highwall
