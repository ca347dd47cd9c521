#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/options.hpp"
#include "core/time.hpp"

namespace highwall::cli {

/// "normal_radius_m" -> "--normal-radius-m".
std::string flag_of(const std::string& name);
/// Reads the text of `flag` as the type of its option. @throws Error(config)
OptionValue parse_value(const OptionSpec& spec, const std::string& text, const std::string& flag);
/// True when the sentence has the option's name as a word of its own.
bool names_word(const std::string& sentence, const std::string& name);

/// Flags made from a struct's describe(): name, unit, range, default and text are written once.
template <class Options>
class OptionFlags {
 public:
  /// Adds a flag for every option but those in `except`, under the heading `group` of --help; `prefix` before every name.
  OptionFlags(CLI::App& app, const std::vector<std::string>& except = {}, const std::string& group = "Options",
              std::string prefix = {})
      : prefix_(std::move(prefix)) {
    for (OptionSpec& spec : list_options<Options>()) {
      if (std::find(except.begin(), except.end(), spec.name) != except.end()) continue;
      std::string help = spec.help;
      if (!spec.rule.text.empty()) help += " (" + spec.rule.text + ")";
      auto* option = app.add_option(flag_of(prefix_ + spec.name), texts_[spec.name], help);
      option->default_str(to_text(spec.standard));
      option->type_name(spec.unit.empty() ? spec.type : spec.unit)->group(group);
      // CLI11 takes "[0,0,1]" apart before we see it.
      if (spec.type.starts_with("list")) option->multi_option_policy(CLI::MultiOptionPolicy::Join)->delimiter(',');
      flags_.push_back({std::move(spec), option});
    }
  }
  /// Applies what was given to the defaults, or to `options`. @throws Error(config) naming the flag: the program ends with
  /// "usage".
  Options get(Options options = {}) const {
    for (const Flag& flag : flags_) {
      if (flag.option->count() == 0) continue;
      const std::string name = flag_of(prefix_ + flag.spec.name);
      const std::string& text = texts_.at(flag.spec.name);
      if (text.empty() && flag.spec.type != "text") throw Error(ErrorKind::config, "a value is wanted", name);
      set_option(options, flag.spec.name, parse_value(flag.spec, text, name), name);
    }
    try {
      validate(options);
    } catch (const Error& e) {
      throw Error(e.kind(), e.message(), flags_named_in(e.message()), e.hint());
    }
    return options;
  }

  /// Whether any of the flags was given.
  bool any() const {
    return std::any_of(flags_.begin(), flags_.end(), [](const Flag& flag) { return flag.option->count() > 0; });
  }

 private:
  struct Flag {
    OptionSpec spec;
    const CLI::Option* option;
  };

  /// The flags whose options a sentence about several of them names.
  std::string flags_named_in(const std::string& sentence) const {
    std::string names;
    for (const Flag& flag : flags_) {
      if (names_word(sentence, flag.spec.name)) names += (names.empty() ? "" : ", ") + flag_of(prefix_ + flag.spec.name);
    }
    return names;
  }

  std::string prefix_;
  std::vector<Flag> flags_;
  std::map<std::string, std::string> texts_;
};

/// The real clock: read here, as the default of --now, and handed down.
Instant clock_now();
/// --now, or the clock. @throws Error(config)
Instant now_or_clock(const std::string& text);

}  // namespace highwall::cli
