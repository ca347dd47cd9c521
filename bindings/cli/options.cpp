#include "bindings/cli/options.hpp"

#include <cctype>
#include <charconv>
#include <chrono>

#include "bindings/pipeline/bare.hpp"

namespace highwall::cli {
namespace {

/// "0, 0, 1", and "[0, 0, 1]" or "[\"a\"]" as --help prints lists.
std::vector<std::string> split_list(const std::string& text, const std::string& flag) {
  std::string_view inner = text;
  const bool open = inner.starts_with('[');
  if (open != inner.ends_with(']')) throw Error(ErrorKind::config, "\"" + text + "\" is not a list", flag, "write a,b,c");
  if (open) inner = inner.substr(1, inner.size() - 2);
  if (inner.find_first_not_of(' ') == std::string_view::npos) return {};
  std::vector<std::string> parts = split_commas(inner);
  for (std::string& part : parts) {
    if (part.size() >= 2 && part.front() == '"' && part.back() == '"') part = part.substr(1, part.size() - 2);
  }
  return parts;
}

bool boolean_of(const std::string& text, const std::string& flag) {
  for (const char* word : {"true", "yes", "on", "1"}) {
    if (text == word) return true;
  }
  for (const char* word : {"false", "no", "off", "0"}) {
    if (text == word) return false;
  }
  throw Error(ErrorKind::config, "\"" + text + "\" is neither true nor false", flag, "write true or false");
}

double number_of(const std::string& text, const std::string& flag) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(ErrorKind::config, "\"" + text + "\" is not a number", flag);
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

OptionValue parse_value(const OptionSpec& spec, const std::string& text, const std::string& flag) {
  if (spec.type == "text") return text;
  if (spec.type == "boolean") return boolean_of(text, flag);
  if (spec.type == "number") return number_of(text, flag);
  if (spec.type == "integer") return number_of(text, flag);
  if (spec.type == "list of texts") return split_list(text, flag);
  std::vector<double> numbers;
  for (const std::string& part : split_list(text, flag)) numbers.push_back(number_of(part, flag));
  return numbers;
}

bool names_word(const std::string& sentence, const std::string& name) {
  const auto is_part = [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; };
  for (std::size_t at = sentence.find(name); at != std::string::npos; at = sentence.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool begins = at == 0 || !is_part(sentence[at - 1]);
    if (begins && (end == sentence.size() || !is_part(sentence[end]))) return true;
  }
  return false;
}

Instant clock_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return Instant{std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
}

Instant now_or_clock(const std::string& text) { return text.empty() ? clock_now() : parse_now(text, "--now"); }

}  // namespace highwall::cli
