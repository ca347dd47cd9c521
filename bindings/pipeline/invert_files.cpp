#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <optional>

#include "algorithms/radar/network_exact.hpp"
#include "bindings/pipeline/invert_stack.hpp"
#include "core/error.hpp"
#include "io/durable/durable.hpp"
#include "io/writers/gis.hpp"
#include "io/writers/mintpy.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

/// Baseline of each instant relative to the first, from those of the pairs; empty where one is not known.
std::vector<double> baselines_of(const InterferogramNetwork& network) {
  const NetworkPlan plan = plan_network(network);
  PixelPairs pairs;
  for (const Interferogram& p : network.pairs) {
    if (!std::isfinite(p.perpendicular_baseline_m)) return {};
    pairs.phase_rad.push_back(p.perpendicular_baseline_m);
    pairs.weight.push_back(1.0);
  }
  if (!plan.connected()) return {};
  return invert_pixel(plan, pairs, calendar_years(network.instants), false, NetworkNorm::l2).phase_rad;
}

/// Row k of a block, in single precision.
std::vector<float> floats(const std::vector<double>& all, std::size_t k, std::size_t cells) {
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(k * cells);
  std::vector<float> out(cells);
  std::transform(begin, begin + static_cast<std::ptrdiff_t>(cells), out.begin(), [](double v) { return static_cast<float>(v); });
  return out;
}

/// MintPy's name of a term's standard deviation.
std::string std_name(const std::string& term) { return term + "Std"; }

class FileSink final : public StackSink {
 public:
  FileSink(fs::path folder, bool with_sigma) : folder_(std::move(folder)), with_sigma_(with_sigma) {}

  void begin(const InterferogramNetwork& network, const NetworkReference& reference, const TimeModel& model) override {
    network_ = &network;
    make_folders(folder_);
    const auto pixel = reference.area.middle();
    const std::vector<double> baselines = baselines_of(network);
    series_.emplace(mintpy_series(folder_ / "timeseries.h5", network, pixel, baselines));
    if (with_sigma_) series_sigma_.emplace(mintpy_series(folder_ / "timeseriesStd.h5", network, pixel, baselines));
    coherence_.emplace(
        mintpy_maps(folder_ / "temporalCoherence.h5", network, pixel, "temporalCoherence", "1", {{"temporalCoherence", "1"}}));
    count_.emplace(mintpy_maps(folder_ / "numInvIfgram.h5", network, pixel, "mask", "1", {{"mask", "1"}}));
    std::vector<std::array<std::string, 2>> maps;
    for (std::size_t t = 0; t < model.terms(); ++t) maps.push_back({model.names()[t], model.units()[t]});
    for (std::size_t t = 0; t < model.terms(); ++t) maps.push_back({std_name(model.names()[t]), model.units()[t]});
    maps.push_back({"residue", "m"});
    if (!network.line_of_sight_per_cell.empty() || network.line_of_sight.known()) write_sights(network, pixel);
    velocity_.emplace(mintpy_maps(folder_ / "velocity.h5", network, pixel, "velocity", "m/year", maps));
  }

  void take(std::size_t row_begin, std::size_t /*row_end*/, const InvertedTile& tile, const FittedTile& fit) override {
    const std::size_t cells = network_->cells();
    const std::size_t first = row_begin * network_->geometry.cols;
    const auto part = [&](const std::vector<float>& all, std::size_t k) {
      return std::span<const float>(all).subspan(k * tile.cells, tile.cells);
    };
    for (std::size_t k = 0; k < network_->instants.size(); ++k) {
      series_->write(0, k * cells + first, part(tile.displacement_m, k));
      if (with_sigma_) series_sigma_->write(0, k * cells + first, part(tile.sigma_m, k));
    }
    coherence_->write(0, first, tile.temporal_coherence);
    const std::vector<float> counts(tile.pairs.begin(), tile.pairs.end());
    count_->write(0, first, counts);
    const std::size_t terms = fit.value.size() / std::max<std::size_t>(1, fit.cells);
    for (std::size_t t = 0; t < terms; ++t) {
      velocity_->write(t, first, floats(fit.value, t, fit.cells));
      velocity_->write(terms + t, first, floats(fit.sigma, t, fit.cells));
    }
    velocity_->write(2 * terms, first, floats(fit.residual_m, 0, fit.cells));
    gaps_.insert(gaps_.end(), tile.gaps.begin(), tile.gaps.end());
  }

  /// Makes the files visible, the summary last.
  void finish(const StackSummary& s) {
    series_->commit();
    if (with_sigma_) series_sigma_->commit();
    velocity_->commit();
    coherence_->commit();
    count_->commit();
    if (s.closure_counted) {
      write_map("closure.tif", "triangles_not_closed", std::vector<double>(s.open_triangles.begin(), s.open_triangles.end()));
    }
    write_map("gaps.tif", "parts_not_tied_to_the_first", std::vector<double>(gaps_.begin(), gaps_.end()));
    write_whole(folder_ / "summary.json", summary_json(s, *network_));
  }

