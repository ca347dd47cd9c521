#include "bindings/pipeline/measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "algorithms/radar/frozen_maps.hpp"
#include "algorithms/radar/patch_line_of_sight.hpp"
#include "algorithms/series/freeze.hpp"
#include "algorithms/series/gap.hpp"
#include "bindings/pipeline/measure_lidar.hpp"
#include "bindings/pipeline/measure_scans.hpp"
#include "bindings/pipeline/trial.hpp"
#include "core/error.hpp"
#include "core/geodesy.hpp"
#include "io/crs/crs.hpp"
#include "io/readers/zones.hpp"

namespace highwall {
namespace {

/// Walks over the sources: everything here is order and words, the numbers are made in algorithms/.
class Measurer {
 public:
  Measurer(const Site& site, const Calculation& calculation, const std::vector<Polygon>& zones, Archive& archive, Instant now,
           NightSummary& summary, const Run& run)
      : site_(site), calculation_(calculation), zones_(zones), archive_(archive), now_(now), summary_(summary), run_(run) {}

  Measurements all() {
    for (const SourceConfig& source : site_.sources) {
      run_.check_stop();
      Measurements before = std::exchange(out_, {});
      try {
        one(source);
        std::size_t targets = 0;
        for (const auto& [zone, inputs] : out_.targets) targets += inputs.size();
        run_.log(LogLevel::info, "measure", {{"source", source.id}, {"targets", fmt::format("{}", targets)}});
        join(before, std::move(out_));
        out_ = std::move(before);
      } catch (const Error& e) {
        if (e.kind() == ErrorKind::cancelled || e.kind() == ErrorKind::config || context_.disk_refuses) throw;
        out_ = std::move(before);  // nothing half-measured is judged
        out_.failed.push_back(source.id);
        summary_.findings.push_back(fmt::format("source {} could not be measured: {}", source.id, e.what()));
        run_.log(LogLevel::error, "measure", {{"source", source.id}, {"error", e.what()}});
      }
    }
    return std::move(out_);
  }

 private:
  static void join(Measurements& all, Measurements&& one) {
    std::move(one.fields.begin(), one.fields.end(), std::back_inserter(all.fields));
    std::move(one.maps.begin(), one.maps.end(), std::back_inserter(all.maps));
    for (auto& [zone, inputs] : one.targets) {
      std::move(inputs.begin(), inputs.end(), std::back_inserter(all.targets[zone]));
    }
    for (auto& [zone, areas] : one.areas) std::move(areas.begin(), areas.end(), std::back_inserter(all.areas[zone]));
    std::move(one.scans.begin(), one.scans.end(), std::back_inserter(all.scans));
    all.changes.merge(one.changes);
    all.times.merge(one.times);
  }

  void one(const SourceConfig& source) {
    hold_epochs(source);
    if (source.kind == "lidar") return lidar(source);
    // A radar may deliver scans, maps, areas or all of them: what is there is measured.
    if (follows_scans(source, archive_)) scans(source);
    if (auto stack = stack_until_now(source)) {
      without_frozen(source, *stack);
      radar_maps(source, *stack);
    }
    series(source);
  }

  // ---- clocks ----

  void hold_epochs(const SourceConfig& source) {
    HeldTimes times{.name = source.id, .epochs = true};
    for (const EpochInfo& e : archive_.epochs(source.id)) {
      const bool counts = e.kind == "cloud" || e.kind == "scan" || (e.kind.empty() && source.kind == "lidar");
      if (counts) times.take(e.instant, now_);
    }
    if (times.past > 0 || times.next != kNoInstant) out_.times[source.id].push_back(std::move(times));
  }

  void hold_rows(const SourceConfig& source, const TimeSeries& s) {
    HeldTimes times{.name = source.id + "/" + s.target};
    for (const Instant t : s.time) times.take(t, now_);
    if (!s.empty()) out_.times[source.id].push_back(std::move(times));
  }

  void lidar(const SourceConfig& source) {
    LidarMeasurement measured = measure_lidar(source, context_);
    for (auto& [zone, target] : measured.targets) add(source, zone, std::move(target), measured.epochs);
    if (measured.change) out_.changes.emplace(source.id, std::move(*measured.change));
    if (!measured.epochs.empty()) tell_without_zone(source);
    if (measured.newest) out_.fields.emplace_back(source.id, std::move(*measured.newest));
  }

