#include "algorithms/radar/network_inversion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <new>

#include "algorithms/radar/network_exact.hpp"
#include "algorithms/radar/network_kernel.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

constexpr std::array<std::string_view, 4> kWeightWords{"auto", "none", "coherence", "variance"};
constexpr std::array<std::string_view, 2> kGapWords{"bridge", "leave"};
constexpr std::array<std::string_view, 2> kNormWords{"l2", "l1"};
constexpr std::size_t kSmallestBlock = 256;
constexpr std::align_val_t kBorder{64};

template <class Enum, std::size_t N>
bool read_among(const std::array<std::string_view, N>& words, std::string_view word, Enum& value) {
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) return false;
  value = static_cast<Enum>(found - words.begin());
  return true;
}

/// Memory on borders of 64 bytes, as vectors are loaded from.
template <class T>
class Aligned {
 public:
  explicit Aligned(std::size_t n) : data_(static_cast<T*>(::operator new(std::max<std::size_t>(n, 1) * sizeof(T), kBorder))) {}
  ~Aligned() { ::operator delete(data_, kBorder); }
  Aligned(const Aligned&) = delete;
  Aligned& operator=(const Aligned&) = delete;
  T* get() const noexcept { return data_; }

 private:
  T* data_;
};

NetworkWeights choose_weights(const InterferogramNetwork& network, const InversionOptions& options) {
  const bool looks_known = network.looks > 0.0;
  if (options.weights == NetworkWeights::automatic) {
    if (!network.has_coherence) return NetworkWeights::none;
    return looks_known ? NetworkWeights::variance : NetworkWeights::coherence;
  }
  if (options.weights != NetworkWeights::none && !network.has_coherence) {
    throw Error(ErrorKind::config, fmt::format("weights by {} need coherence, and the stack has none", name_of(options.weights)),
                "--weights", "use --weights none");
  }
  if (options.weights == NetworkWeights::variance && !looks_known) {
    throw Error(ErrorKind::config, "weights by variance need the number of looks, which the stack does not tell", "--weights",
                "tell it with --looks, or use --weights coherence");
  }
  return options.weights;
}

KernelWeights kernel_weights(NetworkWeights weights) {
  if (weights == NetworkWeights::variance) return KernelWeights::variance;
  return weights == NetworkWeights::coherence ? KernelWeights::coherence : KernelWeights::none;
}

float weight_of(const NetworkProblem& problem, float coherence) {
  if (problem.weights == KernelWeights::none) return 1.0F;
  if (problem.weights == KernelWeights::coherence) return coherence >= kLeastCoherence ? coherence : kLeastCoherence;
  return problem.weight_of_bin[PhaseVarianceTable::bin_of(coherence)];
}

void make_room(const NetworkPlan& plan, std::size_t cells, bool sigma, InvertedTile& out) {
  out.cells = cells;
  out.displacement_m.resize(plan.instants * cells);
  out.sigma_m.resize(sigma ? plan.instants * cells : 0);
  out.temporal_coherence.resize(cells);
  out.unit_weight_sigma.resize(cells);
  out.pairs.resize(cells);
  out.gaps.assign(cells, 0);
  out.parted.clear();
}

/// The pixels of one block, by the way they are inverted.
class BlockInversion {
 public:
  BlockInversion(const NetworkProblem& problem, const NetworkKernel& kernel, const InterferogramTile& tile, InvertedTile& out)
      : problem_(problem),
        kernel_(kernel),
        tile_(tile),
        out_(out),
        floats_(kernel.floats(*problem.plan)),
        doubles_(kernel.doubles(*problem.plan)) {}

  /// @return pixels that want the exact way
  std::vector<std::uint32_t> run(std::size_t begin, std::size_t end) {
    std::vector<std::uint32_t> uniform, weighted;
    sort_cells(begin, end, uniform, weighted);
    for_groups(uniform, [&](const NetworkCells& cells) { kernel_.uniform(problem_, cells, results(), memory()); });
    for_groups(weighted, [&](const NetworkCells& cells) {
      const std::uint32_t untied = kernel_.weighted(problem_, cells, results(), memory());
      for (std::size_t i = 0; i < cells.count; ++i) {
        if ((untied >> i & 1U) != 0) exact_.push_back(cells.cell[i]);
      }
    });
    return std::move(exact_);
  }

