#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace highwall {

/// Files in the order of their names, runs of digits compared as numbers (scan_9 before scan_10); equal names by their folder.
void sort_by_name(std::vector<std::filesystem::path>& files);

/// The last run of digits of the name without its ending; nullopt for none, and for one that is no 18-digit number.
std::optional<std::int64_t> counter_of(const std::filesystem::path& file);

/// Place of each file in the row of scans by the counter in its name, from 0: scan_003 after scan_001 leaves a place. Names
/// without a counter stand in a row without holes.
/// @param files  sorted, not empty
/// @throws Error(input) when two files have one number, or the numbers count something else than scans
std::vector<std::size_t> places_by_counter(const std::vector<std::filesystem::path>& files);

}  // namespace highwall
