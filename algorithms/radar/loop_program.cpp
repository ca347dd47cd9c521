#include "algorithms/radar/loop_program.hpp"

#include <coin/Clp_C_Interface.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <utility>

#include "core/error.hpp"

namespace highwall {
namespace {

constexpr double kTolerance = 1e-6;
constexpr double kMostCycles = 64.0;
/// Patterns that are remembered at most: memory stays bounded where noise makes each pixel a pattern of its own.
constexpr std::size_t kMostKept = 100000;

std::array<std::pair<std::uint32_t, double>, 3> terms_of(const Triangle& t) { return {{{t.ij, 1.0}, {t.jk, 1.0}, {t.ik, -1.0}}}; }

/// min sum (u+ + u-) + price sum (s+ + s-), C (u+ - u-) + (s+ - s-) = right.
/// Columns: u+ and u- of each pair in turn, then s+ and s- of each loop.
class Program {
 public:
  Program(std::span<const Triangle> triangles, std::span<const std::uint32_t> pairs, std::span<const std::uint32_t> loops,
          const std::vector<double>& right, double price)
      : model_(Clp_newModel(), Clp_deleteModel), pairs_(pairs.size()) {
    std::vector<std::vector<std::pair<int, double>>> columns(2 * (pairs.size() + loops.size()));
    for (std::size_t row = 0; row < loops.size(); ++row) {
      for (const auto& [pair, sign] : terms_of(triangles[loops[row]])) {
        const auto at = std::lower_bound(pairs.begin(), pairs.end(), pair);
        if (at == pairs.end() || *at != pair) continue;  // Not in an open loop: has no cycles.
        const auto column = 2 * static_cast<std::size_t>(at - pairs.begin());
        columns[column].emplace_back(static_cast<int>(row), sign);
        columns[column + 1].emplace_back(static_cast<int>(row), -sign);
      }
      columns[2 * (pairs.size() + row)].emplace_back(static_cast<int>(row), 1.0);
      columns[2 * (pairs.size() + row) + 1].emplace_back(static_cast<int>(row), -1.0);
    }
    std::vector<CoinBigIndex> start{0};
    std::vector<int> index;
    std::vector<double> value;
    std::vector<double> cost;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      for (const auto& [row, sign] : columns[c]) {
        index.push_back(row);
        value.push_back(sign);
      }
      start.push_back(static_cast<CoinBigIndex>(index.size()));
      cost.push_back(c < 2 * pairs.size() ? 1.0 : price);
    }
    lower_.assign(columns.size(), 0.0);
    upper_.assign(columns.size(), kMostCycles);
    Clp_setLogLevel(model_.get(), 0);
    Clp_loadProblem(model_.get(), static_cast<int>(columns.size()), static_cast<int>(loops.size()), start.data(), index.data(),
                    value.data(), lower_.data(), upper_.data(), cost.data(), right.data(), right.data());
  }

  /// @return false when there is no solution within the bounds
  bool solve() {
    Clp_dual(model_.get(), 0);
    if (Clp_status(model_.get()) == 0) return true;
    Clp_primal(model_.get(), 0);
    return Clp_status(model_.get()) == 0;
  }

  double cost() const { return Clp_objectiveValue(model_.get()); }
  std::vector<double> cycles() const {
    const double* x = Clp_getColSolution(model_.get());
    std::vector<double> out(pairs_);
    for (std::size_t p = 0; p < pairs_; ++p) out[p] = x[2 * p] - x[2 * p + 1];
    return out;
  }
  /// Pairs that may have cycles in some solution of this cost: those a reduced cost of nothing, by complementary slackness.
  std::vector<bool> may_have_cycles() const {
    const double* reduced = Clp_getReducedCost(model_.get());
    std::vector<bool> out(pairs_);
    for (std::size_t p = 0; p < pairs_; ++p) out[p] = reduced[2 * p] < kTolerance || reduced[2 * p + 1] < kTolerance;
    return out;
  }

  /// Solves with least <= U_p <= most. @return whether there is a solution of this cost
  bool costs_no_more(std::size_t p, double least, double most, double cost_before) {
    const std::vector<double> lower = lower_;
    const std::vector<double> upper = upper_;
    lower_[2 * p] = std::max(0.0, least);
    upper_[2 * p] = std::max(0.0, most);
    lower_[2 * p + 1] = std::max(0.0, -most);
    upper_[2 * p + 1] = std::max(0.0, -least);
    set_bounds();
    const bool equal = solve() && cost() < cost_before + kTolerance;
    lower_ = lower;
    upper_ = upper;
    set_bounds();
    return equal;
  }

 private:
  void set_bounds() {
    Clp_chgColumnLower(model_.get(), lower_.data());
    Clp_chgColumnUpper(model_.get(), upper_.data());
  }

  std::unique_ptr<Clp_Simplex, void (*)(Clp_Simplex*)> model_;
  std::size_t pairs_;
  std::vector<double> lower_;
  std::vector<double> upper_;
};

/// Finalizer of splitmix64 (doi:10.1145/2660193.2660195).
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

/// One entry of several keys, in order, once each.
void sort_unique(std::vector<std::uint32_t>& v) {
  std::sort(v.begin(), v.end());
  v.erase(std::unique(v.begin(), v.end()), v.end());
}

}  // namespace

LoopSolver::LoopSolver(std::span<const Triangle> triangles, std::size_t pairs, double price)
    : triangles_(triangles), price_(price), loops_of_(pairs) {
  for (std::uint32_t t = 0; t < triangles.size(); ++t) {
    for (const auto& [pair, sign] : terms_of(triangles[t])) loops_of_[pair].push_back(t);
  }
}

