#include "algorithms/radar/velocity_fit.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <type_traits>

#include "algorithms/radar/time_kernel.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
using Design = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Condition beyond which the terms are not told apart: their values would have no digit left.
constexpr double kLeastPivot = 1e-10;

/// Terms by QR of scaled columns. @return false when the samples do not tell them apart
bool solve_dense(Design g, const Eigen::VectorXd& d, Eigen::VectorXd& value, Eigen::VectorXd& cofactor, double& squares) {
  const Eigen::VectorXd size = g.colwise().norm();
  if (g.rows() < g.cols() || (size.array() == 0.0).any()) return false;
  for (Eigen::Index c = 0; c < g.cols(); ++c) g.col(c) /= size[c];
  Eigen::ColPivHouseholderQR<Design> qr(g);
  qr.setThreshold(kLeastPivot);
  if (qr.rank() < g.cols()) return false;
  value = qr.solve(d);
  squares = (d - g * value).squaredNorm();
  const Eigen::MatrixXd inverse = (g.transpose() * g).inverse();
  cofactor = inverse.diagonal().cwiseQuotient(size.cwiseAbs2());
  value = value.cwiseQuotient(size);
  return true;
}

/// Names the terms and fills the design. Times count from the first sample.
void add_column(std::vector<std::vector<double>>& columns, const std::vector<double>& years, const auto& of_time) {
  std::vector<double> column;
  for (const double y : years) column.push_back(of_time(y - years.front()));
  columns.push_back(std::move(column));
}

std::vector<double> years_as(std::span<const Instant> instants, const VelocityFitOptions& options) {
  if (options.years != "days") return calendar_years(instants);
  std::vector<double> years;
  for (const Instant t : instants) years.push_back(to_days(t - instants.front()).value / 365.25);
  return years;
}

}  // namespace

TimeModel::TimeModel(std::span<const Instant> instants, const VelocityFitOptions& options)
    : TimeModel(years_as(instants, options), options) {}

TimeModel::TimeModel(std::vector<double> years, const VelocityFitOptions& options) : years_(std::move(years)) {
  validate(options, "velocity");
  std::vector<std::vector<double>> columns;
  double factorial = 1.0;
  for (int k = 0; k <= options.polynomial; ++k) {
    factorial *= std::max(1, k);
    add_column(columns, years_, [&](double t) { return std::pow(t, k) / factorial; });
    names_.push_back(k == 0 ? "intercept" : k == 1 ? "velocity" : k == 2 ? "acceleration" : fmt::format("poly{}", k));
    units_.push_back(k == 0 ? "m" : k == 1 ? "m/year" : fmt::format("m/year^{}", k));
  }
  for (const double period : options.periods_years) {
    const auto turns = [&](double t) { return 2.0 * std::numbers::pi * t / period; };
    add_column(columns, years_, [&](double t) { return std::cos(turns(t)); });
    add_column(columns, years_, [&](double t) { return std::sin(turns(t)); });
    for (const char* name : {"cos", "sin"}) names_.push_back(fmt::format("{}{:g}", name, period));
    units_.insert(units_.end(), 2, "m");
  }
  if (columns.size() > kMostTerms) throw Error(ErrorKind::config, fmt::format("more than {} terms", kMostTerms), "velocity");
  const auto n = static_cast<Eigen::Index>(years_.size());
  Design g(n, static_cast<Eigen::Index>(columns.size()));
  for (std::size_t c = 0; c < columns.size(); ++c) {
    g.col(static_cast<Eigen::Index>(c)) = Eigen::Map<const Eigen::VectorXd>(columns[c].data(), n);
  }
  Eigen::VectorXd value, cofactor;
  double squares = 0.0;
  if (!solve_dense(g, Eigen::VectorXd::Zero(n), value, cofactor, squares)) {
    throw Error(ErrorKind::config, fmt::format("{} acquisitions do not tell {} terms of time apart", n, columns.size()),
                "velocity", "ask for a lower polynomial or fewer periods");
  }
  design_.assign(g.data(), g.data() + g.size());
  cofactor_.assign(cofactor.data(), cofactor.data() + cofactor.size());
  const Eigen::VectorXd size = g.colwise().norm();
  Design scaled = g;
  for (Eigen::Index c = 0; c < g.cols(); ++c) scaled.col(c) /= size[c];
  Design solver = Eigen::ColPivHouseholderQR<Design>(scaled).solve(Eigen::MatrixXd::Identity(n, n)).transpose();
  for (Eigen::Index c = 0; c < g.cols(); ++c) solver.col(c) /= size[c];
  solver_.assign(solver.data(), solver.data() + solver.size());
}

