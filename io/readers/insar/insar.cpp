#include "io/readers/insar/insar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <utility>

#include "core/error.hpp"
#include "io/readers/insar/formats.hpp"
#include "io/readers/insar/geometry.hpp"
#include "io/readers/insar/instants.hpp"
#include "io/readers/insar/raster_stack.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace insar {
namespace {

using PairKey = std::pair<Instant, Instant>;

constexpr std::size_t kMostTold = 5;
constexpr double kSameWavelength = 1e-5;

std::string look_at(const InputFile& file, Look& look) {
  std::error_code failed;
  if (file.in_folder && std::filesystem::file_size(file.path, failed) == 0) return "it is empty";
  const std::string head = RawFile(file.path).head(8);
  const std::string_view magic = std::string_view(head).substr(0, 4);
  using namespace std::string_view_literals;
  if (magic == "II*\0"sv || magic == "MM\0*"sv || magic == "II+\0"sv || magic == "MM\0+"sv) return look_geotiff(file, look);
  if (head == "\x89HDF\r\n\x1a\n"sv) return look_hdf5(file, look);
  return look_plain(file, look);
}

/// A layer's name with its file as people gave it: "/home/p/stack.h5:unwrapPhase[3]" to "stack.h5:unwrapPhase[3]".
std::string given_as(const std::string& name, const InputFile& file) {
  const std::string path = file.path.string();
  return name.starts_with(path) ? file.given_as + name.substr(path.size()) : file.given_as;
}

/// Rasters of all files. What a folder holds beside them is told; what a person named and is none is an error.
std::vector<Layer> find_layers(const Gathered& gathered, const InsarOptions& options, Report& report, const Run& run) {
  std::vector<Layer> layers;
  Look look{options, report, layers, {}, std::make_shared<FilePool>(kMostOpenFiles)};
  for (const InputFile& file : gathered.files) {
    if (is_header_name(file.path)) look.headers.push_back(file.path);
  }
  std::vector<std::string> passed;
  std::size_t done = 0;
  for (const InputFile& file : gathered.files) {
    run.check_stop();
    run.progress("look", ++done, gathered.files.size());
    if (is_header_name(file.path)) continue;
    const std::size_t known = layers.size();
    const std::string why = look_at(file, look);
    for (std::size_t i = known; i < layers.size(); ++i) layers[i].given_as = given_as(layers[i].name, file);
    if (why.empty()) continue;
    if (!file.in_folder) {
      throw Error(ErrorKind::input, fmt::format("{} cannot be used: {}", file.path.string(), why), file.named_by,
                  "tell which files are what by name: --phase '*.unw', --coherence '*.cor'");
    }
    passed.push_back(fmt::format("{} ({})", file.path.filename().string(), why));
  }
  if (!passed.empty()) {
    const std::size_t told = std::min(passed.size(), kMostTold);
    report.warn(fmt::format("{} files are passed over: {}{}", passed.size(),
                            fmt::join(passed.begin(), passed.begin() + static_cast<std::ptrdiff_t>(told), ", "),
                            told < passed.size() ? ", ..." : ""));
  }
  return layers;
}

/// Layers of one role by their pair, each pair once.
std::map<PairKey, Layer> by_pair(std::vector<Layer>& layers, Role role) {
  std::map<PairKey, Layer> pairs;
  for (Layer& layer : layers) {
    if (layer.role != role) continue;
    const auto [at, is_new] = pairs.try_emplace({layer.first, layer.second}, layer);
    if (is_new) continue;
    throw Error(ErrorKind::input,
                fmt::format("the interferogram {} to {} is there twice: {}", to_iso8601(layer.first), to_iso8601(layer.second),
                            at->second.name),
                layer.name,
                fmt::format("take one of the two out, or name those that are meant: --{} 'filt_*'",
                            role == Role::phase ? "phase" : "coherence"));
  }
  return pairs;
}

/// Coherence in the order of the phase; empty when there is none.
std::vector<Layer> matching_coherence(const std::map<PairKey, Layer>& phase, std::map<PairKey, Layer>& coherence,
                                      Report& report) {
  std::vector<Layer> matching;
  if (coherence.empty()) return matching;
  const Layer* without = nullptr;
  for (const auto& [pair, layer] : phase) {
    const auto found = coherence.find(pair);
    if (found == coherence.end()) {
      without = &layer;
      continue;
    }
    matching.push_back(found->second);
  }
  if (matching.size() < coherence.size()) {
    report.warn(fmt::format("{} of {} rasters of coherence belong to no interferogram and are passed over",
                            coherence.size() - matching.size(), coherence.size()));
  }
  if (!matching.empty() && without != nullptr) {
    throw Error(ErrorKind::input, "this interferogram has no coherence, others have", without->name,
                "add its file, or leave coherence out: --coherence none");
  }
  return matching;
}

/// The value that all layers that have one agree on; NaN = none has one.
double agreed(const std::vector<Layer>& layers, double Layer::*member, const char* what, double tolerance) {
  const Layer* from = nullptr;
  for (const Layer& layer : layers) {
    const double value = layer.*member;
    if (std::isnan(value)) continue;
    if (from == nullptr) from = &layer;
    if (!(std::abs(value - from->*member) <= tolerance * std::abs(from->*member))) {
      throw Error(ErrorKind::input, fmt::format("its {} is {}, that of {} is {}", what, value, from->name, from->*member),
                  layer.name, "one stack is of one radar");
    }
  }
  return from == nullptr ? std::numeric_limits<double>::quiet_NaN() : from->*member;
}

double settle_wavelength(const std::vector<Layer>& layers, const InsarOptions& options, Report& report) {
  const double own = agreed(layers, &Layer::wavelength_m, "wavelength", kSameWavelength);
  if (options.wavelength_m > 0.0) {
    if (!std::isnan(own) && std::abs(own - options.wavelength_m) > kSameWavelength * own) {
      report.warn(
          fmt::format("the files tell a wavelength of {} m, the option {} m: the option is used", own, options.wavelength_m));
    }
    return options.wavelength_m;
  }
  if (!(own > 1e-4 && own < 10.0)) {
    throw Error(ErrorKind::config,
                std::isnan(own) ? "the wavelength is not known" : fmt::format("a wavelength of {} m is not possible", own),
                layers.front().name, "tell it with --wavelength-m");
  }
  if (!layers.front().wavelength_why.empty()) {
    report.warn(fmt::format("the wavelength is taken to be {} m: {}", own, layers.front().wavelength_why));
  }
  return own;
}

/// Metres towards the sensor of one radian, and what is told of the sign.
void settle_sign(InterferogramNetwork& network, const std::vector<Layer>& layers, const InsarOptions& options) {
  const bool known = std::none_of(layers.begin(), layers.end(), [](const Layer& l) { return l.processor.empty(); });
  if (options.sign == "auto" && !known) {
    throw Error(ErrorKind::config, "no tag and no name tells who wrote the phase, so its sign is not known", layers.front().name,
                "tell what movement towards the sensor makes of it: --sign toward_negative (as most write it) or "
                "--sign toward_positive");
  }
  const double metres = network.wavelength_m / (4.0 * std::numbers::pi);
  const bool negative = options.sign != "toward_positive";
  network.metres_per_radian = negative ? -metres : metres;
  network.sign_convention =
      fmt::format("phase {} with the distance ({})", negative ? "grows" : "falls",
                  options.sign == "auto" ? "as " + layers.front().processor + " writes it" : "as the option sign says");
}

std::vector<RasterStack::Raster> rasters_of(const std::vector<Layer>& layers, std::span<const Shift> shifts) {
  std::vector<RasterStack::Raster> rasters;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    rasters.push_back({layers[i].name, layers[i].pixels, layers[i].scale, shifts[i]});
  }
  return rasters;
}

