#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace highwall {

/// Least cut of a graph between two labels, exactly: min sum over nodes of the price of their label + sum over edges of the price
/// of labels that differ. Whole numbers, so that the answer is the same on every machine. Dinic's algorithm
/// (doi:10.1007/11685654_10).
class MinCut {
 public:
  explicit MinCut(std::size_t nodes) : excess_(nodes, 0), arcs_of_(nodes) {}

  /// Price of label 1 less the price of label 0.
  void add_price(std::size_t node, std::int64_t one_less_zero) { excess_[node] += one_less_zero; }
  /// Price, not negative, when the labels of two nodes differ.
  void add_edge(std::size_t a, std::size_t b, std::int64_t price);

  /// Label 0 or 1 of each node; 0 wherever both cost the same.
  std::vector<std::uint8_t> solve();

 private:
  struct Arc {
    std::uint32_t to;
    std::int64_t capacity;
  };
  bool levels();
  std::int64_t push(std::size_t from);

  std::vector<std::int64_t> excess_;
  std::vector<std::vector<std::uint32_t>> arcs_of_;
  std::vector<Arc> arcs_;  ///< Arc i and its reverse i ^ 1.
  std::vector<std::int32_t> level_;
  std::vector<std::size_t> next_;
  std::vector<std::uint32_t> path_;
};

}  // namespace highwall
