#include "core/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace highwall {
namespace {

template <class... Ts>
struct Overload : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overload(Ts...) -> Overload<Ts...>;

std::string quoted(const std::string& s) { return "\"" + s + "\""; }

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

}  // namespace

std::string to_text(const OptionValue& value) {
  return std::visit(
      Overload{[](bool b) { return std::string(b ? "true" : "false"); }, [](std::int64_t i) { return fmt::format("{}", i); },
               [](double d) { return fmt::format("{}", d); }, [](const std::string& s) { return quoted(s); },
               [](const std::vector<double>& v) { return fmt::format("[{}]", fmt::join(v, ", ")); },
               [](const std::vector<std::string>& v) {
                 std::string text;
                 for (const std::string& s : v) text += (text.empty() ? "" : ", ") + quoted(s);
                 return "[" + text + "]";
               }},
      value);
}

Rule anything() { return {}; }
Rule at_least(double smallest) {
  return {fmt::format(">= {}", smallest), [smallest](double v) { return v >= smallest; }, {}};
}
Rule above(double limit) {
  return {fmt::format("> {}", limit), [limit](double v) { return v > limit; }, {}};
}
Rule between(double smallest, double largest) {
  return {
      fmt::format("{} to {}", smallest, largest), [smallest, largest](double v) { return v >= smallest && v <= largest; }, {}};
}
Rule one_of(std::vector<std::string> words) { return {fmt::format("{}", fmt::join(words, " | ")), {}, std::move(words)}; }

std::string help_text(const std::vector<OptionSpec>& specs) {
  std::string text;
  for (const OptionSpec& spec : specs) {
    text += fmt::format("  {:<34} {}{}{}\n", spec.name + " = " + to_text(spec.standard),
                        spec.unit.empty() ? "" : "[" + spec.unit + "] ", spec.help,
                        spec.rule.text.empty() ? "" : " (" + spec.rule.text + ")");
  }
  return text;
}

std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    while (!part.empty() && (part.front() == ' ' || part.front() == '\t')) part.remove_prefix(1);
    while (!part.empty() && (part.back() == ' ' || part.back() == '\t')) part.remove_suffix(1);
    parts.emplace_back(part);
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

std::string nearest_word(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

namespace detail {

bool read(const OptionValue& from, bool& to) {
  const bool* value = std::get_if<bool>(&from);
  if (value != nullptr) to = *value;
  return value != nullptr;
}

bool read(const OptionValue& from, std::int64_t& to) {
  if (const auto* value = std::get_if<std::int64_t>(&from)) {
    to = *value;
    return true;
  }
  const auto* real = std::get_if<double>(&from);
  if (real == nullptr || std::trunc(*real) != *real || std::abs(*real) > 9e15) return false;
  to = static_cast<std::int64_t>(*real);
  return true;
}

bool read(const OptionValue& from, double& to) {
  if (const auto* integer = std::get_if<std::int64_t>(&from)) {
    to = static_cast<double>(*integer);
    return true;
  }
  const auto* value = std::get_if<double>(&from);
  if (value != nullptr) to = *value;
  return value != nullptr;
}

bool read(const OptionValue& from, std::string& to) {
  const auto* value = std::get_if<std::string>(&from);
  if (value != nullptr) to = *value;
  return value != nullptr;
}

bool read(const OptionValue& from, std::vector<double>& to) {
  if (const auto* list = std::get_if<std::vector<double>>(&from)) {
    to = *list;
    return true;
  }
  double one = 0.0;
  if (!read(from, one)) return false;
  to = {one};
  return true;
}

bool read(const OptionValue& from, std::vector<std::string>& to) {
  if (const auto* list = std::get_if<std::vector<std::string>>(&from)) {
    to = *list;
    return true;
  }
  const auto* numbers = std::get_if<std::vector<double>>(&from);
  if (numbers != nullptr && numbers->empty()) {
    to.clear();
    return true;
  }
  std::string one;
  if (!read(from, one)) return false;
  to = {one};
  return true;
}

void check_rule(const OptionSpec& spec, const OptionValue& value, const std::string& where) {
  const auto number_ok = [&](double v) { return std::isfinite(v) && (!spec.rule.number || spec.rule.number(v)); };
  const auto word_ok = [&](const std::string& s) {
    return spec.rule.words.empty() || std::find(spec.rule.words.begin(), spec.rule.words.end(), s) != spec.rule.words.end();
  };
  const bool ok =
      std::visit(Overload{[](bool) { return true; }, [&](std::int64_t i) { return number_ok(static_cast<double>(i)); },
                          [&](double d) { return number_ok(d); }, [&](const std::string& s) { return word_ok(s); },
                          [&](const std::vector<double>& v) { return std::all_of(v.begin(), v.end(), number_ok); },
                          [&](const std::vector<std::string>& v) { return std::all_of(v.begin(), v.end(), word_ok); }},
                 value);
  if (ok) return;
  const std::string unit = spec.unit.empty() ? "" : " " + spec.unit;
  throw Error(ErrorKind::config,
              fmt::format("{} = {} is not allowed: it must be {}{}", spec.name, to_text(value),
                          spec.rule.text.empty() ? "finite" : spec.rule.text, unit),
              where);
}

void throw_unknown(std::string_view name, const std::vector<OptionSpec>& known, const std::string& where) {
  std::vector<std::string> names;
  for (const OptionSpec& spec : known) names.push_back(spec.name);
  const std::string near = nearest_word(name, names);
  throw Error(ErrorKind::config, fmt::format("unknown option \"{}\"", name), where,
              near.empty() ? fmt::format("known: {}", fmt::join(names, ", ")) : fmt::format("did you mean \"{}\"?", near));
}

void throw_wrong_type(const OptionSpec& spec, const OptionValue& value, const std::string& where) {
  throw Error(ErrorKind::config, fmt::format("{} = {} has the wrong type: a {} is wanted", spec.name, to_text(value), spec.type),
              where);
}

}  // namespace detail
}  // namespace highwall