/// Of the part that all layers share.
Sights cut_sights(const Sights& all, std::size_t cols, const Shift& shift, const GridGeometry& common) {
  Sights cut;
  cut.reserve(common.cells());
  for (std::size_t r = 0; r < common.rows; ++r) {
    const auto from = all.begin() + static_cast<std::ptrdiff_t>((r + shift.row) * cols + shift.col);
    cut.insert(cut.end(), from, from + static_cast<std::ptrdiff_t>(common.cols));
  }
  return cut;
}

InterferogramNetwork network_of(const std::vector<Layer>& phase, const std::vector<Layer>& coherence, GridGeometry geometry,
                                const Shift& shift, const InsarOptions& options, Report& report) {
  InterferogramNetwork network;
  const Layer& head = phase.front();
  network.geometry = std::move(geometry);
  for (const Layer& layer : phase) {
    network.instants.push_back(layer.first);
    network.instants.push_back(layer.second);
  }
  std::sort(network.instants.begin(), network.instants.end());
  network.instants.erase(std::unique(network.instants.begin(), network.instants.end()), network.instants.end());
  const auto index = [&](Instant t) {
    const auto at = std::lower_bound(network.instants.begin(), network.instants.end(), t);
    return static_cast<std::size_t>(at - network.instants.begin());
  };
  for (const Layer& layer : phase) {
    network.pairs.push_back(
        {index(layer.first), index(layer.second), layer.name, layer.perpendicular_baseline_m, layer.given_as});
  }
  network.wavelength_m = settle_wavelength(phase, options, report);
  settle_sign(network, phase, options);
  network.looks = agreed(phase, &Layer::looks, "number of looks", 0.0);
  if (std::isnan(network.looks) && !coherence.empty()) network.looks = agreed(coherence, &Layer::looks, "number of looks", 0.0);
  if (options.looks > 0.0) network.looks = options.looks;
  if (head.reference && (*head.reference)[0] >= shift.row && (*head.reference)[1] >= shift.col) {
    network.reference = {(*head.reference)[0] - shift.row, (*head.reference)[1] - shift.col};
  }
  network.line_of_sight = head.line_of_sight;
  network.polar = head.polar;
  if (head.sights) {
    network.line_of_sight_per_cell = cut_sights(*head.sights, head.geometry.cols, shift, network.geometry);
    network.line_of_sight = mean_of(network.line_of_sight_per_cell);
  }
  network.processor = head.processor;
  for (const Layer& layer : phase) {
    if (layer.processor == head.processor) continue;
    report.warn(fmt::format("the stack is of several processors: {} of {}, {} of {}", head.name, head.processor, layer.name,
                            layer.processor));
    break;
  }
  return network;
}

