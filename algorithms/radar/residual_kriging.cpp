#include "algorithms/radar/residual_kriging.hpp"

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <limits>

namespace highwall {
namespace {

constexpr std::size_t kMostBlocks = 16;  // In each direction.
/// Fewer values tell no covariance.
constexpr std::size_t kLeastBlocks = 12;
/// A block counts with this share of its stable cells.
constexpr double kLeastShare = 0.5;
constexpr std::size_t kLeastCells = 3;
/// What the last scans showed fades by so much a scan.
constexpr double kMemory = 0.98;
/// The covariance is fitted anew so often, for the first time after as many scans.
constexpr std::uint64_t kRefit = 20;
/// Correct only when the foretold values take off this share of the mean square at least; stop when they take off nothing.
constexpr double kGain = 0.8;

Eigen::Vector3d place_of(const ScanGrid& grid, std::size_t row, std::size_t col) {
  const std::size_t cell = row * grid.cols + col;
  if (!grid.position_m.empty() && grid.position_m[cell].allFinite()) return grid.position_m[cell];
  if (!grid.range_m.empty() && !grid.azimuth_rad.empty()) {
    return {grid.range_m[row] * std::sin(grid.azimuth_rad[col]), grid.range_m[row] * std::cos(grid.azimuth_rad[col]), 0.0};
  }
  return {static_cast<double>(col), static_cast<double>(row), 0.0};
}

}  // namespace

ResidualKriging::ResidualKriging(const ScanGrid& grid)
    : cols_(grid.cols),
      block_rows_((grid.rows + kMostBlocks - 1) / kMostBlocks),
      block_cols_((grid.cols + kMostBlocks - 1) / kMostBlocks),
      down_((grid.rows + block_rows_ - 1) / block_rows_),
      across_((grid.cols + block_cols_ - 1) / block_cols_),
      stable_of_block_(down_ * across_),
      field_(down_ * across_) {
  for (std::size_t r = 0; r < down_; ++r) {
    for (std::size_t c = 0; c < across_; ++c) {
      const std::size_t row = std::min(grid.rows - 1, r * block_rows_ + block_rows_ / 2);
      const std::size_t col = std::min(grid.cols - 1, c * block_cols_ + block_cols_ / 2);
      centre_.push_back(place_of(grid, row, col));
    }
  }
  for (const Eigen::Vector3d& p : centre_) reach_ = std::max(reach_, 0.5 * (p - centre_.front()).norm());
}

std::size_t ResidualKriging::block_of(std::size_t cell) const noexcept {
  return cell / cols_ / block_rows_ * across_ + cell % cols_ / block_cols_;
}

void ResidualKriging::set_stable(std::span<const std::uint32_t> stable) {
  std::fill(stable_of_block_.begin(), stable_of_block_.end(), 0U);
  for (const std::uint32_t cell : stable) ++stable_of_block_[block_of(cell)];
  solved_for_.clear();
}

void ResidualKriging::note_differences(const Eigen::VectorXd& value, const std::vector<std::size_t>& has) {
  for (std::size_t k = 0; k < kClasses; ++k) {
    sum_[k] *= kMemory;
    count_[k] *= kMemory;
  }
  for (std::size_t i = 0; i < has.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double h = (centre_[has[i]] - centre_[has[j]]).norm();
      if (!(h < reach_)) continue;
      const auto k = static_cast<std::size_t>(h / reach_ * kClasses);
      const double d = value[static_cast<Eigen::Index>(i)] - value[static_cast<Eigen::Index>(j)];
      // The cells' own noise is no part of what hangs together.
      const double own = noise_ / stable_of_block_[has[i]] + noise_ / stable_of_block_[has[j]];
      sum_[k] += 0.5 * (d * d - own);
      count_[k] += 1.0;
    }
  }
}

