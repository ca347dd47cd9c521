#include "io/readers/insar/headers.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "core/printable.hpp"
#include "io/readers/text.hpp"

namespace highwall::insar {

KeyValues::KeyValues(std::string_view text, std::string file, char separator) : file_(std::move(file)) {
  if (looks_binary(text.substr(0, 4096))) {
    throw Error(ErrorKind::input, "this is no text", file_, "a header is a text of keys and values");
  }
  std::string_view line;
  for (Lines lines(text); lines.next(line);) {
    line = trim(line);
    const std::size_t end = separator == ':' ? line.find(':') : line.find_first_of(" \t");
    if (end == std::string_view::npos || end == 0) continue;
    const std::string_view value = trim(line.substr(end + 1));
    entries_.try_emplace(std::string(trim(line.substr(0, end))), Entry{std::string(value), lines.number()});
  }
}

std::string KeyValues::where(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? file_ : fmt::format("{}:{}", file_, found->second.line);
}

std::optional<std::string> KeyValues::text(const std::string& key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  return found->second.value;
}

std::optional<double> KeyValues::number(const std::string& key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  const std::string_view value = found->second.value;
  const auto number = to_number(value.substr(0, value.find_first_of(" \t")));
  if (!number || !std::isfinite(*number)) {
    throw Error(ErrorKind::input, fmt::format("{} is \"{}\", which is no number", key, printable(value.substr(0, 60))),
                where(key));
  }
  return number;
}

std::optional<std::size_t> KeyValues::count(const std::string& key) const {
  const auto value = number(key);
  if (!value) return std::nullopt;
  if (!(*value >= 1.0 && *value <= std::numeric_limits<std::int32_t>::max()) || *value != std::floor(*value)) {
    throw Error(ErrorKind::input, fmt::format("{} is {}, which is no number of pixels", key, *value), where(key));
  }
  return static_cast<std::size_t>(*value);
}

}  // namespace highwall::insar
