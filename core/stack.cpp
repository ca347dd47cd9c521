#include "core/stack.hpp"

#include <limits>

namespace highwall {

Stack::Stack(GridGeometry geometry, std::vector<Instant> instants)
    : geometry_(std::move(geometry)),
      instants_(std::move(instants)),
      values_(geometry_.cells() * instants_.size(), std::numeric_limits<double>::quiet_NaN()) {}

std::span<double> Stack::at(std::size_t epoch) {
  if (epoch >= epochs()) throw Error(ErrorKind::internal, "a stack was asked for an epoch it has not");
  return {values_.data() + epoch * cells(), cells()};
}

std::span<const double> Stack::at(std::size_t epoch) const {
  if (epoch >= epochs()) throw Error(ErrorKind::internal, "a stack was asked for an epoch it has not");
  return {values_.data() + epoch * cells(), cells()};
}

std::vector<double> Stack::of(std::size_t cell) const {
  if (cell >= cells()) throw Error(ErrorKind::internal, "a stack was asked for a cell it has not");
  std::vector<double> series(epochs());
  for (std::size_t e = 0; e < epochs(); ++e) series[e] = values_[e * cells() + cell];
  return series;
}

}  // namespace highwall