std::vector<LoopSolver::Part> LoopSolver::parts_of(std::span<const LoopCycles> open) const {
  std::vector<Part> parts;
  std::vector<std::uint8_t> in_open(loops_of_.size(), 0);
  for (const LoopCycles& loop : open) {
    for (const auto& [pair, sign] : terms_of(triangles_[loop.triangle])) in_open[pair] = 1;
  }
  std::vector<std::uint8_t> seen(loops_of_.size(), 0);
  for (const LoopCycles& seed : open) {
    if (seen[triangles_[seed.triangle].ij] != 0) continue;
    Part part;
    std::vector<std::uint32_t> next{triangles_[seed.triangle].ij};
    seen[next.front()] = 1;
    while (!next.empty()) {
      const std::uint32_t pair = next.back();
      next.pop_back();
      part.pairs.push_back(pair);
      for (const std::uint32_t t : loops_of_[pair]) {
        part.loops.push_back(t);
        for (const auto& [other, sign] : terms_of(triangles_[t])) {
          if (in_open[other] == 0 || seen[other] != 0) continue;
          seen[other] = 1;
          next.push_back(other);
        }
      }
    }
    sort_unique(part.pairs);
    sort_unique(part.loops);
    for (const LoopCycles& loop : open) {
      if (std::binary_search(part.loops.begin(), part.loops.end(), loop.triangle)) part.open.push_back(loop);
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

std::vector<PairCycles> LoopSolver::solve_part(const Part& part, const std::vector<std::uint32_t>& absent) const {
  std::vector<std::uint32_t> loops;
  std::set_difference(part.loops.begin(), part.loops.end(), absent.begin(), absent.end(), std::back_inserter(loops));
  std::vector<double> right(loops.size(), 0.0);
  for (const LoopCycles& loop : part.open) {
    right[static_cast<std::size_t>(std::lower_bound(loops.begin(), loops.end(), loop.triangle) - loops.begin())] = -loop.cycles;
  }
  Program program(triangles_, part.pairs, loops, right, price_);
  if (!program.solve()) throw Error(ErrorKind::internal, "the linear program of open loops has no solution");
  const double cost = program.cost();
  const std::vector<double> cycles = program.cycles();
  const std::vector<bool> may = program.may_have_cycles();
  double of_pairs = 0.0;
  for (const double n : cycles) of_pairs += std::abs(n);
  const bool closes = absent.empty() && cost < of_pairs + kTolerance;
  std::vector<PairCycles> out;
  for (std::size_t p = 0; p < part.pairs.size(); ++p) {
    const double whole = std::round(cycles[p]);
    if (whole == 0.0 && !may[p]) continue;
    const bool other = std::abs(cycles[p] - whole) > kTolerance || program.costs_no_more(p, -kMostCycles, whole - 1.0, cost) ||
                       program.costs_no_more(p, whole + 1.0, kMostCycles, cost);
    if (whole != 0.0 || other) out.push_back({part.pairs[p], static_cast<std::int32_t>(whole), !other, closes});
  }
  return out;
}

LoopSolver::Key LoopSolver::key_of(const Part& part, std::span<const std::uint8_t> absent) {
  Key key = part.open;
  for (const std::uint32_t t : part.loops) {
    if (absent[t] != 0) key.push_back({t, 0});
  }
  return key;
}

std::vector<PairCycles> LoopSolver::solve_key(const Key& key) {
  if (solved_.size() > kMostKept) solved_.clear();
  const auto [solution, fresh] = solved_.try_emplace(key);
  if (!fresh) return solution->second;
  std::vector<LoopCycles> open;
  std::vector<std::uint32_t> missing;
  for (const LoopCycles& loop : key) {
    if (loop.cycles != 0) {
      open.push_back(loop);
    } else {
      missing.push_back(loop.triangle);
    }
  }
  ++programs_;
  solution->second = solve_part(parts_of(open).front(), missing);
  return solution->second;
}

std::vector<PairCycles> LoopSolver::solve(std::span<const LoopCycles> open, std::span<const std::uint8_t> absent) {
  std::vector<PairCycles> out;
  for (const Part& part : parts_of(open)) {
    const std::vector<PairCycles> found = solve_key(key_of(part, absent));
    out.insert(out.end(), found.begin(), found.end());
  }
  return out;
}

void LoopSolver::note(std::span<const LoopCycles> open, std::span<const std::uint8_t> absent,
                      std::vector<std::uint32_t>& numbers) {
  for (const Part& part : parts_of(open)) {
    if (part.open.size() > kMostOpenLoops) continue;
    Key key = key_of(part, absent);
    std::uint64_t hash = key.size();
    for (const LoopCycles& loop : key)
      hash = mixed(hash ^ mixed((std::uint64_t{loop.triangle} << 32U) + static_cast<std::uint32_t>(loop.cycles)));
    const auto [at, fresh] = number_of_.try_emplace(hash, static_cast<std::uint32_t>(patterns_.size()));
    if (fresh) patterns_.emplace_back();
    Pattern& pattern = patterns_[at->second];
    ++pattern.count;
    if (pattern.key.empty() && (at->second < kFewPatterns || pattern.count > 1)) pattern.key = std::move(key);
    numbers.push_back(at->second);
  }
}

const std::vector<PairCycles>& LoopSolver::solution(std::uint32_t number) {
  Pattern& pattern = patterns_[number];
  const bool worth = patterns_.size() <= kFewPatterns || pattern.count >= kLeastOccurrences;
  if (!pattern.solved && worth) pattern.solution = solve_key(pattern.key);
  pattern.solved = true;
  return pattern.solution;
}

void LoopSolver::forget() {
  number_of_.clear();
  patterns_.clear();
}

}  // namespace highwall
