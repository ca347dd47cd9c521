#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "algorithms/radar/state_bytes.hpp"
#include "core/scan.hpp"

namespace highwall {

/// What hangs together between neighbours in a scan's residuals: turbulence that no trend in range takes off.
///
/// Cells are put together to at most 16 x 16 blocks. The mean residual of a block's stable cells is a value; ordinary kriging
/// with an exponential covariance, whose sill and range come from the scans themselves, foretells each block from all the others,
/// never from itself: ground that moves as a whole block would otherwise be corrected to rest (leave-one-out by the inverse
/// matrix: Dubrule 1983, doi:10.1007/BF01033232). It is used only while what it foretells is nearer than nothing is.
class ResidualKriging {
 public:
  explicit ResidualKriging(const ScanGrid& grid);

  /// Which cells count from now on.
  void set_stable(std::span<const std::uint32_t> stable);
  /// @param residual  of the cells of set_stable(), in its order; NaN = none
  void fit(std::span<const float> residual, std::span<const std::uint32_t> stable);

  bool used() const noexcept { return used_; }
  /// Root mean square of the blocks' values, and of what they are off when foretold from the others; over the last scans. 0 =
  /// none.
  double block_rms() const noexcept;
  double left_out_rms() const noexcept;
  /// The correction of a cell in the newest scan, bilinear between blocks; 0 while not used.
  double at(std::size_t cell) const noexcept;
  /// Variance of the correction in a cell's block, beyond what it is on average where stable cells are; 0 while not used.
  double excess_variance(std::size_t cell) const noexcept;

  void save(StateWriter& out) const;
  /// After set_stable().
  void restore(StateReader& in);

 private:
  static constexpr std::size_t kClasses = 12;

  std::size_t block_of(std::size_t cell) const noexcept;
  void note_differences(const Eigen::VectorXd& value, const std::vector<std::size_t>& has);
  void fit_covariance();
  void solve(const std::vector<std::size_t>& has);

  std::size_t cols_, block_rows_, block_cols_, down_, across_;
  std::vector<Eigen::Vector3d> centre_;  ///< Of the blocks.
  double reach_ = 0.0;                   ///< Largest distance of the classes.
  std::vector<std::uint32_t> stable_of_block_;
  // Semivariances by distance, of the last scans.
  std::array<double, kClasses> sum_{};
  std::array<double, kClasses> count_{};
  double sill_ = 0.0;
  double range_ = 0.0;
  double noise_ = 0.0;         ///< Variance of one cell ...
  double solved_noise_ = 0.0;  ///< ... when the covariance was fitted.
  double plain_ = 0.0;         ///< Mean squares, of the last scans.
  double left_out_ = 0.0;
  std::uint64_t scans_ = 0;
  bool used_ = false;
  // Made of the above.
  std::vector<std::size_t> solved_for_;
  Eigen::MatrixXd inverse_;  ///< Of the covariance, without what the unknown mean takes.
  Eigen::MatrixXd others_;   ///< Weights of the blocks without a value.
  std::vector<double> variance_;
  double mean_variance_ = 0.0;
  std::vector<double> field_;
};

}  // namespace highwall
