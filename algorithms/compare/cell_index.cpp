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

struct Extent {
  Eigen::Array3d low = Eigen::Array3d::Constant(std::numeric_limits<double>::infinity());
  Eigen::Array3d high = Eigen::Array3d::Constant(-std::numeric_limits<double>::infinity());
  bool all_finite = true;
  bool empty() const { return !(low <= high).all(); }
};

/// Zero times a number is zero, unless it is NaN or infinite.
bool is_finite(const double* p) { return 0.0 * p[0] + 0.0 * p[1] + 0.0 * p[2] == 0.0; }

Extent extent_of(const PointsView& points, const Run& run) {
  return reduce_blocks(
      points.size(), Extent{},
      [&](const Block& block) {
        Extent e;
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
      [](Extent& a, Extent&& b) {
        a.low = a.low.min(b.low);
        a.high = a.high.max(b.high);
        a.all_finite = a.all_finite && b.all_finite;
      },
      run, {}, kBlock);
}

/// Where the bulk of the points lies along one axis, with as much again to both sides. From an even sample, which takes
/// less than a quantile of all.
void clip_to_bulk(const PointsView& points, Eigen::Index axis, double margin, Extent& e) {
  constexpr std::size_t kSample = 4096;
  constexpr double kOutside = 0.1;
  std::vector<double> sample;
  const std::size_t step = std::max<std::size_t>(1, points.size() / kSample);
  for (std::size_t i = 0; i < points.size(); i += step) {
    const Eigen::Vector3d p = points[i];
    if (p.allFinite()) sample.push_back(p[axis]);
  }
  if (sample.empty()) return;
  std::sort(sample.begin(), sample.end());
  const auto cut = static_cast<std::size_t>(kOutside * static_cast<double>(sample.size()));
  const double first = sample[cut];
  const double last = sample[sample.size() - 1 - cut];
  e.low[axis] = std::max(e.low[axis], first - (last - first) - margin);
  e.high[axis] = std::min(e.high[axis], last + (last - first) + margin);
}

double cells_across(double length, double cell) { return std::floor(length / cell) + 1.0; }

}  // namespace

CellIndex::CellIndex(PointsView points, double cell_m, double reach_m, const Run& run) : points_(points), reach_m_(reach_m) {
  if (points.size() >= std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorKind::input, "more than 4 billion points in one cloud", {}, "cut the cloud into tiles");
  }
  start_ = Slab<std::uint32_t>(1);
  start_[0] = 0;
  cells_.start = start_.data.get();
  cells_.cell_m = cell_m;
  cells_.unit_m = 1.0;
  cells_.origin_m = Eigen::Vector3d::Zero();
  Extent e = extent_of(points, run);
  if (e.empty()) return;

  const auto cells = [&] {
    return cells_across(e.high[0] - e.low[0], cells_.cell_m) * cells_across(e.high[1] - e.low[1], cells_.cell_m);
  };
  const double enough = std::min(kMostCells, kSparse * static_cast<double>(points.size()) + kFewCells);
  // A place is as good as its query: up to `reach` outside, where nothing was cut off, and as far inside, where it was.
  inset_m_ = Eigen::Array3d::Constant(-reach_m);
  bool all_near = e.all_finite;
  const auto clip = [&](Eigen::Index axis) {
    clip_to_bulk(points, axis, kMargin * cell_m, e);
    inset_m_[axis] = reach_m;
    all_near = false;
  };
  if (!(cells() <= enough)) {
    clip(0);
    clip(1);
  }
  // As fine as a float can hold within reach; coarser where a column is deeper than the lattice is long.
  cells_.unit_m = std::exp2(std::min(std::ceil(std::log2(reach_m)) - kFloatBits, kCoarsest));
  const auto too_long = [&](double length) { return !(length + 4.0 * reach_m < kLatticeSteps * cells_.unit_m); };
  if (too_long(e.high[2] - e.low[2])) clip(2);
  if (!std::isfinite(cells()) || !std::isfinite(e.high[2] - e.low[2])) {
    throw Error(ErrorKind::input, "the cloud's extent is beyond the range of numbers", {},
                "remove the points with senseless coordinates");
  }
  while (cells() > enough) cells_.cell_m *= 2.0;
  while (too_long(e.high[2] - e.low[2]) || too_long(4.0 * cells_.cell_m)) cells_.unit_m *= 2.0;

  cells_.origin_m = e.low.matrix();
  highest_m_ = e.high.matrix();
  cells_.cols = static_cast<std::ptrdiff_t>(cells_across(e.high[0] - e.low[0], cells_.cell_m));
  cells_.rows = static_cast<std::ptrdiff_t>(cells_across(e.high[1] - e.low[1], cells_.cell_m));
  sort_into_cells(all_near, run);
}

bool CellIndex::holds(const Eigen::Vector3d& place) const noexcept {
  return cells_.rows == 0 ||
         ((place.array() >= cells_.origin_m.array() + inset_m_).all() && (place.array() <= highest_m_.array() - inset_m_).all());
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
void CellIndex::sort_into_cells(bool all_near, const Run& run) {
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
  const double to_cells = 1.0 / cells_.cell_m;
  const double to_steps = 1.0 / cells_.unit_m;
  const double x0 = cells_.origin_m.x();
  const double y0 = cells_.origin_m.y();
  const double z0 = cells_.origin_m.z();
  // Not negative, so that truncation rounds down.
  const auto cell_at = [&](double length, std::size_t count) {
    return std::min(static_cast<std::size_t>(static_cast<std::int64_t>(length * to_cells)), count - 1);
  };

  // How many points of each block go into each band; then where the first of them goes.
  std::vector<std::uint32_t> place(blocks * bands, 0);
  std::vector<std::vector<std::uint32_t>> far(blocks);
  for_blocks(
      n,
      [&](const Block& block) {
        std::uint32_t* count = &place[block.index * bands];
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const double* p = points_.data() + 3 * i;
          if (all_near || is_near(p)) {
            ++count[cell_at(p[1] - y0, rows) >> shift];
          } else if (is_finite(p)) {
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
          if (!all_near && !is_near(p)) continue;
          const double x = p[0] - x0;
          const double y = p[1] - y0;
          const std::size_t row = cell_at(y, rows);
          const std::size_t col = cell_at(x, cols);
          staged[next[row >> shift]++] = {static_cast<std::uint32_t>(row * cols + col), static_cast<std::uint32_t>(i), steps(x),
                                          steps(y), steps(p[2] - z0)};
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
  index_far(std::move(all_far), run);
}

void CellIndex::index_far(std::vector<std::uint32_t> far, const Run& run) {
  if (far.empty()) return;
  far_original_ = std::move(far);
  far_points_.resize(static_cast<Eigen::Index>(far_original_.size()), 3);
  for (std::size_t k = 0; k < far_original_.size(); ++k) {
    far_points_.row(static_cast<Eigen::Index>(k)) = points_[far_original_[k]].transpose();
  }
  far_ = std::make_unique<CellIndex>(PointsView(far_points_), cells_.cell_m, reach_m_, run);
}

}  // namespace highwall
