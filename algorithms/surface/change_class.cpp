#include "algorithms/surface/change_class.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <set>

#include "algorithms/radar/decompose.hpp"
#include "algorithms/surface/beyond.hpp"
#include "algorithms/surface/clusters.hpp"
#include "algorithms/surface/volumes.hpp"
#include "core/error.hpp"
#include "core/series.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr std::array<std::string_view, kChangeClasses> kClassNames{"none",  "deformation",   "rockfall_source", "deposit",
                                                                   "mined", "moving_object", "occluded",        "unknown"};
constexpr std::array<std::string_view, 8> kEvidenceNames{"within_limit", "beyond_limit", "behind",    "in_front",
                                                         "ray_free",     "ray_blocked",  "no_return", "no_value"};
constexpr double kLink = 1.8;            // Spacings, as in face_volumes().
constexpr double kGroundRadius_m = 2.0;  // Of the ground under what was found.
constexpr double kSamePlain_m = 1.0;     // Ground under an object that is gone, and around it.
constexpr double kLeastWhole = 0.6;      // Share of an area that makes it of a kind.
constexpr double kInEvent = 0.8;
constexpr double kDustShare = 0.3;    // Of the places of a cloud of dust; its thin rim is not told from a rough surface.
constexpr double kQuiet = 0.15;       // Of the median change of a cluster: less beside it is the rim of a cylinder, not a change.
constexpr double kDugShare = 0.5;     // Of the level ground lost; the rest became the new face.
constexpr double kBesideFloor = 0.1;  // Of the places around a cut.
constexpr double kFlatTop = 0.4;      // Of its height: what an object's median height is at least; a heap's is a third.
constexpr double kObjectSpread = 3.0;      // Points on and beside an object scatter so many times more than the ground alone,
constexpr double kObjectShare = 0.25;      // and their mean is at least so much of that.
constexpr double kLeastFilled = 0.25;      // Of a cylinder, by the lowest object.
constexpr std::size_t kFewestOfShape = 3;  // Places that have one.
constexpr double kFoot = 0.3;  // Of its height: so far up may ground touch what stands free, on a road that falls along it.
constexpr double kRadians = std::numbers::pi / 180.0;

/// What the rules know of a connected change.
struct Features {
  std::vector<std::size_t> cores;
  bool gain = false;
  double area = 0.0;
  double mean = 0.0;    ///< By area.
  double median = 0.0;  ///< Of the size of change.
  double low_z = 0.0;
  double high_z = 0.0;
  double level_area = 0.0;      ///< Of ground that was level.
  double level_to_level = 0.0;  ///< Of it that is level now, and lower by mined_depth_m.
  double isolated = 0.0;        ///< Share of the places around it that did not change.
  double in_event = 0.0;        ///< Share of its area.
  double dusty = 0.0;           ///< Share of its places that are seen on no surface.
  double tall = 0.0;            ///< Median height of what stands in one epoch only, from the size of change and what it scatters.
  double deep = 0.0;            ///< Median of how far the second epoch sees behind it; NaN = it does not.
  double narrow = 0.0;          ///< Its second longest side in space.
  std::size_t deep_cores = 0;   ///< Places that changed by rockfall_depth_m at least, or are seen through.
  bool free = false;            ///< No ground of the first epoch next to it but at its foot.
  bool flush = false;           ///< The ground under it now is level and that of its surroundings.
  bool dug = false;             ///< Level ground went down to level ground beside it that did not change.
  Eigen::Vector2d facing = Eigen::Vector2d::Zero();  ///< Mean level part of the normals.
};

class Classifier {
 public:
  Classifier(const DisplacementField& field, PointsView before, PointsView after, const std::vector<Polygon>& events,
             const ClassOptions& options, const Run& run)
      : f_(field), before_(before), after_(after), events_(events), o_(options), run_(run) {}

  ChangeClasses operator()(const Eigen::Vector3d* scanner_m) {
    measure(scanner_m);
    cluster();
    judge();
    for (const ChangeClass c : out_.value) ++out_.count[static_cast<std::size_t>(c)];
    return std::move(out_);
  }

 private:
  double slope_deg(std::size_t i) const {
    return std::acos(std::min(1.0, std::abs(f_.direction(static_cast<Eigen::Index>(i), 2)))) / kRadians;
  }
  Eigen::Vector3d place(std::size_t i) const { return f_.position_m.row(static_cast<Eigen::Index>(i)).transpose(); }
  Eigen::Vector3d normal(std::size_t i) const { return f_.direction.row(static_cast<Eigen::Index>(i)).transpose(); }

