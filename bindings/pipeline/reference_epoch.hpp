#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/archive/archive.hpp"

namespace highwall {

/// The epoch that all displacements of a LiDAR source are measured from: its first one when it was first measured, and
/// from then on the same, written in archive/reference/SOURCE.json. An older epoch that arrives later is left out and is
/// a finding of the night that meets it; a person who wants to measure from it deletes the file.
/// @param epochs  of the source, none after `now`, in time order, at least one
/// @return index of the reference; older epochs are not measured
/// @throws Error(input) when the file is damaged, Error(storage) when it cannot be written
std::size_t reference_epoch(const std::filesystem::path& archive_root, const std::string& source,
                            const std::vector<EpochInfo>& epochs, Instant now, std::vector<std::string>& findings);

/// What a displacement field is made from; another one of any of these is another field.
struct FieldInputs {
  std::string options;                            ///< Of all algorithms that take part, as text.
  std::vector<std::vector<double>> stable_rings;  ///< Outline of stable ground, x and y in turn, metres; empty = found by itself.
  std::string before;                             ///< Epoch ids.
  std::string after;
};

/// Name of a field's product: its instant, and a digest of what it is made from and of the revision of how.
std::string field_name(Instant instant, const FieldInputs& inputs);

}  // namespace highwall
