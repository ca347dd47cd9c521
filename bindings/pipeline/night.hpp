#pragma once

#include <filesystem>
#include <string>
#include <vector>

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
  std::string file;       ///< Relative to the site's folder.
  std::string outcome;    ///< stored, known, duplicate, quarantined, waiting, unmatched.
  std::string detail;     ///< Why, or how many rows.
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
  Instant since = kNoInstant;      ///< Of the present level.
  Instant newest = kNoInstant;     ///< Newest sample.
  Evidence evidence;
};

/// What a night did; night.json says the same.
struct NightSummary {
  Instant now = kNoInstant;
  std::vector<FileOutcome> files;
  std::vector<std::string> findings;   ///< Everything that makes the exit code 2, each a sentence.
  std::vector<NightState> states;      ///< Zones first, then targets.
  std::vector<Delivery> deliveries;
  std::size_t messages_posted = 0;
  std::vector<std::filesystem::path> products;  ///< Relative to the output folder.
  std::filesystem::path folder;        ///< Of this night's products.
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
