#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace highwall {

/// A row that a reader refused: its line (from 1) or record number, and why.
struct RejectedRow {
  std::uint64_t line = 0;
  std::string reason;
};

/// What a reader has to say beside the data. The first kMaxListed bad rows are listed, all counted.
struct Report {
  static constexpr std::size_t kMaxListed = 100;

  std::string source;                 ///< The file, as it was named.
  std::string format;                 ///< The reader that took it, e.g. "las".
  std::uint64_t accepted = 0;         ///< Rows, points or scans taken.
  std::uint64_t rejected = 0;         ///< Rows refused.
  std::vector<RejectedRow> rows;      ///< The first of them.
  std::vector<std::string> warnings;  ///< Assumptions and conversions, each a sentence.

  void reject(std::uint64_t line, std::string reason) {
    ++rejected;
    if (rows.size() < kMaxListed) rows.push_back({line, std::move(reason)});
  }
  void warn(std::string sentence) { warnings.push_back(std::move(sentence)); }
};

}  // namespace highwall
