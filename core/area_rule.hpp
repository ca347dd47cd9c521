#pragma once

#include <cstdint>
#include <string>

#include "core/options.hpp"
#include "core/warning.hpp"

namespace highwall {

/// One rule for contiguous cells of a radar: how much ground must move, how fast, for how many scans.
struct AreaRule {
  std::string name;                   ///< Appears in every alarm that it causes.
  std::string quantity = "velocity";  ///< "velocity" or "coherence".
  std::string level = "orange";
  double window_h = 6.0;            ///< Velocity: the window.
  double threshold_mm_per_h = 0.0;  ///< Velocity of a cell, either direction; 0: its significance alone decides.
  double k_sigma = 5.0;             ///< Velocity: |v| - k sigma must not be below the threshold.
  double coherence = 0.6;           ///< Velocity: cells below have no say. Coherence: cells that fall below it.
  double least_area_m2 = 0.0;       ///< True area on the slope ...
  std::int64_t least_cells = 12;    ///< ... and number of cells that hang together.
  std::int64_t scans = 3;           ///< In so many ...
  std::int64_t of_scans = 5;        ///< ... of the last scans.
  double release_factor = 0.75;     ///< Limits of a raised alarm are so much lower.
  std::string source;               ///< Citation.
  std::string confidence = "unconfirmed";
  std::string where;  ///< Where it stands; empty = in no file.

  Level raises() const { return parse_level(level).value_or(Level::none); }

  static void describe(auto& d) {
    using O = AreaRule;
    d.field(&O::name, "name", "", anything(), "Name of the rule; appears in every alarm it causes");
    d.field(&O::quantity, "quantity", "", one_of({"velocity", "coherence"}),
            "velocity: cells that move; coherence: cells that were coherent and no longer are");
    d.field(&O::level, "level", "", one_of({"blue", "yellow", "orange", "red"}), "Level that it raises");
    d.field(&O::window_h, "window_h", "h", between(0.01, 8760), "Velocity: length of the trailing window");
    d.field(&O::threshold_mm_per_h, "threshold_mm_per_h", "mm/h", between(0, 1e6),
            "Velocity of a cell in either direction; 0: its significance alone decides");
    d.field(&O::k_sigma, "k_sigma", "", between(0, 100), "Velocity: |v| - k sigma is held against the threshold");
    d.field(&O::coherence, "coherence", "", between(0, 1),
            "Velocity: cells below it have no say. Coherence: the limit that cells fall below");
    d.field(&O::least_area_m2, "least_area_m2", "m2", at_least(0), "True area on the slope of the cells that hang together");
    d.field(&O::least_cells, "least_cells", "", between(1, 1e9), "Number of cells that hang together, by sides and corners");
    d.field(&O::scans, "scans", "", between(1, 32), "Raised when it was met in so many ...");
    d.field(&O::of_scans, "of_scans", "", between(1, 32), "... of the last scans");
    d.field(&O::release_factor, "release_factor", "", between(0.1, 1),
            "A raised alarm goes by limits (threshold, k_sigma, area, cells) that are so much lower, in of_scans scans in a row");
    d.field(&O::source, "source", "", anything(), "Where the numbers come from");
    d.field(&O::confidence, "confidence", "", one_of({"confirmed", "reference_only", "unconfirmed"}),
            "How far the numbers may be trusted");
    d.require([](const O& o) { return o.scans <= o.of_scans; }, "scans must not be more than of_scans");
    d.require([](const O& o) { return o.threshold_mm_per_h > 0.0 || o.k_sigma > 0.0 || o.quantity == "coherence"; },
              "a rule of velocity needs threshold_mm_per_h or k_sigma");
  }
};

}  // namespace highwall
