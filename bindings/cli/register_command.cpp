#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "algorithms/align/piecewise.hpp"
#include "algorithms/catalog.hpp"
#include "bindings/cli/options.hpp"
#include "bindings/cli/output.hpp"
#include "bindings/pipeline/bare.hpp"
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
                           {"verdict", r.verdict},
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

}  // namespace

void add_register_command(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("register", std::string(algorithm_of("piecewise").sentence));
  command->footer("Example: highwall register june.laz may.laz -o june_on_may.laz --transform june_on_may.json");
  auto paths = std::make_shared<std::vector<std::string>>();
  auto out = std::make_shared<std::string>();
  auto transform = std::make_shared<std::string>();
  command->add_option("clouds", *paths, "The cloud to move and the reference")->required()->expected(2);
  command->add_option("-o,--output", *out, ".las or .laz of the moved cloud");
  command->add_option("--transform", *transform,
                      "JSON: transform (4 x 4, local coordinates), covariance (6 x 6), patches with their stable marks");
  auto flags = std::make_shared<OptionFlags<PiecewiseOptions>>(*command);
  command->callback([=, &session] {
    const PiecewiseOptions options = flags->get();
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
