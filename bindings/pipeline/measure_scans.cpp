#include "bindings/pipeline/measure_scans.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "bindings/pipeline/radar_place.hpp"
#include "bindings/pipeline/radar_velocity.hpp"
#include "bindings/pipeline/trial.hpp"
#include "core/error.hpp"
#include "core/stack_scans.hpp"
#include "io/durable/digest.hpp"
#include "io/readers/zones.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

/// A first night may have weeks of scans: so often what was followed is kept, so that a night that is ended begins there again.
constexpr std::size_t kKeepEvery = 1000;
/// More scans of the last day missing than this share are a finding.
constexpr double kMissingShare = 0.1;

std::string rule_text(const AreaRule& rule) {
  std::string text;
  for (const auto& [name, value] : option_values(rule)) text += name + "=" + to_text(value) + "|";
  return text;
}

std::string digest_of(const std::vector<double>& values) {
  return sha256_hex({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)});
}

std::string rings_text(const Polygon& polygon) {
  std::vector<double> numbers;
  for (const auto& ring : polygon.rings) {
    numbers.push_back(static_cast<double>(ring.size()));
    for (const Eigen::Vector2d& p : ring) numbers.insert(numbers.end(), {p.x(), p.y()});
  }
  return polygon.name + ":" + digest_of(numbers);
}

class ScanMeasurer {
 public:
  ScanMeasurer(const SourceConfig& source, const ScanGround& ground, MeasureContext& context)
      : source_(source), ground_(ground), at_(context) {}

  ScanMeasurement measure() {
    ScanMeasurement out;
    for (const EpochInfo& info : at_.archive.epochs(source_.id)) {
      if (!info.kind.empty() && info.kind != "scan") continue;
      if (info.instant > at_.now) {
        looks_back_ = true;
        continue;
      }
      infos_.push_back(info);
      ids_.push_back(info.id);
    }
    if (infos_.empty()) return out;
    set_up();
    std::optional<ScanStream> stream = resume();
    if (stream) product_ = kept_product(*stream);
    // Maps of a scan that was followed before are in the archive, or can be made from its scans only.
    if (stream && !product_) stream.reset();
    if (!stream) stream.emplace(setup_);
    follow(*stream);
    tell(*stream);
    out.night = night_of(*stream);
    for (std::size_t z = 0; z < setup_.zones.size(); ++z) {
      out.targets.emplace_back(setup_.zones[z].name, target_of(*stream, z));
    }
    return out;
  }

 private:
  // ---- what the cells are ----

  void set_up() {
    const Epoch first = at_.archive.load(infos_.front());
    const auto& stack = std::get<Stack>(first.data);
    const StackScans scans(stack);
    setup_.cells.grid = scans.grid();
    setup_.value = scans.value();
    setup_.interval_s = source_.interval_s;
    if (!stack.is_polar()) raster_ = stack.geometry();
    place();
    mask();
    divide();
    choose_rules();
    setup_.velocity = at_.calculation.stream;
    std::set<double> windows(setup_.velocity.windows_h.begin(), setup_.velocity.windows_h.end());
    for (const double w : windows_of_rules(setup_.rules)) windows.insert(w);
    setup_.velocity.windows_h.assign(windows.begin(), windows.end());
    validate(setup_.velocity, "stream");
    setup_.inputs = inputs();
  }

  void find(const std::string& what) { at_.findings.push_back(fmt::format("source {}: {}", source_.id, what)); }

  bool has_heading() const { return source_.heading_deg != SourceConfig::kHeadingNotTold; }
  bool has_station() const { return !source_.position_m.empty() || !source_.rail_m.empty(); }

  /// Lays polar cells on the ground, where that and the radar's place are known; cells of a map lie where the map says.
  void place() {
    ScanGrid& grid = setup_.cells.grid;
    const std::size_t n = grid.cells();
    if (raster_) {
      if (source_.crs == "local") return;
      const auto& a = raster_->affine;
      grid.area_m2.assign(n, static_cast<float>(std::abs(a[1] * a[5] - a[2] * a[4])));
      for (std::size_t i = 0; i < n; ++i) {
        const auto [x, y] = raster_->centre(i / grid.cols, i % grid.cols);
        plan_.emplace_back(x, y);
      }
      return;
    }
    if (!has_station() || source_.crs == "local") return;
    if (source_.rail_m.empty() && !has_heading()) {
      find("its cells lie nowhere: position_m needs heading_deg, the direction that azimuth 0 looks to (or rail_m)");
      return;
    }
    if (ground_.cloud == nullptr) {
      find("its cells lie nowhere until a LiDAR source has a cloud of the ground in the site frame");
      return;
    }
    RadarPlaceOptions place{source_.position_m, has_heading() ? source_.heading_deg : 0.0, source_.rail_m};
    PlacedScan placed = place_scan(grid, *ground_.cloud, place, at_.calculation.geometry, at_.calculation.downslope, at_.run);
    if (placed.geometry.count(CellSight::seen) == 0) {
      find("none of its cells lies on the ground that the LiDAR shows: are position_m and heading_deg (or rail_m) right?");
      return;
    }
    grid = std::move(placed.grid);
    sensitivity_ = std::move(placed.sensitivity);
    for (const Eigen::Vector3d& p : grid.position_m) plan_.emplace_back(p.x(), p.y());
  }

