#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/durable/placed_file.hpp"

namespace highwall {

using Hdf5Attributes = std::vector<std::pair<std::string, std::string>>;

/// A dataset of an HDF5 file that is written part by part: float32, contiguous.
struct Hdf5Field {
  std::string name;
  std::vector<std::uint64_t> shape;
  Hdf5Attributes attributes;
};

/// A small dataset that is written at once: texts of one length, or numbers (float32) when there are no texts.
struct Hdf5Column {
  std::string name;
  std::vector<std::string> texts;
  std::vector<float> numbers;
};

/// An HDF5 file of any size, whole or not at all. HDF5 lays it out in memory without the fields' values and never touches the
/// disk; the values go to their places in any order.
class Hdf5Stream {
 public:
  /// @param attributes  of the root, texts @throws Error(storage)
  Hdf5Stream(const std::filesystem::path& path, const Hdf5Attributes& attributes, const std::vector<Hdf5Field>& fields,
             const std::vector<Hdf5Column>& columns);
  /// Values of a field from its value `first` on. @throws Error(storage)
  void write(std::size_t field, std::uint64_t first, std::span<const float> values);
  void commit() { file_->commit(); }

 private:
  void write_beside_fields(std::uint64_t at, std::string_view bytes);

  std::unique_ptr<PlacedFile> file_;
  std::vector<std::uint64_t> places_, sizes_;
};

}  // namespace highwall
