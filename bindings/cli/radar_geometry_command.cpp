#include <fmt/format.h>

#include "algorithms/catalog.hpp"
#include "bindings/cli/options.hpp"
#include "bindings/cli/output.hpp"
#include "bindings/cli/radar_commands.hpp"
#include "bindings/pipeline/bare.hpp"
#include "bindings/pipeline/radar_place.hpp"
#include "io/readers/scans/scan_files.hpp"

namespace highwall::cli {
namespace {

/// The cells of a scan file, whatever its values mean: times, sign and unit are not asked for.
ScanGrid grid_of(const std::string& path, const Session& session) {
  ScanFileOptions options;
  options.start = "2000-01-01T00:00:00Z";
  options.interval_s = 1.0;
  options.sign = "toward_positive";
  options.unit = "m";
  options.values = "cumulative";
  return open_scans({path}, options, session.run).source->grid();
}

std::string sentence_of(const PlacedScan& placed) {
  const ScanGeometry& g = placed.geometry;
  double area = 0.0;
  std::size_t insensitive = 0;
  for (std::size_t i = 0; i < g.sight.size(); ++i) {
    if (g.sight[i] != CellSight::seen && g.sight[i] != CellSight::layover) continue;
    area += g.area_m2[i];
    if (!(std::abs(placed.sensitivity[i]) >= DownslopeOptions{}.least_sensitivity)) ++insensitive;
  }
  return fmt::format(
      "{} cells: {} see ground ({:.0f} m2), {} of them layover; {} in shadow, {} without ground in the cloud\n"
      "{} of those that see ground see less than {} of a motion down the slope\n",
      g.sight.size(), g.count(CellSight::seen) + g.count(CellSight::layover), area, g.count(CellSight::layover),
      g.count(CellSight::shadow), g.count(CellSight::no_ground), insensitive, DownslopeOptions{}.least_sensitivity);
}

}  // namespace

void add_radar_geometry_command(CLI::App& radar, Session& session) {
  auto* command = radar.add_subcommand("geometry", std::string(algorithm_of("geometry").sentence));
  command->footer(
      "Example: highwall radar geometry scan_000.dat --ground may.laz --position-m 512300,3880150,140 --heading-deg 270 -o "
      "cells.csv");
  auto scan = std::make_shared<std::string>();
  auto ground = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>();
  command->add_option("scan", *scan, "A scan with polar axes: S-SAR DiffImage")->required();
  command->add_option("--ground", *ground, "Cloud of the slope")->required();
  command->add_option("-o,--output", *out, "CSV: one row a cell; without it on standard output");
  auto place = std::make_shared<OptionFlags<RadarPlaceOptions>>(*command);
  auto geometry = std::make_shared<OptionFlags<GeometryOptions>>(*command, std::vector<std::string>{}, "Ground");
  command->callback([=, &session] {
    const RadarPlaceOptions station = place->get();
    const GeometryOptions options = geometry->get();
    if (!out->empty()) check_output(*out, {*scan, *ground});
    const ScanGrid grid = grid_of(*scan, session);
    Report report;
    const PointCloud cloud = read_cloud(*ground, {}, report, session.run);
    tell(session, report);
    const PlacedScan placed = place_scan(grid, cloud, station, options, {}, session.run);
    put(*out, placed_scan_csv(placed));
    tell(session, "radar geometry", {{"output", *out}});
    if (!out->empty()) print(sentence_of(placed));
    const bool sees = placed.geometry.count(CellSight::seen) + placed.geometry.count(CellSight::layover) > 0;
    if (!sees) session.exit_code = kWithFindings;
  });
}

}  // namespace highwall::cli
