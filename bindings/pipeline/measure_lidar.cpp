#include "bindings/pipeline/measure_lidar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>

#include "algorithms/compare/patch_motion.hpp"
#include "bindings/pipeline/lidar_history.hpp"
#include "bindings/pipeline/reference_epoch.hpp"
#include "core/error.hpp"
#include "core/move_origin.hpp"
#include "io/archive/epoch_file.hpp"
#include "io/durable/digest.hpp"
#include "io/readers/zones.hpp"

namespace highwall {
namespace {

template <class Options>
std::string options_text(const Options& options) {
  std::string text;
  for (const auto& [name, value] : option_values(options)) text += name + "=" + to_text(value) + ";";
  return text;
}

std::vector<double> flat(const std::vector<Eigen::Vector2d>& ring) {
  std::vector<double> numbers;
  for (const Eigen::Vector2d& p : ring) numbers.insert(numbers.end(), {p.x(), p.y()});
  return numbers;
}

constexpr std::uintmax_t kCheckedBytes = 256U << 20U;  // Of older fields, a night.
constexpr std::int64_t kNanosecondsPerDay = 86'400'000'000'000;
constexpr int kToldDays = 7;                 ///< So long a scan's registration is a finding.
constexpr const char* kFinding = "finding";  ///< Of a field's provenance,
constexpr const char* kUnheld = "unheld";    ///< and why no ground at rest holds it.

/// True when no ground was seen to rest in the field: nothing shows whether its registration is right.
bool is_unheld(const DisplacementField& field) {
  return std::find(field.reason_calibrated.begin(), field.reason_calibrated.end(), Reason::no_stable_ground) !=
         field.reason_calibrated.end();
}

class LidarMeasurer {
 public:
  LidarMeasurer(const SourceConfig& source, MeasureContext& context)
      : source_(source), at_(context), compare_(context.calculation.m3c2), zones_(zones_of(context.zones, source)) {
    if (compare_.scanner_m.empty()) compare_.scanner_m = source.scanner_m;
    if (source.stable != "auto") stable_ground_ = read_polygon(at_.site.root, source.stable, at_.site.frame);
  }

  LidarMeasurement measure() {
    std::vector<EpochInfo> epochs = at_.archive.epochs(source_.id);
    looks_back_ = std::erase_if(epochs, [&](const EpochInfo& e) { return e.instant > at_.now; }) > 0;
    if (epochs.empty()) return {};
    const std::size_t first =
        at_.on_disk([&] { return reference_epoch(at_.archive.root(), source_.id, epochs, at_.now, at_.findings); });
    epochs.erase(epochs.begin(), epochs.begin() + static_cast<std::ptrdiff_t>(first));
    if (epochs.size() < 2) return {};
    LidarMeasurement out;
    out.epochs = {epochs.front().id, epochs.back().id};
    newest_ = epochs.back().id;
    reference_instant_ = epochs.front().instant;
    const std::vector<Named> fields = compare_all(epochs);
    if (!fields.empty()) check_kept(epochs.front(), fields);
    if (!fields.empty()) follow(epochs.front(), fields, out);
    if (!fields.empty() && fields.back().epoch.id == newest_) out.change = read_change(at_.archive, change_name(fields.back()));
    tell_unseen(out, epochs.front(), epochs.back());
    return out;
  }

 private:
  /// An epoch whose field the archive has.
  struct Named {
    EpochInfo epoch;
    std::string field;
  };

  // ---- fields ----

  /// Compares every epoch that no night has compared yet; those that cannot be are findings.
  std::vector<Named> compare_all(const std::vector<EpochInfo>& epochs) {
    FieldInputs inputs{options_text(compare_) + options_text(at_.calculation.calibrate) + options_text(at_.calculation.align) +
                           options_text(at_.calculation.vectors) + options_text(at_.calculation.cores),
                       {},
                       epochs[0].id,
                       {}};
    for (const auto& ring : stable_ground_.rings) inputs.stable_rings.push_back(flat(ring));
    std::vector<Named> fields;
    for (std::size_t e = 1; e < epochs.size(); ++e) {
      inputs.after = epochs[e].id;
      const Named named{epochs[e], field_name(epochs[e].instant, inputs)};
      if (is_known(named) || compare(epochs[0], named)) fields.push_back(named);
      at_.run.progress("lidar " + source_.id, e, epochs.size() - 1);
    }
    tell_registrations(fields);
    return fields;
  }