  std::vector<std::uint8_t> within(const Polygon& outline) const {
    std::vector<std::uint8_t> marks(plan_.size(), 0);
    for (std::size_t i = 0; i < plan_.size(); ++i)
      marks[i] = plan_[i].allFinite() && outline.contains(plan_[i].x(), plan_[i].y());
    return marks;
  }

  /// Cells that never alarm, and cells that may calibrate, by the outlines that the site names.
  void mask() {
    const bool masked = !source_.mask.empty();
    const bool stable = source_.stable != "auto";
    if ((masked || stable) && plan_.empty()) {
      find("mask and stable say nothing while it is not known where its cells lie");
      return;
    }
    if (masked) {
      const Polygon outline = read_polygon(at_.site.root, source_.mask, at_.site.frame);
      setup_.cells.masked = within(outline);
      outlines_ += "mask " + rings_text(outline);
    }
    if (stable) {
      const Polygon outline = read_polygon(at_.site.root, source_.stable, at_.site.frame);
      setup_.cells.calibrate.stable = within(outline);
      outlines_ += "stable " + rings_text(outline);
    }
  }

  /// Which cells belong to which zone. What lies in none is judged all the same.
  void divide() {
    const std::size_t n = setup_.cells.grid.cells();
    std::vector<std::uint8_t> taken(n, 0);
    const auto alarms = [&](std::size_t i) { return setup_.cells.masked.empty() || setup_.cells.masked[i] == 0; };
    const auto add = [&](const std::string& name, const auto& belongs) {
      ScanZone zone{name, {}};
      for (std::size_t i = 0; i < n; ++i) {
        if (!belongs(i) || !alarms(i)) continue;
        zone.cells.push_back(static_cast<std::uint32_t>(i));
        taken[i] = 1;
      }
      if (!zone.cells.empty()) setup_.zones.push_back(std::move(zone));
    };
    if (plan_.empty()) {
      if (source_.zone.empty()) find("its areas belong to no zone: name its zone, or tell where it stands");
      add(source_.zone, [](std::size_t) { return true; });
      return;
    }
    const bool outlined =
        std::any_of(at_.zones.begin(), at_.zones.end(), [&](const Polygon& z) { return z.name == source_.zone && !z.empty(); });
    if (!source_.zone.empty() && !outlined) {
      add(source_.zone, [](std::size_t) { return true; });
      return;
    }
    for (const Polygon& zone : zones_of(at_.zones, source_)) {
      const std::vector<std::uint8_t> inside = within(zone);
      outlines_ += "zone " + rings_text(zone);
      add(zone.name, [&](std::size_t i) { return inside[i] != 0; });
    }
    add("", [&](std::size_t i) { return taken[i] == 0; });
  }

  void choose_rules() {
    const std::vector<AreaRule>& all = at_.calculation.area_rules;
    for (std::size_t r = 0; r < all.size(); ++r) {
      if (all[r].least_area_m2 > 0.0 && setup_.cells.grid.area_m2.empty()) {
        find(fmt::format("rule {} of the policy asks for an area, and that of its cells is not known: it is not judged",
                         all[r].name));
        continue;
      }
      setup_.rules.push_back(all[r]);
      setup_.rule_numbers.push_back(static_cast<std::int32_t>(r));
    }
    const bool moves = std::any_of(setup_.rules.begin(), setup_.rules.end(),
                                   [](const AreaRule& r) { return r.quantity == "velocity" && r.raises() >= Level::orange; });
    if (!moves) find("the policy has no [[area_rule]] of velocity that makes orange or red: its areas never warn");
  }