  /// First classes by the places alone, and change beyond the cylinders.
  void measure(const Eigen::Vector3d* scanner_m) {
    const std::size_t n = f_.size();
    spacing_ = o_.spacing_m > 0.0 ? o_.spacing_m : median_spacing(f_.position_m, run_);
    pieces_.in_plan = false;
    pieces_.place_m = f_.position_m;
    pieces_.shift_row = f_.direction;
    pieces_.change_m = f_.value_m;
    pieces_.sigma_m = f_.sigma_m;
    pieces_.limit_m = f_.lod95_m;
    pieces_.area_m2 = spacing_ > 0.0 ? core_areas(f_.position_m, f_.direction, spacing_, run_) : std::vector<double>(n, kNaN);
    std::vector<std::uint8_t> wanted(n, 0);
    for (std::size_t i = 0; i < n; ++i) wanted[i] = f_.reason[i] == Reason::empty_after ? 1 : 0;
    beyond_ = look_beyond(f_, wanted, before_, after_, scanner_m, o_, run_);
    out_.value.assign(n, ChangeClass::unknown);
    out_.evidence.assign(n, ChangeEvidence::no_value);
    out_.object.assign(n, 0);
    for (std::size_t i = 0; i < n; ++i) {
      if (wanted[i] != 0) {
        take_beyond(i);
      } else if (f_.reason[i] == Reason::ok && std::isfinite(f_.lod95_m[i])) {
        if (is_calibrated(i)) {
          pieces_.change_m[i] = f_.calibrated_m[i];
          pieces_.limit_m[i] = f_.lod95_calibrated_m[i];
        }
        const bool beyond = std::abs(pieces_.change_m[i]) > pieces_.limit_m[i];
        out_.value[i] = beyond ? ChangeClass::deformation : ChangeClass::none;
        out_.evidence[i] = beyond ? ChangeEvidence::beyond_limit : ChangeEvidence::within_limit;
      }
    }
    out_.change_m = pieces_.change_m;
    out_.limit_m = pieces_.limit_m;
    out_.area_m2 = pieces_.area_m2;
  }

  bool is_calibrated(std::size_t i) const {
    return i < f_.reason_calibrated.size() && f_.reason_calibrated[i] == Reason::ok && std::isfinite(f_.lod95_calibrated_m[i]);
  }

  void take_beyond(std::size_t i) {
    const Beyond& b = beyond_[i];
    out_.evidence[i] = b.evidence;
    out_.value[i] = ChangeClass::occluded;
    if (b.evidence == ChangeEvidence::ray_free) out_.value[i] = ChangeClass::deformation;
    if (b.evidence != ChangeEvidence::behind && b.evidence != ChangeEvidence::in_front) return;
    out_.value[i] = ChangeClass::deformation;
    pieces_.change_m[i] = b.change_m;
    pieces_.sigma_m[i] = b.sigma_m;
    pieces_.limit_m[i] = 0.0;
  }

  /// For joining only: what is seen through is a loss of unknown depth.
  void cluster() {
    const double link = spacing_ > 0.0 ? kLink * spacing_ : 0.0;
    neighbours_ = neighbours_in_space(f_.position_m, link, run_);
    const auto around = [&](std::size_t i, auto&& visit) {
      for (const std::uint32_t j : neighbours_[i]) visit(j);
    };
    ChangePieces joined = pieces_;
    for (std::size_t i = 0; i < f_.size(); ++i) {
      if (out_.evidence[i] != ChangeEvidence::ray_free) continue;
      joined.change_m[i] = -1.0;
      joined.sigma_m[i] = joined.limit_m[i] = 0.0;
    }
    const Clusters clusters = find_clusters(joined, around, o_.least_object_m2, 0);
    features_.resize(static_cast<std::size_t>(clusters.count));
    pieces_.stable.assign(f_.size(), 0);
    for (std::size_t i = 0; i < f_.size(); ++i) {
      const std::int32_t label = clusters.label[i];
      out_.object[i] = static_cast<std::uint32_t>(label);
      if (label == 0) {
        pieces_.stable[i] = out_.value[i] == ChangeClass::none ? 1 : 0;
        continue;
      }
      Features& feature = features_[static_cast<std::size_t>(label - 1)];
      feature.cores.push_back(i);
      feature.gain = joined.change_m[i] > 0.0;
    }
    growth_ = measure_growth(pieces_, run_);
  }