  /// What the registrations of the last days found: from the fields, so that a night run again tells the same.
  void tell_registrations(const std::vector<Named>& fields) const {
    for (const Named& named : fields) {
      if (named.epoch.instant + days(kToldDays) < at_.now) continue;
      try {
        const std::string bytes = at_.archive.get_product(named.field);
        for (const char* key : {kFinding, kUnheld}) {
          const std::string finding = field_provenance(bytes, named.field, key);
          if (!finding.empty()) at_.findings.push_back(fmt::format("{}: {}", named.epoch.id, finding));
        }
      } catch (const Error& e) {
        if (e.kind() != ErrorKind::storage) throw;  // A damaged field is told where it is made again.
      }
    }
  }

  /// Change in volumes and classes is told of the newest epoch only.
  bool is_known(const Named& named) const {
    if (!at_.archive.has_product(named.field)) return false;
    return named.epoch.id != newest_ || read_change(at_.archive, change_name(named)).has_value();
  }

  /// Names and outlines of the zones.
  std::string zones_text() const {
    std::string text;
    for (const Polygon& zone : zones_) {
      text += ";" + zone.name;
      for (const auto& ring : zone.rings) text += fmt::format(":{}", fmt::join(flat(ring), ","));
    }
    return text;
  }

  /// Outlines of the zones in which blasts or digging were declared between the reference and an epoch. An event of all zones
  /// has no outline: it may not make all that changed mined.
  std::vector<Polygon> events_before(const Named& named) const {
    std::vector<Polygon> outlines;
    for (const EventConfig& event : at_.site.events) {
      if (event.kind != "blast" && event.kind != "mined") continue;
      if (event.instant <= reference_instant_ || event.instant > named.epoch.instant) continue;
      for (const Polygon& zone : at_.zones) {
        if (source_.crs != "local" && !zone.empty() && !event.zone.empty() && zone.name == event.zone) outlines.push_back(zone);
      }
    }
    return outlines;
  }

  std::string change_name(const Named& named) const {
    const Calculation& c = at_.calculation;
    std::string key = "2;" + options_text(c.surface) + options_text(c.difference) + options_text(c.volume) +
                      options_text(c.classes) + options_text(c.calibrate) + zones_text() + ";events";
    for (const Polygon& event : events_before(named)) key += ";" + event.name;
    return fmt::format("change-{}-{}", named.field, sha256_hex(key).substr(0, 8));
  }

  void tell_change(const Named& named, const PointCloud& reference, const PointCloud& aligned, const Registration& fit) {
    const Calculation& c = at_.calculation;
    ChangePlaces places;
    if (source_.crs != "local") places.zones = zones_;
    if (!stable_ground_.empty()) places.stable = {stable_ground_};
    places.registration = &fit;
    places.events = events_before(named);
    if (compare_.scanner_m.size() == 3) {
      places.scanner_m = Eigen::Vector3d::Map(compare_.scanner_m.data()) - Eigen::Vector3d::Map(reference.frame.origin_m.data());
    }
    ChangeTables tables;
    try {
      tables = change_tables(report_change(reference.view(), aligned.view(), places,
                                           {c.surface, c.difference, c.volume, c.classes, compare_, c.calibrate}, at_.run),
                             !places.zones.empty());
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::input) throw;
      at_.findings.push_back(fmt::format("{}: volumes and classes could not be told: {}", named.epoch.id, e.what()));
      tables = {{"change.txt", fmt::format("volumes and classes could not be told: {}\n", e.what())}};
    }
    at_.on_disk([&] { write_change(at_.archive, change_name(named), tables); });
  }

