#include "io/readers/scans/scan_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/error.hpp"

namespace highwall {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Digits from `at` on, without leading zeros.
std::string_view digits_at(std::string_view text, std::size_t& at) {
  while (at < text.size() && text[at] == '0') ++at;
  const std::size_t begin = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  return text.substr(begin, at - begin);
}

/// Negative, zero, positive as a comes before, with or after b.
int compare_names(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      const std::string_view x = digits_at(a, i);
      const std::string_view y = digits_at(b, j);
      if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
      if (const int order = x.compare(y); order != 0) return order;
    } else {
      if (a[i] != b[j]) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]) ? -1 : 1;
      ++i;
      ++j;
    }
  }
  if (a.size() - i != b.size() - j) return a.size() - i < b.size() - j ? -1 : 1;
  return a.compare(b);
}

}  // namespace

std::optional<std::int64_t> counter_of(const std::filesystem::path& file) {
  const std::string stem = file.stem().string();
  std::size_t end = stem.size();
  while (end > 0 && !is_digit(stem[end - 1])) --end;
  std::size_t begin = end;
  while (begin > 0 && is_digit(stem[begin - 1])) --begin;
  if (begin == end || end - begin > 18) return std::nullopt;
  return std::stoll(stem.substr(begin, end - begin));
}

void sort_by_name(std::vector<std::filesystem::path>& files) {
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    const int order = compare_names(a.filename().string(), b.filename().string());
    return order != 0 ? order < 0 : a < b;
  });
}

std::vector<std::size_t> places_by_counter(const std::vector<std::filesystem::path>& files) {
  std::vector<std::size_t> places(files.size());
  std::vector<std::int64_t> counters;
  for (std::size_t i = 0; i < files.size(); ++i) {
    places[i] = i;
    if (const auto counter = counter_of(files[i])) counters.push_back(*counter);
  }
  if (counters.size() != files.size() || files.size() < 2) return places;
  std::int64_t step = counters[1] - counters[0];
  for (std::size_t i = 1; i < counters.size(); ++i) {
    const std::int64_t difference = counters[i] - counters[i - 1];
    if (difference <= 0) {
      throw Error(ErrorKind::input, fmt::format("its number does not follow that of {}", files[i - 1].string()),
                  files[i].string(), "give each scan once, of one radar");
    }
    step = std::min(step, difference);
  }
  const std::int64_t span = (counters.back() - counters.front()) / step;
  for (std::size_t i = 0; i < counters.size(); ++i) {
    const std::int64_t offset = counters[i] - counters.front();
    if (offset % step != 0 || span > 2 * static_cast<std::int64_t>(files.size())) {
      throw Error(ErrorKind::input,
                  fmt::format("the numbers in the names, {} to {}, do not count scans", counters.front(), counters.back()),
                  files[i].string(), "if they are times, give --instant filename:PATTERN instead of --start and --interval-s");
    }
    places[i] = static_cast<std::size_t>(offset / step);
  }
  return places;
}

}  // namespace highwall
