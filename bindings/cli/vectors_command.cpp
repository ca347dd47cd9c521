#include "algorithms/vectors/vectors.hpp"

#include <algorithm>
#include <map>

#include "algorithms/align/stable_ground.hpp"
#include "algorithms/catalog.hpp"
#include "algorithms/compare/m3c2.hpp"
#include "bindings/cli/compare_output.hpp"
#include "bindings/cli/options.hpp"
#include "bindings/cli/output.hpp"
#include "bindings/pipeline/bare.hpp"
#include "bindings/pipeline/m3c2_files.hpp"

namespace highwall::cli {
namespace {

/// @return true when any place has a vector
bool measure(const M3c2Files& files, const std::string& stable_file, const VectorOptions& options, const M3c2Options& compare,
             const Session& session) {
  auto [before, after, places] = load_clouds(files, session.run, [&](const Report& report) { tell(session, report); });
  if (files.cores.empty()) places.xyz = thin_to_cores(before.view(), 0.5 * options.patch_radius_m);
  DisplacementField field = m3c2(before.view(), after.view(), places.view(), compare, session.run);
  const std::vector<std::uint8_t> stable = within_outlines(stable_file, places, session);
  print(measure_vectors(before.view(), after.view(), field, stable, nullptr, options, session.run).sentence + "\n");
  std::map<Reason, std::size_t> without;
  for (const Reason reason : field.reason_vector) {
    if (reason != Reason::ok) ++without[reason];
  }
  if (!without.empty()) print("without a vector: " + reasons_text(without) + "\n");
  write_field(files.output, field, unit_of(files, before.frame), session.run);
  const auto none = [](Reason reason) { return reason != Reason::ok; };
  if (std::all_of(field.reason_vector.begin(), field.reason_vector.end(), none)) {
    print("no place has a vector\n");
    return false;
  }
  return tell_outcome("vectors", outcome_of(field), files.output.string(), session);
}

}  // namespace

void add_vectors_command(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("vectors", std::string(algorithm_of("vectors").sentence) + " M3C2 distances beside them.");
  command->footer("Example: highwall vectors may.las june.las --patch-radius-m 2 -o vectors.csv");
  auto paths = std::make_shared<std::vector<std::string>>();
  auto cores = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>();
  auto stable = std::make_shared<std::string>();
  command->add_option("clouds", *paths, "The cloud before and the cloud after")->required()->expected(2);
  command->add_option("--cores", *cores,
                      "Cloud of the places to measure at; default: points of the first cloud, half a patch radius apart");
  command->add_option("-o,--output", *out, ".csv, .las, .laz or .gpkg")->required();
  command->add_option("--stable", *stable,
                      "GeoJSON or GeoPackage whose outlines are ground at rest; default: found from the vectors themselves");
  auto flags = std::make_shared<OptionFlags<VectorOptions>>(*command);
  auto distance = std::make_shared<OptionFlags<M3c2Options>>(*command, std::vector<std::string>{}, "Distances");
  command->callback([=, &session] {
    const VectorOptions options = flags->get();
    const M3c2Options compare = distance->get();
    check_output(*out, {(*paths)[0], (*paths)[1], *cores});
    try {
      static_cast<void>(field_format(*out));
    } catch (const Error& e) {
      usage("--output", e.what());
    }
    const M3c2Files files{(*paths)[0], (*paths)[1], *cores, *out, "metres", 0, {}};
    if (!measure(files, *stable, options, compare, session)) session.exit_code = kWithFindings;
  });
}

}  // namespace highwall::cli
