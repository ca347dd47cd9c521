#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numbers>

#include "algorithms/align/epoch_graph.hpp"
#include "algorithms/align/piecewise.hpp"
#include "algorithms/catalog.hpp"
#include "bindings/cli/options.hpp"
#include "bindings/cli/output.hpp"
#include "bindings/pipeline/bare.hpp"
#include "core/error.hpp"
#include "io/crs/crs.hpp"

namespace highwall::cli {
namespace {

nlohmann::json rows_of(const Eigen::MatrixXd& m) {
  nlohmann::json rows = nlohmann::json::array();
  for (Eigen::Index i = 0; i < m.rows(); ++i) {
    nlohmann::json row = nlohmann::json::array();
    for (Eigen::Index j = 0; j < m.cols(); ++j) row.push_back(m(i, j));
    rows.push_back(row);
  }
  return rows;
}

/// Everything that is known of a registration; coordinates are local, about `origin_m`.
std::string json_of(const Registration& r, const Frame& frame) {
  nlohmann::json patches = nlohmann::json::array();
  for (std::size_t k = 0; k < r.stable.size(); ++k) {
    const auto row = static_cast<Eigen::Index>(k);
    patches.push_back(
        {{"x_m", r.core_m(row, 0)}, {"y_m", r.core_m(row, 1)}, {"z_m", r.core_m(row, 2)}, {"stable", r.stable[k] != 0}});
  }
  const nlohmann::json all{{"crs", frame.crs},
                           {"origin_m", frame.origin_m},
                           {"transform", rows_of(r.transform.matrix())},
                           {"covariance", rows_of(r.covariance)},
                           {"covariance_of", "translation m, rotation rad, about centre_m"},
                           {"centre_m", {r.centre_m.x(), r.centre_m.y(), r.centre_m.z()}},
                           {"rms_of_patch_means_m", r.rms_m},
                           {"stable_patches", r.stable_count},
                           {"least_told_m", r.least_told_m},
                           {"verdict", r.verdict},
                           {"not_observable", rows_of(r.not_observable.transpose())},
                           {"not_significant", rows_of(r.not_significant.transpose())},
                           {"patches", patches}};
  return all.dump(1) + "\n";
}

/// Shift and turn in words, each with its standard deviation.
std::string sentence_of(const Registration& r) {
  const Eigen::Vector3d shift = 1000.0 * (r.transform * r.centre_m - r.centre_m);
  const Eigen::AngleAxisd turn(r.transform.rotation());
  const Eigen::Vector3d angle = turn.angle() * turn.axis() * 200000.0 / std::numbers::pi;
  const auto sigma = [&](Eigen::Index i) { return std::sqrt(r.covariance(i, i)); };
  std::string text = r.verdict + "\n";
  for (Eigen::Index c = 0; c < 3; ++c) {
    text += fmt::format("  {}  moved {:.3f} +- {:.3f} mm, turned {:.2f} +- {:.2f} mgon\n", "xyz"[c], shift[c], 1000.0 * sigma(c),
                        angle[c], sigma(3 + c) * 200000.0 / std::numbers::pi);
  }
  return text;
}

nlohmann::json json_of(const EpochGraph& graph, const std::vector<std::string>& names, const Frame& frame) {
  nlohmann::json epochs = nlohmann::json::array();
  for (std::size_t k = 0; k < graph.poses.size(); ++k) {
    const EpochPose& pose = graph.poses[k];
    nlohmann::json ties = nlohmann::json::array();
    for (const EpochEdge& edge : pose.edges) {
      ties.push_back(
          {{"epoch", edge.reference + 1}, {"used", edge.used}, {"trouble", edge.trouble}, {"verdict", edge.fit.verdict}});
    }
    epochs.push_back({{"epoch", k + 1},
                      {"file", names[k]},
                      {"transform", rows_of(pose.transform.matrix())},
                      {"covariance", rows_of(pose.covariance)},
                      {"verdict", pose.verdict},
                      {"ties", ties}});
  }
  return {{"crs", frame.crs},
          {"origin_m", frame.origin_m},
          {"centre_m", {graph.centre_m.x(), graph.centre_m.y(), graph.centre_m.z()}},
          {"covariance_of", "translation m, rotation rad, about centre_m"},
          {"epochs", epochs}};
}

/// The clouds in the frame of the first, which is the reference. @throws Error naming a file without points, or of another frame
std::vector<PointCloud> clouds_of(const std::vector<std::string>& paths, const Session& session) {
  std::vector<PointCloud> clouds;
  ReadOptions read;
  for (const std::string& path : paths) {
    Report report;
    PointCloud cloud = read_cloud(path, read, report, session.run);
    tell(session, report);
    if (cloud.size() == 0) throw Error(ErrorKind::input, "the cloud has no points to register", path);
    if (clouds.empty()) {
      read.origin_m.assign(cloud.frame.origin_m.begin(), cloud.frame.origin_m.end());
    } else {
      if (cloud.frame.is_local()) cloud.frame = clouds[0].frame;
      require_same(clouds[0].frame, cloud.frame, "the series' first cloud and " + path);
    }
    clouds.push_back(std::move(cloud));
  }
  return clouds;
}

/// Where the moved clouds of a series go: 002_june.laz, ...
std::vector<std::string> targets_of(const std::vector<std::string>& paths, const std::string& folder) {
  std::vector<std::string> targets;
  for (std::size_t k = 0; k < paths.size(); ++k) {
    const std::string name = fmt::format("{:03}_{}.laz", k + 1, std::filesystem::path(paths[k]).stem().string());
    targets.push_back((std::filesystem::path(folder) / name).string());
  }
  return targets;
}

/// A folder that can be written into. @throws CLI::ValidationError, Error(storage)
void make_folder(const std::string& folder) {
  if (folder.empty()) usage("--output", "three clouds or more are a series, which wants a folder for its results");
  std::error_code failed;
  if (std::filesystem::exists(folder, failed) && !std::filesystem::is_directory(folder, failed)) {
    usage("--output", folder + " is a file: three clouds or more are a series, which wants a folder");
  }
  std::filesystem::create_directories(folder, failed);
  if (failed) throw Error(ErrorKind::storage, "the folder cannot be made: " + failed.message(), folder);
}

std::string sentence_of(const EpochPose& pose, const Eigen::Vector3d& centre_m) {
  const Eigen::Vector3d shift = 1000.0 * (pose.transform * centre_m - centre_m);
  const auto sigma = [&](Eigen::Index i) { return 1000.0 * std::sqrt(pose.covariance(i, i)); };
  return fmt::format("{}\n  moved {:.3f} +- {:.3f}, {:.3f} +- {:.3f}, {:.3f} +- {:.3f} mm at the middle\n", pose.verdict,
                     shift.x(), sigma(0), shift.y(), sigma(1), shift.z(), sigma(2));
}

/// Three clouds or more: all on the first, into a folder.
void register_many(const std::vector<std::string>& paths, const std::string& folder, const SeriesOptions& options,
                   const PiecewiseOptions& piecewise, const Session& session) {
  make_folder(folder);
  const std::vector<std::string> targets = targets_of(paths, folder);
  const std::string table = (std::filesystem::path(folder) / "series.json").string();
  for (const std::string& target : targets) check_output(target, paths);
  check_output(table, paths);
  const std::vector<PointCloud> clouds = clouds_of(paths, session);
  for (std::size_t k = 0; k < paths.size(); ++k) {
    print(fmt::format("epoch {}: {}{}\n", k + 1, paths[k], k == 0 ? ", the reference" : ""));
  }
  std::vector<PointsView> views;
  for (const PointCloud& cloud : clouds) views.push_back(cloud.view());
  const EpochGraph graph = register_series(views, options, piecewise, session.run);
  for (std::size_t k = 1; k < clouds.size(); ++k) {
    print(sentence_of(graph.poses[k], graph.centre_m));
    write_cloud(targets[k], transformed(clouds[k], graph.poses[k].transform, session.run), session.run);
  }
  write_result(table, json_of(graph, paths, clouds[0].frame).dump(1) + "\n");
  tell(session, "register", {{"epochs", std::to_string(clouds.size())}, {"output", folder}});
}

}  // namespace

void add_register_command(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("register", std::string(algorithm_of("piecewise").sentence));
  command->footer(
      "Example: highwall register june.laz may.laz -o june_on_may.laz --transform june_on_may.json\n"
      "         highwall register may.laz june.laz july.laz -o registered/");
  auto paths = std::make_shared<std::vector<std::string>>();
  auto out = std::make_shared<std::string>();
  auto transform = std::make_shared<std::string>();
  command->add_option("clouds", *paths, "The cloud to move and the reference; three or more: a series, the reference first")
      ->required()
      ->expected(2, 100000);
  command->add_option("-o,--output", *out,
                      ".las or .laz of the moved cloud; of a series the folder for its clouds and series.json");
  command->add_option("--transform", *transform,
                      "JSON: transform (4 x 4, local coordinates), covariance (6 x 6), patches with their stable marks");
  auto flags = std::make_shared<OptionFlags<PiecewiseOptions>>(*command);
  auto series = std::make_shared<OptionFlags<SeriesOptions>>(*command, std::vector<std::string>{}, "Series");
  command->callback([=, &session] {
    const PiecewiseOptions options = flags->get();
    if (paths->size() > 2) {
      if (!transform->empty()) usage("--transform", "of a series the matrices are in series.json of its folder");
      return register_many(*paths, *out, series->get(), options, session);
    }
    if (series->any()) usage("--links, --misclosure-chi2", "are of a series: three clouds or more");
    for (const std::string& path : {*out, *transform}) {
      if (!path.empty()) check_output(path, *paths);
    }
    ReadOptions read;
    Report report;
    const PointCloud reference = read_cloud((*paths)[1], read, report, session.run);
    tell(session, report);
    read.origin_m.assign(reference.frame.origin_m.begin(), reference.frame.origin_m.end());
    PointCloud epoch = read_cloud((*paths)[0], read, report, session.run);
    tell(session, report);
    if (epoch.frame.is_local()) epoch.frame = reference.frame;
    const Registration found = register_piecewise(epoch.view(), reference.view(), options, session.run);
    print(sentence_of(found));
    if (!transform->empty()) write_result(*transform, json_of(found, reference.frame));
    if (!out->empty()) write_cloud(*out, transformed(epoch, found.transform, session.run), session.run);
  });
}

}  // namespace highwall::cli
