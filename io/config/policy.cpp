#include "io/config/policy.hpp"

#include <fmt/format.h>

#include <set>

#include "core/error.hpp"
#include "core/units.hpp"
#include "io/config/toml.hpp"
#include "io/durable/digest.hpp"

namespace highwall {
namespace {

constexpr std::string_view kSchema = "highwall.policy/1";

/// The words of every [[rule]] before they become a PolicyRule.
struct RuleWords {
  std::string name;
  std::string family;
  std::vector<std::string> kinds;
  std::string level;
  std::string source;
  std::string confidence = "unconfirmed";

  static void describe(auto& d) {
    using W = RuleWords;
    d.field(&W::name, "name", "", anything(), "Name of the rule; appears in every message it causes");
    d.field(&W::family, "family", "", anything(), "Criterion that judges it");
    std::vector<std::string> kinds = sensor_kind_words();
    kinds.emplace_back(name_of(SensorKind::unknown));
    d.field(&W::kinds, "kinds", "", one_of(std::move(kinds)), "Sensor kinds it applies to; empty: all that measure displacement");
    d.field(&W::level, "level", "", one_of({"blue", "yellow", "orange", "red"}), "Level that it raises");
    d.field(&W::source, "source", "", anything(), "Where the number comes from");
    d.field(&W::confidence, "confidence", "", one_of({"confirmed", "reference_only", "unconfirmed"}),
            "How far the number may be trusted");
    d.require([](const W& w) { return !w.name.empty() && !w.family.empty() && !w.level.empty(); },
              "a [[rule]] needs a name, a family and a level");
    d.require([](const W& w) { return !w.source.empty(); }, "a [[rule]] needs a source: the citation of its threshold");
  }
};

/// Keys that are some families' own: which, Criterion::parameters says.
struct RuleParameters {
  double window_h = PolicyRule{}.window_h;
  double k_sigma = PolicyRule{}.k_sigma;
  double min_velocity_mm_per_day = 0.0;
  double equal_speed_factor = 0.0;
  double margin_degrees = 0.0;
  double within_sigma = 0.0;