  /// All that decides the state; another one of any of these is another stream.
  std::string inputs() const {
    const ScanGrid& grid = setup_.cells.grid;
    std::string text = fmt::format("{}x{} {} {} {}\n", grid.rows, grid.cols, grid.wavelength_m, setup_.interval_s,
                                   setup_.value == ScanValue::increment ? "increment" : "cumulative");
    text += digest_of(grid.range_m) + digest_of(grid.azimuth_rad) + "\n";
    for (const auto& [name, value] : option_values(setup_.velocity)) text += name + "=" + to_text(value) + "\n";
    for (std::size_t r = 0; r < setup_.rules.size(); ++r) {
      text += fmt::format("{} {}\n", setup_.rule_numbers[r], rule_text(setup_.rules[r]));
    }
    if (!plan_.empty() && !raster_) {
      text += ground_.epoch;
      for (const double v : source_.position_m) text += fmt::format(" {}", v);
      for (const double v : source_.rail_m) text += fmt::format(" {}", v);
      text += fmt::format(" {}\n", source_.heading_deg);
      for (const auto& [name, value] : option_values(at_.calculation.geometry)) text += name + "=" + to_text(value) + "\n";
    }
    text += outlines_ + "\n";
    for (const ScanZone& zone : setup_.zones) text += fmt::format("{} {}\n", zone.name, zone.cells.size());
    return sha256_hex(text);
  }

  // ---- the state ----

  fs::path state_path() const { return at_.archive.root() / "streams" / (source_.id + ".state"); }
  std::string product_name(Instant newest) const { return fmt::format("radar-{}-{}", source_.id, to_compact_iso8601(newest)); }

  void follow_anew(const std::string& why) {
    at_.run.log(LogLevel::warning, "radar", {{"source", source_.id}, {"followed_anew", why}});
  }

