#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "io/readers/insar/insar.hpp"

namespace highwall {

/// Floats as bytes.
inline std::string float_bytes(const std::vector<float>& values, bool big_endian) {
  std::string bytes(values.size() * sizeof(float), '\0');
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto bits = std::bit_cast<std::uint32_t>(values[i]);
    if (big_endian) bits = __builtin_bswap32(bits);
    std::memcpy(bytes.data() + i * sizeof(float), &bits, sizeof bits);
  }
  return bytes;
}

/// Writes a file and the folders above it.
inline std::filesystem::path put(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

struct OpenedStack {
  std::unique_ptr<InterferogramSource> source;
  Report report;
  const InterferogramNetwork& network() const { return source->network(); }
  bool told(const std::string& part) const {
    for (const std::string& w : report.warnings) {
      if (w.find(part) != std::string::npos) return true;
    }
    return false;
  }
};

inline OpenedStack open_stack(const std::vector<std::filesystem::path>& paths, const InsarOptions& options = {}) {
  OpenedStack opened;
  opened.source = open_interferograms(paths, options, opened.report, Run(1));
  return opened;
}

/// All pixels; rows are read `step` at a time.
struct StackPixels {
  std::vector<float> phase;
  std::vector<float> coherence;
};
inline StackPixels stack_pixels(const InterferogramSource& source, std::size_t step = 1000) {
  const InterferogramNetwork& n = source.network();
  StackPixels all;
  all.phase.resize(n.pairs.size() * n.cells());
  all.coherence.resize(all.phase.size());
  for (std::size_t r = 0; r < n.geometry.rows; r += step) {
    const std::size_t end = std::min(r + step, n.geometry.rows);
    const std::size_t block = (end - r) * n.geometry.cols;
    std::vector<float> phase(block * n.pairs.size());
    std::vector<float> coherence(phase.size());
    source.read_rows(r, end, phase, coherence);
    for (std::size_t p = 0; p < n.pairs.size(); ++p) {
      const std::size_t to = p * n.cells() + r * n.geometry.cols;
      std::memcpy(all.phase.data() + to, phase.data() + p * block, block * sizeof(float));
      std::memcpy(all.coherence.data() + to, coherence.data() + p * block, block * sizeof(float));
    }
  }
  return all;
}

/// Message of the error that opening (and reading) a stack ends with; "" = none.
inline std::string why_not(const std::vector<std::filesystem::path>& paths, ErrorKind kind, const InsarOptions& options = {}) {
  try {
    stack_pixels(*open_stack(paths, options).source);
  } catch (const Error& e) {
    return e.kind() == kind ? e.what() : "another kind: " + std::string(e.what());
  }
  return {};
}

}  // namespace highwall
