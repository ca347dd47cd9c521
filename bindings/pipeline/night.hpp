#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/act.hpp"
#include "core/polygon.hpp"
#include "core/report.hpp"
#include "core/run.hpp"
#include "core/warning.hpp"
#include "io/config/site.hpp"
#include "io/outbox/publisher.hpp"

namespace highwall {

/// How a night is run.
struct NightOptions {
  Instant now = kNoInstant;            ///< The clock: staleness, heartbeats and stamps follow it.
  bool settle = true;                  ///< Let young files wait (needs the real clock as `now`).
  std::filesystem::path python;        ///< Interpreter for the pictures; empty = none.
  double pictures_deadline_s = 300.0;  ///< The pictures' process is ended after this long.
};

/// One file of the drop folder and what became of it.
struct FileOutcome {
  std::string source;
  std::string file;     ///< Relative to the site's folder.
  std::string outcome;  ///< stored, known, duplicate, quarantined, waiting, unmatched.
  std::string detail;   ///< Why, or how many rows.
  std::vector<std::string> warnings;
  std::uint64_t rejected_rows = 0;
};

/// State of a zone or target at the end of the night.
struct NightState {
  std::string name;
  std::string zone;
  bool is_zone = false;
  Level level = Level::none;
  Level unlatched = Level::none;
  Health health = Health::silent;
  Instant since = kNoInstant;   ///< Of the present level.
  Instant newest = kNoInstant;  ///< Newest sample with a value.
  Evidence evidence;
  std::string note;  ///< What the last act did, until data come again; empty when that is plain.
};

/// What people ask of a zone at the end of the night.
struct ZoneSummary {
  std::string name;
  std::size_t targets = 0;
  std::size_t live_targets = 0;      ///< Neither stale nor silent.
  std::size_t doubtful_targets = 0;  ///< Of these, degraded: start period, gap, step, no value or no ground at rest.
  std::size_t raised_targets = 0;    ///< Above none.
  std::size_t at_level_targets = 0;  ///< At the zone's level or above; 0 at none.
  double area_at_level_m2 = 0.0;     ///< Wall that those stand for; NaN = not known.
  std::string decided_by;            ///< Target; at none the one nearest to a limit. "" = no target has data.
  Evidence evidence;                 ///< Of that target, now.
  Evidence raised_by;                ///< What made the present level; its rule is empty at none.
  std::string acknowledged_by;       ///< "" = nobody.
  Instant acknowledged_at = kNoInstant;
};

/// What people ask of a source at the end of the night.
struct SourceSummary {
  std::string id;
  std::string kind;
  std::size_t files = 0;     ///< Seen in the drop folder.
  std::size_t taken_in = 0;  ///< Of these, new tonight.
  std::size_t quarantined = 0;
  std::size_t waiting = 0;
  std::size_t targets = 0;
  Instant newest = kNoInstant;
  Health health = Health::silent;  ///< Stale or silent when all of its targets are.
};

/// A LiDAR field among the night's products.
struct FieldNote {
  std::string file;  ///< Its CSV in the night's folder.
  std::string source;
  Instant from = kNoInstant;
  Instant to = kNoInstant;
  bool local = false;       ///< In the scanner's own frame.
  bool calibrated = false;  ///< Its limits were calibrated on ground at rest, of which
  double shared_shift_mm =
      0.0;  ///< a shift was taken out of the calibrated distances: rms along the normals; NaN = none was known.
};

/// What a radar that is followed scan by scan shows at its newest scan.
struct ScanNote {
  /// An alarm that stands.
  struct Alarm {
    std::uint32_t id = 0;
    std::string rule;
    Level level = Level::none;
    std::string kind;  ///< motion, step, coherence_loss.
    Instant raised = kNoInstant;
    std::size_t cells = 0;
    double area_m2 = kNotKnown;
    double fastest_mm_per_h = kNotKnown;
    bool signal_lost = false;
  };
  std::string source;
  Instant newest = kNoInstant;
  std::size_t scans = 0;         ///< Since the first one.
  std::size_t judged_scans = 0;  ///< Of these, with a velocity and its sigma in every window.
  std::size_t stable_cells = 0;
  double stable_sigma_mm = kNotKnown;
  std::vector<Alarm> standing;
};

/// What a night did; night.json says the same.
struct NightSummary {
  Instant now = kNoInstant;
  std::vector<FileOutcome> files;
  std::vector<std::string> findings;  ///< Everything that makes the exit code 2, each a sentence.
  std::vector<NightState> states;     ///< Zones first, then targets.
  std::vector<ZoneSummary> zones;     ///< In the order of the states.
  std::vector<SourceSummary> sources;
  std::vector<Act> acts;          ///< Acknowledgements and releases until `now`.
  std::vector<Polygon> outlines;  ///< Of the zones, site frame.
  std::vector<FieldNote> fields;
  std::vector<ScanNote> scans;
  std::vector<Delivery> deliveries;
  std::size_t messages_posted = 0;
  std::vector<std::filesystem::path> products;  ///< Relative to the output folder.
  std::filesystem::path folder;                 ///< Of this night's products.
  bool complete_without_findings() const noexcept { return findings.empty(); }
};

/// One night of one mine: ingest, measure, warn, publish, and only then products: a message waits for no
/// picture and no disk. Run again with the same `now` it changes
/// nothing and sends nothing.
/// @throws BusyError when another run holds the archive; Error(config) for what site.toml leaves open.
NightSummary run_night(const Site& site, const NightOptions& options, const Run& run);

/// The dry run: what the next night would take in, and what it would refuse. No byte on disk is changed.
struct CheckReport {
  std::vector<std::string> lines;
  std::vector<std::string> problems;
  std::uintmax_t bytes_to_ingest = 0;
};
/// @throws Error(config) as the night would.
CheckReport check_site(const Site& site, const NightOptions& options, const Run& run);

}  // namespace highwall
