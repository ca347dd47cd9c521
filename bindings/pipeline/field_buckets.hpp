#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "algorithms/compare/m3c2.hpp"
#include "bindings/pipeline/m3c2_files.hpp"
#include "io/durable/bucket_file.hpp"
#include "io/writers/field_stream.hpp"

namespace highwall {

/// Rows of a field that come tile by tile and leave in the order of the core points; between, they are on the disk.
class FieldBuckets {
 public:
  FieldBuckets(const std::filesystem::path& scratch, std::size_t rows, std::size_t buffer_bytes, const M3c2Options& options);

  static std::size_t row_bytes(const M3c2Options& options);
  /// @param index  of each of the field's rows, ascending
  void add(const DisplacementField& field, const std::vector<std::uint64_t>& index, const Run& run);
  /// Writes the file, whole or not at all; rows that never came are core points that are not finite.
  M3c2Outcome write(const std::filesystem::path& path, const std::string& format, const std::string& unit, const Frame& frame,
                    const Run& run) const;

 private:
  DisplacementField part(std::size_t bucket, const Frame& frame) const;

  std::size_t rows_;
  std::vector<std::vector<double> DisplacementField::*> columns_;
  std::size_t row_bytes_;
  BucketFile buckets_;
};

}  // namespace highwall