  /// Only places within an outline are judged: a source of clouds or maps that no zone takes would never warn.
  void tell_without_zone(const SourceConfig& source) {
    if (!zones_of(zones_, source).empty()) return;
    const std::string which = source.zone.empty() ? "no [[zone]] has an outline" : "zone " + source.zone + " has no outline";
    summary_.findings.push_back(
        fmt::format("source {}: its displacement is computed, but never judged: {} in site.toml", source.id, which));
  }

  // ---- scans of a radar ----

  void scans(const SourceConfig& source) {
    const PointCloud* cloud = ground();
    ScanMeasurement measured = measure_scans(source, {cloud, ground_epoch_}, context_);
    for (auto& [zone, target] : measured.targets) out_.areas[zone].push_back(std::move(target));
    if (measured.night) out_.scans.push_back(std::move(*measured.night));
  }

  // ---- radar maps ----

  std::optional<Stack> stack_until_now(const SourceConfig& source) const {
    if (source.kind != "radar") return std::nullopt;
    const auto grid = grid_of_source(archive_, source.id);
    if (!grid) return std::nullopt;
    if (!grid->range_m.empty()) {
      if (source.areas == "off") {
        summary_.findings.push_back(
            fmt::format("source {}: its scans are kept and nobody judges them: areas is \"off\"", source.id));
      }
      return std::nullopt;
    }
    return archive_.load_stack(source.id, kNoInstant, now_);
  }

  /// Maps that were sent again are no samples; when the newest is one, the night says so.
  void without_frozen(const SourceConfig& source, Stack& stack) {
    const std::vector<FrozenMap> frozen = blank_frozen(stack, calculation_.freeze);
    if (frozen.empty()) return;
    run_.log(LogLevel::warning, "frozen", {{"source", source.id}, {"maps", fmt::format("{}", frozen.size())}});
    if (frozen.back().epoch + 1 != stack.epochs()) return;
    std::size_t first = frozen.size() - 1;
    while (first > 0 && frozen[first - 1].epoch + 1 == frozen[first].epoch) --first;
    const auto time_of = [&](std::size_t epoch) { return to_iso8601(stack.instants()[epoch]); };
    const std::string repeated = frozen[first].repeats == frozen.back().repeats
                                     ? "that of " + time_of(frozen.back().repeats)
                                     : "those of " + time_of(frozen[first].repeats) + " to " + time_of(frozen.back().repeats);
    summary_.findings.push_back(
        fmt::format("source {}: its {} newest maps, from {} to {}, repeat {} bit for bit: frozen, which is no sign of life",
                    source.id, frozen.size() - first, time_of(frozen[first].epoch), time_of(frozen.back().epoch), repeated));
  }

  /// Epochs of one kind; blocks of a series may reach beyond `now`, and are named all the same.
  std::vector<std::string> ids_of(const SourceConfig& source, std::string_view kind) const {
    std::vector<std::string> ids;
    for (const EpochInfo& e : archive_.epochs(source.id)) {
      const bool is_of_kind = e.kind.empty() || e.kind == kind;
      if (is_of_kind && (kind == "series" || e.instant <= now_)) ids.push_back(e.id);
    }
    return ids;
  }

  void radar_maps(const SourceConfig& source, const Stack& stack) {
    tell_without_zone(source);
    const std::vector<std::string> ids = ids_of(source, "scan");
    const double half = 0.5 * calculation_.patches.size_m;
    std::vector<std::pair<std::string, TargetInput>> targets;
    for (const Polygon& zone : zones_of(zones_, source)) {
      std::vector<Patch> patches = patch_line_of_sight(stack, zone, calculation_.patches, run_);
      Points centres(static_cast<Eigen::Index>(patches.size()), 3);
      for (std::size_t p = 0; p < patches.size(); ++p) {
        const auto [column, row] = patches[p].cell;
        centres.row(static_cast<Eigen::Index>(p)) << 2.0 * half * static_cast<double>(column) + half,
            2.0 * half * static_cast<double>(row) + half, 0.0;
      }
      const std::vector<double> sensitivity = sensitivity_at(source, centres);
      for (std::size_t p = 0; p < patches.size(); ++p) {
        TargetInput target = target_of(site_, source, std::move(patches[p]), calculation_.patches.size_m);
        target.sensitivity = sensitivity[p];
        targets.emplace_back(zone.name, std::move(target));
      }
    }
    hold_together(source, {}, targets);
    for (auto& [zone, target] : targets) add(source, zone, std::move(target), {ids.front(), ids.back()});
    RadarMap map{velocity_map(stack, source.quiet_periods, calculation_.map, calculation_.rate, calculation_.noise, run_,
                              map_ground(source, stack)),
                 {}};
    map.slope = slope_map(source, stack, map.line_of_sight);
    out_.maps.push_back(std::move(map));
  }