  /// @return false when the epoch cannot be compared, which is a finding
  bool compare(const EpochInfo& from, const Named& named) {
    try {
      const PointCloud& reference = reference_cloud(from);
      PointCloud aligned;
      const Registration fit = align(reference, named, aligned);
      // Where only what is told of the newest epoch is missing, its field stands.
      if (!made_again_ && at_.archive.has_product(named.field)) {
        tell_change(named, reference, aligned, fit);
        return true;
      }
      keep_field(from, named, reference, aligned, fit);
      if (named.epoch.id == newest_) tell_change(named, reference, aligned, fit);
      return true;
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::input && e.kind() != ErrorKind::frame) throw;
      at_.findings.push_back(fmt::format("{}: the epoch could not be compared: {}", named.epoch.id, e.what()));
      return false;
    }
  }

  Registration align(const PointCloud& reference, const Named& named, PointCloud& aligned) {
    PointCloud epoch = std::get<PointCloud>(at_.archive.load(named.epoch).data);
    // Clouds of a frame of their own, kept before all of a source had one origin.
    if (source_.crs == "local") move_origin(epoch, reference.frame.origin_m);
    const RegisterOptions& options = at_.calculation.align;
    const std::vector<std::uint8_t> allowed = stable_places(thin_to_cores(reference.view(), options.core_spacing_m));
    Registration fit = register_on_stable_ground(epoch.view(), reference.view(), options, at_.run, allowed);
    aligned = transformed(epoch, fit.transform, at_.run);
    return fit;
  }

  void keep_field(const EpochInfo& from, const Named& named, const PointCloud& reference, const PointCloud& aligned,
                  const Registration& fit) {
    DisplacementField field = m3c2(reference.view(), aligned.view(), PointsView(cores_, reference.frame), compare_, at_.run);
    field.from = from.instant;
    field.to = named.epoch.instant;
    add_registration(fit, field);
    const LimitCalibration limits = measure_calibrated(reference.view(), aligned.view(), field, stable_places(cores_), compare_,
                                                       at_.calculation.calibrate, at_.run);
    const VectorCalibration vectors =
        measure_vectors(reference.view(), aligned.view(), field, stable_places(cores_), &fit, at_.calculation.vectors, at_.run);
    at_.run.log(LogLevel::info, "register", {{"epoch", named.epoch.id}, {"verdict", fit.verdict}});
    at_.run.log(LogLevel::info, "calibrate", {{"epoch", named.epoch.id}, {"verdict", limits.sentence}});
    at_.run.log(LogLevel::info, "vectors", {{"epoch", named.epoch.id}, {"verdict", vectors.sentence}});
    std::vector<std::pair<std::string, std::string>> provenance{
        {"before", from.id},           {"after", named.epoch.id},
        {"registration", fit.verdict}, {"calibration", limits.sentence},
        {"vectors", vectors.sentence}, {"options", options_text(compare_)}};
    if (!fit.finding.empty()) provenance.emplace_back(kFinding, fit.finding);
    if (is_unheld(field)) {
      provenance.emplace_back(kUnheld, fmt::format("no ground at rest holds it after its registration ({}): its limits are not "
                                                   "calibrated, it may be wrong by more than they say, and its places are "
                                                   "degraded",
                                                   limits.sentence));
    }
    const std::string bytes = encode_field(field, provenance);
    at_.on_disk([&] { at_.archive.put_product(named.field, bytes); });
  }

  /// The cloud that all are measured from, and its core points; read when the first epoch asks for it.
  const PointCloud& reference_cloud(const EpochInfo& from) {
    if (!reference_) {
      reference_ = std::get<PointCloud>(at_.archive.load(from).data);
      cores_ = thin_to_cores(reference_->view(), at_.calculation.cores.spacing_m);
    }
    return *reference_;
  }

