#include "bindings/pipeline/measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <utility>

#include "algorithms/align/stable_ground.hpp"
#include "algorithms/series/clean.hpp"
#include "algorithms/series/noise.hpp"
#include "algorithms/series/rate.hpp"
#include "bindings/pipeline/patches.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "io/crs/crs.hpp"
#include "io/durable/digest.hpp"
#include "io/readers/zones.hpp"

namespace highwall {
namespace {

constexpr double kCoreSpacing_m = 3.0;

template <class Options>
Options options_for(const Site& site, const std::string& algorithm) {
  Options options;
  const auto found = site.calculate.find(algorithm);
  if (found == site.calculate.end()) return options;
  for (const CalculateEntry& entry : found->second) set_option(options, entry.name, entry.value, entry.where);
  validate(options, site.file.string());
  return options;
}

template <class Options>
std::string options_text(const Options& options) {
  std::string text;
  for (const auto& [name, value] : option_values(options)) text += name + "=" + to_text(value) + ";";
  return text;
}

/// Directory of one source's work: everything a target needs that is the same for all of them.
class Measurer {
 public:
  Measurer(const Site& site, const std::vector<Polygon>& zones, Archive& archive, Instant now, NightSummary& summary,
           const Run& run)
      : site_(site), zones_(zones), archive_(archive), now_(now), summary_(summary), run_(run) {}

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
        if (e.kind() == ErrorKind::cancelled || e.kind() == ErrorKind::config || disk_refuses_) throw;
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
  }

  void one(const SourceConfig& source) {
    if (source.kind == "lidar") {
      lidar(source);
    } else if (const auto stack = stack_until_now(source)) {
      radar_maps(source, *stack);
    } else {
      series(source);
    }
  }

  // ---- LiDAR ----

  void lidar(const SourceConfig& source) {
    std::vector<EpochInfo> epochs = archive_.epochs(source.id);
    std::erase_if(epochs, [&](const EpochInfo& e) { return e.instant > now_; });
    if (epochs.size() < 2) return;
    const M3c2Options compare = m3c2_options(source);
    const RegisterOptions align = options_for<RegisterOptions>(site_, "register");
    std::optional<PointCloud> reference;
    Points cores;
    std::vector<DisplacementField> fields;
    std::vector<double> registration_sigma;
    for (std::size_t e = 1; e < epochs.size(); ++e) {
      const std::string key = options_text(compare) + options_text(align) + epochs[0].id + epochs[e].id;
      const std::string name = fmt::format("m3c2-{}-{}", to_compact_iso8601(epochs[e].instant), sha256_hex(key).substr(0, 12));
      if (!archive_.has_product(name)) {
        if (!reference) {
          reference = std::get<PointCloud>(archive_.load(epochs[0]).data);
          cores = thin_to_cores(reference->view(), kCoreSpacing_m);
        }
        if (!compare_epoch(source, *reference, cores, epochs[e], epochs[0].instant, compare, align, name)) continue;
      }
      DisplacementField field = decode_field(archive_.get_product(name), name);
      registration_sigma.push_back(median_registration_sigma(field));
      fields.push_back(std::move(field));
      run_.progress("lidar " + source.id, e, epochs.size() - 1);
    }
    if (fields.empty()) return;
    for (const Polygon& zone : zones_of(source)) {
      for (TargetInput& target : lidar_patches(source.id, fields, epochs[0].instant, registration_sigma, zone)) {
        add(source, zone.name, std::move(target), {epochs[0].id, epochs.back().id});
      }
    }
    out_.fields.emplace_back(source.id, std::move(fields.back()));
  }

  M3c2Options m3c2_options(const SourceConfig& source) const {
    M3c2Options o = options_for<M3c2Options>(site_, "m3c2");
    if (o.scanner_m.empty()) o.scanner_m = source.scanner_m;
    return o;
  }