  /// Ranges and stable cells of a radar's map, as far as they are known.
  MapGround map_ground(const SourceConfig& source, const Stack& stack) const {
    MapGround ground;
    if (source.crs == "local") return ground;
    std::optional<Polygon> polygon;
    if (source.stable != "auto") polygon = read_polygon(site_.root, source.stable, site_.frame);
    const GridGeometry& g = stack.geometry();
    for (std::size_t i = 0; i < stack.cells(); ++i) {
      const auto [x, y] = g.centre(i / g.cols, i % g.cols);
      if (!source.position_m.empty()) {
        const Eigen::Vector3d radar = to_local(site_, source, source.position_m);
        ground.range_m.push_back(std::hypot(x - radar.x(), y - radar.y()));
      }
      if (polygon) ground.stable.push_back(polygon->contains(x, y) ? 1 : 0);
    }
    return ground;
  }

  // ---- direction down the slope ----

  /// The first epoch of the first LiDAR source in the site frame; nullptr when there is none yet.
  const PointCloud* ground() {
    for (const SourceConfig& source : site_.sources) {
      if (ground_ || source.kind != "lidar" || source.crs == "local") continue;
      const std::vector<EpochInfo> epochs = archive_.epochs(source.id);
      if (epochs.empty() || epochs[0].instant > now_) continue;
      ground_epoch_ = epochs[0].id;
      ground_ = std::get<PointCloud>(archive_.load(epochs[0]).data);
    }
    return ground_ ? &*ground_ : nullptr;
  }

  /// Surface under places of a radar source, or nullopt when its position or the ground is not known.
  std::optional<Surface> surface_below(const SourceConfig& source, const Points& places) {
    if (source.position_m.empty() || source.crs == "local" || ground() == nullptr) return std::nullopt;
    return surface_at(ground()->view(), places, calculation_.downslope, run_);
  }

  std::vector<double> sensitivity_at(const SourceConfig& source, Points places) {
    const auto n = static_cast<std::size_t>(places.rows());
    const auto surface = surface_below(source, places);
    if (!surface) return std::vector<double>(n, kNaN);
    for (std::size_t i = 0; i < n; ++i) places(static_cast<Eigen::Index>(i), 2) = surface->height_m[i];
    const Points sight = lines_of_sight(places, to_local(site_, source, source.position_m));
    const std::vector<double> nothing(n, kNaN);
    return downslope(nothing, nothing, sight, surface->normal, calculation_.downslope, run_).sensitivity;
  }

  std::optional<SlopeMap> slope_map(const SourceConfig& source, const Stack& stack, const VelocityMap& map) {
    Points places = Points::Zero(static_cast<Eigen::Index>(stack.cells()), 3);
    for (std::size_t i = 0; i < stack.cells(); ++i) {
      const auto [x, y] = map.geometry.centre(i / map.geometry.cols, i % map.geometry.cols);
      places.row(static_cast<Eigen::Index>(i)).head<2>() << x, y;
    }
    const auto surface = surface_below(source, places);
    if (!surface) return std::nullopt;
    for (std::size_t i = 0; i < stack.cells(); ++i) places(static_cast<Eigen::Index>(i), 2) = surface->height_m[i];
    const Points sight = lines_of_sight(places, to_local(site_, source, source.position_m));
    const std::vector<double> unknown(stack.cells(), kNaN);
    DownslopeField moved = downslope(map.displacement_m, unknown, sight, surface->normal, calculation_.downslope, run_);
    DownslopeField speed =
        downslope(map.velocity_m_per_day, map.sigma_m_per_day, sight, surface->normal, calculation_.downslope, run_);
    for (std::size_t i = 0; i < speed.reason.size(); ++i) {
      if (speed.reason[i] == Reason::decorrelated) speed.reason[i] = map.reason[i];  // why there was nothing to project
    }
    return SlopeMap{std::move(moved.sensitivity), std::move(moved.value), std::move(speed.value), std::move(speed.sigma),
                    std::move(speed.reason)};
  }

  // ---- series ----

