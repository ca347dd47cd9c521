#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "bindings/cli/options.hpp"
#include "bindings/cli/output.hpp"
#include "bindings/pipeline/ingest.hpp"
#include "bindings/pipeline/night.hpp"
#include "bindings/pipeline/warn.hpp"
#include "datasets/simulate.hpp"
#include "io/archive/archive.hpp"

namespace highwall::cli {
namespace {

namespace fs = std::filesystem;

std::string time_text(Instant t) { return t == kNoInstant ? "never" : to_iso8601(t); }

/// A value beside its limit, with as many digits as it takes to tell them apart.
std::string value_and_limit(const Evidence& e) {
  const bool sigma_is_known = std::isfinite(e.sigma);
  for (int digits = 3;; ++digits) {
    const std::string value = fmt::format("{:.{}g}", e.value, digits);
    const std::string limit = fmt::format("{:.{}g}", e.threshold, digits);
    if (value == limit && e.value != e.threshold && digits < 12) continue;
    const std::string sigma = sigma_is_known ? fmt::format("{:.2g}", e.sigma) : "unknown";
    return fmt::format("{} +- {} {}{}, limit {}", value, sigma, e.unit, e.window.empty() ? "" : " over " + e.window, limit);
  }
}

bool is_measured(const Evidence& e) { return !e.rule.empty() && std::isfinite(e.value); }

std::string deciding_text(const NightState& n, const ZoneSummary& z) {
  if (z.decided_by.empty()) return "no target has data";
  const std::string target = fmt::format(" (target {})", z.decided_by);
  if (!is_measured(z.evidence)) return "no velocity can be judged" + target;
  if (n.level == Level::none) return "largest: " + z.evidence.rule + " " + value_and_limit(z.evidence) + target;
  return z.evidence.rule + " " + value_and_limit(z.evidence) + target;
}

void print_zone(const NightState& n, const ZoneSummary& z) {
  print(fmt::format("{:<14} {:<7} {:<9} {:<21} {:<21} {}\n", n.name, name_of(n.level), name_of(n.health), time_text(n.since),
                    time_text(n.newest), deciding_text(n, z)));
  std::string more = fmt::format("{} of {} targets raised", z.raised_targets, z.targets);
  if (n.level != Level::none) {
    more += fmt::format(", {} at {} or above", z.at_level_targets, name_of(n.level));
    if (std::isfinite(z.area_at_level_m2)) more += fmt::format(" on {:.0f} m2", z.area_at_level_m2);
  }
  if (z.live_targets < z.targets) more += fmt::format(", {} without fresh data", z.targets - z.live_targets);
  if (z.doubtful_targets > 0)
    more += fmt::format(", {} degraded (start period, gap, step, no value or no ground at rest)", z.doubtful_targets);
  if (n.unlatched < n.level) {
    more += fmt::format("; latched: now {}", name_of(n.unlatched));
    if (is_measured(z.raised_by))
      more += fmt::format(", raised by {} {} at {}", z.raised_by.rule, value_and_limit(z.raised_by), time_text(n.since));
  }
  if (n.level != Level::none) {
    more += z.acknowledged_by.empty()
                ? "; not acknowledged"
                : fmt::format("; acknowledged by {} at {}", z.acknowledged_by, time_text(z.acknowledged_at));
  }
  print(fmt::format("{:<14} {}\n", "", more));
}

void print_states(const NightSummary& s) {
  print(fmt::format("{:<14} {:<7} {:<9} {:<21} {:<21} {}\n", "zone", "level", "health", "since", "newest data", "deciding rule"));
  bool any = false;
  for (const NightState& n : s.states) {
    if (!n.is_zone) continue;
    any = true;
    const auto z = std::find_if(s.zones.begin(), s.zones.end(), [&](const ZoneSummary& one) { return one.name == n.name; });
    print_zone(n, z == s.zones.end() ? ZoneSummary{} : *z);
  }
  if (!any) print("no zone is configured\n");
}

void print_sources(const NightSummary& s) {
  print(fmt::format("\n{:<14} {:<7} {:<9} {:>6} {:>9} {:>8} {}\n", "source", "kind", "health", "files", "new files", "targets",
                    "newest data"));
  for (const SourceSummary& x : s.sources) {
    std::string trouble;
    if (x.quarantined > 0) trouble += fmt::format("; {} quarantined", x.quarantined);
    if (x.waiting > 0) trouble += fmt::format("; {} waiting", x.waiting);
    print(fmt::format("{:<14} {:<7} {:<9} {:>6} {:>9} {:>8} {}{}\n", x.id, x.kind, name_of(x.health), x.files, x.taken_in,
                      x.targets, time_text(x.newest), trouble));
  }
}

/// Radars that are followed scan by scan, and their alarms that stand.
void print_scans(const NightSummary& s) {
  for (const ScanNote& x : s.scans) {
    print(fmt::format(
        "\n{}: {} scans followed to {}, {} judged in every window; {} stable cells scatter by {:.3f} mm; {} alarms stand\n",
        x.source, x.scans, time_text(x.newest), x.judged_scans, x.stable_cells, x.stable_sigma_mm, x.standing.size()));
    for (const ScanNote::Alarm& a : x.standing) {
      const std::string area = std::isfinite(a.area_m2) ? fmt::format(", {:.0f} m2", a.area_m2) : "";
      const std::string speed = std::isfinite(a.fastest_mm_per_h) ? fmt::format(", {:.2f} mm/h", a.fastest_mm_per_h) : "";
      print(fmt::format("{:>6}  {:<7} {:<15} since {}  {} cells{}{}{}  ({})\n", a.id, name_of(a.level), a.kind,
                        time_text(a.raised), a.cells, area, speed, a.signal_lost ? ", signal lost" : "", a.rule));
    }
  }
}

/// What to do about a finding, by what it says; "" where the finding says it itself.
std::string advice_for(const std::string& finding) {
  constexpr std::pair<std::string_view, std::string_view> kAdvice[] = {
      {"messages wait", "see that the receiver can be reached; highwall publish sends what waits"},
      {"pictures", "the tables are complete; draw again with: python -m highwall.quicklook FOLDER"},
      {"quarantin", "look into archive/quarantine, mend the file and deliver it under a new name"},
      {"differ", "the archive keeps the first version; ask the sender why old rows changed"},
      {"no ground at rest holds", "look at the scan; state stable ground in site.toml, or scan more of what does not move"},
      {"could not be compared", "check the scan's place, overlap and stable ground"},
      {"no reference", "deliver the base's file, or name another reference in site.toml"},
  };
  for (const auto& [word, advice] : kAdvice) {
    if (finding.find(word) != std::string::npos) return std::string(advice);
  }
  return {};
}

std::string count(std::size_t n) { return fmt::format("{}", n); }

/// Every file that was neither taken in nor known from an earlier night.
void print_files(const NightSummary& s) {
  for (const FileOutcome& f : s.files) {
    if (f.outcome != "stored" && f.outcome != "known") print(fmt::format("{}: {}: {}\n", f.outcome, f.file, f.detail));
  }
}

int report(const NightSummary& s, const fs::path& output, const Session& session) {
  print_states(s);
  print_sources(s);
  print_scans(s);
  print("\n");
  print_files(s);
  std::size_t stored = 0;
  for (const FileOutcome& f : s.files) stored += f.outcome == "stored" ? 1 : 0;
  tell(session, "run",
       {{"now", to_iso8601(s.now)},
        {"stored", count(stored)},
        {"messages", count(s.messages_posted)},
        {"findings", count(s.findings.size())}});
  for (const std::string& finding : s.findings) {
    const std::string advice = advice_for(finding);
    print("finding: " + finding + (advice.empty() ? "" : "\n         what to do: " + advice) + "\n");
  }
  print(fmt::format("\n{}: {} files taken in, {} messages posted, {} findings; products in {}\n", to_iso8601(s.now), stored,
                    s.messages_posted, s.findings.size(), s.folder.string()));
  for (const fs::path& product : s.products) {
    if (product.extension() == ".png") print(fmt::format("picture: {}\n", (output / product).string()));
  }
  return s.complete_without_findings() ? 0 : kWithFindings;
}

void add_run(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("run", "Run one night of a mine: ingest, measure, warn, publish");
  command->footer("Example: highwall run site.toml --now 2026-03-02T00:00:00Z");
  auto site = std::make_shared<std::string>();
  auto now = std::make_shared<std::string>();
  command->add_option("site", *site, "site.toml")->required();
  command->add_option("--now", *now, "Clock of the night, ISO 8601; default: the machine's. Turns settle_s off");
  command->callback([=, &session] {
    NightOptions options;
    options.now = now_or_clock(*now);
    options.settle = now->empty();
    options.python = own_python();
    const Site config = read_site(*site);
    session.exit_code = report(run_night(config, options, session.run), config.resolve(config.paths.output), session);
  });
}

void add_check(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("check", "Dry run: explain a site.toml and what the next night would take in");
  command->footer("Example: highwall check site.toml");
  auto site = std::make_shared<std::string>();
  auto now = std::make_shared<std::string>();
  command->add_option("site", *site, "site.toml")->required();
  command->add_option("--now", *now, "Clock of the night, ISO 8601; default: the machine's. Turns settle_s off");
  command->callback([=, &session] {
    NightOptions options;
    options.now = now_or_clock(*now);
    options.settle = now->empty();
    const CheckReport report = check_site(read_site(*site), options, session.run);
    tell(session, "check", {{"problems", count(report.problems.size())}});
    for (const std::string& line : report.lines) print(line + "\n");
    for (const std::string& problem : report.problems) print("problem: " + problem + "\n");
    session.exit_code = report.problems.empty() ? 0 : kWithFindings;
  });
}

void add_simulate(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("simulate", "Build a simulated pit with known truth");
  command->footer("Example: highwall simulate pit --scenario accelerating --seed 7 --nights 30");
  auto out = std::make_shared<std::string>();
  command->add_option("out", *out, "Folder to build it in")->required();
  auto flags = std::make_shared<OptionFlags<SimulateOptions>>(*command);
  command->callback([=, &session] {
    const SimulateResult result = simulate(*out, flags->get(), session.run);
    print(fmt::format("{} files for {} nights; run them with: highwall run {} --now {}\n", result.files, result.nights.size(),
                      result.site.string(), to_iso8601(result.nights.back())));
    tell(session, "simulate", {{"files", count(result.files)}, {"nights", count(result.nights.size())}});
    if (result.failure != kNoInstant) print(fmt::format("the wedge fails at {}\n", to_iso8601(result.failure)));
  });
}

void add_ingest(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("ingest", "Take the drop folder into the archive, nothing more");
  command->footer("Example: highwall ingest site.toml");
  auto site = std::make_shared<std::string>();
  auto now = std::make_shared<std::string>();
  command->add_option("site", *site, "site.toml")->required();
  command->add_option("--now", *now, "Clock, ISO 8601; default: the machine's. Turns settle_s off");
  command->callback([=, &session] {
    const Site config = read_site(*site);
    NightOptions options;
    options.now = now_or_clock(*now);
    options.settle = now->empty();
    Archive archive = Archive::open_for_writing(config.resolve(config.paths.archive), config.frame);
    NightSummary summary;
    ingest(config, options, archive, summary, session.run);
    for (const FileOutcome& f : summary.files) print(fmt::format("{}: {} {}\n", f.file, f.outcome, f.detail));
    for (const std::string& finding : summary.findings) print("finding: " + finding + "\n");
    session.exit_code = summary.findings.empty() ? 0 : kWithFindings;
  });
}

void add_publish(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("publish", "Forward the messages that wait in the outbox");
  command->footer("Example: highwall publish site.toml");
  auto site = std::make_shared<std::string>();
  command->add_option("site", *site, "site.toml")->required();
  command->callback([=, &session] {
    const Site config = read_site(*site);
    const Archive archive = Archive::open_for_writing(config.resolve(config.paths.archive), config.frame);
    Outbox outbox(archive.root());
    const auto tell_finding = [&](const std::string& finding) {
      print("finding: " + finding + "\n");
      session.exit_code = kWithFindings;
    };
    for (const std::string& damage : outbox.set_damaged_aside()) tell_finding(damage);
    for (const std::string& loss : outbox.note_missing()) tell_finding(loss);
    const auto deliveries = forward(outbox, config, archive.root(), session.run);
    std::size_t waiting = 0;
    for (const Delivery& d : deliveries) {
      waiting += d.waiting;
      if (!d.damage.empty()) tell_finding(d.damage);
      print(fmt::format("{}: {} delivered, {} waiting{}\n", d.publisher, d.delivered, d.waiting,
                        d.error.empty() ? "" : ": " + d.error));
      if (d.waiting > 0 || !d.error.empty()) session.exit_code = kWithFindings;
    }
    tell(session, "publish", {{"receivers", count(deliveries.size())}, {"waiting", count(waiting)}});
  });
}

}  // namespace

void add_run_commands(CLI::App& app, Session& session) {
  add_run(app, session);
  add_check(app, session);
  add_simulate(app, session);
  add_ingest(app, session);
  add_publish(app, session);
}

}  // namespace highwall::cli
