#include "bindings/cli/options.hpp"

#include <charconv>
#include <chrono>

namespace highwall::cli {
namespace {

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

double number_of(const OptionSpec& spec, const std::string& text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(ErrorKind::config, "\"" + text + "\" is not a number", flag_of(spec.name));
  }
  return value;
}

}  // namespace

std::string flag_of(const std::string& name) {
  std::string flag = "--" + name;
  for (char& c : flag) {
    if (c == '_') c = '-';
  }
  return flag;
}

OptionValue parse_value(const OptionSpec& spec, const std::string& text) {
  if (spec.type == "text") return text;
  if (spec.type == "boolean") return text == "true" || text == "1" || text == "yes";
  if (spec.type == "number") return number_of(spec, text);
  if (spec.type == "integer") {
    const double v = number_of(spec, text);
    return v;
  }
  if (spec.type == "list of texts") return split_list(text);
  std::vector<double> numbers;
  for (const std::string& part : split_list(text)) numbers.push_back(number_of(spec, part));
  return numbers;
}

Instant clock_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return Instant{std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
}

Instant now_or_clock(const std::string& text) {
  if (text.empty()) return clock_now();
  const auto t = parse_iso8601(text);
  if (!t) throw Error(ErrorKind::config, "\"" + text + "\" is no ISO 8601 instant", "--now", "e.g. 2026-03-01T00:00:00Z");
  return *t;
}

}  // namespace highwall::cli