  void series(const SourceConfig& source) {
    std::vector<TimeSeries> all = archive_.load_series(source.id);
    std::map<std::string, std::vector<KnownStep>> steps;
    std::map<std::string, std::vector<std::string>> doubts;
    for (TimeSeries& s : all) {
      if (!source.target_m.empty()) place_target(source, s);
      hold_rows(source, s);
      s = until_now(s);
      if (s.flags.empty()) s.flags.assign(s.size(), kFlagNone);
      doubts[s.target] = vet(s, calculation_.clean, calculation_.freeze);
      steps[s.target] = take_out_steps(source, s);
    }
    std::erase_if(all, [](const TimeSeries& s) { return s.empty(); });
    for (TimeSeries& s : all) place_in_site_frame(s);
    std::vector<std::string> references = split_commas(source.reference);
    std::erase(references, "");
    const std::vector<SharedJump> of_base = jumps_of_base(source, references, all);
    std::vector<std::pair<std::string, TargetInput>> targets;
    const std::vector<std::string> ids = ids_of(source, "series");
    for (const TimeSeries& s : all) {
      const bool is_base = references.size() == 1 && s.target == references[0];
      if (is_base) {
        for (const std::string& doubt : doubts[s.target]) {
          summary_.findings.push_back(fmt::format("source {}: its reference {} {}", source.id, s.target, doubt));
        }
        continue;
      }
      TargetInput target;
      target.steps = steps[s.target];
      target.doubts = doubts[s.target];
      target.series = references.empty() ? s : referenced(s, all, references, source, target);
      if (s.line_of_sight.known() && s.position_m) {
        target.sensitivity =
            sensitivity_at(source, to_local(site_, source, {s.position_m->begin(), s.position_m->end()}).transpose())[0];
      }
      // By the series as read: what is left of it after its reference no longer tells where it stands.
      if (const auto place = site_position(s); place && !target.series.position_m) {
        target.series.position_m = {(*place)[0] + site_.frame.origin_m[0], (*place)[1] + site_.frame.origin_m[1], kNaN};
      }
      target.series.target = source.id + "/" + s.target;  // So do two sources with the same name not share a stream.
      targets.emplace_back(zone_of(source, s), std::move(target));
    }
    hold_together(source, of_base, targets);
    for (auto& [zone, target] : targets) add(source, zone, std::move(target), {ids.front(), ids.back()});
  }

  // ---- what targets share ----

  /// Jumps of the one base of a source that last; those that came back are flagged in it, so that its rovers have no value there.
  std::vector<SharedJump> jumps_of_base(const SourceConfig& source, const std::vector<std::string>& references,
                                        std::vector<TimeSeries>& all) {
    std::vector<SharedJump> last;
    if (references.size() != 1) return last;
    for (TimeSeries& s : all) {
      if (s.target != references[0]) continue;
      for (SharedJump& jump : jumps_of(s, calculation_.shared)) {
        tell_jump(fmt::format("source {}: its reference {} jumped", source.id, s.target), jump);
        flag_returned(s, jump);
        if (jump.returned) continue;
        for (double& v : jump.jump_m) v = -v;  // As its rovers seem to do.
        last.push_back(std::move(jump));
      }
    }
    return last;
  }

  /// Flags what all targets of an instrument showed together and came back from, and holds what has not come back.
  void hold_together(const SourceConfig& source, const std::vector<SharedJump>& of_base,
                     std::vector<std::pair<std::string, TargetInput>>& targets) {
    std::vector<const TimeSeries*> series;
    for (const auto& [zone, target] : targets) series.push_back(&target.series);
    std::vector<SharedJump> jumps = of_base;
    const bool one_instrument = source.kind == "radar" || source.kind == "gnss" || source.kind == "prism";
    for (SharedJump& jump : one_instrument ? shared_jumps(series, calculation_.shared) : std::vector<SharedJump>{}) {
      const bool known = std::any_of(of_base.begin(), of_base.end(), [&](const SharedJump& b) {
        return std::abs(to_seconds(b.at - jump.at)) <= calculation_.reference.tolerance_s;
      });
      if (known) continue;
      tell_jump(fmt::format("source {}: {} of {} targets jumped together", source.id, jump.targets, jump.measured), jump);
      for (auto& [zone, target] : targets) flag_returned(target.series, jump);
      if (!jump.returned) jumps.push_back(std::move(jump));
    }
    for (auto& [zone, target] : targets) target.jumps = jumps;
  }