  /// The stream as the last night left it, if it is of the same settings and scans.
  std::optional<ScanStream> resume() {
    if (!fs::exists(state_path())) return std::nullopt;
    try {
      const std::string bytes = read_whole(state_path());
      if (ScanStream::inputs_of(bytes) != setup_.inputs) {
        follow_anew("settings, zones or ground are others than those of the state");
        return std::nullopt;
      }
      ScanStream stream = ScanStream::restore(bytes, setup_);
      if (stream.has_followed(ids_)) return stream;
      follow_anew(looks_back_ ? "the state knows scans after now" : "scans came late or are gone");
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::storage) throw;
      find(fmt::format("the state of its stream, {}, is damaged ({}): it was made again from the archive's {} scans",
                       state_path().lexically_relative(at_.archive.root()).string(), e.message(), ids_.size()));
    }
    return std::nullopt;
  }

  /// The maps of the newest scan from the archive; nullopt when they are not there or not what the journal says.
  std::optional<std::string> kept_product(const ScanStream& stream) {
    const std::string name = product_name(stream.newest());
    std::string trouble = "is gone";
    for (const ProductNote& note : at_.archive.products()) {
      if (note.name != name || !at_.archive.has_product(name)) continue;
      try {
        std::string bytes = at_.archive.get_product(name);
        if (sha256_hex(bytes) == note.sha256) return bytes;
        trouble = "is damaged (SHA-256)";
      } catch (const Error& e) {
        if (e.kind() != ErrorKind::storage) throw;
        trouble = "cannot be read: " + e.message();
      }
    }
    find(fmt::format("its product products/{}.h5 {}: it was made again from the archive's {} scans", name, trouble, ids_.size()));
    return std::nullopt;
  }

  void keep(const ScanStream& stream) {
    at_.on_disk([&] {
      make_folders(state_path().parent_path());
      write_whole(state_path(), stream.save());
    });
  }

  // ---- following ----

  void follow(ScanStream& stream) {
    const std::size_t known = stream.count();
    if (known < ids_.size()) {
      std::size_t k = known;
      at_.archive.for_each_scan(
          source_.id,
          [&](Stack&& scan) {
            at_.run.check_stop();
            RadarScan one = StackScans(scan).read(0);
            one.name = ids_.at(k);
            stream.push(one, ids_[k], at_.run);
            at_.run.progress("radar scans", ++k - known, ids_.size() - known);
            // Not after the last one: its product stands before its state.
            if ((k - known) % kKeepEvery == 0 && k < ids_.size() && !looks_back_) keep(stream);
          },
          infos_[known].instant, at_.now);
    }
    at_.run.log(LogLevel::info, "radar",
                {{"source", source_.id},
                 {"scans", fmt::format("{}", ids_.size())},
                 {"followed", fmt::format("{}", ids_.size() - known)}});
    if (known == ids_.size()) return;
    if (stream.has_maps()) {  // Else all that came is frozen.
      ScanMaps maps = scan_maps(stream.velocity(), stream.alarms(), setup_.rules, setup_.cells.grid, raster_, sensitivity_);
      if (!looks_back_) {
        const ProductNote note{product_name(stream.newest()), source_.id, stream.newest(), std::move(maps.layers), {}};
        at_.on_disk([&] { at_.archive.keep_product(note, maps.h5, at_.now); });
      }
      product_ = std::move(maps.h5);
    }
    // After the product: a night that is ended between the two makes it again.
    if (!looks_back_) keep(stream);
  }

  // ---- what people must know ----

  void tell(const ScanStream& stream) {
    if (stream.frozen() > 0) {
      find(fmt::format("its {} newest scans repeat that of {} bit for bit: frozen, which is no sign of life", stream.frozen(),
                       to_iso8601(stream.newest())));
    }
    if (source_.interval_s > 0.0) {
      const Instant from = std::max(at_.now - days(1), infos_.front().instant);
      const auto expected = static_cast<std::size_t>(std::max(0.0, to_seconds(at_.now - from)) / source_.interval_s);
      const auto came = static_cast<std::size_t>(
          std::count_if(infos_.begin(), infos_.end(), [&](const EpochInfo& info) { return info.instant > from; }));
      const std::size_t missing = expected > came ? expected - came : 0;
      if (static_cast<double>(missing) > kMissingShare * static_cast<double>(expected)) {
        find(fmt::format("{} of {} scans of the last day are missing", missing, expected));
      }
    }
  }

  std::vector<std::string> doubts_of(const ScanStream& stream, std::size_t zone) const {
    std::vector<std::string> doubts;
    const std::vector<AreaSample>& samples = stream.samples()[zone];
    if (samples.empty()) return doubts;
    const AreaSample& last = samples.back();
    if (last.known < 0.5F) {
      doubts.push_back(fmt::format("has a value in {:.0f} % of its cells only at {}", 100.0 * static_cast<double>(last.known),
                                   to_iso8601(last.at)));
    }
    if (last.judged < 1.0F) {
      doubts.push_back(
          fmt::format("cannot be judged in all windows at its newest scan: {} cells are stable, and windows must be "
                      "filled ({} of {} scans were judged in all)",
                      stream.trust().empty() ? 0 : stream.trust().back().stable, stream.judged_scans(), stream.count()));
    }
    return doubts;
  }

  AreaTarget target_of(const ScanStream& stream, std::size_t zone) const {
    AreaTarget target;
    const std::string& name = setup_.zones[zone].name;
    target.source = source_.id;
    target.target = source_.id + "/areas" + (name.empty() ? "" : "." + name);
    target.samples = stream.samples()[zone];
    target.max_silence_h = source_.max_silence_h;
    target.interval_h = source_.interval_s / 3600.0;
    target.epochs = {ids_.front(), stream.newest_id()};
    target.doubts = doubts_of(stream, zone);
    for (const EventConfig& event : at_.site.events) {
      const bool here = event.kind == "blast" && event.target.empty() && (event.zone.empty() || event.zone == name);
      if (here && event.instant <= at_.now) target.blasts.push_back(event.instant);
    }
    return target;
  }

  ScanNight night_of(const ScanStream& stream) const {
    ScanNight night;
    night.source = source_.id;
    night.newest = stream.newest();
    night.scans = stream.count();
    night.judged_scans = stream.judged_scans();
    if (!stream.trust().empty()) {
      night.stable = stream.trust().back().stable;
      night.stable_sigma_m = stream.trust().back().stable_sigma_m;
    }
    night.raster = raster_;
    night.h5 = product_.value_or("");
    night.scans_csv = velocity_row_header(setup_.velocity.windows_h);
    for (const std::string& line : stream.lines()) night.scans_csv += line;
    night.calibration_csv = stream.calibration();
    night.alarms.grid = setup_.cells.grid;
    night.alarms.rules = setup_.rules;
    night.alarms.alarms = stream.alarms();
    const Instant since = at_.now - days(at_.site.output.levels_days);
    std::erase_if(night.alarms.alarms, [&](const AreaAlarm& alarm) { return !alarm.stands() && alarm.last < since; });
    night.alarms.scans.assign(stream.trust().begin(), stream.trust().end());
    night.alarms.judged_scans = stream.judged_scans();
    return night;
  }

  const SourceConfig& source_;
  const ScanGround& ground_;
  MeasureContext& at_;
  std::vector<EpochInfo> infos_;  ///< Scans until now, in time order ...
  std::vector<std::string> ids_;  ///< ... and their ids.
  bool looks_back_ = false;       ///< There are scans after now: nothing that later nights know may be forgotten.
  ScanStreamSetup setup_;
  std::optional<GridGeometry> raster_;
  std::vector<Eigen::Vector2d> plan_;  ///< Where the cells lie, local metres; empty = not known.
  std::vector<double> sensitivity_;
  std::string outlines_;
  std::optional<std::string> product_;
};

}  // namespace

bool follows_scans(const SourceConfig& source, const Archive& archive) {
  if (source.kind != "radar" || source.areas == "off") return false;
  if (source.areas == "on") return true;
  const auto grid = grid_of_source(archive, source.id);
  return grid && !grid->range_m.empty();
}

ScanMeasurement measure_scans(const SourceConfig& source, const ScanGround& ground, MeasureContext& context) {
  return ScanMeasurer(source, ground, context).measure();
}

}  // namespace highwall
