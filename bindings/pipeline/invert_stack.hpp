#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "algorithms/radar/closure_correction.hpp"
#include "algorithms/radar/network_inversion.hpp"
#include "algorithms/radar/network_reference.hpp"
#include "algorithms/radar/velocity_fit.hpp"
#include "core/interferogram.hpp"

namespace highwall {

/// What is done about unwrapping errors.
enum class ClosureMode { off, report, correct };
std::string_view name_of(ClosureMode mode) noexcept;
bool read_word(std::string_view word, ClosureMode& mode) noexcept;

struct StackOptions {
  std::string reference;
  ClosureMode closure = ClosureMode::report;
  double memory_mb = 400.0;

  static void describe(auto& d) {
    d.field(&StackOptions::reference, "reference", "", anything(),
            "What displacements are relative to: ROW,COL, an area ROW:ROW,COL:COL (second not included), or auto = the best area "
            "of 5 x 5 pixels; default: the pixel that the stack names, else auto");
    d.field(&StackOptions::closure, "closure", "", one_of({"off", "report", "correct"}),
            "Integer closures of triangles: report = count them; correct = before all else add the whole cycles that close the "
            "loops; what loops cannot tell is reported and left");
    d.field(&StackOptions::memory_mb, "memory_mb", "MB", between(1.0, 1e6),
            "What the pixels in work may take; some 50 bytes a pixel of the raster come on top");
  }
};

/// All that can be asked of an inversion.
struct InvertSettings {
  StackOptions stack;
  InversionOptions inversion;
  VelocityFitOptions velocity;
  ClosureOptions correction;
};

/// What became of the unwrapping errors of one interferogram.
struct CorrectedPair {
  std::string name;  ///< As it was given: relative to the folder or list that named it.
  PairCorrection found;
};

/// What an inversion of a stack found, beside its maps.
struct StackSummary {
  std::size_t instants = 0, pairs = 0, rank = 0, triangles = 0;
  std::size_t pixels = 0;
  std::size_t pixels_inverted = 0;  ///< With a velocity.
  std::size_t pixels_bridged = 0;   ///< Of them: with gaps that were bridged, or without some instant.
  bool closure_counted = false;
  std::size_t pixels_in_all_loops = 0, pixels_with_nonzero_closure = 0;
  double velocity_min = std::numeric_limits<double>::quiet_NaN();  ///< mm/year, over the pixels that have one.
  double velocity_median = std::numeric_limits<double>::quiet_NaN();
  double velocity_max = std::numeric_limits<double>::quiet_NaN();
  NetworkNorm norm = NetworkNorm::l2;
  NetworkWeights weights = NetworkWeights::none;
  PixelArea reference;
  std::string reference_how;
  std::size_t pixels_with_nonzero_closure_before = 0;  ///< Before the correction, where there was one.
  bool corrected = false;
  std::vector<CorrectedPair> corrections;  ///< Of the pairs in which something was corrected, detected or stays open.
  std::vector<float> open_triangles;       ///< Of each pixel; NaN where a loop is absent. Empty when closures were not counted.
};

/// Where the results of a stack go, rows after rows.
class StackSink {
 public:
  virtual ~StackSink() = default;
  virtual void begin(const InterferogramNetwork& network, const NetworkReference& reference, const TimeModel& model) = 0;
  virtual void take(std::size_t row_begin, std::size_t row_end, const InvertedTile& tile, const FittedTile& fit) = 0;
};

/// Inverts a stack by tiles of rows: while one is computed the next is read. What a tile holds does not depend on the others, so
/// neither tiles nor threads change a bit of the result.
StackSummary invert_stack(const InterferogramSource& source, const InvertSettings& settings, StackSink& sink, const Run& run);

/// The same into the files of a folder: timeseries.h5, velocity.h5, temporalCoherence.h5, numInvIfgram.h5, timeseriesStd.h5 when
/// sigma is wanted, closure.tif, gaps.tif, summary.json.
StackSummary invert_stack_to(const std::filesystem::path& folder, const InterferogramSource& source,
                             const InvertSettings& settings, const Run& run);

/// summary.json's text.
std::string summary_json(const StackSummary& summary, const InterferogramNetwork& network);

}  // namespace highwall