  /// What people must know of a jump of the last day.
  void tell_jump(const std::string& who, const SharedJump& jump) {
    if (now_ - jump.at > days(1)) return;
    double square = 0.0;
    for (const double v : jump.jump_m) square += v * v;
    const std::string what = fmt::format("{} by {:.3g} mm at {}", who, 1000.0 * std::sqrt(square), to_iso8601(jump.at));
    if (jump.returned) {
      summary_.findings.push_back(
          fmt::format("{} and came back at {}: taken for an error, its samples are not used", what, to_iso8601(jump.until)));
    } else if (now_ < jump.until) {
      summary_.findings.push_back(
          fmt::format("{}: an error of what they share, or motion of all; by itself it makes no orange or red "
                      "before {}: look at the wall",
                      what, to_iso8601(jump.until)));
    } else {
      summary_.findings.push_back(fmt::format("{} and did not come back: it is judged as motion", what));
    }
  }

  /// The configuration knows where the target is, and with the instrument's position its line of sight.
  void place_target(const SourceConfig& source, TimeSeries& s) const {
    s.position_m = {source.target_m[0], source.target_m[1], source.target_m[2]};
    if (source.position_m.empty()) return;
    const Points target = to_local(site_, source, source.target_m).transpose();
    s.line_of_sight.unit = lines_of_sight(target, to_local(site_, source, source.position_m)).row(0).transpose();
  }

  /// True when an event is one of this target and zone; both names may have the source before them.
  static bool concerns(const EventConfig& event, const SourceConfig& source, const std::string& target, const std::string& zone) {
    const std::string before = source.id + "/";
    const bool named =
        event.target.empty() || event.target == target || event.target == before + target || before + event.target == target;
    return named && (event.zone.empty() || event.zone == zone);
  }

  /// Takes the steps of declared antenna and instrument events out of a series, and says what they were.
  std::vector<KnownStep> take_out_steps(const SourceConfig& source, TimeSeries& s) {
    std::vector<KnownStep> steps;
    for (const EventConfig& event : site_.events) {
      const bool instrument = event.kind == "antenna" || event.kind == "instrument";
      if (!instrument || event.instant > now_ || !concerns(event, source, s.target, zone_of(source, s))) continue;
      const KnownStep step = absorb_step(s, event.instant, calculation_.step);
      if (step.step_m.empty()) continue;
      std::string text;
      for (std::size_t c = 0; c < step.step_m.size(); ++c) {
        text += fmt::format(" {} {:.1f} +- {:.1f} mm", s.components[c], 1000.0 * step.step_m[c], 1000.0 * step.sigma_m[c]);
      }
      run_.log(LogLevel::info, "step",
               {{"target", s.target}, {"at", to_iso8601(step.at)}, {"step", text}, {"absorbed", step.absorbed ? "yes" : "no"}});
      steps.push_back(step);
    }
    return steps;
  }

  TimeSeries until_now(const TimeSeries& s) const {
    std::vector<std::size_t> keep;
    for (std::size_t i = 0; i < s.size(); ++i) {
      if (s.time[i] <= now_) keep.push_back(i);
    }
    return keep.size() == s.size() ? s : select(s, keep);
  }

  TimeSeries referenced(const TimeSeries& s, const std::vector<TimeSeries>& all, const std::vector<std::string>& references,
                        const SourceConfig& source, TargetInput& target) {
    std::vector<const TimeSeries*> others;
    for (const TimeSeries& other : all) {
      const bool named = std::find(references.begin(), references.end(), other.target) != references.end();
      if (named && other.target != s.target) others.push_back(&other);
    }
    if (others.empty()) {
      summary_.findings.push_back(
          fmt::format("source {}: no reference ({}) has data for {}", source.id, source.reference, s.target));
      TimeSeries nothing = s;
      std::fill(nothing.value_m.begin(), nothing.value_m.end(), kNaN);
      return nothing;
    }
    TimeSeries out = without_common_mode(s, others, calculation_.reference);
    // A blunder of the base that its own neighbours did not show is one of all rovers.
    clean(out, calculation_.clean);
    target.reference = source.id + "|" + source.reference;
    std::size_t missing = 0;  // Newest samples that the rover has and its reference has not.
    for (std::size_t i = s.size(); i-- > 0 && !is_measured(out, i);) missing += is_measured(s, i) ? 1 : 0;
    if (missing >= 3) {
      const bool frozen =
          std::any_of(others.begin(), others.end(), [](const TimeSeries* o) { return frozen_since(*o) != kNoInstant; });
      target.doubts.push_back(fmt::format("cannot be judged at its {} newest samples: the reference {} {} there", missing,
                                          source.reference, frozen ? "is frozen" : "has no data"));
    }
    return out;
  }

