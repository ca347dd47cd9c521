// Reads the texts of this folder; README.md says what may stand in them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "algorithms/series/clean.hpp"
#include "algorithms/warn/judge.hpp"
#include "tests/support/series.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

struct Case {
  std::string file;
  std::map<std::string, std::string> lines;
  std::vector<std::string> acts;
};

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

std::vector<Case> all_cases() {
  const std::set<std::string> keys{"case", "every", "set", "mm/day", "mm", "level", "health", "act", "later"};
  std::vector<Case> cases;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(HIGHWALL_SOURCE_DIR) / "tests" / "cases")) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    std::ifstream in(file);
    Case one;
    const auto end = [&] {
      if (!one.lines.empty()) cases.push_back(one);
      one = {file.filename().string(), {}, {}};
    };
    end();
    for (std::string line; std::getline(in, line);) {
      line = trimmed(line);
      if (line.empty()) end();
      if (line.empty() || line[0] == '#') continue;
      const std::size_t colon = line.find(':');
      const std::string key = trimmed(line.substr(0, colon));
      if (colon == std::string::npos || !keys.contains(key))
        throw std::runtime_error(file.string() + ": what is \"" + line + "\"?");
      const std::string value = trimmed(line.substr(colon + 1));
      if (key == "act") {
        one.acts.push_back(value);
      } else {
        one.lines[key] = value;
      }
    }
    end();
  }
  return cases;
}

double hours_of(const std::string& text) {
  if (text.empty() || text.back() != 'h') throw std::runtime_error("\"" + text + "\" is not a time like 24h");
  return std::stod(text.substr(0, text.size() - 1));
}

char letter(Level level) { return "nbyor"[static_cast<std::size_t>(level)]; }
char letter(Health health) { return "ldts"[static_cast<std::size_t>(health)]; }

constexpr int kRestBefore = 10;
constexpr double kSilent_h = 60.0;

struct Slope {
  TargetInput target;
  std::vector<std::size_t> came;  ///< Numbers of the samples written that came, in the order of the series.
  double step_h = 24.0;
};

Instant instant_of(const Slope& slope, double sample) {
  return kSeriesStart + duration_from_seconds(3600.0 * slope.step_h * (kRestBefore - 1 + sample));
}

Slope slope_of(const Case& c) {
  Slope slope;
  if (c.lines.contains("every")) slope.step_h = hours_of(c.lines.at("every"));
  TimeSeries& s = slope.target.series;
  s.target = "T";
  s.kind = SensorKind::extensometer;
  s.components = {"displacement"};
  for (int i = 0; i < kRestBefore; ++i) s.push(instant_of(slope, i - kRestBefore + 1), {0.0});
  const bool positions = c.lines.contains("mm");
  double x_mm = 0.0;
  const auto row = words(c.lines.at(positions ? "mm" : "mm/day"));
  for (std::size_t i = 0; i < row.size(); ++i) {
    const char mark = row[i][0];
    if (row[i] == "-") continue;
    const double number = std::stod(mark == 'x' || mark == '^' ? row[i].substr(1) : row[i]);
    if (positions) {
      x_mm = number;
    } else if (mark != '^') {
      x_mm += number * slope.step_h / 24.0;
    }
    s.push(instant_of(slope, static_cast<double>(i) + 1.0), {(mark == '^' ? x_mm + number : x_mm) / 1000.0}, {},
           mark == 'x' ? kFlagLowQuality : kFlagNone);
    slope.came.push_back(i);
  }
  slope.target.max_silence_h = kSilent_h;
  return slope;
}

Policy policy_of(const Case& c) {
  Policy policy = simple_policy();
  for (PolicyRule& rule : policy.rules) rule.k_sigma = 0.0;
  if (!c.lines.contains("set")) return policy;
  for (const std::string& word : words(c.lines.at("set"))) {
    const std::string key = word.substr(0, word.find('='));
    const std::string value = word.substr(word.find('=') + 1);
    if (key == "off_delay_h") {
      policy.timing.off_delay_h = std::stod(value);
    } else if (key == "confirm_samples") {
      policy.timing.confirm_samples = std::stoll(value);
    } else if (key == "release_factor") {
      policy.timing.release_factor = std::stod(value);
    } else if (key == "latch_from") {
      policy.timing.latch_from = parse_level(value).value();
    } else {
      throw std::runtime_error("there is no \"" + key + "\" in [timing]");
    }
  }
  return policy;
}

std::vector<Act> acts_of(const Case& c, const Slope& slope) {
  std::vector<Act> acts;
  for (const std::string& text : c.acts) {
    const auto w = words(text);
    if (w.size() != 3 || (w[1] != "ack" && w[1] != "release")) throw std::runtime_error("what is the act \"" + text + "\"?");
    acts.push_back(
        {w[1] == "release" ? Act::Kind::release : Act::Kind::acknowledge, "T", w[2], "seen", instant_of(slope, std::stod(w[0]))});
  }
  return acts;
}

History judge(Slope slope, std::size_t samples, const Policy& policy, const std::vector<Act>& acts, Instant now) {
  std::vector<std::size_t> keep(samples);
  for (std::size_t i = 0; i < samples; ++i) keep[i] = i;
  slope.target.series = select(slope.target.series, keep);
  clean(slope.target.series, CleanOptions{});
  return judge_targets({slope.target}, policy, acts, now, highwall::Run(1))[0];
}

class LampCase : public testing::TestWithParam<Case> {};

TEST_P(LampCase, Holds) {
  const Case& c = GetParam();
  const Slope slope = slope_of(c);
  const Policy policy = policy_of(c);
  const std::vector<Act> acts = acts_of(c, slope);
  const TimeSeries& s = slope.target.series;
  std::string levels;
  std::string healths;
  std::string live;
  const History whole = judge(slope, s.size(), policy, acts, s.time.back());
  int sample = 0;
  for (const LampEntry& e : whole.entries) {
    if (e.cause != LampEntry::Cause::sample || ++sample <= kRestBefore) continue;
    levels += letter(e.level);
    healths += letter(e.health);
    const History then = judge(slope, static_cast<std::size_t>(sample), policy, acts, e.at);
    live += letter(then.entries.back().level);
  }
  const auto joined = [&](const char* key) {
    std::string out;
    for (const std::string& word : words(c.lines.at(key))) out += word;
    return out;
  };
  EXPECT_EQ(levels, joined("level")) << c.file;
  EXPECT_EQ(live, joined("level")) << c.file << ": sample by sample";
  if (c.lines.contains("health")) {
    EXPECT_EQ(healths, joined("health")) << c.file;
  }
  if (c.lines.contains("later")) {
    const auto w = words(c.lines.at("later"));
    const History later = judge(slope, s.size(), policy, acts, s.time.back() + duration_from_seconds(3600.0 * hours_of(w.at(0))));
    EXPECT_EQ(std::string(1, letter(later.entries.back().level)), w.at(1)) << c.file << ": later";
    EXPECT_EQ(std::string(1, letter(later.entries.back().health)), w.at(2)) << c.file << ": later";
  }
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
  std::string name;
  bool up = true;
  for (const char ch : info.param.lines.at("case")) {
    if (std::isalnum(static_cast<unsigned char>(ch)) == 0) {
      up = true;
      continue;
    }
    name += up ? static_cast<char>(std::toupper(static_cast<unsigned char>(ch))) : ch;
    up = false;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Text, LampCase, testing::ValuesIn(all_cases()), name_of_case);

}  // namespace
}  // namespace highwall