/// Least squares of sill (1 - exp(-h / range)), range by range.
void ResidualKriging::fit_covariance() {
  double best = std::numeric_limits<double>::infinity();
  for (double range = 0.04 * reach_; range < 2.0 * reach_; range *= 1.15) {
    double gg = 0.0, gs = 0.0, ss = 0.0;
    for (std::size_t k = 0; k < kClasses; ++k) {
      if (count_[k] < 1.0) continue;
      const double h = (static_cast<double>(k) + 0.5) * reach_ / kClasses;
      const double g = 1.0 - std::exp(-h / range);
      const double s = sum_[k] / count_[k];
      gg += count_[k] * g * g;
      gs += count_[k] * g * s;
      ss += count_[k] * s * s;
    }
    if (!(gg > 0.0)) return;
    const double sill = std::max(0.0, gs / gg);
    const double off = ss - 2.0 * sill * gs + sill * sill * gg;
    if (off < best) {
      best = off;
      sill_ = sill;
      range_ = range;
    }
  }
}

void ResidualKriging::solve(const std::vector<std::size_t>& has) {
  const auto n = static_cast<Eigen::Index>(has.size());
  const auto covariance = [&](std::size_t a, std::size_t b) {
    return sill_ * std::exp(-(centre_[a] - centre_[b]).norm() / range_);
  };
  Eigen::MatrixXd k(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) k(i, j) = covariance(has[static_cast<std::size_t>(i)], has[static_cast<std::size_t>(j)]);
    k(i, i) += solved_noise_ / stable_of_block_[has[static_cast<std::size_t>(i)]] + 1e-9 * sill_;
  }
  const Eigen::MatrixXd whole = k.llt().solve(Eigen::MatrixXd::Identity(n, n));
  const Eigen::VectorXd sums = whole.rowwise().sum();
  const double total = sums.sum();
  inverse_ = whole - sums * sums.transpose() / total;
  others_ = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(centre_.size()), n);
  variance_.assign(centre_.size(), sill_);
  mean_variance_ = 0.0;
  std::size_t next = 0;
  for (std::size_t b = 0; b < centre_.size(); ++b) {
    const auto row = static_cast<Eigen::Index>(b);
    if (next < has.size() && has[next] == b) {
      const auto i = static_cast<Eigen::Index>(next++);
      // Foretold from the others: value - (P value)_i / P_ii.
      others_.row(row) = -inverse_.row(i) / inverse_(i, i);
      others_(row, i) = 0.0;
      variance_[b] = 1.0 / inverse_(i, i) - solved_noise_ / stable_of_block_[b];
      mean_variance_ += variance_[b] / static_cast<double>(has.size());
      continue;
    }
    Eigen::VectorXd to(n);
    for (Eigen::Index i = 0; i < n; ++i) to[i] = covariance(b, has[static_cast<std::size_t>(i)]);
    const Eigen::VectorXd simple = whole * to;
    const double left = 1.0 - simple.sum();
    others_.row(row) = (simple + sums * (left / total)).transpose();
    variance_[b] = sill_ - to.dot(simple) + left * left / total;
  }
  solved_for_ = has;
}

