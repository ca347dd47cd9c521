#include "io/writers/field_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>

#include "core/error.hpp"
#include "io/writers/tables.hpp"

namespace highwall {
namespace {

constexpr std::size_t kPointDataAt = 96, kMaxAt = 179, kMinAt = 187, kPointsAt = 247, kReturnsAt = 255;
constexpr std::size_t kReturns = 15;
constexpr std::size_t kTablePlace = 8;  // Where the chunk table is, before the chunks.

template <class T>
T number_at(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

/// Puts what `combine` makes of both numbers into the first.
template <class T, class Combine>
void merge(std::string& head, std::string_view other, std::size_t at, Combine combine) {
  const T value = combine(number_at<T>(head, at), number_at<T>(other, at));
  std::memcpy(head.data() + at, &value, sizeof(T));
}

}  // namespace

FieldStream::FieldStream(std::string format, std::string unit) : format_(std::move(format)), unit_(std::move(unit)) {
  if (format_ == ".csv" || format_ == ".las" || format_ == ".laz") return;
  throw Error(ErrorKind::config, fmt::format("a {} file is written whole, and this field is larger than the memory", format_), {},
              "use .csv, .las or .laz, or allow more memory");
}

std::string FieldStream::part(const DisplacementField& field) const {
  if (is_text()) return field_csv(field, unit_);
  std::string las = field_las(field, unit_);
  return format_ == ".las" ? las : compress_las(las, Run(1));
}

std::size_t FieldStream::head_bytes(std::string_view part) const {
  if (is_text()) return 0;
  return number_at<std::uint32_t>(part, kPointDataAt) + (format_ == ".laz" ? kTablePlace : 0);
}

void FieldStream::add(std::string part, const Append& append) {
  const std::string_view bytes = part;
  if (is_text()) {
    append(head_.empty() ? bytes : bytes.substr(bytes.find('\n') + 1));
    head_ = "told";
    return;
  }
  const std::size_t head = head_bytes(bytes);
  const std::size_t end =
      format_ == ".las" ? bytes.size() : static_cast<std::size_t>(number_at<std::int64_t>(bytes, head - kTablePlace));
  const bool empty = number_at<std::uint64_t>(bytes, kPointsAt) == 0;
  if (head_.empty()) {
    head_ = bytes.substr(0, head);
  } else if (!empty) {
    merge_head(bytes);
  }
  if (!empty && format_ == ".laz") chunk_bytes_.push_back(end - head);
  append(bytes.substr(head, end - head));
}

void FieldStream::merge_head(std::string_view part) {
  const auto larger = [](double a, double b) { return std::max(a, b); };
  const auto smaller = [](double a, double b) { return std::min(a, b); };
  const auto sum = [](std::uint64_t a, std::uint64_t b) { return a + b; };
  for (std::size_t c = 0; c < 3; ++c) {
    merge<double>(head_, part, kMaxAt + 16 * c, larger);
    merge<double>(head_, part, kMinAt + 16 * c, smaller);
  }
  merge<std::uint64_t>(head_, part, kPointsAt, sum);
  for (std::size_t k = 0; k < kReturns; ++k) merge<std::uint64_t>(head_, part, kReturnsAt + 8 * k, sum);
}

std::string FieldStream::finish(const Append& append) {
  if (is_text()) return {};
  if (format_ == ".laz") {
    const std::size_t table = std::accumulate(chunk_bytes_.begin(), chunk_bytes_.end(), head_.size());
    const auto at = static_cast<std::int64_t>(table);
    std::memcpy(head_.data() + head_.size() - kTablePlace, &at, sizeof at);
    append(laz_chunk_table(chunk_bytes_));
  }
  return head_;
}

}  // namespace highwall