  /// The field as a night kept it. A damaged file is a finding, and is made again; nullopt when it cannot be.
  std::optional<DisplacementField> field_of(const EpochInfo& from, const Named& named) {
    try {
      return decode_field(at_.archive.get_product(named.field), named.field);
    } catch (const Error& e) {
      at_.findings.push_back(fmt::format("source {}: archive/products/{}.h5 was damaged and is computed again: {}", source_.id,
                                         named.field, e.what()));
    }
    if (!make_again(from, named)) return std::nullopt;
    return decode_field(at_.archive.get_product(named.field), named.field);
  }

  bool make_again(const EpochInfo& from, const Named& named) {
    made_again_ = true;
    const bool done = compare(from, named);
    made_again_ = false;
    return done;
  }

  /// Reads older fields, which no patch needs any more but series of core points do, as far as a night has time for; where they
  /// are too many for one night, others every day.
  void check_kept(const EpochInfo& from, const std::vector<Named>& fields) {
    std::uintmax_t bytes = 0;
    const auto size_of = [&](const Named& named) {
      std::error_code none;
      const auto size = std::filesystem::file_size(at_.archive.root() / "products" / (named.field + ".h5"), none);
      return none ? std::uintmax_t{0} : size;
    };
    for (const Named& named : fields) bytes += size_of(named);
    const std::uintmax_t nights = bytes / kCheckedBytes + 1;
    const auto day = static_cast<std::uintmax_t>(at_.now.ns / kNanosecondsPerDay);
    for (std::size_t k = 0; k < fields.size(); ++k) {
      at_.run.check_stop();
      if ((k + day) % nights == 0) static_cast<void>(field_of(from, fields[k]));
    }
  }

  /// 1 = within the ground that the site says does not move; empty when it says nothing: then it is found by itself.
  std::vector<std::uint8_t> stable_places(const Points& places) const {
    if (stable_ground_.empty()) return {};
    std::vector<std::uint8_t> allowed(static_cast<std::size_t>(places.rows()));
    for (Eigen::Index i = 0; i < places.rows(); ++i) {
      allowed[static_cast<std::size_t>(i)] = stable_ground_.contains(places(i, 0), places(i, 1)) ? 1 : 0;
    }
    return allowed;
  }

  // ---- patches ----

  /// What patches are made of besides the fields.
  std::string inputs_of_patches(const std::string& first_field) const {
    return sha256_hex("patches;" + options_text(at_.calculation.patches) + first_field + zones_text());
  }

  /// Follows the patches of every zone through the fields, from where the last night was. What cannot be read is left out.
  void follow(const EpochInfo& from, std::vector<Named> fields, LidarMeasurement& out) {
    std::optional<DisplacementField> field;
    while (!fields.empty() && !(field = field_of(from, fields.front()))) fields.erase(fields.begin());
    if (!field) return;
    std::vector<PatchMotion> zones;
    for (const Polygon& zone : zones_) {
      zones.emplace_back(*field, from.instant, median_registration_sigma(*field), zone, at_.calculation.patches);
    }
    LidarHistory tonight{inputs_of_patches(fields[0].field), {}, {}, {}};
    for (const Named& named : fields) tonight.fields.push_back(named.field);
    const LidarHistory kept = read_history(at_.archive, source_.id);
    std::size_t known = kept.known(tonight.inputs, tonight.fields);
    if (!resume(zones, kept.patches, known)) known = 0;
    tonight.fields.resize(known);
    const auto is_known_field = [&](const std::string& name) {
      return std::find(tonight.fields.begin(), tonight.fields.end(), name) != tonight.fields.end();
    };
    std::copy_if(kept.unheld.begin(), kept.unheld.end(), std::back_inserter(tonight.unheld), is_known_field);
    for (std::size_t e = known; e < fields.size(); ++e) {
      std::optional<DisplacementField> next = e == 0 ? std::move(field) : field_of(from, fields[e]);
      if (!next) continue;
      for (PatchMotion& zone : zones) zone.add(*next, median_registration_sigma(*next), at_.run);
      tonight.fields.push_back(fields[e].field);
      if (is_unheld(*next)) tonight.unheld.push_back(fields[e].field);
      field = std::move(next);
    }
    if (known == fields.size() && known > 1) field = field_of(from, fields.back());
    std::vector<Instant> unheld;
    for (const Named& named : fields) {
      const bool is_one = std::find(tonight.unheld.begin(), tonight.unheld.end(), named.field) != tonight.unheld.end();
      if (is_one) unheld.push_back(named.epoch.instant);
    }
    // A night that looks back must not forget what later ones know.
    if (known < fields.size() && !looks_back_) keep(std::move(tonight), zones);
    for (std::size_t z = 0; z < zones.size(); ++z) {
      for (Patch& patch : zones[z].measured()) {
        TargetInput target = target_of(at_.site, source_, std::move(patch), at_.calculation.patches.size_m);
        target.unheld = unheld;
        out.targets.emplace_back(zones_[z].name, std::move(target));
      }
    }
    out.newest = std::move(field);
  }

