#include <fmt/format.h>

#include "bindings/cli/options.hpp"
#include "bindings/cli/output.hpp"
#include "bindings/cli/radar_commands.hpp"
#include "bindings/pipeline/invert_stack.hpp"
#include "io/readers/insar/insar.hpp"

namespace highwall::cli {
namespace {

namespace fs = std::filesystem;

std::string sentence_of(const StackSummary& s) {
  std::string text = fmt::format(
      "{} acquisitions, {} interferograms (rank {} of {}), weights {}; {} of {} pixels have a velocity: {:.2f} to {:.2f}, median "
      "{:.2f} mm/year towards the sensor\n",
      s.instants, s.pairs, s.rank, s.instants - 1, name_of(s.weights), s.pixels_inverted, s.pixels, s.velocity_min,
      s.velocity_max, s.velocity_median);
  const auto pixel = s.reference.middle();
  text += fmt::format("reference: row {}, column {} ({})\n", pixel[0], pixel[1], s.reference_how);
  if (s.pixels_bridged > 0) {
    text += fmt::format("{} pixels have gaps or lack an acquisition: see gaps.tif\n", s.pixels_bridged);
  }
  if (s.closure_counted) {
    text += fmt::format("{} triangles; of {} pixels in all of them {} do not close somewhere: closure.tif\n", s.triangles,
                        s.pixels_in_all_loops, s.pixels_with_nonzero_closure);
  }
  if (s.corrected) {
    std::uint64_t corrected = 0, detected = 0;
    for (const CorrectedPair& p : s.corrections) {
      corrected += p.found.corrected;
      detected += p.found.detected;
    }
    text += fmt::format(
        "unwrapping: {} pixels of interferograms corrected, {} detected and not corrected; {} pixels did not close before\n",
        corrected, detected, s.pixels_with_nonzero_closure_before);
  }
  return text;
}

}  // namespace

void add_radar_invert_command(CLI::App& radar, Session& session) {
  auto* command =
      radar.add_subcommand("invert", "Series and velocities from a stack of unwrapped interferograms, by least squares");
  command->footer(
      "Writes timeseries.h5, velocity.h5, temporalCoherence.h5 (as MintPy), timeseriesStd.h5, numInvIfgram.h5, closure.tif, "
      "gaps.tif "
      "and summary.json.\nExample: highwall radar invert ifgramStack.h5 -o stack --weights variance");
  auto stack = std::make_shared<std::vector<std::string>>();
  auto out = std::make_shared<std::string>();
  command->add_option("stack", *stack, "Files, folders or text lists of unwrapped phase and coherence")->required();
  command->add_option("-o,--output", *out, "Folder of the results")->required();
  auto options = std::make_shared<OptionFlags<StackOptions>>(*command);
  auto inversion = std::make_shared<OptionFlags<InversionOptions>>(*command, std::vector<std::string>{}, "Inversion");
  auto velocity = std::make_shared<OptionFlags<VelocityFitOptions>>(*command, std::vector<std::string>{}, "Velocity");
  auto correction = std::make_shared<OptionFlags<ClosureOptions>>(*command, std::vector<std::string>{}, "Unwrapping errors");
  auto read = std::make_shared<OptionFlags<InsarOptions>>(*command, std::vector<std::string>{}, "Reading");
  command->callback([=, &session] {
    const InvertSettings settings{options->get(), inversion->get(), velocity->get(), correction->get()};
    const InsarOptions reading = read->get();
    std::error_code failed;
    if (fs::exists(*out, failed) && !fs::is_directory(*out, failed)) usage("--output", *out + " is a file, not a folder");
    const std::vector<fs::path> paths(stack->begin(), stack->end());
    Report report;
    const auto source = open_interferograms(paths, reading, report, session.run);
    tell(session, report);
    const StackSummary s = invert_stack_to(*out, *source, settings, session.run);
    print(sentence_of(s));
    tell(session, "radar invert", {{"pixels", std::to_string(s.pixels_inverted)}, {"output", *out}});
    if (s.pixels_inverted == 0) session.exit_code = kWithFindings;
  });
}

}  // namespace highwall::cli
