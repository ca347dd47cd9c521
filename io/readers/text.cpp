#include "io/readers/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "core/error.hpp"

namespace highwall {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kUnits{
    {{"mm", "mm"}, {"cm", "cm"}, {"m", "m"}, {"毫米", "mm"}, {"厘米", "cm"}, {"米", "m"}}};

constexpr std::size_t kLongestLine = std::size_t{1} << 20U;

}  // namespace

Lines::Lines(std::string_view text) : text_(text) {
  if (text_.substr(0, 3) == "\xEF\xBB\xBF") position_ = 3;
}

bool Lines::next(std::string_view& line) {
  if (position_ >= text_.size()) return false;
  const std::size_t end = std::min(text_.find('\n', position_), text_.size());
  line = text_.substr(position_, end - position_);
  position_ = end + 1;
  ++number_;
  if (line.size() > kLongestLine) {
    throw Error(ErrorKind::input, "the line is longer than 1 MiB: this is no table of text", "line " + std::to_string(number_),
                "the file is damaged or of another format");
  }
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return true;
}

void pulse(const Lines& lines, const Run& run) {
  if (lines.number() % 16384 != 0) return;
  run.check_stop();
  run.progress("read", lines.offset(), lines.bytes());
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::vector<std::string> split(std::string_view line, char separator) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
        fields.back().push_back('"');
        ++i;
      } else {
        quoted = !quoted;
      }
    } else if (line[i] == separator && !quoted) {
      fields.emplace_back();
    } else {
      fields.back().push_back(line[i]);
    }
  }
  for (std::string& field : fields) field = std::string(trim(field));
  return fields;
}

void split_blanks(std::string_view line, std::vector<std::string_view>& fields) {
  fields.clear();
  std::size_t i = 0;
  while (i < line.size()) {
    while (i < line.size() && (line[i] == ' ' || line[i] == '\t')) ++i;
    const std::size_t begin = i;
    while (i < line.size() && line[i] != ' ' && line[i] != '\t') ++i;
    if (i > begin) fields.push_back(line.substr(begin, i - begin));
  }
}

std::optional<double> to_number(std::string_view text) {
  text = trim(text);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> to_number_with_comma(std::string_view text) {
  std::string copy(text);
  std::replace(copy.begin(), copy.end(), ',', '.');
  return to_number(copy);
}

std::optional<long long> to_integer(std::string_view text) {
  text = trim(text);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  long long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::pair<std::string, std::string> name_and_unit(std::string_view field) {
  std::string name = lower(trim(field));
  for (const auto& [word, unit] : kUnits) {
    for (const std::string& tail : {fmt::format("_{}", word), fmt::format("[{}]", word), fmt::format("({})", word),
                                    fmt::format("\uFF08{}\uFF09", word), fmt::format("\u3010{}\u3011", word)}) {
      if (name.size() > tail.size() && name.ends_with(tail)) {
        return {std::string(trim(name.substr(0, name.size() - tail.size()))), std::string(unit)};
      }
    }
  }
  return {name, ""};
}

char guess_separator(std::string_view head) {
  constexpr std::array<char, 4> kCandidates{';', '\t', ',', '|'};
  for (const char c : kCandidates) {
    if (head.find(c) != std::string_view::npos) return c;
  }
  return ' ';
}

bool looks_binary(std::string_view head) {
  return std::any_of(head.begin(), head.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u < 9 || (u > 13 && u < 32 && u != 26 && u != 27);
  });
}

}  // namespace highwall
