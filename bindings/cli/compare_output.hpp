#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bindings/cli/commands.hpp"
#include "bindings/pipeline/m3c2_files.hpp"

namespace highwall::cli {

/// "empty_after 12, no_normal 3" for what has no value; "" when all have one.
std::string reasons_text(const std::map<Reason, std::size_t>& reasons);
/// Says what was measured. @return true when any place has a value
bool tell_outcome(const std::string& step, const M3c2Outcome& outcome, const std::string& out, const Session& session);
/// Which places are within one of a file's outlines; empty for no file. @throws Error when it has none
std::vector<std::uint8_t> within_outlines(const std::string& file, const PointCloud& places, const Session& session);

}  // namespace highwall::cli