  void judge() {
    Points found(static_cast<Eigen::Index>(f_.size()), 3);
    for (std::size_t i = 0; i < f_.size(); ++i) {
      const double c = std::isfinite(pieces_.change_m[i]) ? pieces_.change_m[i] : 0.0;
      found.row(static_cast<Eigen::Index>(i)) = (place(i) + c * normal(i)).transpose();
    }
    DownslopeOptions near;
    near.radius_m = kGroundRadius_m;
    if (!features_.empty()) ground_ = surface_at(after_, found, near, run_);
    for (std::size_t k = 0; k < features_.size(); ++k) {
      run_.check_stop();
      describe(features_[k]);
      out_.objects.push_back(object_of(features_[k]));
    }
    find_events();
    find_dust();
    find_free();
    find_falls();
    for (std::size_t k = 0; k < features_.size(); ++k) {
      ChangeObject& object = out_.objects[k];
      if (object.value == ChangeClass::deformation) find_dug_or_moving(features_[k], object);
      for (const std::size_t i : features_[k].cores) out_.value[i] = object.value;
    }
  }

  /// Ground now at a place's new position: level or not; NaN-proof.
  bool level_now(std::size_t i) const {
    const double nz = ground_.normal(static_cast<Eigen::Index>(i), 2);
    return nz >= std::cos(o_.level_deg * kRadians);
  }

  bool went_down_level(std::size_t i) const {
    return slope_deg(i) <= o_.level_deg && level_now(i) && place(i).z() - ground_.height_m[i] >= o_.mined_depth_m;
  }

  void describe(Features& x) const {
    std::vector<double> sizes;
    std::vector<double> heights;
    std::vector<double> depths;
    std::set<std::uint32_t> ring;
    x.low_z = std::numeric_limits<double>::infinity();
    x.high_z = -x.low_z;
    double dusty = 0.0;
    double measured = 0.0;
    for (const std::size_t i : x.cores) {
      const double area = std::isfinite(pieces_.area_m2[i]) ? pieces_.area_m2[i] : 0.0;
      const double c = pieces_.change_m[i];
      x.area += area;
      x.deep_cores += std::abs(c) >= o_.rockfall_depth_m || out_.evidence[i] == ChangeEvidence::ray_free ? 1 : 0;
      x.low_z = std::min(x.low_z, place(i).z());
      x.high_z = std::max(x.high_z, place(i).z());
      x.facing += area * normal(i).head<2>();
      if (std::isfinite(c)) {
        sizes.push_back(std::abs(c));
        heights.push_back(height_of(i));
        x.mean += area * c;
        measured += area;
      }
      if (slope_deg(i) <= o_.level_deg) {
        x.level_area += area;
        if (went_down_level(i)) x.level_to_level += area;
      }
      if (is_dusty(i)) dusty += 1.0;
      if (std::isfinite(beyond_[i].depth_m)) depths.push_back(beyond_[i].depth_m);
      for (const Polygon& e : events_) {
        if (!e.contains(place(i).x(), place(i).y())) continue;
        x.in_event += area;
        break;
      }
      for (const std::uint32_t j : neighbours_[i]) {
        if (out_.object[j] != out_.object[i]) ring.insert(j);
      }
    }
    x.mean = measured > 0.0 ? x.mean / measured : kNaN;
    x.median = sizes.empty() ? kNaN : median(std::move(sizes));
    x.in_event = x.area > 0.0 ? x.in_event / x.area : 0.0;
    x.tall = median(std::move(heights));
    x.deep = 2 * depths.size() > x.cores.size() ? median(std::move(depths)) : kNaN;
    x.narrow = second_side(x.cores);
    const double foot = x.low_z + kFoot * (x.high_z - x.low_z);
    x.free = std::none_of(ring.begin(), ring.end(), [&](auto j) { return normal(j).allFinite() && place(j).z() > foot; });
    x.dusty = dusty / static_cast<double>(x.cores.size());
    look_around(x, ring);
  }

