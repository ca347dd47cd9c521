#pragma once

#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "io/readers/reader.hpp"

/// Feeds bytes to one reader: it may refuse them with an Error, and nothing else may happen.
inline int feed_reader(const char* format, const char* name, const std::uint8_t* data, std::size_t size) {
  highwall::ReadOptions options;
  options.format = format;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    highwall::read_input({name, bytes}, options, highwall::Run(1));
  } catch (const highwall::Error&) {
  }
  return 0;
}