void ResidualKriging::fit(std::span<const float> residual, std::span<const std::uint32_t> stable) {
  std::vector<double> sum(centre_.size(), 0.0);
  std::vector<double> squares(centre_.size(), 0.0);
  std::vector<std::uint32_t> count(centre_.size(), 0);
  for (std::size_t k = 0; k < stable.size(); ++k) {
    if (!std::isfinite(residual[k])) continue;
    const std::size_t b = block_of(stable[k]);
    sum[b] += residual[k];
    squares[b] += static_cast<double>(residual[k]) * residual[k];
    ++count[b];
  }
  std::fill(field_.begin(), field_.end(), 0.0);
  std::vector<std::size_t> has;
  double within = 0.0;
  double freedom = 0.0;
  for (std::size_t b = 0; b < centre_.size(); ++b) {
    if (count[b] < kLeastCells || count[b] < kLeastShare * stable_of_block_[b]) continue;
    has.push_back(b);
    within += squares[b] - sum[b] * sum[b] / count[b];
    freedom += count[b] - 1.0;
  }
  if (has.size() < kLeastBlocks) {
    used_ = false;
    return;
  }
  Eigen::VectorXd value(static_cast<Eigen::Index>(has.size()));
  for (std::size_t i = 0; i < has.size(); ++i) value[static_cast<Eigen::Index>(i)] = sum[has[i]] / count[has[i]];
  noise_ = scans_ == 0 ? within / freedom : kMemory * noise_ + (1.0 - kMemory) * within / freedom;
  note_differences(value, has);
  if (++scans_ % kRefit == 0) {
    fit_covariance();
    solved_noise_ = noise_;
    solved_for_.clear();
  }
  if (!(sill_ > 0.0)) {
    used_ = false;
    return;
  }
  if (solved_for_ != has) solve(has);
  const Eigen::VectorXd foretold = others_ * value;
  double plain = 0.0;
  double left_out = 0.0;
  for (std::size_t i = 0; i < has.size(); ++i) {
    const double v = value[static_cast<Eigen::Index>(i)];
    const double off = v - foretold[static_cast<Eigen::Index>(has[i])];
    plain += v * v / static_cast<double>(has.size());
    left_out += off * off / static_cast<double>(has.size());
  }
  plain_ = plain_ == 0.0 ? plain : kMemory * plain_ + (1.0 - kMemory) * plain;
  left_out_ = left_out_ == 0.0 ? left_out : kMemory * left_out_ + (1.0 - kMemory) * left_out;
  used_ = left_out_ < (used_ ? 1.0 : kGain) * plain_;
  if (!used_) return;
  for (std::size_t b = 0; b < field_.size(); ++b) field_[b] = foretold[static_cast<Eigen::Index>(b)];
}

double ResidualKriging::block_rms() const noexcept { return std::sqrt(plain_); }
double ResidualKriging::left_out_rms() const noexcept { return std::sqrt(left_out_); }

double ResidualKriging::at(std::size_t cell) const noexcept {
  if (!used_) return 0.0;
  const auto along = [](std::size_t at, std::size_t size, std::size_t blocks, std::size_t& low, std::size_t& high) {
    const double p = (static_cast<double>(at) + 0.5) / static_cast<double>(size) - 0.5;
    const double held = std::clamp(p, 0.0, static_cast<double>(blocks - 1));
    low = static_cast<std::size_t>(held);
    high = std::min(low + 1, blocks - 1);
    return held - static_cast<double>(low);
  };
  std::size_t r0 = 0, r1 = 0, c0 = 0, c1 = 0;
  const double fr = along(cell / cols_, block_rows_, down_, r0, r1);
  const double fc = along(cell % cols_, block_cols_, across_, c0, c1);
  const double top = (1.0 - fc) * field_[r0 * across_ + c0] + fc * field_[r0 * across_ + c1];
  const double bottom = (1.0 - fc) * field_[r1 * across_ + c0] + fc * field_[r1 * across_ + c1];
  return (1.0 - fr) * top + fr * bottom;
}

double ResidualKriging::excess_variance(std::size_t cell) const noexcept {
  return used_ ? std::max(0.0, variance_[block_of(cell)] - mean_variance_) : 0.0;
}

void ResidualKriging::save(StateWriter& out) const {
  out.put(sum_);
  out.put(count_);
  for (const double v : {sill_, range_, noise_, solved_noise_, plain_, left_out_}) out.put(v);
  out.put(scans_);
  out.put<std::uint8_t>(used_ ? 1 : 0);
  out.put(field_);
}

void ResidualKriging::restore(StateReader& in) {
  sum_ = in.get<decltype(sum_)>();
  count_ = in.get<decltype(count_)>();
  for (double* v : {&sill_, &range_, &noise_, &solved_noise_, &plain_, &left_out_}) *v = in.get<double>();
  scans_ = in.get<std::uint64_t>();
  used_ = in.get<std::uint8_t>() != 0;
  in.get(field_);
}

}  // namespace highwall
