#include <fmt/format.h>

#include <filesystem>

#include "algorithms/align/piecewise.hpp"
#include "algorithms/catalog.hpp"
#include "bindings/cli/options.hpp"
#include "bindings/cli/output.hpp"
#include "bindings/pipeline/bare.hpp"
#include "bindings/pipeline/lidar_change.hpp"
#include "bindings/pipeline/pictures.hpp"
#include "io/durable/durable.hpp"
#include "io/readers/zones.hpp"
#include "io/writers/gis.hpp"

namespace highwall::cli {
namespace {

namespace fs = std::filesystem;

struct VolumeCommand {
  std::vector<std::string> clouds;
  std::string out;
  std::string zones, stable, events;
  bool align = false;
  bool no_picture = false;
};

/// Welch's t and four points: the options of M3C2 that are fixed here, because places with two points would be false alarms.
const std::vector<std::string> kFixed{"lod",           "statistic",       "min_points",
                                      "range_sigma_m", "angle_sigma_deg", "registration_error_m"};

std::vector<Polygon> outlines_of(const std::string& file, const Frame& frame, const Session& session) {
  if (file.empty()) return {};
  Report report;
  std::vector<Polygon> out = read_polygons(file, frame, report);
  tell(session, report);
  if (out.empty()) throw Error(ErrorKind::input, "no outline in it", file);
  return out;
}

/// As the numbers of reason_codes().
std::vector<double> codes_of(const std::vector<Reason>& reasons) {
  std::vector<double> codes;
  for (const Reason r : reasons) codes.push_back(static_cast<double>(r));
  return codes;
}

/// Tags of what is known.
std::vector<std::pair<std::string, std::string>> tags_of(Instant from, Instant to) {
  std::vector<std::pair<std::string, std::string>> tags{{"DATA_UNITS", "m"}};
  if (from != kNoInstant) tags.emplace_back("FROM", to_iso8601(from));
  if (to != kNoInstant) tags.emplace_back("INSTANT", to_iso8601(to));
  return tags;
}

std::string dem_tif(const Dem& d, Instant at) {
  const std::vector<double> count(d.count.begin(), d.count.end());
  const std::vector<double> reason = codes_of(d.reason);
  std::vector<double> height = d.height_m;
  for (double& z : height) z += d.geometry.frame.origin_m[2];
  auto tags = tags_of(kNoInstant, at);
  tags.emplace_back("REASON_CODES", reason_codes());
  return geotiff_bytes(
      d.geometry,
      {{"height", "m", &height}, {"sigma", "m", &d.sigma_m}, {"count", "points", &count}, {"reason", "code", &reason}}, tags);
}

void write_rasters(const fs::path& folder, const ChangeReport& r, Instant from, Instant to) {
  const DemDifference& d = r.difference;
  const std::vector<double> reason = codes_of(d.reason);
  const std::vector<double> cluster(r.volumes.label.begin(), r.volumes.label.end());
  write_whole(folder / "dem_before.tif", dem_tif(r.before, from));
  write_whole(folder / "dem_after.tif", dem_tif(r.after, to));
  const auto tags = tags_of(from, to);
  auto more = tags;
  more.emplace_back("REASON_CODES", reason_codes());
  more.emplace_back("CALIBRATION", d.calibration.sentence);
  write_whole(folder / "dod.tif", geotiff_bytes(d.geometry,
                                                {{"difference", "m", &d.difference_m},
                                                 {"sigma", "m", &d.sigma_m},
                                                 {"registration", "m", &d.registration_m},
                                                 {"reason", "code", &reason},
                                                 {"cluster", "number", &cluster}},
                                                more));
  write_whole(folder / "lod.tif", geotiff_bytes(d.geometry, {{"lod95", "m", &d.lod95_m}}, tags));
}

void write_tables(const fs::path& folder, const ChangeReport& r, bool with_zones) {
  for (const auto& [file, text] : change_tables(r, with_zones)) write_whole(folder / file, text);
  write_whole(folder / "cells.csv", cluster_cells_csv(r.difference, r.volumes));
  write_whole(folder / "classes.csv", classes_csv(r));
}

/// @return false when nothing was measured
bool measure(const VolumeCommand& c, const ChangeSettings& settings, const PiecewiseOptions& align, const Session& session) {
  ReadOptions read;
  read.channels = "none";
  read.instant.clear();
  Report report;
  const PointCloud before = read_cloud(c.clouds[0], read, report, session.run);
  tell(session, report);
  read.origin_m.assign(before.frame.origin_m.begin(), before.frame.origin_m.end());
  PointCloud after = read_cloud(c.clouds[1], read, report, session.run);
  tell(session, report);
  if (after.frame.is_local()) after.frame = before.frame;
  Registration found;
  ChangePlaces places;
  if (c.align) {
    found = register_piecewise(after.view(), before.view(), align, session.run);
    after = transformed(after, found.transform, session.run);
    places.registration = &found;
    print(found.verdict + "\n");
  }
  places.zones = outlines_of(c.zones, before.frame, session);
  places.stable = outlines_of(c.stable, before.frame, session);
  places.events = outlines_of(c.events, before.frame, session);
  if (settings.m3c2.scanner_m.size() == 3) {
    places.scanner_m = Eigen::Vector3d::Map(settings.m3c2.scanner_m.data()) - Eigen::Vector3d::Map(before.frame.origin_m.data());
  }
  const ChangeReport r = report_change(before.view(), after.view(), places, settings, session.run);
  make_folders(c.out);
  write_rasters(c.out, r, before.instant, after.instant);
  write_tables(c.out, r, !places.zones.empty());
  print(change_table(r));
  std::string why = c.no_picture ? "not asked for" : draw_pictures(own_python(), c.out, 120.0, session.run);
  if (!why.empty() && !c.no_picture) {
    session.run.log(LogLevel::warning, "picture",
                    {{"note", why}, {"advice", "draw it with: python -m highwall.quicklook " + c.out}});
  }
  tell(session, "volume",
       {{"clusters", std::to_string(r.volumes.clusters.size())},
        {"places", std::to_string(r.field.size())},
        {"picture", why.empty() ? "change.png" : why},
        {"output", c.out}});
  if (r.volumes.total.measured_m2 > 0.0) return true;
  print("nothing was measured: no ground that both clouds show\n");
  return false;
}

}  // namespace

void add_volume_command(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("volume", "Surfaces, their difference, volumes with errors, and what changed, of two clouds");
  command->footer("Example: highwall volume may.las june.las -o change --zones zones.geojson --scanner-m 512040,3880050,110");
  auto what = std::make_shared<VolumeCommand>();
  command->add_option("clouds", what->clouds, "The cloud before and the cloud after")->required()->expected(2);
  command->add_option("-o,--output", what->out, "Folder for rasters, tables and the picture")->required();
  command->add_option("--zones", what->zones, "GeoJSON or GeoPackage of zones to sum over");
  command->add_option("--stable", what->stable, "The same of ground that is known to rest; default: found");
  command->add_option("--events", what->events, "The same of declared blasts and digging between the clouds");
  command->add_flag("--register", what->align, "Register the second cloud onto the first before, and count its uncertainty");
  auto fit = std::make_shared<OptionFlags<PiecewiseOptions>>(*command, std::vector<std::string>{}, "Registration", "register_");
  command->add_flag("--no-picture", what->no_picture, "No change.png");
  auto surface = std::make_shared<OptionFlags<DemOptions>>(*command, std::vector<std::string>{}, "Surface");
  auto difference = std::make_shared<OptionFlags<DifferenceOptions>>(*command, std::vector<std::string>{}, "Difference");
  auto volume = std::make_shared<OptionFlags<VolumeOptions>>(*command, std::vector<std::string>{}, "Volumes");
  auto compare = std::make_shared<OptionFlags<M3c2Options>>(*command, kFixed, "M3C2 (Welch's limits, four points at least)");
  auto classes = std::make_shared<OptionFlags<ClassOptions>>(*command, std::vector<std::string>{"spacing_m"}, "Classes");
  command->callback([=, &session] {
    ChangeSettings settings{surface->get(), difference->get(), volume->get(), classes->get(), {}, {}};
    settings.m3c2.lod = Lod::welch;
    settings.m3c2.min_points = 4;
    settings.m3c2 = compare->get(settings.m3c2);
    std::error_code failed;
    if (fs::exists(what->out, failed) && !fs::is_directory(what->out, failed))
      usage("--output", what->out + " is a file, not a folder");
    const PiecewiseOptions align = fit->get();
    if (fit->any() && !what->align) usage("--register", "is missing: the options of the registration have no effect");
    if (!measure(*what, settings, align, session)) session.exit_code = kWithFindings;
  });
}

}  // namespace highwall::cli
