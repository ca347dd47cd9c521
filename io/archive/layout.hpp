#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/archive/archive.hpp"

namespace highwall {

/// What is said of where an epoch came from; "" when it is not said.
std::string provenance_of(const std::vector<std::pair<std::string, std::string>>& provenance, std::string_view key);
/// What the name says; nullopt for a name that is none of ours.
std::optional<EpochInfo> info_of(const std::string& id, const std::filesystem::path& path, bool sealed);
/// Order of epochs: instant, then id.
bool comes_before(const EpochInfo& a, const EpochInfo& b);
/// "20260211".
std::string compact_day(Instant t);
/// epochs/YYYY/MM/DD below the archive's root.
std::filesystem::path epoch_folder(const std::filesystem::path& root, Instant t);
/// Files below a folder that end on `suffix`, sorted.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder, std::string_view suffix);

}  // namespace highwall