  bool compare_epoch(const SourceConfig& source, const PointCloud& reference, const Points& cores, const EpochInfo& info,
                     Instant from, const M3c2Options& compare, const RegisterOptions& align, const std::string& name) {
    try {
      const PointCloud epoch = std::get<PointCloud>(archive_.load(info).data);
      const Registration fit = register_on_stable_ground(epoch.view(), reference.view(), align, run_, stable_cores(source, reference, align));
      const PointCloud aligned = transformed(epoch, fit.transform, run_);
      DisplacementField field = m3c2(reference.view(), aligned.view(), PointsView(cores, reference.frame), compare, run_);
      field.from = from;
      field.to = info.instant;
      add_registration(fit, field);
      run_.log(LogLevel::info, "register", {{"epoch", info.id}, {"verdict", fit.verdict}});
      keep_product(name, encode_field(field, {{"before", archive_.epochs(source.id)[0].id}, {"after", info.id},
                                              {"registration", fit.verdict}, {"options", options_text(compare)}}));
      return true;
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::input && e.kind() != ErrorKind::frame) throw;
      summary_.findings.push_back(fmt::format("{}: the epoch could not be compared: {}", info.id, e.what()));
      return false;
    }
  }

  /// A disk that takes no more ends the night: it is no defect of the source.
  void keep_product(const std::string& name, const std::string& bytes) {
    try {
      archive_.put_product(name, bytes);
    } catch (const Error&) {
      disk_refuses_ = true;
      throw;
    }
  }

  /// The registration's own uncertainty joins each place's sigma and detection limit.
  static void add_registration(const Registration& fit, DisplacementField& field) {
    for (std::size_t i = 0; i < field.size(); ++i) {
      if (field.reason[i] != Reason::ok) continue;
      const auto row = static_cast<Eigen::Index>(i);
      const double sigma = fit.sigma_m(field.position_m.row(row).transpose(), field.direction.row(row).transpose());
      field.sigma_m[i] = std::hypot(field.sigma_m[i], sigma);
      field.lod95_m[i] = 1.96 * field.sigma_m[i];
    }
  }

  static double median_registration_sigma(const DisplacementField& field) {
    // What the field's sigma has beyond the scatter of its own points is the registration's share.
    std::vector<double> shares;
    for (std::size_t i = 0; i < field.size(); ++i) {
      if (field.reason[i] != Reason::ok) continue;
      const double v1 = field.spread_before_m[i] * field.spread_before_m[i] / field.n_before[i];
      const double v2 = field.spread_after_m[i] * field.spread_after_m[i] / field.n_after[i];
      shares.push_back(std::sqrt(std::max(0.0, field.sigma_m[i] * field.sigma_m[i] - v1 - v2)));
    }
    if (shares.empty()) return 1e-3;
    const auto middle = shares.begin() + static_cast<std::ptrdiff_t>(shares.size() / 2);
    std::nth_element(shares.begin(), middle, shares.end());
    return std::max(5e-4, *middle);
  }

  std::vector<std::uint8_t> stable_cores(const SourceConfig& source, const PointCloud& reference, const RegisterOptions& align) const {
    if (source.stable == "auto") return {};
    const Polygon polygon = read_polygon(site_.root, source.stable, site_.frame);
    const Points cores = thin_to_cores(reference.view(), align.core_spacing_m);
    std::vector<std::uint8_t> allowed(static_cast<std::size_t>(cores.rows()));
    for (Eigen::Index i = 0; i < cores.rows(); ++i) {
      allowed[static_cast<std::size_t>(i)] = polygon.contains(cores(i, 0), cores(i, 1)) ? 1 : 0;
    }
    return allowed;
  }

  /// Zones that an areal source sees; a source in a frame of its own is one zone of everything.
  std::vector<Polygon> zones_of(const SourceConfig& source) const {
    if (source.crs == "local") {
      Polygon everything;
      everything.name = source.zone;
      everything.rings.push_back({{-1e9, -1e9}, {1e9, -1e9}, {1e9, 1e9}, {-1e9, 1e9}});
      return {everything};
    }
    std::vector<Polygon> own;
    for (const Polygon& zone : zones_) {
      if (!zone.empty() && (source.zone.empty() || source.zone == zone.name)) own.push_back(zone);
    }
    return own;
  }

