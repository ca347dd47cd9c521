#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "bindings/cli/options.hpp"
#include "bindings/cli/output.hpp"
#include "bindings/pipeline/bare.hpp"
#include "core/printable.hpp"
#include "io/archive/archive.hpp"
#include "io/config/site.hpp"
#include "io/outbox/outbox.hpp"
#include "io/writers/tables.hpp"

namespace highwall::cli {
namespace {

namespace fs = std::filesystem;

/// An archive folder, or the archive of a site.toml.
fs::path archive_of(const std::string& text) {
  if (fs::path(text).extension() != ".toml") return text;
  const Site site = read_site(text);
  return site.resolve(site.paths.archive);
}

/// Names of the last night's zones and targets, as its summary tells them.
void add_night_names(const fs::path& night, std::vector<std::string>& names) {
  if (!fs::exists(night)) return;
  try {
    const auto summary = nlohmann::json::parse(read_whole(night));
    for (const auto& state : summary.at("states")) names.push_back(state.at("name"));
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorKind::storage, fmt::format("the night's summary cannot be read: {}", e.what()), night.string(),
                "run the night again");
  }
}

/// What the outbox last told of each zone and target; what is damaged there goes into `damages`.
std::vector<StateLine> told_states(const fs::path& root, std::vector<std::string>& damages) {
  for (int attempt = 0;; ++attempt) {
    // A night at work may have moved a message meanwhile; nobody waits for its lock.
    const bool is_last = attempt == 3;
    damages.clear();
    try {
      std::vector<StateLine> states = Outbox(root).told_states(damages);
      if (damages.empty() || is_last) return states;
    } catch (const Error&) {
      if (is_last) throw;
    }
  }
}

/// Zones and targets that an act can mean: those of site.toml, and those that a night has told of.
std::vector<std::string> known_names(const std::string& text, const std::vector<StateLine>& told) {
  std::vector<std::string> names;
  if (fs::path(text).extension() == ".toml") {
    const Site site = read_site(text);
    for (const ZoneConfig& zone : site.zones) names.push_back(zone.id);
    add_night_names(site.resolve(site.paths.output) / "night.json", names);
  }
  for (const StateLine& state : told) names.push_back(state.name);
  return names;
}

/// Targets that a zone has by what was last told of it, sorted.
std::vector<std::string> targets_of_zone(const std::vector<StateLine>& told, const std::string& zone) {
  std::set<std::string> targets;
  for (const StateLine& state : told) {
    if (!state.is_zone && state.zone == zone) targets.insert(state.name);
  }
  return {targets.begin(), targets.end()};
}

/// The zone or target that is meant: its name, or a target's name without its source where that is unique.
std::string full_name(const std::string& target, const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), target) != names.end()) return target;
  std::set<std::string> meant;
  for (const std::string& name : names) {
    if (name.ends_with("/" + target)) meant.insert(name);
  }
  if (meant.size() == 1) return *meant.begin();
  if (meant.size() > 1) {
    throw Error(ErrorKind::input, fmt::format("\"{}\" may be {}", target, fmt::join(meant, ", ")), {}, "name its source too");
  }
  const std::set<std::string> known(names.begin(), names.end());  // site.toml, night and outbox may tell of the same ones
  const std::string near = nearest_word(target, names);
  throw Error(
      ErrorKind::input, fmt::format("no zone or target is called \"{}\"", target), {},
      !near.empty() ? fmt::format("did you mean \"{}\"?", near)
      : names.empty()
          ? "no night has been run on this archive yet"
          : fmt::format(
                "known: {}",
                fmt::join(known.begin(),
                          std::next(known.begin(), static_cast<std::ptrdiff_t>(std::min<std::size_t>(20, known.size()))), ", ")));
}

/// Acts are kept as JSON, which has no other bytes.
void require_utf8(const std::string& text, const std::string& flag) {
  if (is_utf8(text)) return;
  usage(flag, fmt::format("\"{}\" is not UTF-8 text (write it in UTF-8; the shell's locale says what the keyboard sends)",
                          printable(text)));
}

/// A person acts on what was told: neither on what may come, nor at a time that has not come.
/// @throws Error(input) with what to do
void require_told(const Act& act, const fs::path& root, const std::vector<StateLine>& told) {
  const auto heartbeat = Outbox(root).last("heartbeat");
  // Nights may be replayed with a clock ahead of this machine's.
  const Instant newest = heartbeat ? heartbeat->published_time + days(2) : kNoInstant;
  if (act.at > std::max(clock_now(), newest)) {
    throw Error(ErrorKind::input,
                fmt::format("{} is later than this machine's clock and the newest night: the act would count for warnings that "
                            "nobody has seen yet",
                            to_iso8601(act.at)),
                "--now", "leave --now out, or correct it");
  }
  if (act.kind == Act::Kind::acknowledge) return;
  const bool raised = std::any_of(told.begin(), told.end(),
                                  [&](const StateLine& s) { return s.level > Level::none && act.is_about(s.name, s.zone); });
  if (raised) return;
  throw Error(ErrorKind::input, fmt::format("no level of {} has been published: there is nothing to release", act.target), {},
              "a release counts for what people were told before it; when a warning comes, look at the wall and release it then");
}