namespace {

/// One pixel with samples missing or in several parts.
template <class T>
void fit_pixel(const TimeModel& model, std::size_t cell, std::span<const T> series, const PartedCell* parts, FittedTile& out) {
  const std::size_t k = model.terms();
  std::vector<std::size_t> there;
  std::uint16_t intercepts = 1;
  for (std::size_t i = 0; i < model.samples(); ++i) {
    const T d = series[i * out.cells + cell];
    if (!std::isfinite(d)) continue;
    there.push_back(i);
    if (parts != nullptr) intercepts = std::max<std::uint16_t>(intercepts, static_cast<std::uint16_t>(parts->part[i] + 1));
  }
  // Parts without a sample have no intercept.
  std::vector<int> column(intercepts, -1);
  int columns = 0;
  for (const std::size_t i : there) {
    int& c = column[parts == nullptr ? 0 : parts->part[i]];
    if (c < 0) c = columns++;
  }
  const auto n = static_cast<Eigen::Index>(there.size());
  const auto others = static_cast<Eigen::Index>(k - 1);
  Design g = Design::Zero(n, others + columns);
  Eigen::VectorXd d(n);
  for (Eigen::Index r = 0; r < n; ++r) {
    const std::size_t i = there[static_cast<std::size_t>(r)];
    d[r] = series[i * out.cells + cell];
    for (std::size_t t = 1; t < k; ++t) g(r, static_cast<Eigen::Index>(t - 1)) = model.design()[i * k + t];
    g(r, others + column[parts == nullptr ? 0 : parts->part[i]]) = 1.0;
  }
  Eigen::VectorXd value, cofactor;
  double squares = 0.0;
  const bool good = n > 0 && solve_dense(g, d, value, cofactor, squares);
  const auto free = static_cast<double>(n - g.cols());
  for (std::size_t t = 0; t < k; ++t) {
    const Eigen::Index at = t == 0 ? others : static_cast<Eigen::Index>(t - 1);
    out.value[t * out.cells + cell] = good ? value[at] : kNone;
    out.sigma[t * out.cells + cell] = good && free > 0 ? std::sqrt(squares / free * cofactor[at]) : kNone;
  }
  out.residual_m[cell] = good ? std::sqrt(squares) : kNone;
  out.samples[cell] = static_cast<std::uint16_t>(n);
}

}  // namespace

template <class T>
void fit_time_model(const TimeModel& model, std::size_t cells, std::span<const T> series_m, std::span<const PartedCell> parted,
                    FittedTile& out, const Run& run) {
  if (series_m.size() != model.samples() * cells) throw Error(ErrorKind::internal, "a series has another size than its model");
  out.cells = cells;
  out.value.resize(model.terms() * cells);
  out.sigma.resize(model.terms() * cells);
  out.residual_m.resize(cells);
  out.samples.assign(cells, static_cast<std::uint16_t>(model.samples()));
  const TimeKernel& kernel = time_kernel();
  const TermProblem problem{model.samples(),       model.terms(),         cells,
                            model.design().data(), model.solver().data(), model.cofactor().data()};
  for_blocks(
      cells,
      [&](const Block& block) {
        const TermResults results{out.value.data(), out.sigma.data(), out.residual_m.data()};
        if constexpr (std::is_same_v<T, float>) {
          kernel.of_floats(problem, series_m.data(), block.begin, block.end, results);
        } else {
          kernel.of_doubles(problem, series_m.data(), block.begin, block.end, results);
        }
        for (std::size_t cell = block.begin; cell < block.end; ++cell) {
          const double residual = out.residual_m[cell];
          if (!std::isfinite(residual)) fit_pixel<T>(model, cell, series_m, nullptr, out);
        }
      },
      run, {}, 256);
  for (const PartedCell& p : parted) fit_pixel<T>(model, p.cell, series_m, &p, out);
}

template void fit_time_model<float>(const TimeModel&, std::size_t, std::span<const float>, std::span<const PartedCell>,
                                    FittedTile&, const Run&);
template void fit_time_model<double>(const TimeModel&, std::size_t, std::span<const double>, std::span<const PartedCell>,
                                     FittedTile&, const Run&);

}  // namespace highwall
