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
  std::vector<std::uint8_t> seen_once;  ///< 1 = no value though an epoch saw it.
  /// Pieces next to a piece.
  std::vector<std::vector<std::uint32_t>> missing_next;  ///< By cluster - 1: its neighbours without a value.
};

VolumeTable tabulate(const Tabulation& what, const Benches& benches, const std::vector<Polygon>& zones,
                     const Registration* registration, const Frame& frame, const VolumeOptions& options, const Run& run);

}  // namespace highwall
