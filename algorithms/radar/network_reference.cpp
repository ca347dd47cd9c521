#include "algorithms/radar/network_reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "algorithms/radar/closure_statistics.hpp"
#include "core/error.hpp"
#include "core/statistics.hpp"

namespace highwall {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{64} << 20U;

bool read_number(std::string_view text, std::size_t& number) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return code == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool read_range(std::string_view text, std::size_t& begin, std::size_t& end) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    if (!read_number(text, begin)) return false;
    end = begin + 1;
    return true;
  }
  return read_number(text.substr(0, colon), begin) && read_number(text.substr(colon + 1), end) && begin < end;
}

double robust_mean(std::vector<double> values) {
  const double middle = median(values);
  std::vector<double> off;
  for (const double v : values) off.push_back(std::abs(v - middle));
  const double reach = 3.0 * 1.4826 * median(off);
  double sum = 0.0, count = 0.0;
  for (const double v : values) {
    if (std::abs(v - middle) > reach) continue;
    sum += v;
    count += 1.0;
  }
  return sum / count;
}

/// How good a pixel is as a reference: larger is better, NaN where a pair has no phase.
class PixelMerit {
 public:
  explicit PixelMerit(const InterferogramSource& source) : network_(source.network()), merit_(network_.cells(), 0.0F) {}

  void add_rows(const InterferogramSource& source, std::size_t begin, std::size_t end) {
    const std::size_t width = network_.geometry.cols;
    const std::size_t block = (end - begin) * width;
    std::vector<float> phase(network_.pairs.size() * block);
    std::vector<float> coherence(network_.has_coherence ? phase.size() : 0);
    source.read_rows(begin, end, phase, coherence);
    restore_reference(network_, begin, end, phase);
    for (std::size_t p = 0; p < network_.pairs.size(); ++p) {
      const float* of_pair = phase.data() + p * block;
      for (std::size_t i = 0; i < block; ++i) {
        float& merit = merit_[begin * width + i];
        if (!(of_pair[i] == of_pair[i])) {
          merit = std::numeric_limits<float>::quiet_NaN();
        } else if (!coherence.empty()) {
          const float c = coherence[p * block + i];
          if (c == c) merit += c;
        } else {
          merit -= roughness(of_pair, i, width);
        }
      }
    }
  }
  const std::vector<float>& merit() const noexcept { return merit_; }

 private:
  /// Squared step to the neighbour before, of phase that need not be unwrapped.
  static float roughness(const float* phase, std::size_t i, std::size_t width) {
    if (i % width == 0) return 0.0F;
    const double step = static_cast<double>(phase[i]) - static_cast<double>(phase[i - 1]);
    return step == step ? static_cast<float>(1.0 - std::cos(step)) : 2.0F;
  }

  const InterferogramNetwork& network_;
  std::vector<float> merit_;
};

/// The window of side 2 h + 1 of the highest sum; edges of a twentieth are left out where that leaves anything.
std::optional<PixelArea> best_window(const GridGeometry& g, const std::vector<float>& merit, std::size_t h) {
  const std::size_t rows = g.rows, cols = g.cols;
  const auto margin = [&](std::size_t n) { return n > 20 + 2 * h ? std::max(n / 20, h) : h; };
  std::optional<PixelArea> best;
  double highest = -std::numeric_limits<double>::infinity();
  for (std::size_t r = margin(rows); r + margin(rows) < rows; ++r) {
    for (std::size_t c = margin(cols); c + margin(cols) < cols; ++c) {
      double sum = 0.0;
      for (std::size_t y = r - h; y <= r + h; ++y) {
        for (std::size_t x = c - h; x <= c + h; ++x) sum += static_cast<double>(merit[y * cols + x]);
      }
      if (!(sum > highest)) continue;
      highest = sum;
      best = PixelArea{r - h, r + h + 1, c - h, c + h + 1};
    }
  }
  return best;
}

}  // namespace