  /// How high what stands there in one epoch only is: where it fills a part p of the cylinder, the mean is p times the height h
  /// and the variance p (1 - p) h^2, so that h = (mean^2 + variance) / mean.
  double height_of(std::size_t i) const {
    const double c = std::abs(pieces_.change_m[i]);
    if (f_.reason[i] != Reason::ok) return c;
    const double with = pieces_.change_m[i] > 0.0 ? f_.spread_after_m[i] : f_.spread_before_m[i];
    const double without = pieces_.change_m[i] > 0.0 ? f_.spread_before_m[i] : f_.spread_after_m[i];
    // Less is the edge of a bench, which two scans never take alike.
    if (!(with >= kObjectSpread * without) || !(c >= kObjectShare * with)) return c;
    return (c * c + with * with - without * without) / c;
  }

  double second_side(const std::vector<std::size_t>& cores) const {
    Eigen::Vector3d mean = Eigen::Vector3d::Zero();
    for (const std::size_t i : cores) mean += place(i) / static_cast<double>(cores.size());
    Eigen::Matrix3d spread = Eigen::Matrix3d::Zero();
    for (const std::size_t i : cores) spread += (place(i) - mean) * (place(i) - mean).transpose();
    const Eigen::Vector3d axis = Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d>(spread).eigenvectors().col(1);
    double low = 0.0;
    double high = 0.0;
    for (const std::size_t i : cores) {
      low = std::min(low, (place(i) - mean).dot(axis));
      high = std::max(high, (place(i) - mean).dot(axis));
    }
    return high - low;
  }

  /// New points on no surface: they scatter in front of it, far more than the ground did; not about a rim that did not move.
  bool is_dusty(std::size_t i) const {
    const Beyond& b = beyond_[i];
    const bool front = b.evidence == ChangeEvidence::in_front;
    const double spread = front ? b.spread_m : f_.reason[i] == Reason::ok && f_.value_m[i] > 0.0 ? f_.spread_after_m[i] : 0.0;
    return spread > o_.dust_spread_m && (front || pieces_.change_m[i] >= kObjectShare * spread) &&
           !(spread <= o_.dust_ratio * f_.spread_before_m[i]);
  }

  void look_around(Features& x, const std::set<std::uint32_t>& ring) const {
    double quiet = 0.0;
    double seen = 0.0;
    double same_plain = 0.0;
    std::vector<double> under;
    std::vector<double> floors;  // Where level ground went down to.
    double level = 0.0;
    for (const std::size_t i : x.cores) {
      if (!std::isfinite(ground_.height_m[i])) continue;
      under.push_back(ground_.height_m[i]);
      level += level_now(i) ? 1.0 : 0.0;
      if (went_down_level(i)) floors.push_back(ground_.height_m[i]);
    }
    const double plain = under.empty() ? kNaN : median(under);
    const double floor = floors.empty() ? kNaN : median(floors);
    double at_floor = 0.0;
    for (const std::uint32_t j : ring) {
      if (out_.value[j] == ChangeClass::unknown || out_.value[j] == ChangeClass::occluded) continue;
      seen += 1.0;
      const bool rests = std::abs(pieces_.change_m[j]) <= std::max(pieces_.limit_m[j], kQuiet * x.median);
      quiet += rests ? 1.0 : 0.0;
      at_floor += rests && std::abs(place(j).z() - floor) <= kSamePlain_m ? 1.0 : 0.0;
      same_plain += std::abs(place(j).z() - plain) <= kSamePlain_m ? 1.0 : 0.0;
    }
    x.isolated = seen > 0.0 ? quiet / seen : 0.0;
    x.dug = x.level_to_level >= std::max(o_.mined_level_m2, kDugShare * x.level_area) &&
            at_floor >= std::max(3.0, kBesideFloor * seen);
    x.flush = !under.empty() && level >= kLeastWhole * static_cast<double>(x.cores.size()) && seen > 0.0 &&
              same_plain >= o_.isolated_share * seen;
  }

