#include "algorithms/compare/cell_index.hpp"

#include <limits>

#include "core/error.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

constexpr double kMostCells = 67108864.0;  // 2^26: 256 MB of starts at the most.
constexpr double kSparse = 16.0;           // More cells a point than this: some lie far off.
constexpr double kFewCells = 65536.0;
constexpr double kMargin = 16.0;
constexpr double kFloatBits = 24.0;
constexpr double kCoarsest = -22.0;             // 2^-22 m, a quarter of a micrometre.
constexpr double kLatticeSteps = 2147483648.0;  // 2^31: differences of two 32-bit places stay unambiguous.
constexpr std::size_t kBlock = 4096;
constexpr std::size_t kBands = 512;

/// Zero times a number is zero, unless it is NaN or infinite.
bool is_finite(const double* p) { return 0.0 * p[0] + 0.0 * p[1] + 0.0 * p[2] == 0.0; }

/// Where the bulk of the points lies along one axis, with as much again to both sides. From an even sample, which takes
/// less than a quantile of all.
void clip_to_bulk(const CloudSummary& cloud, Eigen::Index axis, double margin, Eigen::Array3d& low, Eigen::Array3d& high) {
  constexpr double kOutside = 0.1;
  std::vector<double> sample;
  for (const Eigen::Vector3d& p : cloud.sample) sample.push_back(p[axis]);
  if (sample.empty()) return;
  std::sort(sample.begin(), sample.end());
  const auto cut = static_cast<std::size_t>(kOutside * static_cast<double>(sample.size()));
  const double first = sample[cut];
  const double last = sample[sample.size() - 1 - cut];
  low[axis] = std::max(low[axis], first - (last - first) - margin);
  high[axis] = std::min(high[axis], last + (last - first) + margin);
}

double cells_across(double length, double cell) { return std::floor(length / cell) + 1.0; }

}  // namespace

std::size_t CloudSummary::sample_step(std::size_t size) noexcept {
  constexpr std::size_t kSample = 4096;
  return std::max<std::size_t>(1, size / kSample);
}

CloudSummary summary_of(PointsView points, const Run& run) {
  CloudSummary all = reduce_blocks(
      points.size(), CloudSummary{},
      [&](const Block& block) {
        CloudSummary e;
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const double* p = points.data() + 3 * i;
          if (!is_finite(p)) {
            e.all_finite = false;
            continue;
          }
          for (Eigen::Index c = 0; c < 3; ++c) {
            e.low[c] = std::min(e.low[c], p[c]);
            e.high[c] = std::max(e.high[c], p[c]);
          }
        }
        return e;
      },
      [](CloudSummary& a, CloudSummary&& b) {
        a.low = a.low.min(b.low);
        a.high = a.high.max(b.high);
        a.all_finite = a.all_finite && b.all_finite;
      },
      run, {}, kBlock);
  all.size = points.size();
  for (std::size_t i = 0; i < points.size(); i += CloudSummary::sample_step(all.size)) {
    if (is_finite(points.data() + 3 * i)) all.sample.push_back(points[i]);
  }
  return all;
}

