#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.hpp"
#include "io/readers/reader.hpp"

/// Every sample of a series has all that belongs to it.
inline bool is_whole(const highwall::TimeSeries& s) {
  const std::size_t n = s.size();
  return s.value_m.size() == n * s.width() && s.sigma_m.size() == n * s.width() && s.flags.size() == n &&
         (s.covariance_m2.empty() || s.covariance_m2.size() == 3 * n) &&
         (s.time_dejittered.empty() || s.time_dejittered.size() == n);
}

/// Feeds bytes to one reader, by day and as in the night: it may refuse them as input or configuration,
/// and nothing else may happen.
inline int feed_reader(const char* format, const char* name, const std::uint8_t* data, std::size_t size,
                       const highwall::ReadOptions& told = {}) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const bool strict : {false, true}) {
    highwall::ReadOptions options = told;
    options.format = format;
    options.max_rejected_share = 1.0;
    options.strict = strict;
    if (strict) {
      options.sign = "toward_negative";
      options.unit = "mm";
      options.time_zone = "America/Santiago";
      options.box = {-1e9, -1e9, 1e9, 1e9};
      options.resolution = 1.0;
    }
    try {
      const highwall::Reading reading = highwall::read_input({name, bytes}, options, highwall::Run(1));
      if (const auto* series = std::get_if<std::vector<highwall::TimeSeries>>(&reading.data)) {
        for (const highwall::TimeSeries& s : *series) {
          if (!is_whole(s)) std::abort();
        }
      }
    } catch (const highwall::Error& e) {
      if (e.kind() == highwall::ErrorKind::internal) std::abort();
    }
  }
  return 0;
}