void add_act(CLI::App& app, Session& session, const std::string& name, Act::Kind kind, const std::string& help) {
  auto* command = app.add_subcommand(name, help);
  auto act = std::make_shared<Act>();
  auto archive = std::make_shared<std::string>("site.toml");
  auto now = std::make_shared<std::string>();
  act->kind = kind;
  command->add_option("target", act->target, "Zone, or source/target (the bare name where it is unique)")->required();
  command->add_option("--by", act->by, "Name of the person")->required();
  auto* reason = command->add_option("--reason", act->reason, "Why");
  if (kind == Act::Kind::release) reason->required();
  command->add_option("--site,--archive", *archive, "site.toml or archive folder")->default_str("site.toml");
  command->add_option("--now", *now, "Clock, ISO 8601; default: the machine's");
  command->footer(kind == Act::Kind::release
                      ? "Example: highwall release north_wall --by p09 --reason \"inspected, cracks unchanged\""
                      : "Example: highwall ack north_wall --by p07");
  command->callback([=, &session] {
    require_utf8(act->target, "target");
    require_utf8(act->by, "--by");
    require_utf8(act->reason, "--reason");
    act->at = now_or_clock(*now);
    const fs::path root = archive_of(*archive);
    if (!fs::exists(root / "format.toml"))
      throw Error(ErrorKind::input, "there is no archive", root.string(), "name it with --site or --archive");
    std::vector<std::string> damages;
    const std::vector<StateLine> told = told_states(root, damages);
    act->target = full_name(act->target, known_names(*archive, told));
    const bool is_zone = act->target.find('/') == std::string::npos;
    if (is_zone) act->targets = targets_of_zone(told, act->target);
    // What is damaged may have told of targets: then those count that the zone has.
    if (is_zone && act->targets->empty() && !damages.empty()) act->targets.reset();
    if (damages.empty()) require_told(*act, root, told);
    const fs::path file = record_act(root, *act);
    print(fmt::format("recorded {}; the next night takes it into account\n", file.filename().string()));
    if (act->targets && act->targets->empty())
      print("no target of this zone has been told of yet: it counts for none that comes later\n");
    for (const std::string& damage : damages) print("finding: " + damage + "\n");
    if (!damages.empty()) session.exit_code = kWithFindings;
  });
}

void add_verify(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "verify", "Read every epoch and message of an archive again and compare them with the journal and with their hashes");
  command->footer("Example: highwall verify archive");
  auto archive = std::make_shared<std::string>();
  command->add_option("archive", *archive, "Archive folder or site.toml")->required();
  command->callback([=, &session] {
    const VerifyReport report = Archive::open_for_reading(archive_of(*archive)).verify(session.run);
    for (const std::string& problem : report.problems) print("problem: " + problem + "\n");
    tell(session, "verify",
         {{"epochs", fmt::format("{}", report.epochs)},
          {"messages", fmt::format("{}", report.messages)},
          {"problems", fmt::format("{}", report.problems.size())}});
    print(fmt::format("{} epochs, {:.1f} MB, {} messages, {} problems\n", report.epochs, static_cast<double>(report.bytes) / 1e6,
                      report.messages, report.problems.size()));
    session.exit_code = report.problems.empty() ? 0 : 74;
  });
}

void add_export(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("export", "Write the series of a source as CSV; of a LiDAR source those of its core points");
  command->footer("Example: highwall export archive --source gnss -o gnss.csv");
  auto archive = std::make_shared<std::string>();
  auto source = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>();
  command->add_option("archive", *archive, "Archive folder or site.toml")->required();
  command->add_option("--source", *source, "Source id; left out: list the sources")->default_str("");
  auto value = std::make_shared<std::string>(kCoreValues[0]);
  command
      ->add_option(
          "--value", *value,
          "Of the core points of a LiDAR source: m3c2, calibrated (the sharper estimator; sigma is its detection limit by "
          "1.96) or vector (east, north, up)")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(kCoreValues), std::end(kCoreValues))))
      ->default_str(kCoreValues[0]);
  command->add_option("-o,--output", *out, "CSV; default: standard output");
  command->callback([=, &session] {
    const fs::path root = archive_of(*archive);
    check_output(*out, {*archive, root.string()});
    const Archive a = Archive::open_for_reading(root);
    if (source->empty()) {
      std::map<std::string, std::size_t> counts;
      for (const EpochInfo& e : a.epochs()) ++counts[e.source];
      for (const auto& [name, n] : counts) print(fmt::format("{}: {} epochs\n", name, n));
      tell(session, "export", {{"sources", std::to_string(counts.size())}});
      return;
    }
    std::string text = "target,time,component,value_m,sigma_m,flags\n";
    const auto all = series_of_source(a, *source, core_value_of(*value), session.run);
    std::size_t rows = 0;
    for (std::size_t k = 0; k < all.size(); ++k) {
      const TimeSeries& s = all[k];
      rows += s.size();
      session.run.check_stop();
      session.run.progress("export", k + 1, all.size());
      for (std::size_t i = 0; i < s.size(); ++i) {
        for (std::size_t c = 0; c < s.width(); ++c) {
          text += fmt::format("{},{},{},{:.9g},{:.9g},{}\n", s.target, to_iso8601(s.time[i]), s.components[c], s.value(i, c),
                              s.sigma(i, c), s.flags.empty() ? 0U : s.flags[i]);
        }
      }
    }
    put(*out, text);
    tell(session, "export", {{"source", *source}, {"series", std::to_string(all.size())}, {"rows", std::to_string(rows)}});
  });
}

}  // namespace

void add_archive_commands(CLI::App& app, Session& session) {
  add_act(app, session, "ack", Act::Kind::acknowledge, "Acknowledge a warning; never lowers a level");
  add_act(app, session, "release", Act::Kind::release, "Release a latched orange or red; needs a reason");
  add_verify(app, session);
  add_export(app, session);
}

}  // namespace highwall::cli