  ChangeObject object_of(const Features& x) const {
    ChangeObject object;
    object.gain = x.gain;
    object.cores = x.cores.size();
    object.area_m2 = x.area;
    object.volume = sum_of(pieces_, x.cores, {}, nullptr, growth_);
    Eigen::Matrix2d spread = Eigen::Matrix2d::Zero();
    for (const std::size_t i : x.cores) {
      object.place_m += place(i) / static_cast<double>(x.cores.size());
      if (std::abs(pieces_.change_m[i]) > std::abs(object.largest_m)) object.largest_m = pieces_.change_m[i];
      if (slope_deg(i) >= o_.face_deg && std::isfinite(pieces_.area_m2[i])) object.steep_share += pieces_.area_m2[i] / x.area;
    }
    for (const std::size_t i : x.cores) {
      const Eigen::Vector2d d = (place(i) - object.place_m).head<2>();
      spread += d * d.transpose();
    }
    const Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> axes(spread);
    double low = 0.0;
    double high = 0.0;
    for (const std::size_t i : x.cores) {
      const double along = (place(i) - object.place_m).head<2>().dot(axes.eigenvectors().col(1));
      low = std::min(low, along);
      high = std::max(high, along);
    }
    object.length_m = high - low;
    object.evidence = fmt::format("{} of {:.2f} m on average over {:.0f} m2: no other class is certain", x.gain ? "gain" : "loss",
                                  std::abs(x.mean), x.area);
    return object;
  }

  void find_events() {
    for (std::size_t k = 0; k < features_.size(); ++k) {
      const Features& x = features_[k];
      if (!(x.in_event >= kInEvent && std::abs(x.mean) >= o_.event_depth_m)) continue;
      out_.objects[k].value = ChangeClass::mined;
      out_.objects[k].evidence =
          fmt::format("{:.0f} % of it within a declared event, {:.1f} m on average", 100.0 * x.in_event, x.mean);
    }
  }

  void find_dust() {
    for (std::size_t k = 0; k < features_.size(); ++k) {
      ChangeObject& object = out_.objects[k];
      if (!object.gain || object.value != ChangeClass::deformation || !(features_[k].dusty > kDustShare)) continue;
      object.value = ChangeClass::moving_object;
      object.evidence = fmt::format("dust: {:.0f} % of its places see points on no surface", 100.0 * features_[k].dusty);
    }
  }

  /// Something that stood free in the first epoch: ground touches it at its foot at most, and what is seen through it lies
  /// farther behind than it was wide, which no scar does.
  void find_free() {
    for (std::size_t k = 0; k < features_.size(); ++k) {
      ChangeObject& object = out_.objects[k];
      const Features& x = features_[k];
      if (object.gain || object.value != ChangeClass::deformation || !x.free || x.cores.size() < kFewestOfShape) continue;
      const double high = x.high_z - x.low_z;
      if (!(object.length_m <= o_.object_length_m && high <= o_.object_height_m && high >= o_.object_low_m)) continue;
      if (!(x.deep > std::max(x.narrow, spacing_))) continue;
      object.value = ChangeClass::moving_object;
      object.evidence = fmt::format("stood {:.1f} m long and free in the first epoch only; the second sees {:.1f} m behind it",
                                    object.length_m, x.deep);
    }
  }

  /// Places at the rim of a bench are lost and gained by the pattern of the scan alone, one beside the other along the rim.
  bool is_source(std::size_t k) const {
    const ChangeObject& s = out_.objects[k];
    const Features& x = features_[k];
    return !s.gain && s.value == ChangeClass::deformation && -x.mean >= o_.rockfall_depth_m && s.steep_share >= 0.5 &&
           x.deep_cores >= kFewestOfShape && x.narrow >= spacing_;
  }

  /// How far a deposit lies from a source; infinite where it cannot be its.
  double way(std::size_t source, std::size_t deposit) const {
    constexpr double kNever = std::numeric_limits<double>::infinity();
    const ChangeObject& s = out_.objects[source];
    const ChangeObject& d = out_.objects[deposit];
    const double ratio = d.volume.value_m3 / -s.volume.value_m3;
    const Eigen::Vector3d fall = s.place_m - d.place_m;
    const double level = fall.head<2>().norm();
    if (!(fall.z() > 0.0) || !(std::atan2(fall.z(), level) >= o_.fall_angle_deg * kRadians)) return kNever;
    if (!(ratio >= o_.least_deposit && ratio <= o_.most_deposit)) return kNever;
    const Eigen::Vector2d facing = features_[source].facing.normalized();
    if (level > kSamePlain_m && !(-fall.head<2>().dot(facing) >= level * std::cos(o_.sideways_deg * kRadians))) return kNever;
    return fall.norm();
  }