  static void describe(auto& d) {
    using W = RuleParameters;
    d.field(&W::window_h, "window_h", "h", between(0.01, 8760), "Length of the trailing window");
    d.field(&W::k_sigma, "k_sigma", "", between(0, 100), "Tested is value - k sigma");
    d.field(&W::min_velocity_mm_per_day, "min_velocity_mm_per_day", "mm/day", between(0, 1e6), "No level below this velocity");
    d.field(&W::equal_speed_factor, "equal_speed_factor", "", between(0, 1000),
            "The velocity must also be so many times the equal-speed rate");
    d.field(&W::margin_degrees, "margin_degrees", "degrees", between(0, 44), "Added to the threshold");
    d.field(&W::within_sigma, "within_sigma", "", between(0, 10),
            "Met so many sigmas of the equal-speed rate below the angle; for uniform motion");
  }
};

double number_at(const TomlValue& value, std::string_view key, double smallest, double largest) {
  double number = 0.0;
  if (!detail::read(to_option_value(value), number) || !(number >= smallest && number <= largest)) {
    throw Error(ErrorKind::config, fmt::format("{} must be a number from {} to {}", key, smallest, largest), value.where);
  }
  return number;
}

void read_threshold(TableReader& reader, PolicyRule& rule) {
  int found = 0;
  for (const std::string& unit : threshold_units()) {
    const std::string key = "threshold_" + unit;
    const TomlValue* value = reader.find(key);
    if (value == nullptr) continue;
    ++found;
    rule.unit = unit;
    rule.threshold =
        threshold_from(unit, unit == "degrees" ? number_at(*value, key, 1.0, 89.9) : number_at(*value, key, 1e-3, 1e6));
  }
  if (found == 1) return;
  throw Error(ErrorKind::config,
              fmt::format("rule \"{}\" needs exactly one threshold: threshold_{}", rule.name,
                          fmt::join(threshold_units(), ", threshold_")),
              reader.where());
}

PolicyRule read_rule(const TomlValue& value) {
  TableReader reader(value, "[[rule]]");
  RuleWords words;
  reader.read_into(words);
  RuleParameters parameters;
  reader.read_into(parameters);
  PolicyRule rule;
  rule.name = words.name;
  rule.family = words.family;
  for (const std::string& kind : words.kinds) rule.kinds.push_back(parse_sensor_kind(kind).value());
  rule.level = parse_level(words.level).value();
  rule.window_h = parameters.window_h;
  rule.k_sigma = parameters.k_sigma;
  rule.min_velocity_m_per_day = from_mm_per_day(parameters.min_velocity_mm_per_day).value;
  rule.equal_speed_factor = parameters.equal_speed_factor;
  rule.margin_degrees = parameters.margin_degrees;
  rule.within_sigma = parameters.within_sigma;
  rule.source = words.source;
  rule.confidence = words.confidence;
  rule.where = value.where;
  for (const OptionSpec& spec : list_options<RuleParameters>()) {
    if (const TomlValue* written = reader.find(spec.name)) rule.parameters.push_back({spec.name, written->where});
  }
  read_threshold(reader, rule);
  if (rule.unit == "degrees" && rule.threshold + rule.margin_degrees > 89.9) {
    throw Error(ErrorKind::config, fmt::format("rule \"{}\": threshold and margin together exceed 89.9 degrees", rule.name),
                value.where);
  }
  reader.finish();
  return rule;
}

AreaRule read_area_rule(const TomlValue& value) {
  TableReader reader(value, "[[area_rule]]");
  AreaRule rule;
  reader.read_into(rule);
  reader.finish();
  rule.where = value.where;
  if (rule.name.empty()) throw Error(ErrorKind::config, "an [[area_rule]] needs a name", value.where);
  if (rule.source.empty()) {
    throw Error(ErrorKind::config, fmt::format("area_rule \"{}\" needs a source: the citation of its numbers", rule.name),
                value.where);
  }
  return rule;
}

std::string text_of(const TomlValue& value) {
  const auto* text = std::get_if<std::string>(&value.value);
  if (text == nullptr) throw Error(ErrorKind::config, "a text is wanted", value.where);
  return *text;
}

}  // namespace

std::string policy_keys_text() {
  std::string text = "[timing]\n" + help_text(list_options<PolicyTiming>()) + "[floor_sigma_mm]\n";
  for (const auto& [kind, floor] : standard_floor_sigma_m()) {
    text += fmt::format("  {} = {}  sigma of one sample while the series' own noise is not known, mm\n", name_of(kind),
                        1000.0 * floor);
  }
  text += "[[rule]]\n" + help_text(list_options<RuleWords>());
  for (const std::string& unit : threshold_units()) text += "  threshold_" + unit + "  one of these; which, the family says\n";
  text += "[[rule]], keys that only some families take\n" + help_text(list_options<RuleParameters>());
  text += "[[area_rule]], for cells of a radar that hang together\n" + help_text(list_options<AreaRule>());
  return text;
}

Policy parse_policy(std::string_view text, const std::string& name) {
  const TomlValue document = parse_toml(text, name);
  TableReader top(document, "the policy");
  const TomlValue& schema = top.require("schema");
  if (text_of(schema) != kSchema) {
    throw Error(ErrorKind::config, fmt::format("this program reads schema \"{}\"", kSchema), schema.where);
  }
  Policy policy;
  policy.id = text_of(top.require("id"));
  policy.version = text_of(top.require("version"));
  policy.sha256 = sha256_hex(text);
  if (const TomlValue* timing = top.find("timing")) {
    TableReader reader(*timing, "[timing]");
    reader.read_into(policy.timing);
    reader.finish();
  }
  policy.floor_sigma_m = standard_floor_sigma_m();
  if (const TomlValue* floors = top.find("floor_sigma_mm")) {
    TableReader reader(*floors, "[floor_sigma_mm]");
    for (auto& [kind, floor] : policy.floor_sigma_m) {
      const std::string word(name_of(kind));
      if (const TomlValue* value = reader.find(word)) floor = number_at(*value, word, 1e-4, 1e4) / 1000.0;
    }
    reader.finish();
  }
  std::set<std::string> names;
  for (const TomlValue& value : top.tables("rule")) {
    policy.rules.push_back(read_rule(value));
    if (!names.insert(policy.rules.back().name).second) {
      throw Error(ErrorKind::config, fmt::format("two rules are called \"{}\"", policy.rules.back().name), value.where);
    }
  }
  for (const TomlValue& value : top.tables("area_rule")) {
    policy.area_rules.push_back(read_area_rule(value));
    if (!names.insert(policy.area_rules.back().name).second) {
      throw Error(ErrorKind::config, fmt::format("two rules are called \"{}\"", policy.area_rules.back().name), value.where);
    }
  }
  if (policy.rules.empty() && policy.area_rules.empty()) {
    throw Error(ErrorKind::config, "a policy without a [[rule]] would never warn", name);
  }
  top.finish();
  return policy;
}

Policy load_policy(const std::filesystem::path& file) {
  if (file.empty()) return parse_policy(default_policy_text(), "default_policy.toml");
  return parse_policy(load_config_text(file), file.string());
}

}  // namespace highwall