CellLayout cell_layout(const CloudSummary& cloud, double cell_m, double reach_m) {
  if (cloud.size >= std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorKind::input, "more than 4 billion points in one cloud", {}, "cut the cloud into tiles");
  }
  CellLayout out;
  out.cell_m = cell_m;
  if (cloud.empty()) return out;
  Eigen::Array3d low = cloud.low;
  Eigen::Array3d high = cloud.high;
  const auto cells = [&] { return cells_across(high[0] - low[0], out.cell_m) * cells_across(high[1] - low[1], out.cell_m); };
  const double enough = std::min(kMostCells, kSparse * static_cast<double>(cloud.size) + kFewCells);
  // A place is as good as its query: up to `reach` outside, where nothing was cut off, and as far inside, where it was.
  out.inset_m = Eigen::Array3d::Constant(-reach_m);
  out.all_near = cloud.all_finite;
  const auto clip = [&](Eigen::Index axis) {
    clip_to_bulk(cloud, axis, kMargin * cell_m, low, high);
    out.inset_m[axis] = reach_m;
    out.all_near = false;
  };
  if (!(cells() <= enough)) {
    clip(0);
    clip(1);
  }
  // As fine as a float can hold within reach; coarser where a column is deeper than the lattice is long.
  out.unit_m = std::exp2(std::min(std::ceil(std::log2(reach_m)) - kFloatBits, kCoarsest));
  const auto too_long = [&](double length) { return !(length + 4.0 * reach_m < kLatticeSteps * out.unit_m); };
  if (too_long(high[2] - low[2])) clip(2);
  if (!std::isfinite(cells()) || !std::isfinite(high[2] - low[2])) {
    throw Error(ErrorKind::input, "the cloud's extent is beyond the range of numbers", {},
                "remove the points with senseless coordinates");
  }
  while (cells() > enough) out.cell_m *= 2.0;
  while (too_long(high[2] - low[2]) || too_long(4.0 * out.cell_m)) out.unit_m *= 2.0;
  out.cells_a_metre = 1.0 / out.cell_m;
  out.low_m = low.matrix();
  out.high_m = high.matrix();
  out.cols = static_cast<std::ptrdiff_t>(cells_across(high[0] - low[0], out.cell_m));
  out.rows = static_cast<std::ptrdiff_t>(cells_across(high[1] - low[1], out.cell_m));
  return out;
}

CellWindow CellLayout::touching(const std::array<double, 4>& rectangle_m) const noexcept {
  const auto range = [&](double low, double high, double origin, std::ptrdiff_t count, std::ptrdiff_t& first,
                         std::ptrdiff_t& end) {
    const double most = static_cast<double>(count);
    first = static_cast<std::ptrdiff_t>(std::clamp(std::floor((low - origin) / cell_m), 0.0, most));
    end = static_cast<std::ptrdiff_t>(std::clamp(std::floor((high - origin) / cell_m) + 1.0, 0.0, most));
  };
  CellWindow w;
  range(rectangle_m[0], rectangle_m[2], low_m[0], cols, w.col0, w.col1);
  range(rectangle_m[1], rectangle_m[3], low_m[1], rows, w.row0, w.row1);
  return w;
}

CellIndex::CellIndex(PointsView points, double cell_m, double reach_m, const Run& run) : points_(points), reach_m_(reach_m) {
  layout_ = cell_layout(summary_of(points, run), cell_m, reach_m);
  place_cells(layout_.whole());
  if (cells_.rows > 0) index_far(sort_into_cells(layout_.whole(), run), run);
}

CellIndex::CellIndex(PointsView part, const CellLayout& layout, const CellWindow& window, double reach_m,
                     std::shared_ptr<const CellIndex> far, const Run& run)
    : points_(part), reach_m_(reach_m), layout_(layout), far_(std::move(far)) {
  place_cells(window);
  if (cells_.rows > 0) static_cast<void>(sort_into_cells(window, run));
}

void CellIndex::place_cells(const CellWindow& window) {
  start_ = Slab<std::uint32_t>(1);
  start_[0] = 0;
  cells_.start = start_.data.get();
  cells_.cell_m = layout_.cell_m;
  cells_.unit_m = layout_.unit_m;
  cells_.origin_m = layout_.low_m;
  if (window.empty()) return;
  cells_.rows = window.row1 - window.row0;
  cells_.cols = window.col1 - window.col0;
  cells_.first_row = window.row0;
  cells_.first_col = window.col0;
}

bool CellIndex::holds(const Eigen::Vector3d& place) const noexcept {
  return layout_.rows == 0 || ((place.array() >= layout_.low_m.array() + layout_.inset_m).all() &&
                               (place.array() <= layout_.high_m.array() - layout_.inset_m).all());
}

