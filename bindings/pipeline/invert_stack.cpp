#include "bindings/pipeline/invert_stack.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <future>
#include <optional>

#include "algorithms/radar/closure_statistics.hpp"
#include "core/error.hpp"

namespace highwall {
namespace {

constexpr std::array<std::string_view, 3> kClosureWords{"off", "report", "correct"};

/// Rows of a stack as they are read.
struct StackRows {
  std::size_t begin = 0, end = 0;
  std::vector<float> phase, coherence;
};

NetworkReference choose_reference(const InterferogramSource& source, const std::string& asked, const Run& run) {
  const InterferogramNetwork& network = source.network();
  if (asked == "auto" || (asked.empty() && !network.reference)) return find_reference(source, run);
  if (!asked.empty()) return reference_of(source, parse_pixel_area(asked, "--reference"), run);
  const auto [row, col] = *network.reference;
  NetworkReference out = reference_of(source, {row, row + 1, col, col + 1}, run);
  out.how = "the stack's own";
  return out;
}

/// Rows of a tile: two tiles are in memory as they come, and the results of one.
std::size_t rows_of_tile(const InterferogramSource& source, bool with_coherence, bool with_sigma, double memory_mb) {
  const InterferogramNetwork& n = source.network();
  const double inputs = 2.0 * static_cast<double>(n.pairs.size()) * (with_coherence ? 2.0 : 1.0);
  const double results = static_cast<double>(n.instants.size()) * (with_sigma ? 2.0 : 1.0) + 32.0;
  const double row_bytes = sizeof(float) * static_cast<double>(n.geometry.cols) * (inputs + results);
  const auto rows = static_cast<std::size_t>(std::clamp(memory_mb * 1e6 / row_bytes, 1.0, static_cast<double>(n.geometry.rows)));
  const std::size_t block = std::max<std::size_t>(1, source.row_block());
  return rows > block ? rows / block * block : rows;
}

class StackReader {
 public:
  StackReader(const InterferogramSource& source, bool with_coherence, std::size_t rows)
      : source_(source), with_coherence_(with_coherence), rows_(rows) {
    start();
  }
  ~StackReader() {
    if (pending_.valid()) pending_.wait();
  }
  StackReader(const StackReader&) = delete;
  StackReader& operator=(const StackReader&) = delete;

  /// The next rows, while those behind them begin to be read; false at the end.
  bool next(StackRows& rows) {
    if (!pending_.valid()) return false;
    pending_.get();
    std::swap(rows, coming_);
    start();
    return true;
  }

 private:
  void start() {
    const InterferogramNetwork& n = source_.network();
    if (at_ == n.geometry.rows) return;
    coming_.begin = at_;
    coming_.end = at_ = std::min(n.geometry.rows, at_ + rows_);
    const std::size_t values = n.pairs.size() * (coming_.end - coming_.begin) * n.geometry.cols;
    coming_.phase.resize(values);
    coming_.coherence.resize(with_coherence_ ? values : 0);
    pending_ = std::async(std::launch::async, [this] {
      source_.read_rows(coming_.begin, coming_.end, coming_.phase, coming_.coherence);
      restore_reference(source_.network(), coming_.begin, coming_.end, coming_.phase);
    });
  }

  const InterferogramSource& source_;
  const bool with_coherence_;
  const std::size_t rows_;
  std::size_t at_ = 0;
  StackRows coming_;
  std::future<void> pending_;
};

/// Counts what the summary says of the pixels.
class PixelTally {
 public:
  void add(const InvertedTile& tile, const FittedTile& fit) {
    constexpr std::size_t kVelocity = 1;
    for (std::size_t c = 0; c < tile.cells; ++c) {
      const double v = fit.value[kVelocity * fit.cells + c];
      if (v == v) velocities_.push_back(static_cast<float>(v));
    }
    for (const PartedCell& p : tile.parted) {
      if (tile.pairs[p.cell] > 0) ++parted_;
    }
  }
  void put_into(StackSummary& s) {
    s.pixels_inverted = velocities_.size();
    s.pixels_bridged = parted_;
    if (velocities_.empty()) return;
    constexpr double kMillimetres = 1000.0;
    const auto [low, high] = std::minmax_element(velocities_.begin(), velocities_.end());
    s.velocity_min = kMillimetres * static_cast<double>(*low);
    s.velocity_max = kMillimetres * static_cast<double>(*high);
    const auto middle = velocities_.begin() + static_cast<std::ptrdiff_t>(velocities_.size() / 2);
    std::nth_element(velocities_.begin(), middle, velocities_.end());
    double median = *middle;
    if (velocities_.size() % 2 == 0)
      median = 0.5 * (median + static_cast<double>(*std::max_element(velocities_.begin(), middle)));
    s.velocity_median = kMillimetres * median;
  }