 private:
  /// Incidence and azimuth of the lines of sight, as MintPy and our own readers find them beside the series.
  void write_sights(const InterferogramNetwork& network, const std::array<std::size_t, 2>& pixel) const {
    const std::size_t cells = network.cells();
    std::vector<float> incidence(cells), azimuth(cells);
    for (std::size_t c = 0; c < cells; ++c) {
      const Eigen::Vector3d e =
          network.line_of_sight_per_cell.empty() ? network.line_of_sight.unit : network.line_of_sight_per_cell[c].cast<double>();
      constexpr double kDegrees = 180.0 / std::numbers::pi;
      incidence[c] = static_cast<float>(kDegrees * std::atan2(std::hypot(e.x(), e.y()), e.z()));
      azimuth[c] = static_cast<float>(kDegrees * std::atan2(-e.x(), e.y()));
    }
    Hdf5Stream file = mintpy_maps(folder_ / "geometry.h5", network, pixel, "geometry", "degree",
                                  {{"incidenceAngle", "degree"}, {"azimuthAngle", "degree"}});
    file.write(0, 0, incidence);
    file.write(1, 0, azimuth);
    file.commit();
  }

  void write_map(const std::string& file, const std::string& name, const std::vector<double>& values) const {
    write_whole(folder_ / file, geotiff_bytes(network_->geometry, {{name, "count", &values}}, {{"DATA_UNITS", "count"}}));
  }

  fs::path folder_;
  bool with_sigma_;
  const InterferogramNetwork* network_ = nullptr;
  std::optional<Hdf5Stream> series_, series_sigma_, velocity_, coherence_, count_;
  std::vector<std::uint16_t> gaps_;
};

nlohmann::ordered_json number_or_null(double v) {
  return std::isfinite(v) ? nlohmann::ordered_json(v) : nlohmann::ordered_json();
}

nlohmann::ordered_json polar_json(const PolarRaster& p) {
  return {{"near_range_m", number_or_null(p.near_range_m)},
          {"range_step_m", number_or_null(p.range_step_m)},
          {"azimuth_start_deg", number_or_null(p.azimuth_start_deg)},
          {"azimuth_step_deg", number_or_null(p.azimuth_step_deg)},
          {"scan_heading_deg", number_or_null(p.scan_heading_deg)},
          {"antenna_elevation_deg", number_or_null(p.antenna_elevation_deg)},
          {"latitude_deg", number_or_null(p.latitude_deg)},
          {"longitude_deg", number_or_null(p.longitude_deg)},
          {"altitude_m", number_or_null(p.altitude_m)},
          {"geoid_m", number_or_null(p.geoid_m)}};
}

}  // namespace

std::string summary_json(const StackSummary& s, const InterferogramNetwork& network) {
  nlohmann::ordered_json j;
  j["dates"] = s.instants;
  j["interferograms"] = s.pairs;
  j["triangles"] = s.triangles;
  j["rank"] = s.rank;
  j["pixels"] = s.pixels;
  j["pixels_inverted"] = s.pixels_inverted;
  j["pixels_with_gaps_or_missing_dates"] = s.pixels_bridged;
  j["pixels_in_all_loops"] = s.closure_counted ? nlohmann::ordered_json(s.pixels_in_all_loops) : nlohmann::ordered_json();
  j["pixels_with_nonzero_closure"] =
      s.closure_counted ? nlohmann::ordered_json(s.pixels_with_nonzero_closure) : nlohmann::ordered_json();
  if (s.corrected) {
    j["pixels_with_nonzero_closure_before_correction"] = s.pixels_with_nonzero_closure_before;
    j["unwrapping"] = nlohmann::ordered_json::array();
    for (const CorrectedPair& p : s.corrections) {
      j["unwrapping"].push_back({{"interferogram", p.name},
                                 {"triangles", p.found.loops},
                                 {"pixels_corrected", p.found.corrected},
                                 {"pixels_detected_not_corrected", p.found.detected},
                                 {"pixels_open", p.found.open}});
    }
  }
  j["velocity_mm_per_year"] = {{"min", number_or_null(s.velocity_min)},
                               {"median", number_or_null(s.velocity_median)},
                               {"max", number_or_null(s.velocity_max)}};
  j["norm"] = name_of(s.norm);
  j["weights"] = name_of(s.weights);
  const auto pixel = s.reference.middle();
  j["reference"] = {{"row", pixel[0]},
                    {"col", pixel[1]},
                    {"rows", {s.reference.row0, s.reference.row1}},
                    {"cols", {s.reference.col0, s.reference.col1}},
                    {"chosen", s.reference_how}};
  j["first_date"] = to_iso8601(network.instants.front());
  j["last_date"] = to_iso8601(network.instants.back());
  if (network.polar) j["polar_raster"] = polar_json(*network.polar);
  j["sign"] = "displacement and velocity are positive towards the sensor";
  j["source_sign"] = network.sign_convention;
  return j.dump(2) + "\n";
}

StackSummary invert_stack_to(const fs::path& folder, const InterferogramSource& source, const InvertSettings& settings,
                             const Run& run) {
  FileSink sink(folder, settings.inversion.sigma);
  StackSummary s = invert_stack(source, settings, sink, run);
  sink.finish(s);
  return s;
}

}  // namespace highwall
