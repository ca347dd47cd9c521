#pragma once

#include <array>
#include <string_view>

#include "io/readers/reader.hpp"

namespace highwall {

/// Where a row of a daily series of the Nevada Geodetic Laboratory holds what, from 0. A position is
/// whole + part metres; whole -1 = the format has none.
struct NglColumns {
  std::array<int, 3> whole;
  std::array<int, 3> part;
  std::array<int, 3> sigma;
  std::array<int, 3> correlation;  ///< east-north, east-up, north-up
  std::size_t least;               ///< Fields of a row.
  int meridian;                    ///< Reference longitude of the east column; -1 = the format has none.
};

int sniff_ngl(std::string_view head, bool tenv3);
Reading read_ngl(const Input& input, const ReadOptions& options, const Run& run, const NglColumns& columns);

}  // namespace highwall