  /// The zone a target lies in: the source's own word, or the outline around its position.
  std::string zone_of(const SourceConfig& source, const TimeSeries& s) const {
    if (!source.zone.empty()) return source.zone;
    const auto place = site_position(s);
    if (!place) return {};
    for (const Polygon& zone : zones_) {
      if (zone.contains((*place)[0], (*place)[1])) return zone.name;
    }
    return {};
  }

  /// Tables of points tell the CRS of their places, which need not be the site's. A place that cannot be told there is none.
  void place_in_site_frame(TimeSeries& s) const {
    if (!s.position_m || s.frame.is_local() || s.frame.crs.empty() || site_.frame.is_local()) return;
    if (same_crs(s.frame.crs, site_.frame.crs)) return;
    auto place = *s.position_m;
    const bool has_height = std::isfinite(place[2]);
    if (!has_height) place[2] = 0.0;
    const Transformer transformer(s.frame.crs, site_.frame.crs);
    s.position_m.reset();
    if (transformer.apply(place.data(), 1) > 0) return;
    place[2] = has_height ? place[2] : kNaN;
    s.position_m = place;
    s.frame.crs = site_.frame.crs;
  }

  std::optional<std::array<double, 2>> site_position(const TimeSeries& s) const {
    if (s.position_m) {
      return std::array<double, 2>{(*s.position_m)[0] - site_.frame.origin_m[0], (*s.position_m)[1] - site_.frame.origin_m[1]};
    }
    if (!s.origin_ecef_m || site_.frame.is_local() || s.empty()) return std::nullopt;
    // First position: zero point plus east, north, up, through ECEF into the site's CRS.
    const Eigen::Vector3d zero = Eigen::Vector3d::Map(s.origin_ecef_m->data());
    const Eigen::Vector3d llh = llh_of(zero);
    const Eigen::Vector3d place =
        zero + enu_axes(llh[0], llh[1]).transpose() * Eigen::Vector3d(s.value(0, 0), s.value(0, 1), s.value(0, 2));
    double xyz[3] = {place.x(), place.y(), place.z()};
    const Transformer transformer("EPSG:4978", site_.frame.crs);
    if (transformer.apply(xyz, 1) > 0) return std::nullopt;
    return std::array<double, 2>{xyz[0] - site_.frame.origin_m[0], xyz[1] - site_.frame.origin_m[1]};
  }

  void add(const SourceConfig& source, const std::string& zone, TargetInput&& target, std::vector<std::string> epochs) {
    for (const EventConfig& event : site_.events) {
      const bool here = event.kind == "blast" && concerns(event, source, target.series.target, zone);
      if (here && event.instant <= now_) target.blasts.push_back(event.instant);
    }
    target.quiet = source.quiet_periods;
    target.rate = calculation_.rate;
    target.noise = calculation_.noise;
    target.max_silence_h = source.max_silence_h;
    target.epochs = std::move(epochs);
    out_.targets[zone].push_back(std::move(target));
  }

  const Site& site_;
  const Calculation& calculation_;
  const std::vector<Polygon>& zones_;
  Archive& archive_;
  Instant now_;
  NightSummary& summary_;
  const Run& run_;
  Measurements out_;
  MeasureContext context_{site_, calculation_, zones_, archive_, now_, summary_.findings, run_};
  std::optional<PointCloud> ground_;
  std::string ground_epoch_;
};

}  // namespace

std::vector<Polygon> load_zones(const Site& site) {
  std::vector<Polygon> zones;
  for (const ZoneConfig& zone : site.zones) {
    Polygon polygon;
    if (!zone.polygon.empty()) polygon = read_polygon(site.root, zone.polygon, site.frame);
    polygon.name = zone.id;
    polygon.frame = site.frame;
    zones.push_back(std::move(polygon));
  }
  return zones;
}

Measurements measure(const Site& site, const Calculation& calculation, const std::vector<Polygon>& zones, Archive& archive,
                     Instant now, NightSummary& summary, const Run& run) {
  return Measurer(site, calculation, zones, archive, now, summary, run).all();
}

}  // namespace highwall
