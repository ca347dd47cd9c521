#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/interferogram.hpp"

namespace highwall {

/// What the normal equations of a network look like, the same for every pixel. Unknown i is the phase of instant i + 1 relative
/// to the first instant. The matrix is a graph's Laplacian, kept by its envelope: row i from column first[i] on, so that neither
/// factor nor inverse needs room outside of it.
struct NetworkPlan {
  /// A pair that a row has a part in, and its other instant.
  struct Part {
    std::uint32_t pair;
    std::uint32_t other;
  };
  static constexpr std::uint32_t kNoPair = 0xFFFFFFFFU;

  std::size_t instants = 0;
  std::size_t pairs = 0;
  std::vector<std::uint32_t> pair_first, pair_second;  ///< Instants of each pair.
  // Of instant k: parts [begin[k], begin[k + 1]) of `back` are pairs that end there, of `forward` those that begin there.
  std::vector<std::uint32_t> back_begin, forward_begin;
  std::vector<Part> back, forward;
  // Of unknown i.
  std::vector<std::uint32_t> first;         ///< First column of the row's envelope; i where it is empty.
  std::vector<std::uint32_t> row_begin;     ///< Where the row's entries stand, `unknowns() + 1` of them.
  std::vector<std::uint32_t> entry_pair;    ///< Pair that makes an entry, or kNoPair.
  std::vector<std::uint32_t> column_begin;  ///< Rows below i whose envelope has column i.
  std::vector<std::uint32_t> column_row;
  std::size_t rank = 0;  ///< Of the design matrix: instants less the parts that the network falls into.

  std::size_t unknowns() const noexcept { return instants - 1; }
  std::size_t entries() const noexcept { return entry_pair.size(); }
  bool connected() const noexcept { return rank + 1 == instants; }
  /// Place of (row, column) among the entries; the column lies in the row's envelope.
  std::size_t at(std::size_t row, std::size_t column) const { return row_begin[row] + column - first[row]; }
};

/// @throws Error(input) for one instant or none, and for a network whose factor would not fit into memory.
NetworkPlan plan_network(const InterferogramNetwork& network);

/// For each instant the number of the connected part it is in; parts count from 0 in order of their first instant.
/// `present` says of each pair whether it is there.
std::vector<std::uint32_t> connected_parts(const NetworkPlan& plan, const std::vector<std::uint8_t>& present, std::size_t& parts);

}  // namespace highwall