 private:
  void sort_cells(std::size_t begin, std::size_t end, std::vector<std::uint32_t>& uniform, std::vector<std::uint32_t>& weighted) {
    std::vector<std::uint8_t> whole(end - begin, problem_.factor.empty() ? 0 : 1);
    if (!problem_.factor.empty()) {
      for (std::size_t p = 0; p < problem_.plan->pairs; ++p) {
        const float* phase = tile_.phase.data() + p * tile_.cells + begin;
        for (std::size_t i = 0; i < whole.size(); ++i) whole[i] &= static_cast<std::uint8_t>(phase[i] - phase[i] == 0.0F);
      }
    }
    for (std::size_t i = 0; i < whole.size(); ++i) {
      (whole[i] != 0 ? uniform : weighted).push_back(static_cast<std::uint32_t>(begin + i));
    }
  }

  template <class Call>
  void for_groups(std::vector<std::uint32_t>& cells, const Call& call) {
    const std::size_t many = cells.size();
    while (cells.size() % kernel_.lanes != 0) cells.push_back(cells.back());
    for (std::size_t k = 0; k < many; k += kernel_.lanes) {
      NetworkCells group;
      group.phase = tile_.phase.data();
      group.coherence = problem_.weights == KernelWeights::none ? nullptr : tile_.coherence.data();
      group.stride = tile_.cells;
      group.cell = cells.data() + k;
      group.count = std::min(kernel_.lanes, many - k);
      call(group);
    }
  }

  NetworkResults results() const {
    return {out_.displacement_m.data(), out_.sigma_m.empty() ? nullptr : out_.sigma_m.data(), out_.temporal_coherence.data(),
            out_.unit_weight_sigma.data(), out_.pairs.data()};
  }
  KernelMemory memory() const { return {floats_.get(), doubles_.get()}; }

  const NetworkProblem& problem_;
  const NetworkKernel& kernel_;
  const InterferogramTile& tile_;
  InvertedTile& out_;
  Aligned<float> floats_;
  Aligned<double> doubles_;
  std::vector<std::uint32_t> exact_;
};

}  // namespace

std::string_view name_of(NetworkWeights weights) noexcept { return kWeightWords[static_cast<std::size_t>(weights)]; }
bool read_word(std::string_view word, NetworkWeights& weights) noexcept { return read_among(kWeightWords, word, weights); }
std::string_view name_of(NetworkGaps gaps) noexcept { return kGapWords[static_cast<std::size_t>(gaps)]; }
bool read_word(std::string_view word, NetworkGaps& gaps) noexcept { return read_among(kGapWords, word, gaps); }
std::string_view name_of(NetworkNorm norm) noexcept { return kNormWords[static_cast<std::size_t>(norm)]; }
bool read_word(std::string_view word, NetworkNorm& norm) noexcept { return read_among(kNormWords, word, norm); }

std::vector<double> calendar_years(std::span<const Instant> instants) {
  std::vector<double> years;
  for (const Instant t : instants) {
    const int year = to_civil_utc(t).year;
    const Instant start = *from_civil_utc({year, 1, 1, 0, 0, 0.0});
    years.push_back(year + to_days(t - start).value / 365.25);
  }
  return years;
}

struct NetworkInversion::Parts {
  NetworkPlan plan;
  NetworkProblem problem;
  NetworkWeights weights = NetworkWeights::none;
  bool bridge = true;
  NetworkNorm norm = NetworkNorm::l2;
  std::vector<double> years;

  /// One pixel the exact way, into `out`; its parts are kept when it has several.
  void invert_exactly(const InterferogramTile& tile, std::uint32_t cell, InvertedTile& out,
                      std::vector<PartedCell>& parted) const {
    PixelPairs pairs{std::vector<double>(plan.pairs, 0.0), std::vector<double>(plan.pairs, 0.0)};
    for (std::size_t p = 0; p < plan.pairs; ++p) {
      const float phase = tile.phase[p * tile.cells + cell];
      if (!std::isfinite(phase)) continue;
      pairs.phase_rad[p] = phase - problem.reference_rad[p];
      pairs.weight[p] = weight_of(problem, tile.coherence.empty() ? 0.0F : tile.coherence[p * tile.cells + cell]);
    }
    PixelSeries s = invert_pixel(plan, pairs, years, bridge, norm);
    const double scale = problem.metres_per_radian;
    bool whole = true;
    for (std::size_t k = 0; k < plan.instants; ++k) {
      out.displacement_m[k * tile.cells + cell] = static_cast<float>(s.phase_rad[k] * scale);
      if (!out.sigma_m.empty()) out.sigma_m[k * tile.cells + cell] = static_cast<float>(s.sigma_rad[k] * std::abs(scale));
      whole = whole && s.part[k] == 0;
    }
    out.temporal_coherence[cell] = static_cast<float>(s.temporal_coherence);
    out.unit_weight_sigma[cell] = static_cast<float>(s.unit_weight_sigma);
    out.pairs[cell] = static_cast<std::uint16_t>(s.pairs);
    out.gaps[cell] = static_cast<std::uint16_t>(s.gaps);
    if (!whole) parted.push_back({cell, std::move(s.part)});
  }
};

