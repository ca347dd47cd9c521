#pragma once

#include <string>
#include <vector>

#include "core/interferogram.hpp"

namespace highwall {

/// `dates` acquisitions 12 days apart with all pairs of the given spans, in order of the first acquisition.
inline InterferogramNetwork span_network(std::size_t rows, std::size_t cols, std::size_t dates,
                                         const std::vector<std::size_t>& spans) {
  InterferogramNetwork network;
  network.geometry.rows = rows;
  network.geometry.cols = cols;
  for (std::size_t d = 0; d < dates; ++d) {
    network.instants.push_back(*parse_iso8601("2019-01-01T00:00:00Z") + hours(static_cast<int>(d * 12 * 24)));
  }
  for (std::size_t i = 0; i < dates; ++i) {
    for (const std::size_t span : spans) {
      if (i + span >= dates) continue;
      network.pairs.push_back({i, i + span, std::to_string(i) + "-" + std::to_string(i + span)});
    }
  }
  network.wavelength_m = 0.05546576;
  network.metres_per_radian = -network.wavelength_m / (4.0 * 3.14159265358979323846);
  network.looks = 7.0;
  network.processor = "mintpy";
  return network;
}

}  // namespace highwall
