#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/error.hpp"

namespace highwall {

/// A value as it comes from TOML, the command line or Python, before it is an option.
using OptionValue = std::variant<bool, std::int64_t, double, std::string, std::vector<double>, std::vector<std::string>>;

/// "3", "0.5", "[1, 3, 6]", "\"auto\"": as TOML writes it.
std::string to_text(const OptionValue& value);

/// What a value must fulfil: a test and the words for it, e.g. ">= 0.01". Numbers of a list are
/// tested one by one.
struct Rule {
  std::string text;                    ///< Empty = anything goes.
  std::function<bool(double)> number;  ///< Empty = no test.
  std::vector<std::string> words;      ///< Allowed words; empty = any.
};

Rule anything();
Rule at_least(double smallest);
Rule above(double limit);
Rule between(double smallest, double largest);
Rule one_of(std::vector<std::string> words);

/// All there is to say about one option; --help, docstrings and error messages are made from it.
struct OptionSpec {
  std::string name;      ///< "normal_radius_m"; the flag is the same with dashes.
  std::string unit;      ///< "m", "h", "mm/day", "" = none.
  std::string type;      ///< "number", "integer", "boolean", "text", "list of numbers", "list of texts".
  OptionValue standard;  ///< The default.
  Rule rule;
  std::string help;
};

/// An enumeration with words: name_of() and read_word() stand beside it.
template <class T>
concept Worded = std::is_enum_v<T> && requires(T v, std::string_view word) {
  { name_of(v) } -> std::convertible_to<std::string_view>;
  { read_word(word, v) } -> std::same_as<bool>;
};

namespace detail {

template <class T>
OptionValue to_value(const T& v) {
  if constexpr (Worded<T>) {
    return std::string(name_of(v));
  } else if constexpr (std::same_as<T, bool>) {
    return v;
  } else if constexpr (std::integral<T>) {
    return static_cast<std::int64_t>(v);
  } else if constexpr (std::floating_point<T>) {
    return static_cast<double>(v);
  } else {
    return v;  // string and lists
  }
}

bool read(const OptionValue& from, bool& to);
bool read(const OptionValue& from, std::int64_t& to);
bool read(const OptionValue& from, double& to);
bool read(const OptionValue& from, std::string& to);
bool read(const OptionValue& from, std::vector<double>& to);
bool read(const OptionValue& from, std::vector<std::string>& to);
template <std::integral T>
requires(!std::same_as<T, bool> && !std::same_as<T, std::int64_t>) bool read(const OptionValue& from, T& to) {
  std::int64_t wide = 0;
  if (!read(from, wide) || !std::in_range<T>(wide)) return false;
  to = static_cast<T>(wide);
  return true;
}

template <Worded T>
bool read(const OptionValue& from, T& to) {
  std::string word;
  return read(from, word) && read_word(word, to);
}

template <class T>
std::string type_name() {
  if constexpr (Worded<T>) return "text";
  if constexpr (std::same_as<T, bool>) return "boolean";
  if constexpr (std::integral<T>) return "integer";
  if constexpr (std::floating_point<T>) return "number";
  if constexpr (std::same_as<T, std::string>) return "text";
  if constexpr (std::same_as<T, std::vector<double>>) return "list of numbers";
  return "list of texts";
}

/// @throws Error(config) naming the option, the value and the rule.
void check_rule(const OptionSpec& spec, const OptionValue& value, const std::string& where);
[[noreturn]] void throw_unknown(std::string_view name, const std::vector<OptionSpec>& known, const std::string& where);
[[noreturn]] void throw_wrong_type(const OptionSpec& spec, const OptionValue& value, const std::string& where);

/// Visits describe() and lists the fields.
template <class Options>
struct Lister {
  std::vector<OptionSpec> specs;
  const Options standard{};
  template <class T>
  void field(T Options::*member, std::string name, std::string unit, Rule rule, std::string help) {
    specs.push_back(
        {std::move(name), std::move(unit), type_name<T>(), to_value(standard.*member), std::move(rule), std::move(help)});
  }
  void require(const std::function<bool(const Options&)>&, const std::string&) {}
};

/// Visits describe() and sets the one field that is named.
template <class Options>
struct Setter {
  Options& options;
  std::string_view name;
  const OptionValue& value;
  const std::string& where;
  bool found = false;
  template <class T>
  void field(T Options::*member, std::string field_name, std::string unit, Rule rule, std::string help) {
    if (field_name != name) return;
    found = true;
    const OptionSpec spec{std::move(field_name),     std::move(unit), type_name<T>(),
                          to_value(options.*member), std::move(rule), std::move(help)};
    T parsed{};
    if (!read(value, parsed)) throw_wrong_type(spec, value, where);
    check_rule(spec, to_value(parsed), where);
    options.*member = std::move(parsed);
  }
  void require(const std::function<bool(const Options&)>&, const std::string&) {}
};

/// Visits describe() and tests every field and every cross-field rule.
template <class Options>
struct Validator {
  const Options& options;
  const std::string& where;
  template <class T>
  void field(T Options::*member, std::string name, std::string unit, Rule rule, std::string help) {
    const OptionSpec spec{std::move(name),           std::move(unit), type_name<T>(),
                          to_value(options.*member), std::move(rule), std::move(help)};
    check_rule(spec, spec.standard, where);
  }
  void require(const std::function<bool(const Options&)>& holds, const std::string& sentence) {
    if (!holds(options)) throw Error(ErrorKind::config, sentence, where);
  }
};

/// Visits describe() and reads the present values.
template <class Options>
struct Reader {
  const Options& options;
  std::vector<std::pair<std::string, OptionValue>> values;
  template <class T>
  void field(T Options::*member, std::string name, std::string, Rule, std::string) {
    values.emplace_back(std::move(name), to_value(options.*member));
  }
  void require(const std::function<bool(const Options&)>&, const std::string&) {}
};

}  // namespace detail

// An options struct has default member initialisers and
//   static void describe(auto& d) {
//     d.field(&M3c2Options::normal_radius_m, "normal_radius_m", "m", at_least(0.01), "Radius of ...");
//     d.require([](const M3c2Options& o) { return ...; }, "a must not exceed b");
//   }

/// Every option of the struct, in the order of its describe().
template <class Options>
std::vector<OptionSpec> list_options() {
  detail::Lister<Options> lister;
  Options::describe(lister);
  return std::move(lister.specs);
}

/// Sets one option by name. `where` ("site.toml:12:3", "--normal-radius-m") goes into the message.
/// @throws Error(config) for an unknown name (with the nearest known one), a wrong type, a bad value.
template <class Options>
void set_option(Options& options, std::string_view name, const OptionValue& value, const std::string& where = {}) {
  detail::Setter<Options> setter{options, name, value, where};
  Options::describe(setter);
  if (!setter.found) detail::throw_unknown(name, list_options<Options>(), where);
}

/// @throws Error(config) when a field or a cross-field rule does not hold.
template <class Options>
void validate(const Options& options, const std::string& where = {}) {
  detail::Validator<Options> validator{options, where};
  Options::describe(validator);
}

/// Name and present value of every option, e.g. for provenance.
template <class Options>
std::vector<std::pair<std::string, OptionValue>> option_values(const Options& options) {
  detail::Reader<Options> reader{options, {}};
  Options::describe(reader);
  return std::move(reader.values);
}

/// An option as somebody wrote it, and the place where it stands ("site.toml:12:3").
struct GivenOption {
  std::string name;
  OptionValue value;
  std::string where;
};

/// Defaults (those of the struct, or the caller's), changed by what was given, checked.
/// @throws Error(config) for an unknown name, a wrong type, a bad value, or a rule that does not hold.
template <class Options>
Options options_from(std::span<const GivenOption> given, const std::string& where = {}, Options options = {}) {
  for (const GivenOption& one : given) set_option(options, one.name, one.value, one.where);
  validate(options, given.empty() ? where : given.front().where);
  return options;
}

/// Lines "  name = default      help (rule), unit" of a struct's options, as a file would have them.
std::string help_text(const std::vector<OptionSpec>& specs);

/// Parts of a text between commas, blanks around them taken off; one empty part of an empty text.
std::vector<std::string> split_commas(std::string_view text);

/// The known word with the smallest edit distance; empty when none is near (more than a third off).
std::string nearest_word(std::string_view word, const std::vector<std::string>& known);

}  // namespace highwall
