#include "core/warning.hpp"

#include <array>
#include <cstddef>

namespace highwall {
namespace {

constexpr std::array<std::string_view, 5> kLevels{"none", "blue", "yellow", "orange", "red"};
constexpr std::array<std::string_view, 4> kHealths{"live", "degraded", "stale", "silent"};

template <class Enum, std::size_t N>
std::optional<Enum> parse(const std::array<std::string_view, N>& names, std::string_view word) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == word) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Level level) noexcept { return kLevels[static_cast<std::size_t>(level)]; }
std::string_view name_of(Health health) noexcept { return kHealths[static_cast<std::size_t>(health)]; }
std::optional<Level> parse_level(std::string_view word) noexcept { return parse<Level>(kLevels, word); }
std::optional<Health> parse_health(std::string_view word) noexcept { return parse<Health>(kHealths, word); }

bool read_word(std::string_view word, Level& level) noexcept {
  const auto known = parse_level(word);
  if (known) level = *known;
  return known.has_value();
}

}  // namespace highwall
