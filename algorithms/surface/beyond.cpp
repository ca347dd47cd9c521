#include "algorithms/surface/beyond.hpp"

#include <fmt/format.h>

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "algorithms/compare/cell_index.hpp"
#include "algorithms/surface/scanner_view.hpp"
#include "algorithms/surface/volumes.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/series.hpp"

namespace highwall {
namespace {

constexpr double kNewSpacings = 3.0;
constexpr std::size_t kFewest = 3;  // New points that make ground.
constexpr double kThick_m = 1.0;    // Of the nearest ground along the normal.
constexpr std::size_t kMostSampled = 100000;

/// Median distance of neighbours, of a part of the cloud that is whole in itself: every point of it where it is small.
double spacing_of(PointsView cloud, const Run& run) {
  if (cloud.size() <= kMostSampled) return median_spacing(Points(cloud.matrix()), run);
  // A run of the file's order lies together.
  const std::size_t first = (cloud.size() - kMostSampled) / 2;
  return median_spacing(
      Points(cloud.matrix().middleRows(static_cast<Eigen::Index>(first), static_cast<Eigen::Index>(kMostSampled))), run);
}

class Search {
 public:
  Search(PointsView before, PointsView after, const ClassOptions& options, const Run& run)
      : options_(options),
        new_m_(options.new_m > 0.0 ? options.new_m : kNewSpacings * spacing_of(before, run)),
        before_(before, std::max(1e-3, options.search_radius_m), options.reach_m + options.search_radius_m, run),
        after_(after, std::max(1e-3, options.search_radius_m), options.reach_m + options.search_radius_m, run) {}

  Beyond operator()(const Eigen::Vector3d& place, const Eigen::Vector3d& normal, std::vector<double>& heights) const {
    Beyond out;
    heights.clear();
    const Eigen::Vector3d reach = options_.reach_m * normal;
    after_.near_segment(place - reach, place + reach, options_.search_radius_m, [&](const Eigen::Vector3d& p) {
      const double h = (p - place).dot(normal);
      if (!(std::abs(h) <= options_.reach_m) || !((p - place - h * normal).norm() <= options_.search_radius_m)) return;
      if (is_new(p)) heights.push_back(h);
    });
    if (heights.size() < kFewest) return out;
    std::sort(heights.begin(), heights.end());
    out.points = static_cast<std::uint32_t>(heights.size());
    double mean = 0.0;
    for (const double h : heights) mean += h / static_cast<double>(heights.size());
    for (const double h : heights) out.spread_m += (h - mean) * (h - mean);
    out.spread_m = std::sqrt(out.spread_m / static_cast<double>(heights.size() - 1));
    // Behind tells more than in front: there was rock.
    const auto zero = std::lower_bound(heights.begin(), heights.end(), 0.0);
    const auto behind = std::lower_bound(heights.begin(), zero, zero == heights.begin() ? 0.0 : *(zero - 1) - kThick_m);
    if (static_cast<std::size_t>(zero - behind) >= kFewest) return ground(behind, zero, ChangeEvidence::behind, out);
    const auto front = std::upper_bound(zero, heights.end(), zero == heights.end() ? 0.0 : *zero + kThick_m);
    if (static_cast<std::size_t>(front - zero) >= kFewest && *zero <= options_.object_height_m) {
      return ground(zero, front, ChangeEvidence::in_front, out);
    }
    return out;
  }

 private:
  using At = std::vector<double>::const_iterator;

  bool is_new(const Eigen::Vector3d& p) const {
    bool found = false;
    before_.near_segment(p, p, new_m_, [&](const Eigen::Vector3d& q) { found = found || (q - p).norm() <= new_m_; });
    return !found;
  }
  static Beyond ground(At begin, At end, ChangeEvidence evidence, Beyond out) {
    const auto n = static_cast<double>(end - begin);
    double mean = 0.0;
    for (At h = begin; h != end; ++h) mean += *h / n;
    double square = 0.0;
    for (At h = begin; h != end; ++h) square += (*h - mean) * (*h - mean);
    out.evidence = evidence;
    out.change_m = mean;
    if (evidence == ChangeEvidence::behind) out.depth_m = -mean;
    out.sigma_m = std::sqrt(square / (n - 1.0) / n);
    return out;
  }

  const ClassOptions& options_;
  double new_m_;
  CellIndex before_;
  CellIndex after_;
};

}  // namespace

std::vector<Beyond> look_beyond(const DisplacementField& field, const std::vector<std::uint8_t>& wanted, PointsView before,
                                PointsView after, const Eigen::Vector3d* scanner_m, const ClassOptions& options, const Run& run) {
  std::vector<Beyond> out(field.size());
  if (std::find(wanted.begin(), wanted.end(), 1) == wanted.end() || after.empty() || before.empty()) return out;
  const Search search(before, after, options, run);
  std::optional<ScannerView> sight;
  if (scanner_m != nullptr) sight.emplace(after, *scanner_m, options.ray_deg * std::numbers::pi / 180.0, run);
  for_blocks(
      field.size(),
      [&](const Block& block) {
        std::vector<double> heights;
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const auto row = static_cast<Eigen::Index>(i);
          const Eigen::Vector3d place = field.position_m.row(row).transpose();
          const Eigen::Vector3d normal = field.direction.row(row).transpose();
          if (wanted[i] == 0 || !place.allFinite() || !normal.allFinite()) continue;
          out[i] = search(place, normal, heights);
          if (out[i].evidence != ChangeEvidence::no_return || !sight) continue;
          double depth = kNaN;
          const ScannerView::Sight seen = sight->to(place, normal, options.ray_margin_m, &depth);
          if (seen == ScannerView::Sight::blocked) out[i].evidence = ChangeEvidence::ray_blocked;
          if (seen == ScannerView::Sight::through) {
            out[i].evidence = ChangeEvidence::ray_free;
            out[i].change_m = kNaN;
            out[i].depth_m = depth;
          }
        }
      },
      run, "beyond the cylinders", 64);
  return out;
}

void require_common_ground(const DisplacementField& field, PointsView cloud, const char* which) {
  const auto box_of = [](const auto& points, std::size_t n) {
    Eigen::AlignedBox3d box;
    for (std::size_t i = 0; i < n; ++i) {
      const Eigen::Vector3d p = points(i);
      if (p.allFinite()) box.extend(p);
    }
    return box;
  };
  const Eigen::AlignedBox3d places =
      box_of([&](std::size_t i) { return Eigen::Vector3d(field.position_m.row(static_cast<Eigen::Index>(i)).transpose()); },
             field.size());
  const Eigen::AlignedBox3d points = box_of([&](std::size_t i) { return Eigen::Vector3d(cloud[i]); }, cloud.size());
  if (places.isEmpty() || points.isEmpty() || places.intersects(points)) return;
  const auto text = [](const Eigen::AlignedBox3d& b) {
    return fmt::format("{:.1f} to {:.1f}, {:.1f} to {:.1f}, {:.1f} to {:.1f}", b.min().x(), b.max().x(), b.min().y(), b.max().y(),
                       b.min().z(), b.max().z());
  };
  throw Error(ErrorKind::input,
              fmt::format("the {} cloud lies at {} m (local), the core points at {} m: they have no ground in common", which,
                          text(points), text(places)),
              {}, "give the clouds that the field was measured on");
}

}  // namespace highwall
