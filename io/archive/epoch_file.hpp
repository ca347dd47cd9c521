#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/displacement.hpp"
#include "core/epoch.hpp"
#include "core/time.hpp"

namespace highwall {
namespace h5 {
class Image;
}

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

/// INSTANT-SOURCE-DIGEST: name of an epoch and of its file, with the first eight digits of the content's digest.
std::string epoch_id_of(const Epoch& epoch);

/// The epoch as HDF5 bytes; layout in io/archive/README.md. Equal epochs give equal bytes.
std::string encode_epoch(const Epoch& epoch);
/// The same; gives the epoch's data up on the way, so that a large cloud is not in memory three times.
std::string encode_epoch(Epoch&& epoch);
/// @param id  what it is to be, as epoch_id_of(); "" = whatever it is
/// @throws Error(storage) when the bytes are damaged, or their content does not match its own digest, or is not `id`.
Epoch decode_epoch(std::string_view bytes, const std::string& name, std::string_view id = {});

/// Several epochs in one file (a sealed day), each under its id; taken in one by one.
class SegmentWriter {
 public:
  SegmentWriter();
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;
  /// Equal epochs in the same order give equal bytes.
  void add(const std::string& id, const Epoch& epoch);
  /// The file. Nothing can be added afterwards.
  std::string bytes();

 private:
  std::unique_ptr<h5::Image> image_;
};

/// A sealed day, opened; epochs are decoded as they are asked for.
class SegmentReader {
 public:
  /// @throws Error(storage) when the bytes are no HDF5 file.
  SegmentReader(std::string bytes, std::string name);
  ~SegmentReader();
  SegmentReader(SegmentReader&&) noexcept;
  SegmentReader(const SegmentReader&) = delete;
  SegmentReader& operator=(const SegmentReader&) = delete;
  SegmentReader& operator=(SegmentReader&&) = delete;
  std::vector<std::string> ids() const;
  /// @throws Error(storage) when it is not there, damaged, or another epoch than `id` says.
  Epoch read(const std::string& id) const;

 private:
  std::string name_;
  std::unique_ptr<const std::string> bytes_;  ///< The image looks at them.
  std::unique_ptr<h5::Image> image_;
};

/// A displacement field as HDF5 bytes, and back. Also the product "hdf5" of the night.
std::string encode_field(const DisplacementField& field, const std::vector<std::pair<std::string, std::string>>& provenance);
DisplacementField decode_field(std::string_view bytes, const std::string& name);
/// What a field's provenance says under a key; empty when it says nothing.
std::string field_provenance(std::string_view bytes, const std::string& name, const std::string& key);

}  // namespace highwall