NetworkInversion::NetworkInversion(const InterferogramNetwork& network, std::span<const double> reference_rad,
                                   const InversionOptions& options)
    : parts_(std::make_unique<Parts>()) {
  validate(options, "invert");
  if (reference_rad.size() != network.pairs.size()) throw Error(ErrorKind::internal, "the reference has another number of pairs");
  if (network.pairs.size() > 65535) throw Error(ErrorKind::input, "more than 65535 interferograms", "network");
  Parts& parts = *parts_;
  parts.plan = plan_network(network);
  parts.years = calendar_years(network.instants);
  parts.norm = options.norm;
  parts.bridge = options.gaps == NetworkGaps::bridge;
  parts.weights = choose_weights(network, options);
  NetworkProblem& problem = parts.problem;
  problem.plan = &parts.plan;
  problem.weights = kernel_weights(parts.weights);
  problem.with_sigma = options.sigma;
  problem.metres_per_radian = static_cast<float>(network.metres_per_radian);
  for (const double r : reference_rad) problem.reference_rad.push_back(static_cast<float>(r));
  if (problem.weights == KernelWeights::variance) {
    const PhaseVarianceTable table(network.looks);
    for (std::size_t bin = 0; bin < PhaseVarianceTable::kBins; ++bin) {
      problem.weight_of_bin[bin] = static_cast<float>(1.0 / table.variance_rad2(bin));
    }
  }
  if (problem.weights == KernelWeights::none && parts.plan.connected()) {
    EnvelopeFactor f = factor_normal_equations(parts.plan, std::vector<double>(parts.plan.pairs, 1.0), {});
    problem.inverse_diagonal = inverse_diagonal(parts.plan, f);
    problem.factor = std::move(f.factor);
    problem.inverse_pivot = std::move(f.inverse_pivot);
    problem.factor.resize(std::max<std::size_t>(problem.factor.size(), 1));  // Also a star has one.
  }
}

NetworkInversion::~NetworkInversion() = default;
NetworkInversion::NetworkInversion(NetworkInversion&&) noexcept = default;
NetworkInversion& NetworkInversion::operator=(NetworkInversion&&) noexcept = default;

std::size_t NetworkInversion::rank() const noexcept { return parts_->plan.rank; }
NetworkWeights NetworkInversion::weights() const noexcept { return parts_->weights; }
const std::vector<double>& NetworkInversion::years() const noexcept { return parts_->years; }

void NetworkInversion::invert(const InterferogramTile& tile, InvertedTile& out, const Run& run) const {
  const NetworkPlan& plan = parts_->plan;
  const bool weighted = parts_->problem.weights != KernelWeights::none;
  if (tile.phase.size() != plan.pairs * tile.cells || (weighted && tile.coherence.size() != tile.phase.size())) {
    throw Error(ErrorKind::internal, "a tile of interferograms has another size than its network");
  }
  make_room(plan, tile.cells, parts_->problem.with_sigma, out);
  const NetworkKernel& kernel = network_kernel();
  const std::size_t size = block_size(tile.cells, kSmallestBlock);
  std::vector<std::vector<PartedCell>> parted(tile.cells == 0 ? 0 : (tile.cells + size - 1) / size);
  for_blocks(
      tile.cells,
      [&](const Block& block) {
        if (parts_->norm == NetworkNorm::l1) {
          for (std::size_t cell = block.begin; cell < block.end; ++cell) {
            parts_->invert_exactly(tile, static_cast<std::uint32_t>(cell), out, parted[block.index]);
          }
          return;
        }
        BlockInversion inversion(parts_->problem, kernel, tile, out);
        for (const std::uint32_t cell : inversion.run(block.begin, block.end)) {
          parts_->invert_exactly(tile, cell, out, parted[block.index]);
        }
      },
      run, {}, kSmallestBlock);
  for (auto& some : parted) {
    std::sort(some.begin(), some.end(), [](const PartedCell& a, const PartedCell& b) { return a.cell < b.cell; });
    std::move(some.begin(), some.end(), std::back_inserter(out.parted));
  }
}

}  // namespace highwall
