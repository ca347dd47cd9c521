#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/frame.hpp"
#include "core/time.hpp"

namespace highwall {

/// N x 3 doubles, one point a row, contiguous: the layout of a C-order NumPy array.
using Points = Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor>;

/// A named attribute of every point, in the type that the file had.
using Channel = std::variant<std::vector<std::int8_t>, std::vector<std::uint8_t>, std::vector<std::int16_t>,
                             std::vector<std::uint16_t>, std::vector<std::int32_t>, std::vector<std::uint32_t>,
                             std::vector<std::int64_t>, std::vector<std::uint64_t>, std::vector<float>, std::vector<double>>;

std::size_t size_of(const Channel& channel);
/// Element i as a double (64-bit integers beyond 2^53 round).
double value_at(const Channel& channel, std::size_t i);

/// Read-only look at points in somebody's memory: ours, NumPy's or the archive's. Rows are local
/// coordinates in metres of `frame`. The memory must outlive the view.
class PointsView {
 public:
  PointsView() : map_(nullptr, 0, 3) {}
  PointsView(const double* xyz, std::size_t n, Frame frame = {})
      : map_(xyz, static_cast<Eigen::Index>(n), 3), frame_(std::move(frame)) {}
  PointsView(const Points& points, Frame frame = {})  // NOLINT(google-explicit-constructor)
      : PointsView(points.data(), static_cast<std::size_t>(points.rows()), std::move(frame)) {}

  std::size_t size() const noexcept { return static_cast<std::size_t>(map_.rows()); }
  bool empty() const noexcept { return size() == 0; }
  const double* data() const noexcept { return map_.data(); }
  Eigen::Vector3d operator[](std::size_t i) const { return map_.row(static_cast<Eigen::Index>(i)).transpose(); }
  const Eigen::Map<const Points>& matrix() const noexcept { return map_; }
  const Frame& frame() const noexcept { return frame_; }

 private:
  Eigen::Map<const Points> map_;
  Frame frame_;
};

/// One cloud of one epoch.
struct PointCloud {
  Frame frame;
  Instant instant = kNoInstant;  ///< Time of acquisition, not of the file.
  Points xyz;                    ///< Local metres.
  /// Names follow LAS: intensity, return_number, number_of_returns, classification, gps_time (s),
  /// red, green, blue, nir, scan_angle (degrees), user_data, point_source_id, nx, ny, nz, ...
  std::map<std::string, Channel> channels;

  std::size_t size() const noexcept { return static_cast<std::size_t>(xyz.rows()); }
  PointsView view() const { return PointsView(xyz, frame); }
  const Channel* channel(std::string_view name) const;
};

/// The points (and channels) whose index is listed, in that order.
PointCloud select(const PointCloud& cloud, const std::vector<std::size_t>& indices);

}  // namespace highwall
