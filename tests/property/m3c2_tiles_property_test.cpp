// M3C2 by tiles must be M3C2 of the whole clouds, to the last bit.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstring>

#include "algorithms/compare/m3c2_tiles.hpp"
#include "core/error.hpp"
#include "datasets/random.hpp"

namespace highwall {
namespace {

/// Ground of wavy height; a block of `strays` points lies somewhere else.
Points ground(std::uint64_t seed, std::size_t n, double side_m, Eigen::Vector3d shift, std::size_t strays, double astray_m) {
  const Random r(seed, 5);
  Points out(static_cast<Eigen::Index>(n + strays), 3);
  for (std::size_t i = 0; i < n + strays; ++i) {
    const std::uint64_t k = 8 * i;
    double x = side_m * (r.uniform(k) - 0.5);
    double y = side_m * (r.uniform(k + 1) - 0.5);
    // Half of the points crowd in a corner: tiles of equal cost have different sizes.
    if (i % 2 == 0) x = 0.3 * x + 0.3 * side_m, y = 0.3 * y - 0.2 * side_m;
    const double z = 0.8 * x + 0.3 * std::sin(2.0 * x) * std::cos(1.5 * y) + 0.03 * r.normal(k + 2);
    out.row(static_cast<Eigen::Index>(i)) << x + shift.x(), y + shift.y(), z + shift.z();
    if (i % 97 < 1 && strays > 0) out.row(static_cast<Eigen::Index>(i)) *= 1.0 + astray_m * r.uniform(k + 3);
    if (i >= n) out.row(static_cast<Eigen::Index>(i)) += Eigen::RowVector3d(astray_m, 0.7 * astray_m, 0.0);
  }
  return out;
}

template <class T>
T one_of(std::initializer_list<T> values, double at) {
  return *(values.begin() + static_cast<std::ptrdiff_t>(at * static_cast<double>(values.size())));
}

M3c2Options options_by(std::uint64_t seed) {
  const Random r(seed, 9);
  M3c2Options o;
  o.normal_radius_m = 0.3 + 1.2 * r.uniform(0);
  if (r.uniform(1) < 0.4) o.normal_radii_m = {0.4, o.normal_radius_m, 2.0 * o.normal_radius_m};
  o.cylinder_radius_m = 0.2 + 1.0 * r.uniform(2);
  o.half_length_m = 0.05 + 3.0 * r.uniform(3);
  o.statistic = one_of({"mean", "median"}, r.uniform(4));
  o.progressive = r.uniform(5) < 0.4;
  o.normals = one_of({"surface", "surface", "horizontal", "vertical"}, r.uniform(6));
  o.lod = one_of({Lod::classic, Lod::welch, Lod::ep}, r.uniform(7));
  if (o.lod == Lod::ep || r.uniform(8) < 0.3) o.scanner_m = {30.0, -20.0, 15.0};
  o.registration_error_m = 0.004 * r.uniform(10);
  return o;
}

struct Side {
  explicit Side(PointsView points, const M3c2Search& search, const highwall::Run& run)
      : cloud(points), layout(cell_layout(summary_of(points, run), search.cell_m, search.reach_m)) {
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < cloud.size(); ++i) {
      if (!layout.is_near(cloud[i].data()) && cloud[i].allFinite()) rows.push_back(i);
    }
    far_points = some(rows);
    if (!rows.empty()) far = std::make_shared<const CellIndex>(PointsView(far_points), layout.cell_m, search.reach_m, run);
  }
  Points some(const std::vector<std::size_t>& rows) const {
    Points out(static_cast<Eigen::Index>(rows.size()), 3);
    for (std::size_t k = 0; k < rows.size(); ++k) out.row(static_cast<Eigen::Index>(k)) = cloud[rows[k]].transpose();
    return out;
  }
  std::vector<std::uint32_t> counts(const TileGrid& grid) const {
    std::vector<std::uint32_t> out(grid.size(), 0);
    for (std::size_t i = 0; i < cloud.size(); ++i) {
      if (layout.is_near(cloud[i].data())) ++out[grid.square_of(cloud[i].data())];
    }
    return out;
  }
  std::vector<Points> parts(const TileGrid& grid, const std::vector<CellWindow>& windows) const {
    const TileRouter router(grid, layout, windows);
    std::vector<std::vector<std::size_t>> rows(windows.size());
    for (std::size_t i = 0; i < cloud.size(); ++i) {
      if (layout.is_near(cloud[i].data())) router.of(cloud[i].data(), [&](std::size_t t) { rows[t].push_back(i); });
    }
    std::vector<Points> out;
    for (const auto& r : rows) out.push_back(some(r));
    return out;
  }