PixelArea parse_pixel_area(const std::string& text, const std::string& where) {
  const std::size_t comma = text.find(',');
  PixelArea area;
  if (comma == std::string::npos || !read_range(std::string_view(text).substr(0, comma), area.row0, area.row1) ||
      !read_range(std::string_view(text).substr(comma + 1), area.col0, area.col1)) {
    throw Error(ErrorKind::config, fmt::format("\"{}\" is no place in the raster", text), where,
                "write ROW,COL or ROW:ROW,COL:COL, counted from 0, or auto");
  }
  return area;
}

void restore_reference(const InterferogramNetwork& network, std::size_t row_begin, std::size_t row_end,
                       std::vector<float>& phase) {
  if (!network.reference) return;
  const auto [row, col] = *network.reference;
  if (row < row_begin || row >= row_end) return;
  const std::size_t block = (row_end - row_begin) * network.geometry.cols;
  for (std::size_t p = 0; p < network.pairs.size(); ++p) {
    float& at = phase[p * block + (row - row_begin) * network.geometry.cols + col];
    if (!(at == at)) at = 0.0F;
  }
}

NetworkReference reference_of(const InterferogramSource& source, const PixelArea& area, const Run& run) {
  const InterferogramNetwork& network = source.network();
  if (area.row1 > network.geometry.rows || area.col1 > network.geometry.cols) {
    throw Error(
        ErrorKind::config,
        fmt::format("the reference lies outside of the raster of {} x {} pixels", network.geometry.rows, network.geometry.cols),
        "--reference");
  }
  std::vector<std::vector<double>> values(network.pairs.size());
  const std::size_t most = rows_at_once(source, kBlockBytes);
  for (std::size_t begin = area.row0; begin < area.row1; begin += most) {
    run.check_stop();
    const std::size_t end = std::min(area.row1, begin + most);
    const std::size_t block = (end - begin) * network.geometry.cols;
    std::vector<float> phase(network.pairs.size() * block);
    source.read_rows(begin, end, phase, {});
    restore_reference(network, begin, end, phase);
    for (std::size_t p = 0; p < network.pairs.size(); ++p) {
      for (std::size_t r = 0; r < end - begin; ++r) {
        for (std::size_t c = area.col0; c < area.col1; ++c) {
          const float v = phase[p * block + r * network.geometry.cols + c];
          if (v == v) values[p].push_back(v);
        }
      }
    }
  }
  NetworkReference out;
  out.area = area;
  out.how = "given";
  const std::size_t pixels = (area.row1 - area.row0) * (area.col1 - area.col0);
  for (std::size_t p = 0; p < network.pairs.size(); ++p) {
    if (2 * values[p].size() < pixels || values[p].empty()) {
      throw Error(ErrorKind::input, fmt::format("the reference has no phase in interferogram {}", network.pairs[p].name),
                  "--reference", "choose a place that all interferograms see, or auto");
    }
    out.phase_rad.push_back(robust_mean(std::move(values[p])));
  }
  return out;
}

NetworkReference find_reference(const InterferogramSource& source, const Run& run) {
  const GridGeometry& g = source.network().geometry;
  PixelMerit merit(source);
  const std::size_t step = rows_at_once(source, kBlockBytes);
  for (std::size_t begin = 0; begin < g.rows; begin += step) {
    run.check_stop();
    merit.add_rows(source, begin, std::min(g.rows, begin + step));
    run.progress("reference", begin, g.rows);
  }
  for (const std::size_t h : {2U, 1U, 0U}) {
    const std::optional<PixelArea> best = best_window(g, merit.merit(), h);
    if (!best) continue;
    NetworkReference out = reference_of(source, *best, run);
    out.how = source.network().has_coherence ? "found: highest mean coherence of what all pairs see"
                                             : "found: smoothest phase of what all pairs see";
    return out;
  }
  throw Error(ErrorKind::input, "no pixel has a phase in all interferograms, so there is no reference", "--reference",
              "name one, or leave out the interferograms that show little");
}

}  // namespace highwall
