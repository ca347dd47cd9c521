#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/displacement.hpp"
#include "core/epoch.hpp"
#include "core/time.hpp"

namespace highwall {

/// One thing that the archive keeps: a cloud, a scan (a stack of one epoch) or the block of new rows of
/// a series source.
struct Epoch {
  std::string source;
  Instant instant = kNoInstant;  ///< Of the cloud or scan; of the newest row of a block.
  Payload data;
  /// Where it came from: file, file_sha256, reader, ... in this order.
  std::vector<std::pair<std::string, std::string>> provenance;
};

/// "cloud", "series" or "scan".
std::string kind_of(const Payload& payload);

/// SHA-256 of what an epoch says (source, instant, data), not of where it came from: a renamed copy has
/// the same digest.
std::string content_digest(const Epoch& epoch);

/// The epoch as HDF5 bytes; layout in io/archive/README.md. Equal epochs give equal bytes.
std::string encode_epoch(const Epoch& epoch);
/// @throws Error(storage) when the bytes are damaged, or their content does not match its own digest.
Epoch decode_epoch(std::string_view bytes, const std::string& name);

/// Several epochs in one file (a sealed day), each under its id.
std::string encode_segment(const std::vector<std::pair<std::string, Epoch>>& epochs);
/// The ids in a segment, without reading the epochs.
std::vector<std::string> segment_ids(std::string_view bytes, const std::string& name);
std::vector<std::pair<std::string, Epoch>> decode_segment(std::string_view bytes, const std::string& name);

/// A displacement field as HDF5 bytes, and back. Also the product "hdf5" of the night.
std::string encode_field(const DisplacementField& field,
                         const std::vector<std::pair<std::string, std::string>>& provenance);
DisplacementField decode_field(std::string_view bytes, const std::string& name);

}  // namespace highwall
