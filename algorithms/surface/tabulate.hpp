#pragma once

#include "algorithms/surface/benches.hpp"
#include "algorithms/surface/volumes.hpp"

namespace highwall {

/// Clusters, zones and benches of pieces, whatever they are.
struct Tabulation {
  const ChangePieces& pieces;
  Clusters clusters;
  std::vector<double> top_m;  ///< Local heights that a piece's column of change lies between.
  std::vector<double> bottom_m;
  std::vector<double> slope_deg;
  std::vector<std::uint8_t> seen_once;                   ///< 1 = no value though an epoch saw it.
  std::vector<std::vector<std::uint32_t>> missing_next;  ///< By cluster - 1: missing_beside().
};

/// How far from a cluster ground without a value may be part of its change: about the foot and the edge of a face.
inline constexpr std::int64_t kGapRings = 3;

VolumeTable tabulate(const Tabulation& what, const Benches& benches, const std::vector<Polygon>& zones,
                     const Registration* registration, const Frame& frame, const VolumeOptions& options, const Run& run);

}  // namespace highwall