  // ---- radar maps ----

  std::optional<Stack> stack_until_now(const SourceConfig& source) const {
    if (source.kind != "radar") return std::nullopt;
    auto stack = archive_.load_stack(source.id);
    if (!stack || stack->instants().back() <= now_) return stack;
    std::vector<Instant> instants;
    for (const Instant t : stack->instants()) {
      if (t <= now_) instants.push_back(t);
    }
    if (instants.empty()) return std::nullopt;
    Stack cut(stack->geometry(), instants);
    for (std::size_t e = 0; e < instants.size(); ++e) std::copy(stack->at(e).begin(), stack->at(e).end(), cut.at(e).begin());
    cut.source = stack->source;
    return cut;
  }

  void radar_maps(const SourceConfig& source, const Stack& stack) {
    std::vector<std::string> ids;
    for (const EpochInfo& e : archive_.epochs(source.id)) {
      if (e.instant <= now_) ids.push_back(e.id);
    }
    for (const Polygon& zone : zones_of(source)) {
      for (TargetInput& target : radar_patches(source.id, stack, zone)) {
        add(source, zone.name, std::move(target), {ids.front(), ids.back()});
      }
    }
    out_.maps.push_back(velocity_map(source, stack));
  }

  VelocityMap velocity_map(const SourceConfig& source, const Stack& stack) const {
    VelocityMap map;
    map.source = source.id;
    map.at = stack.instants().back();
    map.geometry = stack.geometry();
    const std::size_t n = stack.cells();
    map.displacement_m.assign(stack.at(stack.epochs() - 1).begin(), stack.at(stack.epochs() - 1).end());
    map.velocity_m_per_day.assign(n, kNaN);
    map.sigma_m_per_day.assign(n, kNaN);
    RateOptions options;
    options.windows_h = {map.window_h};
    for_blocks(
        n,
        [&](const Block& block) {
          for (std::size_t cell = block.begin; cell < block.end; ++cell) {
            TimeSeries s;
            s.target = "cell";
            const std::vector<double> values = stack.of(cell);
            for (std::size_t e = 0; e < values.size(); ++e) s.push(stack.instants()[e], {values[e]});
            auto rates = rate(s, options, Run(1));
            calibrate(rates, s, source.quiet_periods);
            map.velocity_m_per_day[cell] = rates[0].velocity_m_per_day.back();
            map.sigma_m_per_day[cell] = rates[0].sigma_m_per_day.back();
          }
        },
        run_, "velocity " + source.id);
    return map;
  }

  // ---- series ----

  void series(const SourceConfig& source) {
    std::vector<TimeSeries> all = archive_.load_series(source.id);
    for (TimeSeries& s : all) {
      s = until_now(s);
      if (s.flags.empty()) s.flags.assign(s.size(), kFlagNone);
      clean(s, CleanOptions{});
      for (const EventConfig& event : site_.events) {
        const bool instrument = event.kind == "antenna" || event.kind == "instrument";
        if (instrument && (event.target.empty() || event.target == s.target) && event.instant <= now_) absorb_step(s, event.instant);
      }
    }
    std::erase_if(all, [](const TimeSeries& s) { return s.empty(); });
    const std::vector<std::string> references = split_names(source.reference);
    std::vector<std::string> ids;
    for (const EpochInfo& e : archive_.epochs(source.id)) ids.push_back(e.id);
    for (const TimeSeries& s : all) {
      const bool is_base = references.size() == 1 && s.target == references[0];
      if (is_base) continue;
      TargetInput target;
      target.series = references.empty() ? s : referenced(s, all, references, source);
      // By the series as read: what is left of it after its reference no longer tells where it stands.
      if (const auto place = site_position(s); place && !target.series.position_m) {
        target.series.position_m = {(*place)[0] + site_.frame.origin_m[0], (*place)[1] + site_.frame.origin_m[1], kNaN};
      }
      const std::string zone = zone_of(source, s);
      add(source, zone, std::move(target), {ids.front(), ids.back()});
    }
  }