RasterStack::Rules rules_of(const InsarOptions& options) {
  RasterStack::Rules rules;
  if (options.no_data == "auto") return rules;
  rules.zero_is_missing = false;
  if (options.no_data == "none") return rules;
  for (const std::string& word : split_commas(options.no_data)) {
    const auto number = to_number(word);
    if (!number || !std::isfinite(*number)) {
      throw Error(ErrorKind::config, fmt::format("no_data is \"{}\": \"{}\" is no number", options.no_data, word), {},
                  "auto, none, or numbers with commas between");
    }
    rules.no_data.push_back(static_cast<float>(*number));
  }
  return rules;
}

std::vector<Layer> values_of(std::map<PairKey, Layer>& pairs) {
  std::vector<Layer> layers;
  for (auto& [key, layer] : pairs) layers.push_back(std::move(layer));
  return layers;
}

}  // namespace
}  // namespace insar

std::unique_ptr<InterferogramSource> open_interferograms(std::span<const std::filesystem::path> paths,
                                                         const InsarOptions& options, Report& report, const Run& run) {
  using namespace insar;
  validate(options);
  std::vector<Layer> layers = find_layers(gather(paths, run), options, report, run);
  const std::string where = paths.front().string();
  if (options.coherence == "none") std::erase_if(layers, [](const Layer& l) { return l.role == Role::coherence; });
  settle_instants(layers, report);
  auto phase_of = by_pair(layers, Role::phase);
  if (phase_of.empty()) {
    throw Error(ErrorKind::input, "there is no unwrapped interferogram", where,
                (report.warnings.empty() ? std::string() : report.warnings.back() + "; ") +
                    "name the files that are: --phase '*.unw.tif'");
  }
  auto coherence_of = by_pair(layers, Role::coherence);
  std::vector<Layer> coherence = matching_coherence(phase_of, coherence_of, report);
  std::vector<Layer> phase = values_of(phase_of);
  std::vector<Layer> all = phase;
  all.insert(all.end(), coherence.begin(), coherence.end());
  std::vector<Shift> shifts;
  GridGeometry geometry = common_geometry(all, shifts, report);
  settle_crs(geometry, phase.front().placed, phase.front().name, options, report);
  InterferogramNetwork network = network_of(phase, coherence, std::move(geometry), shifts.front(), options, report);
  report.source = where;
  report.format = network.processor;
  report.accepted = phase.size();
  const std::span<const Shift> shift(shifts);
  return std::make_unique<RasterStack>(std::move(network), rasters_of(phase, shift.first(phase.size())),
                                       rasters_of(coherence, shift.subspan(phase.size())), rules_of(options), run);
}

}  // namespace highwall