std::array<std::int32_t, 3> CellIndex::on_lattice(const Eigen::Vector3d& place) const noexcept {
  std::array<std::int32_t, 3> out{};
  const double steps_a_metre = 1.0 / cells_.unit_m;
  for (Eigen::Index c = 0; c < 3; ++c) {
    const double steps = (place[c] - cells_.origin_m[c]) * steps_a_metre;
    // Modulo 2^32: what lies kilometres off may fall on any place, what is near keeps its exact difference.
    const auto whole = static_cast<std::int64_t>(steps + (steps < 0.0 ? -0.5 : 0.5));
    out[static_cast<std::size_t>(c)] = static_cast<std::int32_t>(static_cast<std::uint32_t>(whole));
  }
  return out;
}

std::vector<std::uint32_t> CellIndex::order() const {
  std::vector<std::uint32_t> all;
  all.reserve(size());
  all.insert(all.end(), original_.data.get(), original_.data.get() + original_.size);
  if (far_) {
    for (const std::uint32_t k : far_->order()) all.push_back(far_original_[k]);
  }
  return all;
}

/// Stable counting sort in two steps, by bands of rows and by cells within a band: both in parallel, the same order on
/// any number of threads.
std::vector<std::uint32_t> CellIndex::sort_into_cells(const CellWindow& window, const Run& run) {
  struct Entry {
    std::uint32_t cell;
    std::uint32_t original;
    std::int32_t x, y, z;
  };
  const std::size_t n = points_.size();
  const auto rows = static_cast<std::size_t>(cells_.rows);
  const auto cols = static_cast<std::size_t>(cells_.cols);
  std::size_t shift = 0;  // A band is 2^shift rows.
  while ((rows - 1) >> shift >= kBands) ++shift;
  const std::size_t bands = ((rows - 1) >> shift) + 1;
  const std::size_t size = block_size(n, kBlock);
  const std::size_t blocks = (n + size - 1) / size;
  const bool whole = !window.empty() && layout_.rows == cells_.rows && layout_.cols == cells_.cols;
  const double to_steps = 1.0 / cells_.unit_m;
  const double x0 = cells_.origin_m.x();
  const double y0 = cells_.origin_m.y();
  const double z0 = cells_.origin_m.z();
  const bool all_here = whole && layout_.all_near;
  const auto is_here = [&](const double* p) {
    return layout_.is_near(p) && (whole || window.holds(layout_.row_of(p[1]), layout_.col_of(p[0])));
  };
  const auto row_of = [&](const double* p) { return static_cast<std::size_t>(layout_.row_of(p[1]) - window.row0); };

  // How many points of each block go into each band; then where the first of them goes.
  std::vector<std::uint32_t> place(blocks * bands, 0);
  std::vector<std::vector<std::uint32_t>> far(blocks);
  for_blocks(
      n,
      [&](const Block& block) {
        std::uint32_t* count = &place[block.index * bands];
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const double* p = points_.data() + 3 * i;
          if (all_here || is_here(p)) {
            ++count[row_of(p) >> shift];
          } else if (whole && is_finite(p)) {
            far[block.index].push_back(static_cast<std::uint32_t>(i));
          }
        }
      },
      run, {}, kBlock);
  std::vector<std::uint32_t> band_start(bands + 1, 0);
  std::uint32_t before = 0;
  for (std::size_t band = 0; band < bands; ++band) {
    band_start[band] = before;
    for (std::size_t block = 0; block < blocks; ++block) {
      const std::uint32_t count = place[block * bands + band];
      place[block * bands + band] = before;
      before += count;
    }
  }
  band_start[bands] = before;

  const auto steps = [&](double length) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(static_cast<std::int64_t>(length * to_steps + 0.5)));
  };
  Slab<Entry> staged(before);
  for_blocks(
      n,
      [&](const Block& block) {
        std::uint32_t* next = &place[block.index * bands];
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const double* p = points_.data() + 3 * i;
          if (!all_here && !is_here(p)) continue;
          const std::size_t row = row_of(p);
          const auto col = static_cast<std::size_t>(layout_.col_of(p[0]) - window.col0);
          staged[next[row >> shift]++] = {static_cast<std::uint32_t>(row * cols + col), static_cast<std::uint32_t>(i),
                                          steps(p[0] - x0), steps(p[1] - y0), steps(p[2] - z0)};
        }
      },
      run, {}, kBlock);

  x_ = Slab<std::int32_t>(before + kPadding);
  y_ = Slab<std::int32_t>(before + kPadding);
  z_ = Slab<std::int32_t>(before + kPadding);
  for (std::size_t k = before; k < before + kPadding; ++k) x_[k] = y_[k] = z_[k] = 0;
  original_ = Slab<std::uint32_t>(before);
  start_ = Slab<std::uint32_t>(rows * cols + 1);
  low_ = Slab<float>(rows * cols + kPadding);
  high_ = Slab<float>(rows * cols + kPadding);
  for (std::size_t c = rows * cols; c < rows * cols + kPadding; ++c) low_[c] = 1.0F, high_[c] = -1.0F;
  for_blocks(
      bands,
      [&](const Block& block) {
        for (std::size_t band = block.begin; band < block.end; ++band) {
          const std::size_t first_cell = (band << shift) * cols;
          const std::size_t last_cell = std::min((band + 1) << shift, rows) * cols;
          std::uint32_t* start = start_.data.get();
          std::fill(start + first_cell, start + last_cell, 0U);
          for (std::uint32_t k = band_start[band]; k < band_start[band + 1]; ++k) ++start[staged[k].cell];
          std::uint32_t next = band_start[band];
          for (std::size_t c = first_cell; c < last_cell; ++c) {
            const std::uint32_t count = start[c];
            start[c] = next;
            next += count;
          }
          constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
          std::vector<std::int32_t> low(last_cell - first_cell, kMost);
          std::vector<std::int32_t> high(last_cell - first_cell, -kMost);
          for (std::uint32_t k = band_start[band]; k < band_start[band + 1]; ++k) {
            const Entry& entry = staged[k];
            const std::uint32_t to = start[entry.cell]++;
            x_[to] = entry.x;
            y_[to] = entry.y;
            z_[to] = entry.z;
            original_[to] = entry.original;
            low[entry.cell - first_cell] = std::min(low[entry.cell - first_cell], entry.z);
            high[entry.cell - first_cell] = std::max(high[entry.cell - first_cell], entry.z);
          }
          // Each start has run to its cell's end, which is the start of the next.
          std::copy_backward(start + first_cell, start + last_cell - 1, start + last_cell);
          start[first_cell] = band_start[band];
          for (std::size_t c = first_cell; c < last_cell; ++c) {
            const double unit = cells_.unit_m;
            low_[c] = static_cast<float>(unit * static_cast<double>(low[c - first_cell]));
            high_[c] = static_cast<float>(unit * static_cast<double>(high[c - first_cell]));
          }
        }
      },
      run, {}, 1);
  start_[rows * cols] = before;

  cells_.x = x_.data.get();
  cells_.y = y_.data.get();
  cells_.z = z_.data.get();
  cells_.start = start_.data.get();
  cells_.low = low_.data.get();
  cells_.high = high_.data.get();
  std::vector<std::uint32_t> all_far;
  for (const auto& part : far) all_far.insert(all_far.end(), part.begin(), part.end());
  return all_far;
}

void CellIndex::index_far(std::vector<std::uint32_t> far, const Run& run) {
  if (far.empty()) return;
  far_original_ = std::move(far);
  far_points_.resize(static_cast<Eigen::Index>(far_original_.size()), 3);
  for (std::size_t k = 0; k < far_original_.size(); ++k) {
    far_points_.row(static_cast<Eigen::Index>(k)) = points_[far_original_[k]].transpose();
  }
  far_ = std::make_shared<const CellIndex>(PointsView(far_points_), cells_.cell_m, reach_m_, run);
}

}  // namespace highwall
