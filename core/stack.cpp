#include "core/stack.hpp"

#include <limits>

#include "core/error.hpp"

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

void Stack::reserve(std::size_t epochs) {
  instants_.reserve(epochs);
  values_.reserve(epochs * cells());
}

void Stack::push(Instant instant, std::span<const double> map) {
  if (map.size() != cells()) throw Error(ErrorKind::internal, "a map does not have the stack's number of cells");
  instants_.push_back(instant);
  values_.insert(values_.end(), map.begin(), map.end());
}

std::vector<double> Stack::of(std::size_t cell) const {
  if (cell >= cells()) throw Error(ErrorKind::internal, "a stack was asked for a cell it has not");
  std::vector<double> series(epochs());
  for (std::size_t e = 0; e < epochs(); ++e) series[e] = values_[e * cells() + cell];
  return series;
}

}  // namespace highwall
