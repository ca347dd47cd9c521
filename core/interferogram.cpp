#include "core/interferogram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "core/error.hpp"

namespace highwall {
namespace {

void require_pairs(const InterferogramNetwork& network, const std::string& source) {
  const std::size_t instants = network.instants.size();
  std::set<std::pair<std::size_t, std::size_t>> seen;
  for (const Interferogram& pair : network.pairs) {
    if (pair.first >= instants || pair.second >= instants) {
      throw Error(ErrorKind::input, fmt::format("interferogram {} is of an acquisition that is not there", pair.name), source);
    }
    if (pair.first >= pair.second) {
      throw Error(ErrorKind::input, fmt::format("interferogram {} does not end after it begins", pair.name), source);
    }
    if (!seen.emplace(pair.first, pair.second).second) {
      throw Error(ErrorKind::input, fmt::format("interferogram {} is there twice", pair.name), source, "take one of the two out");
    }
  }
}

}  // namespace

void require_valid(const InterferogramNetwork& network, const std::string& source) {
  if (network.pairs.empty()) throw Error(ErrorKind::input, "there is no interferogram", source);
  if (network.cells() == 0) throw Error(ErrorKind::input, "the rasters have no pixels", source);
  const auto& t = network.instants;
  if (std::adjacent_find(t.begin(), t.end(), [](Instant a, Instant b) { return b <= a; }) != t.end()) {
    throw Error(ErrorKind::input, "the acquisitions are not in order of time", source);
  }
  require_pairs(network, source);
  if (!(network.wavelength_m > 0.0) || !std::isfinite(network.wavelength_m)) {
    throw Error(ErrorKind::config, "the wavelength is not known", source, "tell it with --wavelength-m");
  }
  if (!std::isfinite(network.metres_per_radian) || network.metres_per_radian == 0.0) {
    throw Error(ErrorKind::config, "the sign of the phase is not known", source, "tell it with --sign");
  }
  if (network.reference &&
      ((*network.reference)[0] >= network.geometry.rows || (*network.reference)[1] >= network.geometry.cols)) {
    throw Error(ErrorKind::input, "the reference pixel lies outside the rasters", source);
  }
}

InterferogramStack::InterferogramStack(InterferogramNetwork network, std::vector<float> phase, std::vector<float> coherence)
    : network_(std::move(network)), phase_(std::move(phase)), coherence_(std::move(coherence)) {
  require_valid(network_, "the stack");
  const std::size_t size = network_.pairs.size() * network_.cells();
  if (phase_.size() != size || (!coherence_.empty() && coherence_.size() != size)) {
    throw Error(ErrorKind::input, fmt::format("phase and coherence must have pairs x rows x columns = {} values", size),
                "the stack");
  }
  network_.has_coherence = !coherence_.empty();
}

void InterferogramStack::read_rows(std::size_t begin, std::size_t end, std::span<float> phase, std::span<float> coherence) const {
  const std::size_t width = network_.geometry.cols;
  const std::size_t block = (end - begin) * width;
  if (begin > end || end > network_.geometry.rows || phase.size() != block * network_.pairs.size()) {
    throw Error(ErrorKind::internal, "rows of a stack were asked for that it has not");
  }
  const auto copy = [&](const std::vector<float>& from, std::span<float> to) {
    for (std::size_t p = 0; p < network_.pairs.size(); ++p) {
      std::copy_n(from.data() + p * network_.cells() + begin * width, block, to.data() + p * block);
    }
  };
  copy(phase_, phase);
  if (coherence.empty()) return;
  if (coherence_.empty()) {
    std::fill(coherence.begin(), coherence.end(), std::numeric_limits<float>::quiet_NaN());
  } else {
    copy(coherence_, coherence);
  }
}

}  // namespace highwall
