#include "bindings/pipeline/night.hpp"

#include <fmt/format.h>

#include "algorithms/align/stable_ground.hpp"
#include "algorithms/compare/m3c2.hpp"
#include "bindings/pipeline/carry.hpp"
#include "bindings/pipeline/ingest.hpp"
#include "bindings/pipeline/measure.hpp"
#include "bindings/pipeline/products.hpp"
#include "bindings/pipeline/warn.hpp"
#include "bindings/pipeline/zone_summary.hpp"
#include "core/error.hpp"

namespace highwall {
namespace {

std::string count(std::size_t n) { return fmt::format("{}", n); }

/// Sends what waits; what did not arrive is a finding, and the next night tries again.
void deliver(const Site& site, Archive& archive, Outbox& outbox, NightSummary& summary, const Run& run) {
  summary.deliveries = forward(outbox, site, archive.root(), run);
  for (const Delivery& d : summary.deliveries) {
    run.log(d.error.empty() ? LogLevel::info : LogLevel::warning, "deliver",
            {{"receiver", d.publisher}, {"delivered", count(d.delivered)}, {"waiting", count(d.waiting)}, {"error", d.error}});
    if (d.waiting > 0 || !d.error.empty()) {
      summary.findings.push_back(fmt::format("{}: {} messages wait: {}", d.publisher, d.waiting, d.error));
    }
  }
}

}  // namespace

void check_calculate(const Site& site) {
  for (const auto& [algorithm, entries] : site.calculate) {
    M3c2Options m3c2_options;
    RegisterOptions register_options;
    for (const CalculateEntry& entry : entries) {
      if (algorithm == "m3c2") {
        set_option(m3c2_options, entry.name, entry.value, entry.where);
      } else if (algorithm == "register") {
        set_option(register_options, entry.name, entry.value, entry.where);
      } else {
        throw Error(ErrorKind::config, fmt::format("[calculate] knows no algorithm \"{}\"", algorithm), entry.where,
                    "known: m3c2, register");
      }
    }
  }
}

std::vector<Polygon> configured_zones(const Site& site) {
  try {
    return load_zones(site);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::input && e.kind() != ErrorKind::frame) throw;
    throw Error(ErrorKind::config, e.message(), e.where(), e.hint());
  }
}

NightSummary run_night(const Site& site, const NightOptions& options, const Run& run) {
  check_calculate(site);
  const Policy policy = site_policy(site);
  const std::vector<Polygon> outlines = configured_zones(site);
  NightSummary summary;
  summary.now = options.now;
  Archive archive = Archive::open_for_writing(site.resolve(site.paths.archive), site.frame);

  ingest(site, options, archive, summary, run);
  const Measurements measurements = measure(site, outlines, archive, options.now, summary, run);
  summary.acts = read_acts(archive.root());
  std::erase_if(summary.acts, [&](const Act& act) { return act.at > options.now; });
  std::vector<ZoneHistories> histories = warn(site, policy, measurements, summary.acts, options.now, run);
  Outbox outbox(archive.root());
  if (!measurements.failed.empty()) carry_told_states(outbox.told_states(), options.now, histories);
  summary.states = states_of(histories);
  summary.zones = zone_summaries(histories, summary.states, summary.acts, options.now);
  summary.sources = source_summaries(site, measurements, summary);
  run.log(LogLevel::info, "judge", {{"states", count(summary.states.size())}});
  summary.messages_posted = post_changes(site, policy, histories, outlines, options.now,
                                         {summary.sources, files_of_epochs(archive.journal()), places_of(measurements)}, outbox);
  run.log(LogLevel::info, "post", {{"messages", count(summary.messages_posted)}});
  deliver(site, archive, outbox, summary, run);
  write_products(site, policy, measurements, histories, outlines, options, summary, run);
  run.log(LogLevel::info, "products", {{"files", count(summary.products.size())}, {"folder", summary.folder.string()}});
  const std::size_t sealed = archive.seal(options.now - days(2), options.now);
  run.log(LogLevel::info, "seal", {{"segments", count(sealed)}});
  return summary;
}

}  // namespace highwall
