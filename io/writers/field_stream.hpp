#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/displacement.hpp"
#include "io/writers/las.hpp"

namespace highwall {

/// A field's file in parts, for a field that is larger than the memory: the same bytes as field_csv(), field_las() and
/// compress_las() make of the whole. Every part but the last has kPartRows places.
class FieldStream {
 public:
  static constexpr std::size_t kPartRows = kLazChunkPoints;
  using Append = std::function<void(std::string_view)>;

  /// @param format  ".csv", ".las" or ".laz" @throws Error(config) for another one, which needs the whole field
  FieldStream(std::string format, std::string unit);

  /// The bytes of a part by themselves; may be called on any thread.
  std::string part(const DisplacementField& field) const;
  /// Bytes that the head of the file has, from any part; 0 for text.
  std::size_t head_bytes(std::string_view part) const;
  /// Takes the parts in order and appends what belongs behind the head.
  void add(std::string part, const Append& append);
  /// Appends what stands at the end, and tells the head.
  std::string finish(const Append& append);

 private:
  bool is_text() const { return format_ == ".csv"; }
  void merge_head(std::string_view part);

  std::string format_;
  std::string unit_;
  std::string head_;
  std::vector<std::size_t> chunk_bytes_;
};

}  // namespace highwall
