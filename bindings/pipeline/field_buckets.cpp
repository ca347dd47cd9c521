#include "bindings/pipeline/field_buckets.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>

#include "bindings/pipeline/bare.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "io/durable/growing_file.hpp"

namespace highwall {
namespace {

constexpr std::size_t kPartRows = FieldStream::kPartRows;

/// The columns that m3c2() fills with these options.
std::vector<std::vector<double> DisplacementField::*> columns_for(const M3c2Options& options) {
  const Points nowhere = Points::Constant(1, 3, std::numeric_limits<double>::quiet_NaN());
  std::vector<std::vector<double> DisplacementField::*> columns;
  for (const LengthColumn& c : columns_of(m3c2(PointsView(), PointsView(), nowhere, options, Run(1))))
    columns.push_back(c.values);
  return columns;
}

std::size_t bytes_of_row(std::size_t columns) {
  return sizeof(std::uint32_t) * 3 + sizeof(double) * (6 + columns) + sizeof(Reason);
}

/// Moves numbers in and out of a row's bytes.
struct Cursor {
  char* at;
  template <class T>
  void put(const T& value) {
    std::memcpy(at, &value, sizeof(T));
    at += sizeof(T);
  }
  template <class T>
  void take(T& value) {
    std::memcpy(&value, at, sizeof(T));
    at += sizeof(T);
  }
};

/// A file that appears whole, or a device or pipe that takes what comes.
class Output {
 public:
  Output(const std::filesystem::path& path, std::size_t head_bytes) : path_(path) {
    if (is_stream(path)) {
      if (head_bytes > 0)
        throw Error(ErrorKind::config, "a pipe takes no LAS file, whose head is written last", path.string(), "use CSV");
      stream_.open(path, std::ios::binary);
    } else {
      file_.emplace(result_target(path), head_bytes);
    }
  }
  void append(std::string_view bytes) {
    if (file_) {
      file_->append(bytes);
    } else {
      stream_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }
  }
  void finish(const std::string& head) {
    if (file_) {
      file_->commit(head);
      return;
    }
    stream_.flush();
    if (!stream_) throw Error(ErrorKind::storage, "the result cannot be written", path_.string());
  }

 private:
  std::filesystem::path path_;
  std::optional<GrowingFile> file_;
  std::ofstream stream_;
};

}  // namespace

FieldBuckets::FieldBuckets(const std::filesystem::path& scratch, std::size_t rows, std::size_t buffer_bytes,
                           const M3c2Options& options)
    : rows_(rows),
      columns_(columns_for(options)),
      row_bytes_(bytes_of_row(columns_.size())),
      buckets_(scratch, std::max<std::size_t>(1, (rows + kPartRows - 1) / kPartRows), buffer_bytes) {}

std::size_t FieldBuckets::row_bytes(const M3c2Options& options) { return bytes_of_row(columns_for(options).size()); }

void FieldBuckets::add(const DisplacementField& field, const std::vector<std::uint64_t>& index, const Run& run) {
  std::string bytes(field.size() * row_bytes_, '\0');
  for_blocks(
      field.size(),
      [&](const Block& block) {
        for (std::size_t k = block.begin; k < block.end; ++k) {
          const auto row = static_cast<Eigen::Index>(k);
          Cursor to{bytes.data() + k * row_bytes_};
          to.put(static_cast<std::uint32_t>(index[k] % kPartRows));
          for (Eigen::Index c = 0; c < 3; ++c) to.put(field.position_m(row, c));
          for (Eigen::Index c = 0; c < 3; ++c) to.put(field.direction(row, c));
          for (const auto column : columns_) to.put((field.*column)[k]);
          to.put(field.n_before[k]);
          to.put(field.n_after[k]);
          to.put(field.reason[k]);
        }
      },
      run, {}, 4096);
  for (std::size_t k = 0; k < field.size();) {
    const std::size_t bucket = index[k] / kPartRows;
    std::size_t end = k + 1;
    while (end < field.size() && index[end] / kPartRows == bucket) ++end;
    buckets_.append(bucket, std::string_view(bytes).substr(k * row_bytes_, (end - k) * row_bytes_));
    k = end;
  }
}

DisplacementField FieldBuckets::part(std::size_t bucket, const Frame& frame) const {
  const std::size_t n = std::min(kPartRows, rows_ - bucket * kPartRows);
  DisplacementField field = DisplacementField::of_size(n, Reason::not_finite);
  field.method = "m3c2";
  field.frame = frame;
  for (const auto column : columns_) {
    if (n > 0) (field.*column).assign(n, std::numeric_limits<double>::quiet_NaN());
  }
  std::string bytes(buckets_.size(bucket), '\0');
  buckets_.read(bucket, bytes.data(), Run(1));
  for (std::size_t at = 0; at < bytes.size(); at += row_bytes_) {
    Cursor from{bytes.data() + at};
    std::uint32_t i = 0;
    from.take(i);
    for (Eigen::Index c = 0; c < 3; ++c) from.take(field.position_m(i, c));
    for (Eigen::Index c = 0; c < 3; ++c) from.take(field.direction(i, c));
    for (const auto column : columns_) from.take((field.*column)[i]);
    from.take(field.n_before[i]);
    from.take(field.n_after[i]);
    from.take(field.reason[i]);
  }
  return field;
}

M3c2Outcome FieldBuckets::write(const std::filesystem::path& path, const std::string& format, const std::string& unit,
                                const Frame& frame, const Run& run) const {
  constexpr std::size_t kAtOnce = 8;
  M3c2Outcome outcome;
  outcome.core_points = rows_;
  FieldStream stream(format, unit);
  std::optional<Output> output;
  for (std::size_t first = 0; first < buckets_.buckets(); first += kAtOnce) {
    run.check_stop();
    const std::size_t count = std::min(kAtOnce, buckets_.buckets() - first);
    std::vector<std::string> parts(count);
    std::vector<M3c2Outcome> found(count);
    for_blocks(
        count,
        [&](const Block& block) {
          for (std::size_t k = block.begin; k < block.end; ++k) {
            const DisplacementField field = part(first + k, frame);
            for (const double v : field.value_m) found[k].measured += std::isnan(v) ? 0 : 1;
            for (const Reason r : field.reason) ++found[k].reasons[r];
            parts[k] = stream.part(field);
          }
        },
        run, {}, 1);
    if (!output) output.emplace(path, stream.head_bytes(parts[0]));
    for (std::size_t k = 0; k < count; ++k) {
      stream.add(std::move(parts[k]), [&](std::string_view bytes) { output->append(bytes); });
      outcome.measured += found[k].measured;
      for (const auto& [reason, n] : found[k].reasons) outcome.reasons[reason] += n;
    }
    run.progress("write", std::min(rows_, (first + count) * kPartRows), rows_);
  }
  outcome.reasons.erase(Reason::ok);
  const std::string head = stream.finish([&](std::string_view bytes) { output->append(bytes); });
  output->finish(head);
  return outcome;
}

}  // namespace highwall
