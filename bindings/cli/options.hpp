#pragma once

#include <CLI/CLI.hpp>
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
/// Reads a flag's text as the type of its option. @throws Error(config)
OptionValue parse_value(const OptionSpec& spec, const std::string& text);

/// Flags made from a struct's describe(): name, unit, range, default and text are written once.
template <class Options>
class OptionFlags {
 public:
  /// Adds a flag for every option but those in `except`, under the heading `group` of --help.
  OptionFlags(CLI::App& app, const std::vector<std::string>& except = {}, const std::string& group = "Options")
      : specs_(list_options<Options>()) {
    for (const OptionSpec& spec : specs_) {
      if (std::find(except.begin(), except.end(), spec.name) != except.end()) continue;
      std::string help = spec.help;
      if (!spec.rule.text.empty()) help += " (" + spec.rule.text + ")";
      auto* option = app.add_option(flag_of(spec.name), texts_[spec.name], help);
      option->default_str(to_text(spec.standard));
      option->type_name(spec.unit.empty() ? spec.type : spec.unit)->group(group);
    }
  }
  /// Applies what was given. @throws Error(config) naming the flag.
  Options get() const {
    Options options;
    for (const OptionSpec& spec : specs_) {
      const auto text = texts_.find(spec.name);
      if (text == texts_.end() || text->second.empty()) continue;
      set_option(options, spec.name, parse_value(spec, text->second), flag_of(spec.name));
    }
    validate(options, "command line");
    return options;
  }

 private:
  std::vector<OptionSpec> specs_;
  std::map<std::string, std::string> texts_;
};

/// The real clock: read here, as the default of --now, and handed down.
Instant clock_now();
/// --now, or the clock. @throws Error(config)
Instant now_or_clock(const std::string& text);

}  // namespace highwall::cli
