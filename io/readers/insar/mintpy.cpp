// ifgramStack.h5 of MintPy: all interferograms in one file, attributes at its root, all of them texts.
#include <fmt/format.h>

#include "core/error.hpp"
#include "io/readers/insar/formats.hpp"
#include "io/readers/insar/h5_product.hpp"
#include "io/readers/insar/mintpy_raster.hpp"
#include "io/readers/insar/names.hpp"
#include "io/readers/text.hpp"

namespace highwall::insar {
namespace {

constexpr const char* kPhase = "unwrapPhase";
constexpr const char* kCoherence = "coherence";

std::vector<PairOfInstants> read_pairs(const H5Product& file, std::size_t count) {
  const std::vector<std::string> dates = file.texts("date");
  if (dates.size() != 2 * count) {
    file.fail(fmt::format("date has {} texts for {} interferograms", dates.size(), count));
  }
  std::vector<PairOfInstants> pairs;
  for (std::size_t i = 0; i < count; ++i) {
    const auto first = parse_stamp(dates[2 * i]);
    const auto second = parse_stamp(dates[2 * i + 1]);
    if (!first || !second) {
      file.fail(fmt::format("date[{}] is \"{}\", \"{}\", which are no dates", i, dates[2 * i], dates[2 * i + 1]),
                "dates are YYYYMMDD or YYYYMMDDTHHMM");
    }
    pairs.push_back({first->at, second->at, first->has_clock && second->has_clock});
  }
  return pairs;
}

/// Interferograms that are kept: dropIfgram is True for them.
std::vector<std::size_t> kept_planes(const H5Product& file, std::size_t count, Report& report) {
  std::vector<std::size_t> kept;
  if (!file.has("dropIfgram")) {
    for (std::size_t i = 0; i < count; ++i) kept.push_back(i);
    return kept;
  }
  const std::vector<double> keep = file.numbers("dropIfgram");
  if (keep.size() != count) file.fail(fmt::format("dropIfgram has {} values for {} interferograms", keep.size(), count));
  for (std::size_t i = 0; i < count; ++i) {
    if (keep[i] != 0.0) kept.push_back(i);
  }
  if (kept.size() < count) {
    report.warn(fmt::format("{}: {} of {} interferograms are left out, as dropIfgram says (False = dropped)",
                            file.path().string(), count - kept.size(), count));
  }
  if (kept.empty()) file.fail("dropIfgram drops all interferograms", "choose them again: modify_network.py");
  return kept;
}

/// All but dates, pixels and baselines, which differ from pair to pair.
Layer common_layer(const H5Product& file, std::size_t rows, std::size_t cols) {
  const MintpyRaster raster = mintpy_raster(file, rows, cols);
  Layer layer;
  layer.processor = "mintpy";
  layer.geometry = raster.geometry;
  layer.placed = raster.placed;
  layer.reference = raster.reference;
  layer.line_of_sight = raster.line_of_sight;
  layer.wavelength_m = number_or_nan(file, "WAVELENGTH");
  layer.looks = number_or_nan(file, "NCORRLOOKS");
  return layer;
}

}  // namespace

void look_mintpy(const std::shared_ptr<const H5Product>& file, Look& look) {
  const H5Product::Data phase = file->open(kPhase);
  if (phase.shape.size() != 3) file->fail("unwrapPhase has not three dimensions: interferogram, row, column");
  const std::size_t count = phase.shape[0];
  const std::vector<PairOfInstants> pairs = read_pairs(*file, count);
  const std::vector<std::size_t> kept = kept_planes(*file, count, look.report);
  std::vector<double> baselines;
  if (file->has("bperp")) baselines = file->numbers("bperp");
  const bool with_coherence = look.options.coherence != "none" && file->has(kCoherence);
  if (with_coherence && file->open(kCoherence).shape != phase.shape) {
    file->fail("coherence and unwrapPhase are of different shapes");
  }
  Layer common = common_layer(*file, phase.shape[1], phase.shape[2]);
  common.sights = mintpy_geometry_beside(file->path(), phase.shape[1], phase.shape[2], common.placed, look.report).sights;
  for (const Role role : {Role::phase, Role::coherence}) {
    if (role == Role::coherence && !with_coherence) continue;
    const char* name = role == Role::phase ? kPhase : kCoherence;
    const auto planes = planes_of(file, name, kept);
    for (std::size_t k = 0; k < kept.size(); ++k) {
      Layer layer = common;
      layer.name = fmt::format("{}:{}[{}]", file->path().string(), name, kept[k]);
      layer.role = role;
      layer.first = pairs[kept[k]].first;
      layer.second = pairs[kept[k]].second;
      layer.has_clock = pairs[kept[k]].has_clock;
      if (kept[k] < baselines.size()) layer.perpendicular_baseline_m = baselines[kept[k]];
      layer.pixels = planes[k];
      look.layers.push_back(std::move(layer));
    }
  }
}

}  // namespace highwall::insar
