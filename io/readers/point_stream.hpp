#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "core/cloud.hpp"
#include "core/report.hpp"
#include "core/run.hpp"
#include "io/readers/reader.hpp"

namespace highwall {

/// The coordinates of a cloud that is never held whole: they pass in blocks, as often as they are asked for, in the order of
/// the file. They are the same bits that reading the file gives.
class PointStream {
 public:
  /// What was seen of all points when the stream was opened; local metres.
  struct Seen {
    Frame frame;
    std::size_t size = 0;
    std::array<double, 3> low{};  ///< Empty clouds: low > high.
    std::array<double, 3> high{};
    Points sample;  ///< Every max(1, size / 4096)-th point, from the first on.
  };
  using Sink = std::function<void(std::size_t first, const PointsView& block)>;
  static constexpr std::size_t kSamples = 4096;
  static constexpr std::size_t kBlockPoints = std::size_t{1} << 20U;

  virtual ~PointStream() = default;
  const Seen& seen() const noexcept { return seen_; }
  const Report& report() const noexcept { return report_; }
  /// Calls sink(first, block) for blocks of up to kBlockPoints points, one after the other. `step` names the progress line.
  /// @throws Error(input) for what is damaged, or changed since it was opened; Error(cancelled)
  virtual void visit(const Sink& sink, const Run& run, std::string_view step) const = 0;

 protected:
  Seen seen_;
  Report report_;
};

/// True for LAS, LAZ and COPC, by the file's first bytes. @throws Error(input) for a file that cannot be opened
bool can_stream(const std::filesystem::path& path);
/// Points that a LAS, LAZ or COPC file claims to hold; no point is read. @throws Error(input)
std::size_t points_claimed(const std::filesystem::path& path);

/// A LAS, LAZ or COPC file of any size, looked at where it lies. Everything in it is checked as by its reader; options.box and
/// options.resolution are not for streams.
/// @throws Error as the reader does
std::unique_ptr<PointStream> open_points(const std::filesystem::path& path, const ReadOptions& options, const Run& run);

/// A cloud of another format, which was read whole: its coordinates go to the disk, its memory is given back.
/// @throws Error(storage)
std::unique_ptr<PointStream> spill_points(PointCloud&& cloud, const Report& report, const std::filesystem::path& scratch,
                                          const Run& run);

}  // namespace highwall
