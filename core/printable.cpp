#include "core/printable.hpp"

#include <fmt/format.h>

#include <cctype>

namespace highwall {
namespace {

constexpr std::size_t kLongestTarget = 200;

/// Bytes of the character that begins at `at`; 0 when it is none.
std::size_t character(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first < 0xE0   ? 2
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  const unsigned second = byte(1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0)) return 0;
  if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90)) return 0;
  return length;
}

/// C0, DEL and C1 controls.
bool is_control(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  return first < 0x20 || first == 0x7F ||
         (first == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0);
}

bool is_hex(std::string_view text, std::size_t at) {
  return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at])) != 0;
}

}  // namespace

std::string printable(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = character(bytes, at);
    const bool looks_escaped = bytes[at] == '%' && is_hex(bytes, at + 1) && is_hex(bytes, at + 2);
    if (length > 0 && !looks_escaped && !is_control(bytes, at)) {
      out += bytes.substr(at, length);
      at += length;
      continue;
    }
    for (const std::size_t end = at + (length == 0 ? 1 : length); at < end; ++at) {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(bytes[at]));
    }
  }
  return out;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

bool is_blank(std::string_view text) {
  while (!text.empty()) {
    if (static_cast<unsigned char>(text.front()) <= ' ') {
      text.remove_prefix(1);
      continue;
    }
    bool found = false;
    for (const std::string_view wide : {"\u00A0", "\u2002", "\u2003", "\u2009", "\u200B", "\u3000", "\uFEFF"}) {
      if (!text.starts_with(wide)) continue;
      text.remove_prefix(wide.size());
      found = true;
      break;
    }
    if (!found) return false;
  }
  return true;
}

bool has_control_characters(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_control(text, at)) return true;
  }
  return false;
}

std::string target_name_defect(std::string_view name) {
  if (name.empty()) return "a target has no name";
  const std::string shown = printable(name.substr(0, 40));
  if (name.size() > kLongestTarget)
    return fmt::format("the target's name \"{}...\" is longer than {} bytes", shown, kLongestTarget);
  if (!is_utf8(name)) return fmt::format("the target's name \"{}\" is not UTF-8", shown);
  if (name == "." || name == "..") return fmt::format("\"{}\" is no name for a target", shown);
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (name[at] == '/' || is_control(name, at))
      return fmt::format("the target's name \"{}\" holds a control character or '/'", shown);
  }
  return {};
}

}  // namespace highwall
