#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/policy.hpp"

namespace highwall {

/// Reads a policy page. @throws Error(config) with line and column: unknown keys, a rule without a
/// threshold or a source, a name used twice.
Policy parse_policy(std::string_view text, const std::string& name);
/// The same from a file, or the shipped policy when no file is named.
Policy load_policy(const std::filesystem::path& file);
/// Every key of a policy page with its default, unit and meaning, for people.
std::string policy_keys_text();
/// Text of the shipped policy (io/config/default_policy.toml, compiled in).
std::string_view default_policy_text();

}  // namespace highwall