 private:
  std::vector<float> velocities_;
  std::size_t parted_ = 0;
};

void put_closures(ClosureStatistics&& closures, StackSummary& s) {
  s.closure_counted = true;
  s.pixels_in_all_loops = closures.pixels_in_all_loops;
  s.pixels_with_nonzero_closure = closures.pixels_open;
  s.open_triangles = std::move(closures.open_triangles);
}

StackSummary invert_tiles(const InterferogramSource& source, const InvertSettings& settings, StackSink& sink, const Run& run) {
  const StackOptions& options = settings.stack;
  const InversionOptions& inversion = settings.inversion;
  const InterferogramNetwork& network = source.network();
  const TimeModel model(network.instants, settings.velocity);
  const NetworkReference reference = choose_reference(source, options.reference, run);
  const NetworkInversion inverter(network, reference.phase_rad, inversion);
  const bool with_coherence = inverter.weights() != NetworkWeights::none;
  std::optional<ClosureCounter> closures;
  if (options.closure != ClosureMode::off) closures.emplace(network, reference.phase_rad);

  sink.begin(network, reference, model);
  StackReader reader(source, with_coherence, rows_of_tile(source, with_coherence, inversion.sigma, options.memory_mb));
  StackRows rows;
  InvertedTile tile;
  FittedTile fit;
  PixelTally tally;
  while (reader.next(rows)) {
    run.check_stop();
    const std::size_t cells = (rows.end - rows.begin) * network.geometry.cols;
    inverter.invert({cells, rows.phase, rows.coherence}, tile, run);
    fit_time_model<float>(model, cells, tile.displacement_m, tile.parted, fit, run);
    if (closures) closures->add(rows.begin * network.geometry.cols, cells, rows.phase, run);
    sink.take(rows.begin, rows.end, tile, fit);
    tally.add(tile, fit);
    run.progress("invert", rows.end, network.geometry.rows);
  }

  StackSummary s;
  s.instants = network.instants.size();
  s.pairs = network.pairs.size();
  s.rank = inverter.rank();
  s.triangles = triangles_of(network).size();
  s.pixels = network.cells();
  s.norm = inversion.norm;
  s.weights = inverter.weights();
  s.reference = reference.area;
  s.reference_how = reference.how;
  tally.put_into(s);
  if (closures) put_closures(std::move(*closures).take(), s);
  return s;
}

}  // namespace

std::string_view name_of(ClosureMode mode) noexcept { return kClosureWords[static_cast<std::size_t>(mode)]; }
bool read_word(std::string_view word, ClosureMode& mode) noexcept {
  const auto found = std::find(kClosureWords.begin(), kClosureWords.end(), word);
  if (found == kClosureWords.end()) return false;
  mode = static_cast<ClosureMode>(found - kClosureWords.begin());
  return true;
}

StackSummary invert_stack(const InterferogramSource& source, const InvertSettings& settings, StackSink& sink, const Run& run) {
  const InterferogramNetwork& network = source.network();
  validate(settings.stack, "invert");
  // What the other options cannot be, before anything is read.
  NetworkInversion(network, std::vector<double>(network.pairs.size(), 0.0), settings.inversion);
  TimeModel(network.instants, settings.velocity);
  if (settings.stack.closure != ClosureMode::correct) return invert_tiles(source, settings, sink, run);

  const NetworkReference reference = choose_reference(source, settings.stack.reference, run);
  const std::size_t open_before = closure_statistics(source, reference.phase_rad, run).pixels_open;
  ClosureCorrection found = correct_unwrapping(source, settings.correction, run);
  const CorrectedSource corrected(source, std::move(found.cycles));
  StackSummary s = invert_tiles(corrected, settings, sink, run);
  s.corrected = true;
  s.pixels_with_nonzero_closure_before = open_before;
  for (std::size_t p = 0; p < network.pairs.size(); ++p) {
    const PairCorrection& pair = found.per_pair[p];
    if (pair.corrected + pair.detected + pair.open > 0) {
      const Interferogram& of = network.pairs[p];
      s.corrections.push_back({of.given_as.empty() ? of.name : of.given_as, pair});
    }
  }
  return s;
}

}  // namespace highwall
