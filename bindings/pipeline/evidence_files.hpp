#pragma once

#include <map>
#include <string>
#include <vector>

#include "io/feeds/message.hpp"

namespace highwall {

/// The file of the drop folder that each epoch came from, by epoch id.
using EpochFiles = std::map<std::string, EvidenceFile>;

/// From the lines of the archive's journal; the first name under which a file's bytes came.
EpochFiles files_of_epochs(const std::vector<std::string>& journal);

/// Files of all evidence of a message, each once, in the order of the evidence.
std::vector<EvidenceFile> files_of(const std::vector<Evidence>& evidence, const EpochFiles& files);

}  // namespace highwall