  PointsView cloud;
  CellLayout layout;
  Points far_points;
  std::shared_ptr<const CellIndex> far;
};

/// As m3c2(), by tiles. @param count  gets the number of tiles
DisplacementField by_tiles(PointsView before, PointsView after, PointsView cores, const M3c2Options& options, double most_bytes,
                           const highwall::Run& run, std::size_t& count) {
  const M3c2Search search = m3c2_search(options);
  const Side first(before, search, run);
  const Side second(after, search, run);
  const TileGrid grid(first.layout, second.layout, 2.0 * search.cell_m);
  TileCounts counts{first.counts(grid), second.counts(grid), std::vector<std::uint32_t>(grid.size(), 0)};
  std::vector<std::vector<std::size_t>> at(grid.size());
  for (std::size_t i = 0; i < cores.size(); ++i) {
    if (!cores[i].allFinite()) continue;
    ++counts.cores[grid.square_of(cores[i].data())];
    at[grid.square_of(cores[i].data())].push_back(i);
  }
  const std::vector<Tile> tiles = cut_tiles(grid, counts, first.layout, second.layout, search, {60.0, 260.0, most_bytes});
  count = tiles.size();
  std::vector<CellWindow> of_first, of_second;
  for (const Tile& t : tiles) of_first.push_back(t.before), of_second.push_back(t.after);
  const std::vector<Points> parts_before = first.parts(grid, of_first);
  const std::vector<Points> parts_after = second.parts(grid, of_second);

  DisplacementField all = DisplacementField::of_size(cores.size(), Reason::not_finite);
  if (!options.normal_radii_m.empty()) all.normal_radius_m = all.value_m;
  for (std::size_t t = 0; t < tiles.size(); ++t) {
    std::vector<std::size_t> rows;
    const CellWindow& w = tiles[t].squares;
    for (std::ptrdiff_t r = w.row0; r < w.row1; ++r) {
      for (std::ptrdiff_t c = w.col0; c < w.col1; ++c) {
        const auto& here = at[static_cast<std::size_t>(r * grid.cols() + c)];
        rows.insert(rows.end(), here.begin(), here.end());
      }
    }
    std::sort(rows.begin(), rows.end());
    Points places(static_cast<Eigen::Index>(rows.size()), 3);
    for (std::size_t k = 0; k < rows.size(); ++k) places.row(static_cast<Eigen::Index>(k)) = cores[rows[k]].transpose();
    const DisplacementField f =
        m3c2_part({PointsView(parts_before[t]), first.layout, tiles[t].before, first.far},
                  {PointsView(parts_after[t]), second.layout, tiles[t].after, second.far}, places, options, run);
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const std::size_t i = rows[k];
      for (const LengthColumn& c : columns_of(f)) (all.*c.values)[i] = (f.*c.values)[k];
      all.position_m.row(static_cast<Eigen::Index>(i)) = f.position_m.row(static_cast<Eigen::Index>(k));
      all.direction.row(static_cast<Eigen::Index>(i)) = f.direction.row(static_cast<Eigen::Index>(k));
      all.n_before[i] = f.n_before[k];
      all.n_after[i] = f.n_after[k];
      all.reason[i] = f.reason[k];
    }
  }
  return all;
}

