#include "io/readers/insar/names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

#include "io/readers/insar/layers.hpp"
#include "io/readers/text.hpp"

namespace highwall::insar {
namespace {

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

std::size_t digits_from(std::string_view text, std::size_t at) {
  std::size_t n = 0;
  while (at + n < text.size() && is_digit(text[at + n])) ++n;
  return n;
}

/// Letters from `at` that a stamp of so many digits of the date takes; 0 = none.
std::size_t stamp_length(std::string_view text, std::size_t at, std::size_t date_digits) {
  if (digits_from(text, at) != date_digits) return 0;
  std::size_t length = date_digits;
  if (at + length < text.size() && text[at + length] == 'T') {
    const std::size_t clock = digits_from(text, at + length + 1);
    if (clock == 4 || clock == 6) length += 1 + clock;
  }
  return length;
}

std::optional<PairOfInstants> pair_in(std::string_view text, std::size_t date_digits) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_digit(text[i]) || (i > 0 && is_digit(text[i - 1]))) continue;
    const std::size_t one = stamp_length(text, i, date_digits);
    if (one == 0 || i + one >= text.size() || (text[i + one] != '-' && text[i + one] != '_')) continue;
    const std::size_t two = stamp_length(text, i + one + 1, date_digits);
    if (two == 0) continue;
    const auto first = parse_stamp(text.substr(i, one));
    const auto second = parse_stamp(text.substr(i + one + 1, two));
    if (first && second) return PairOfInstants{first->at, second->at, first->has_clock && second->has_clock};
  }
  return std::nullopt;
}

/// "20150803_060519-20150803_060749": clocks behind an underscore, as GPRI names its scans.
std::optional<PairOfInstants> pair_with_clocks(std::string_view text) {
  constexpr std::size_t kStamp = 15;
  for (std::size_t i = 0; i + 2 * kStamp < text.size(); ++i) {
    const auto at = [&](std::size_t begin) -> std::optional<Stamp> {
      if (digits_from(text, begin) != 8 || text[begin + 8] != '_' || digits_from(text, begin + 9) != 6) return std::nullopt;
      return parse_stamp(std::string(text.substr(begin, 8)) + "T" + std::string(text.substr(begin + 9, 6)));
    };
    if (i > 0 && is_digit(text[i - 1])) continue;
    const char between = text[i + kStamp];
    if (between != '-' && between != '_') continue;
    const auto first = at(i);
    const auto second = at(i + kStamp + 1);
    if (first && second) return PairOfInstants{first->at, second->at, true};
  }
  return std::nullopt;
}

std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words(1);
  for (const char c : lower(name)) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      words.back().push_back(c);
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  return words;
}

template <std::size_t N>
bool has_any(const std::vector<std::string>& words, const std::array<std::string_view, N>& of) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& w) { return std::find(of.begin(), of.end(), w) != of.end(); });
}

// What stands in the names of things that are made from interferograms, and of what belongs to files.
constexpr std::array<std::string_view, 31> kOther{"wrapped", "dem",  "hgt", "mask",   "conncomp", "lv",  "theta", "phi",
                                                  "lkangle", "vert", "los", "amp",    "mli",      "vel", "ts",    "error",
                                                  "mean",    "std",  "med", "median", "avg",      "rsc", "par",   "xml",
                                                  "vrt",     "aux",  "hdr", "png",    "kml",      "txt", "json"};
constexpr std::array<std::string_view, 3> kPhase{"unw", "unwrapped", "unwrappedphase"};
constexpr std::array<std::string_view, 6> kCoherence{"cc", "coh", "corr", "cor", "coherence", "phsig"};

}  // namespace

std::optional<Stamp> parse_stamp(std::string_view text) {
  text = trim(text);
  const std::size_t date = digits_from(text, 0);
  if (date == 4 && text.size() >= 10) {
    const auto t = parse_iso8601(text);
    if (t) return Stamp{*t, text.size() > 10};
  }
  if (date != 6 && date != 8) return std::nullopt;
  static constexpr std::array<const char*, 3> kWithCentury{"%Y%m%d", "%Y%m%dT%H%M", "%Y%m%dT%H%M%S"};
  static constexpr std::array<const char*, 3> kWithout{"%y%m%d", "%y%m%dT%H%M", "%y%m%dT%H%M%S"};
  const std::size_t clock = text.size() - date;
  if (clock != 0 && clock != 5 && clock != 7) return std::nullopt;
  const std::size_t kind = clock == 0 ? 0 : (clock == 5 ? 1 : 2);
  const auto civil = parse_civil(text, (date == 8 ? kWithCentury : kWithout)[kind]);
  if (!civil) return std::nullopt;
  const auto t = from_civil_utc(*civil);
  if (!t) return std::nullopt;
  return Stamp{*t, clock != 0};
}

std::optional<PairOfInstants> pair_by_name(const std::filesystem::path& path) {
  std::filesystem::path at = path;
  for (int up = 0; up < 3 && at.has_filename(); ++up, at = at.parent_path()) {
    const std::string name = at.filename().string();
    if (const auto pair = pair_with_clocks(name)) return pair;
    for (const std::size_t date_digits : {std::size_t{8}, std::size_t{6}}) {
      if (const auto pair = pair_in(name, date_digits)) return pair;
    }
  }
  return std::nullopt;
}

bool matches_wildcard(std::string_view name, std::string_view pattern) {
  std::size_t n = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t after_star = 0;
  while (n < name.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] == name[n] && pattern[p] != '*'))) {
      ++n;
      ++p;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after_star = n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++after_star;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::optional<Role> role_by_name(const std::filesystem::path& path, const InsarOptions& options) {
  const std::string name = path.filename().string();
  if (options.phase != "auto" && matches_wildcard(name, options.phase)) return Role::phase;
  const bool told = options.coherence != "auto" && options.coherence != "none";
  if (told && matches_wildcard(name, options.coherence)) return Role::coherence;
  const std::vector<std::string> words = words_of(name);
  if (has_any(words, kOther)) return std::nullopt;
  if (options.phase == "auto" && has_any(words, kPhase)) return Role::phase;
  if (!told && has_any(words, kCoherence)) return Role::coherence;
  return std::nullopt;
}

}  // namespace highwall::insar