  TimeSeries until_now(const TimeSeries& s) const {
    std::vector<std::size_t> keep;
    for (std::size_t i = 0; i < s.size(); ++i) {
      if (s.time[i] <= now_) keep.push_back(i);
    }
    return keep.size() == s.size() ? s : select(s, keep);
  }

  TimeSeries referenced(const TimeSeries& s, const std::vector<TimeSeries>& all, const std::vector<std::string>& references,
                        const SourceConfig& source) {
    std::vector<const TimeSeries*> others;
    for (const TimeSeries& other : all) {
      const bool named = std::find(references.begin(), references.end(), other.target) != references.end();
      if (named && other.target != s.target) others.push_back(&other);
    }
    if (others.empty()) {
      summary_.findings.push_back(fmt::format("source {}: no reference ({}) has data for {}", source.id, source.reference, s.target));
      TimeSeries nothing = s;
      std::fill(nothing.value_m.begin(), nothing.value_m.end(), kNaN);
      return nothing;
    }
    constexpr double kTolerance_s = 900.0;
    return without_common_mode(s, others, kTolerance_s);
  }

  static std::vector<std::string> split_names(const std::string& text) {
    std::vector<std::string> names;
    std::string name;
    for (const char c : text + ",") {
      if (c == ',') {
        if (!name.empty()) names.push_back(std::exchange(name, {}));
      } else if (c != ' ') {
        name.push_back(c);
      }
    }
    return names;
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

  std::optional<std::array<double, 2>> site_position(const TimeSeries& s) const {
    if (s.position_m) {
      return std::array<double, 2>{(*s.position_m)[0] - site_.frame.origin_m[0], (*s.position_m)[1] - site_.frame.origin_m[1]};
    }
    if (!s.origin_ecef_m || site_.frame.is_local() || s.empty()) return std::nullopt;
    // First position: zero point plus east, north, up, through ECEF into the site's CRS.
    const auto& o = *s.origin_ecef_m;
    const double longitude = std::atan2(o[1], o[0]);
    const double p = std::hypot(o[0], o[1]);
    const double latitude = std::atan2(o[2], p * (1.0 - 0.00669437999014));
    const double e = s.value(0, 0), n = s.value(0, 1), u = s.value(0, 2);
    const double sl = std::sin(longitude), cl = std::cos(longitude), sp = std::sin(latitude), cp = std::cos(latitude);
    double xyz[3] = {o[0] - sl * e - sp * cl * n + cp * cl * u, o[1] + cl * e - sp * sl * n + cp * sl * u, o[2] + cp * n + sp * u};
    const Transformer transformer("EPSG:4978", site_.frame.crs);
    if (transformer.apply(xyz, 1) > 0) return std::nullopt;
    return std::array<double, 2>{xyz[0] - site_.frame.origin_m[0], xyz[1] - site_.frame.origin_m[1]};
  }

  void add(const SourceConfig& source, const std::string& zone, TargetInput&& target, std::vector<std::string> epochs) {
    target.quiet = source.quiet_periods;
    target.max_silence_h = source.max_silence_h;
    target.epochs = std::move(epochs);
    out_.targets[zone].push_back(std::move(target));
  }

  const Site& site_;
  const std::vector<Polygon>& zones_;
  Archive& archive_;
  Instant now_;
  NightSummary& summary_;
  const Run& run_;
  Measurements out_;
  bool disk_refuses_ = false;
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

Measurements measure(const Site& site, const std::vector<Polygon>& zones, Archive& archive, Instant now,
                     NightSummary& summary, const Run& run) {
  return Measurer(site, zones, archive, now, summary, run).all();
}

}  // namespace highwall
