#pragma once

#include <filesystem>
#include <string>

#include "core/run.hpp"

namespace highwall {

/// Runs `python -m highwall.quicklook FOLDER`, which draws what the folder's tables hold, as a child process with a deadline.
/// @param python  interpreter with the highwall package; empty = none
/// @return why it could not, or "" when it could
/// @throws Error(cancelled)
std::string draw_pictures(const std::filesystem::path& python, const std::filesystem::path& folder, double deadline_s,
                          const Run& run);

}  // namespace highwall
