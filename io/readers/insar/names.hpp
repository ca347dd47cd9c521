#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.hpp"

namespace highwall::insar {

/// The two acquisitions that a name or tag tells.
struct PairOfInstants {
  Instant first = kNoInstant;
  Instant second = kNoInstant;
  bool has_clock = false;
};

/// "20190101", "2019-01-01", "190101", each of them with "T1230", "T123059" behind or, as ISO 8601, with a time.
struct Stamp {
  Instant at = kNoInstant;
  bool has_clock = false;
};
std::optional<Stamp> parse_stamp(std::string_view text);

/// Two stamps with '-' or '_' between them: of the file's name, else of the folders that it lies in.
std::optional<PairOfInstants> pair_by_name(const std::filesystem::path& path);

/// True when the name matches the pattern, in which * stands for any letters and ? for one.
bool matches_wildcard(std::string_view name, std::string_view pattern);

}  // namespace highwall::insar
