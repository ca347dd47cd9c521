#include "bindings/pipeline/products.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/version.hpp"
#include "io/durable/digest.hpp"
#include "io/writers/gis.hpp"
#include "io/writers/tables.hpp"

extern char** environ;

namespace highwall {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json number(double v) { return std::isfinite(v) ? json(v) : json(nullptr); }
json instant(Instant t) { return t == kNoInstant ? json(nullptr) : json(to_iso8601(t)); }

bool wanted(const Site& site, std::string_view product) {
  return std::find(site.products.begin(), site.products.end(), product) != site.products.end();
}

std::vector<double> scaled(const std::vector<double>& values, double factor) {
  std::vector<double> out(values);
  for (double& v : out) v *= factor;
  return out;
}

/// Writes files into the night's folder and notes their names.
class Folder {
 public:
  Folder(fs::path root, fs::path name, NightSummary& summary) : root_(std::move(root)), name_(std::move(name)), summary_(summary) {
    make_folders(root_ / name_);
  }
  void write(const std::string& file, const std::string& bytes) {
    write_whole(root_ / name_ / file, bytes);
    summary_.products.push_back(name_ / file);
  }
  fs::path path() const { return root_ / name_; }

 private:
  fs::path root_;
  fs::path name_;
  NightSummary& summary_;
};

void write_fields(const Site& site, const Measurements& m, Folder& folder) {
  for (const auto& [source, field] : m.fields) {
    if (wanted(site, "csv")) folder.write(fmt::format("displacement_{}.csv", source), field_csv(field));
    if (wanted(site, "gpkg")) folder.write(fmt::format("displacement_{}.gpkg", source), points_gpkg(field));
    if (wanted(site, "hdf5")) folder.write(fmt::format("displacement_{}.h5", source), encode_field(field, {{"source", source}}));
  }
  for (const VelocityMap& map : m.maps) {
    if (!wanted(site, "geotiff")) continue;
    const auto displacement = scaled(map.displacement_m, 1000.0);
    const auto velocity = scaled(map.velocity_m_per_day, 1000.0);
    const auto sigma = scaled(map.sigma_m_per_day, 1000.0);
    folder.write(fmt::format("velocity_{}.tif", map.source),
                 geotiff_bytes(map.geometry,
                               {{"displacement", "mm", &displacement}, {"velocity_24h", "mm/day", &velocity}, {"sigma_24h", "mm/day", &sigma}},
                               {{"INSTANT", to_iso8601(map.at)}, {"SIGN", "toward_positive"}, {"DATA_UNITS", "mm"}}));
  }
}

void write_zones(const Site& site, const std::vector<Polygon>& outlines, const NightSummary& summary, Folder& folder) {
  std::vector<Polygon> zones;
  VectorColumn name{"name", {}, {}}, level{"level", {}, {}}, health{"health", {}, {}}, rule{"rule", {}, {}}, since{"since", {}, {}};
  VectorColumn value{"value", {}, {}}, sigma{"sigma", {}, {}}, threshold{"threshold", {}, {}}, unit{"unit", {}, {}};
  for (const NightState& s : summary.states) {
    if (!s.is_zone) continue;
    const auto outline = std::find_if(outlines.begin(), outlines.end(), [&](const Polygon& p) { return p.name == s.name; });
    zones.push_back(outline == outlines.end() ? Polygon{s.name, {}, site.frame} : *outline);
    name.texts.push_back(s.name);
    level.texts.emplace_back(name_of(s.level));
    health.texts.emplace_back(name_of(s.health));
    rule.texts.push_back(s.evidence.rule);
    since.texts.push_back(to_iso8601(s.since));
    unit.texts.push_back(s.evidence.unit);
    value.numbers.push_back(s.evidence.value);
    sigma.numbers.push_back(s.evidence.sigma);
    threshold.numbers.push_back(s.evidence.threshold);
  }
  if (zones.empty()) return;
  const std::vector<VectorColumn> columns{name, level, health, since, rule, value, sigma, threshold, unit};
  if (wanted(site, "gpkg")) folder.write("zones.gpkg", zones_file("GPKG", zones, columns));
  if (wanted(site, "geojson") || wanted(site, "gpkg")) folder.write("zones.geojson", zones_file("GeoJSON", zones, columns));
}

/// Changes of every zone and target, and the last 14 days of every target's samples.
void write_histories(const std::vector<ZoneHistories>& zones, Instant now, Folder& folder) {
  std::vector<LevelRow> changes;
  std::vector<LevelRow> samples;
  const auto row = [](const std::string& name, const LampEntry& e) {
    return LevelRow{e.at, name, std::string(name_of(e.level)), std::string(name_of(e.health)), e.evidence.rule, e.evidence.value,
                    e.evidence.sigma, e.evidence.threshold, e.evidence.unit, e.evidence.window};
  };
  const auto take = [&](const History& h, bool with_samples) {
    const LampEntry* before = nullptr;
    for (const LampEntry& e : h.entries) {
      if (before == nullptr || before->level != e.level || before->health != e.health) changes.push_back(row(h.target, e));
      if (with_samples && now - e.at <= days(14)) samples.push_back(row(h.target, e));
      before = &e;
    }
  };
  for (const ZoneHistories& z : zones) {
    if (!z.zone.empty()) take(z.own, false);
    for (const History& target : z.targets) take(target, target.target.find('/') == std::string::npos);
  }
  folder.write("level_changes.csv", levels_csv(changes));
  folder.write("levels_last_14_days.csv", levels_csv(samples));
}

/// Samples of the point targets for the pictures: displacement in mm by component.
void write_series(const Measurements& m, Instant now, Folder& folder) {
  std::string text = "zone,target,time,component,displacement_mm,sigma_mm\n";
  for (const auto& [zone, targets] : m.targets) {
    for (const TargetInput& t : targets) {
      const TimeSeries& s = t.series;
      const std::size_t step = std::max<std::size_t>(1, s.size() / 2000);
      for (std::size_t i = 0; i < s.size(); i += step) {
        if (now - s.time[i] > days(60)) continue;
        for (std::size_t c = 0; c < s.width(); ++c) {
          text += fmt::format("{},{},{},{},{:.4f},{:.4f}\n", zone, s.target, to_iso8601(s.time[i]), s.components[c],
                              1000.0 * s.value(i, c), 1000.0 * s.sigma(i, c));
        }
      }
    }
  }
  folder.write("series.csv", text);
}

/// A child process whose words are caught; it is ended when it is let go of.
class Child {
 public:
  Child(const std::vector<std::string>& command, std::string& error) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
      error = fmt::format("no pipe can be made: {}", std::strerror(errno));
      return;
    }
    output_ = ends[0];
    fcntl(output_, F_SETFL, O_NONBLOCK);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // a group of its own, to be ended as a whole
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    const int failed = posix_spawn(&pid_, words[0], &actions, &attributes, words.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (failed == 0) return;
    pid_ = 0;
    error = fmt::format("{} cannot be started: {}", command[0], std::strerror(failed));
  }
  ~Child() {
    if (pid_ > 0) {
      ::kill(-pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    if (output_ >= 0) ::close(output_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// True when it has ended; status() then tells how.
  bool ended() {
    char buffer[4096];
    for (ssize_t n = ::read(output_, buffer, sizeof buffer); n > 0; n = ::read(output_, buffer, sizeof buffer)) {
      if (words_.size() < 65536) words_.append(buffer, static_cast<std::size_t>(n));
    }
    if (waitpid(pid_, &status_, WNOHANG) == 0) return false;
    pid_ = 0;
    return true;
  }
  int status() const { return status_; }
  /// The last line that it wrote.
  std::string last_words() const {
    std::string text = words_;
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    const std::size_t line = text.rfind('\n');
    return text.substr(line == std::string::npos ? 0 : line + 1).substr(0, 200);
  }

 private:
  pid_t pid_ = 0;
  int output_ = -1;
  int status_ = 0;
  std::string words_;
};

/// Runs `python -m highwall.quicklook FOLDER`; why it cannot, or "" when it could.
std::string quicklook(const NightOptions& options, const fs::path& folder, const Run& run) {
  constexpr int kStep_ms = 20;
  if (options.python.empty()) return "no Python interpreter was named";
  if (!fs::exists(options.python)) return options.python.string() + " does not exist";
  std::string error;
  Child child({options.python.string(), "-m", "highwall.quicklook", folder.string()}, error);
  if (!error.empty()) return error;
  // Steps are counted: the clock is not read here.
  for (double waited_s = 0.0; !child.ended(); waited_s += kStep_ms / 1000.0) {
    run.check_stop();
    if (waited_s >= options.pictures_deadline_s) {
      return fmt::format("python -m highwall.quicklook was ended after {:g} s", options.pictures_deadline_s);
    }
    poll(nullptr, 0, kStep_ms);
  }
  if (WIFEXITED(child.status()) && WEXITSTATUS(child.status()) == 0) return {};
  const std::string how = WIFEXITED(child.status()) ? fmt::format("with status {}", WEXITSTATUS(child.status()))
                                                    : fmt::format("by signal {}", WTERMSIG(child.status()));
  const std::string words = child.last_words();
  return fmt::format("python -m highwall.quicklook ended {}{}", how, words.empty() ? "" : ": " + words);
}

}  // namespace

std::string summary_json(const Site& site, const Policy& policy, const NightSummary& s) {
  json files = json::array();
  for (const FileOutcome& f : s.files) {
    if (f.outcome == "known") continue;
    files.push_back({{"source", f.source}, {"file", f.file}, {"outcome", f.outcome}, {"detail", f.detail},
                     {"rejected_rows", f.rejected_rows}, {"warnings", f.warnings}});
  }
  json states = json::array();
  for (const NightState& n : s.states) {
    const Evidence& e = n.evidence;
    states.push_back({{"name", n.name}, {"zone", n.zone}, {"is_zone", n.is_zone}, {"level", std::string(name_of(n.level))},
                      {"unlatched", std::string(name_of(n.unlatched))}, {"health", std::string(name_of(n.health))},
                      {"since", instant(n.since)}, {"newest_sample", instant(n.newest)},
                      {"evidence", {{"rule", e.rule}, {"value", number(e.value)}, {"sigma", number(e.sigma)},
                                    {"threshold", number(e.threshold)}, {"unit", e.unit}, {"window", e.window},
                                    {"epochs", e.epochs}, {"policy_sha256", e.policy_sha256}, {"source", e.source}}}});
  }
  // Where each receiver stands, not what this attempt sent: the same when the night is run again.
  json deliveries = json::array();
  for (const Delivery& d : s.deliveries) {
    deliveries.push_back({{"publisher", d.publisher}, {"delivered_seq", d.delivered_seq}, {"waiting", d.waiting}, {"error", d.error}});
  }
  json products = json::array();
  for (const fs::path& p : s.products) products.push_back(p.generic_string());
  return json{{"schema", "highwall.night/1"},
              {"mine", {{"no", site.mine.no}, {"name", site.mine.name}}},
              {"now", to_iso8601(s.now)},
              {"engine", {{"version", kVersion}, {"config_sha256", sha256_hex(site.text)}}},
              {"policy", {{"id", policy.id}, {"version", policy.version}, {"sha256", policy.sha256}}},
              {"files", files},
              {"findings", s.findings},
              {"states", states},
              {"deliveries", deliveries},
              {"products", products}}
             .dump(1, ' ', false, json::error_handler_t::replace) +
         "\n";
}

void write_products(const Site& site, const Policy& policy, const Measurements& measurements,
                    const std::vector<ZoneHistories>& zones, const std::vector<Polygon>& outlines,
                    const NightOptions& options, NightSummary& summary, const Run& run) {
  const fs::path output = site.resolve(site.paths.output);
  make_folders(output);
  Folder folder(output, to_compact_iso8601(options.now), summary);
  sweep_temporary_files(folder.path());
  summary.folder = folder.path();
  write_fields(site, measurements, folder);
  write_zones(site, outlines, summary, folder);
  write_histories(zones, options.now, folder);
  write_series(measurements, options.now, folder);
  run.check_stop();
  write_whole(folder.path() / "night.json", summary_json(site, policy, summary));
  if (wanted(site, "png")) {
    const std::string why = quicklook(options, folder.path(), run);
    if (why.empty()) {
      for (const auto& entry : fs::directory_iterator(folder.path())) {
        if (entry.path().extension() == ".png") summary.products.push_back(entry.path().lexically_relative(output));
      }
      std::sort(summary.products.begin(), summary.products.end());
    } else {
      summary.findings.push_back("no pictures: " + why);
    }
  }
  const std::string text = summary_json(site, policy, summary);
  write_whole(folder.path() / "night.json", text);
  write_whole(output / "night.json", text);
}

}  // namespace highwall