  /// @return false when the kept series are not those of these patches
  static bool resume(std::vector<PatchMotion>& zones, std::span<const TimeSeries> kept, std::size_t known) {
    std::size_t wanted = 0;
    for (const PatchMotion& zone : zones) wanted += zone.patches().size();
    if (known == 0 || kept.size() != wanted) return false;
    for (PatchMotion& zone : zones) {
      const std::size_t n = zone.patches().size();
      if (!zone.resume(kept.first(n), known)) return false;
      kept = kept.subspan(n);
    }
    return true;
  }

  void keep(LidarHistory&& history, const std::vector<PatchMotion>& zones) {
    for (std::size_t z = 0; z < zones.size(); ++z) {
      for (const Patch& patch : zones[z].patches()) {
        history.patches.push_back(patch.series);
        history.patches.back().target = fmt::format("{}/{}", z, patch_name(source_.id, patch.cell));
      }
    }
    at_.on_disk([&] { write_history(at_.archive, source_.id, history); });
  }

  /// Zones without a place in the reference epoch, when the newest scan shows them: only what the reference shows is measured.
  void tell_unseen(const LidarMeasurement& out, const EpochInfo& reference, const EpochInfo& newest) {
    if (source_.crs == "local") return;
    std::vector<const Polygon*> unseen;
    for (const Polygon& zone : zones_) {
      const bool seen = std::any_of(out.targets.begin(), out.targets.end(), [&](const auto& t) { return t.first == zone.name; });
      if (!seen) unseen.push_back(&zone);
    }
    if (unseen.empty() || !out.newest) return;
    const auto cloud = std::get<PointCloud>(at_.archive.load(newest).data);
    const auto fewest = static_cast<std::size_t>(at_.calculation.patches.fewest_cores);
    const Points places = thin_to_cores(cloud.view(), at_.calculation.cores.spacing_m);
    for (const Polygon* zone : unseen) {
      std::size_t inside = 0;
      for (Eigen::Index i = 0; i < places.rows(); ++i) inside += zone->contains(places(i, 0), places(i, 1)) ? 1 : 0;
      if (inside < fewest) continue;
      at_.findings.push_back(
          fmt::format("source {}: zone {} has no place in the reference epoch {}, but {} in {}: it is not measured; write the id "
                      "of a scan that shows all zones as \"epoch\" into {}",
                      source_.id, zone->name, reference.id, inside, newest.id,
                      (at_.archive.root() / "reference" / (source_.id + ".json")).string()));
    }
  }

  const SourceConfig& source_;
  MeasureContext& at_;
  M3c2Options compare_;
  std::vector<Polygon> zones_;
  Polygon stable_ground_;
  std::string newest_;  ///< Id of the newest epoch.
  Instant reference_instant_;
  bool made_again_ = false;  ///< A field that is there is damaged.
  bool looks_back_ = false;  ///< There are epochs after `now`.
  std::optional<PointCloud> reference_;
  Points cores_;
};

}  // namespace

LidarMeasurement measure_lidar(const SourceConfig& source, MeasureContext& context) {
  return LidarMeasurer(source, context).measure();
}

}  // namespace highwall