/// Bits, but for the signs of NaN.
std::vector<double> numbers_of(const DisplacementField& f) {
  std::vector<double> out;
  for (const LengthColumn& c : columns_of(f)) out.insert(out.end(), (f.*c.values).begin(), (f.*c.values).end());
  for (const Points* p : {&f.position_m, &f.direction}) out.insert(out.end(), p->data(), p->data() + p->size());
  for (std::size_t i = 0; i < f.size(); ++i) {
    out.push_back(static_cast<double>(f.n_before[i]));
    out.push_back(static_cast<double>(f.n_after[i]));
    out.push_back(static_cast<double>(f.reason[i]));
  }
  for (double& v : out) v = std::isnan(v) ? 1e300 : v;
  return out;
}

bool same_bits(const DisplacementField& a, const DisplacementField& b) {
  const std::vector<double> x = numbers_of(a);
  const std::vector<double> y = numbers_of(b);
  return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size() * sizeof(double)) == 0;
}

RC_GTEST_PROP(M3c2Tiles, HaveTheBitsOfTheWhole, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000000);
  const auto n1 = *rc::gen::inRange<std::size_t>(0, 4000);
  const auto n2 = *rc::gen::inRange<std::size_t>(0, 4000);
  const auto strays = *rc::gen::element<std::size_t>(0, 0, 3, 400);
  const Random r(seed, 3);
  const double side = 8.0 + 40.0 * r.uniform(0);
  const double astray = one_of({300.0, 20000.0, 1e6}, r.uniform(1));
  const Eigen::Vector3d aside(side * one_of({0.0, 0.0, 0.4, 3.0}, r.uniform(2)), 0.3, 0.05);
  const Points before = ground(seed, n1, side, {0, 0, 0}, strays, astray);
  const Points after = ground(seed + 1, n2, side * one_of({1.0, 0.5}, r.uniform(3)), aside, strays, astray);
  Points cores = ground(seed + 2, 300, 1.3 * side, {0, 0, 0}, 40, astray);
  if (r.uniform(4) < 0.5)
    cores.topRows(std::min<Eigen::Index>(200, before.rows())) = before.topRows(std::min<Eigen::Index>(200, before.rows()));
  cores.row(17) << std::nan(""), 0.0, 0.0;
  const M3c2Options o = options_by(seed);
  const DisplacementField whole = m3c2(before, after, cores, o, highwall::Run(2));
  for (const double most : {1e4, 1e5, 2e5, 1e9}) {
    std::size_t tiles = 0;
    try {
      const DisplacementField parts = by_tiles(before, after, cores, o, most, highwall::Run(most < 5e4 ? 1 : 2), tiles);
      RC_ASSERT(same_bits(whole, parts));
      RC_ASSERT(most < 1e9 || tiles == 1);
      RC_CLASSIFY(tiles > 8, "more than eight tiles");
      RC_CLASSIFY(tiles > 8 && strays > 0, "more than eight tiles and strays");
    } catch (const Error& e) {
      RC_ASSERT(e.kind() == ErrorKind::config);  // One square takes more: said, not measured badly.
      RC_CLASSIFY(true, "too dense");
    }
  }
}

TEST(M3c2Tiles, AreManyWhereTheBoundIsSmall) {
  const Points before = ground(1, 30000, 120.0, {0, 0, 0}, 0, 0.0);
  const Points after = ground(2, 30000, 120.0, {0, 0, 0.05}, 5, 1e5);
  std::size_t tiles = 0;
  const M3c2Options o;
  const DisplacementField parts = by_tiles(before, after, before, o, 6e5, highwall::Run(2), tiles);
  EXPECT_GT(tiles, 20U);
  const DisplacementField whole = m3c2(before, after, before, o, highwall::Run(2));
  EXPECT_TRUE(same_bits(whole, parts));
  EXPECT_GT(std::count(whole.reason.begin(), whole.reason.end(), Reason::ok), 12000);
}

TEST(M3c2Tiles, TellWhatIsNeededWhereOneSquareTakesTooMuch) {
  const Points before = ground(1, 20000, 5.0, {0, 0, 0}, 0, 0.0);
  std::size_t tiles = 0;
  try {
    static_cast<void>(by_tiles(before, before, before, {}, 1e5, highwall::Run(1), tiles));
    FAIL() << "measured";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::config);
    EXPECT_NE(std::string(e.what()).find("--memory"), std::string::npos);
  }
}

}  // namespace
}  // namespace highwall