  void find_falls() {
    constexpr double kNever = std::numeric_limits<double>::infinity();
    const std::size_t n = features_.size();
    std::vector<std::size_t> source(n, n);  // Of each gain; n = none.
    std::vector<double> fallen(n, 0.0);     // From each loss, m3.
    std::vector<double> nearest(n, kNever);
    for (std::size_t g = 0; g < n; ++g) {
      const ChangeObject& deposit = out_.objects[g];
      // What grows out of a face is no heap.
      if (!deposit.gain || deposit.value != ChangeClass::deformation || deposit.steep_share >= 0.5) continue;
      for (std::size_t s = 0; s < n; ++s) {
        const double here = is_source(s) ? way(s, g) : kNever;
        if (!(here < nearest[g])) continue;
        nearest[g] = here;
        source[g] = s;
      }
      if (source[g] < n) fallen[source[g]] += deposit.volume.value_m3;
    }
    for (std::size_t g = 0; g < n; ++g) {
      const std::size_t s = source[g];
      // More below a loss than can have come from it did not come from it.
      if (s < n && fallen[s] <= o_.most_deposit * -out_.objects[s].volume.value_m3) tell_fall(s, g, nearest[g]);
    }
  }

  void tell_fall(std::size_t s, std::size_t g, double way_m) {
    ChangeObject& source = out_.objects[s];
    ChangeObject& deposit = out_.objects[g];
    deposit.partner = s + 1;
    deposit.value = ChangeClass::deposit;
    deposit.evidence = fmt::format("{:.1f} m3 gained {:.1f} m from and below the loss {}", deposit.volume.value_m3, way_m, s + 1);
    source.value = ChangeClass::rockfall_source;
    source.partner = g + 1;
    source.evidence = fmt::format("{:.1f} m3 lost, {:.0f} % of it from faces, {:.2f} m deep on average; deposit {} below",
                                  -source.volume.value_m3, 100.0 * source.steep_share, -features_[s].mean, g + 1);
  }

  void find_dug_or_moving(const Features& x, ChangeObject& object) const {
    const bool small = object.length_m <= o_.object_length_m && std::abs(object.largest_m) >= kLeastFilled * o_.object_low_m;
    if (!x.gain && small && x.flush && x.high_z - x.low_z <= o_.object_height_m && x.tall >= o_.object_low_m) {
      object.value = ChangeClass::moving_object;
      object.evidence = fmt::format("stood {:.1f} m long on level ground in the first epoch only", object.length_m);
    } else if (!x.gain && x.dug) {
      object.value = ChangeClass::mined;
      object.evidence =
          fmt::format("{:.0f} m2 of level ground became level ground at least {:.1f} m lower, flush with the floor beside it",
                      x.level_to_level, o_.mined_depth_m);
    } else if (x.gain && small && x.isolated >= o_.isolated_share && x.level_area >= kLeastWhole * x.area &&
               x.tall >= o_.object_low_m && object.largest_m <= o_.object_height_m && x.median >= kFlatTop * object.largest_m) {
      object.value = ChangeClass::moving_object;
      object.evidence = fmt::format("stands {:.1f} m high and {:.1f} m long on level ground, nothing around it changed",
                                    std::max(x.tall, object.largest_m), object.length_m);
    }
  }

  const DisplacementField& f_;
  PointsView before_;
  PointsView after_;
  const std::vector<Polygon>& events_;
  const ClassOptions& o_;
  const Run& run_;
  double spacing_ = 0.0;
  ChangePieces pieces_;
  std::vector<Beyond> beyond_;
  std::vector<std::vector<std::uint32_t>> neighbours_;
  std::vector<Features> features_;
  Surface ground_;
  ErrorGrowth growth_;
  ChangeClasses out_;
};

}  // namespace

std::string_view name_of(ChangeClass c) noexcept { return kClassNames[static_cast<std::size_t>(c)]; }

std::string_view name_of(ChangeEvidence e) noexcept { return kEvidenceNames[static_cast<std::size_t>(e)]; }

ChangeClasses classify_change(const DisplacementField& field, PointsView before, PointsView after,
                              const Eigen::Vector3d* scanner_m, const std::vector<Polygon>& events, const ClassOptions& options,
                              const Run& run) {
  validate(options, "classes");
  require_same(before.frame(), after.frame(), "classes, the two clouds");
  require_same(before.frame(), field.frame, "classes, cloud and field");
  require_common_ground(field, before, "first");
  require_common_ground(field, after, "second");
  return Classifier(field, before, after, events, options, run)(scanner_m);
}

}  // namespace highwall
