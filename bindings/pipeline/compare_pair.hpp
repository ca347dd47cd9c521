#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "algorithms/align/piecewise.hpp"
#include "algorithms/compare/calibrated.hpp"
#include "algorithms/compare/m3c2.hpp"
#include "core/cloud.hpp"
#include "core/run.hpp"

namespace highwall {

/// What m3c2 of two clouds is asked for beside its own options.
struct PairRequest {
  bool align = false;             ///< Register the second cloud on the first before,
  PiecewiseOptions registration;  ///< with these options.
  std::optional<Points> normals;  ///< Given, one a core point.
  bool calibrated = false;
  std::vector<std::uint8_t> stable;  ///< Of measure_calibrated().
  CalibrateOptions calibrate;
};

/// What was measured.
struct PairResult {
  DisplacementField field;
  std::optional<Registration> registration;
  LimitCalibration calibration;
};

/// Normals that are attributes nx, ny, nz of the core points. @throws Error(input) naming the file when they have none
Points normals_of(const PointCloud& cores, const std::string& file);

/// Refuses options that would count the registration twice, or have no effect on given normals.
/// @param where  the name that an error gives them @throws Error(config)
void require_sense(const PairRequest& request, const M3c2Options& options, const std::string& where);

/// M3C2 of two clouds; where asked for, after register_piecewise(), whose share is then in sigma and in every limit, along
/// given normals, and calibrated.
/// @throws Error(config) of require_sense(), and for a registration of clouds that are not in metres; Error as
///         register_piecewise(), m3c2() and measure_calibrated()
PairResult compare_pair(PointsView before, PointsView after, PointsView cores, const PairRequest& request,
                        const M3c2Options& options, const Run& run);

}  // namespace highwall
