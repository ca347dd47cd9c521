#include "bindings/pipeline/night.hpp"

#include <fmt/format.h>

#include "bindings/pipeline/calculate.hpp"
#include "bindings/pipeline/carry.hpp"
#include "bindings/pipeline/clock.hpp"
#include "bindings/pipeline/ingest.hpp"
#include "bindings/pipeline/keep.hpp"
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
    if (!d.damage.empty()) summary.findings.push_back(d.damage);
    if (d.waiting > 0 || !d.error.empty()) {
      summary.findings.push_back(fmt::format("{}: {} messages wait: {}", d.publisher, d.waiting, d.error));
    }
  }
}

}  // namespace

std::vector<Polygon> configured_zones(const Site& site) {
  try {
    return load_zones(site);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::input && e.kind() != ErrorKind::frame) throw;
    throw Error(ErrorKind::config, e.message(), e.where(), e.hint());
  }
}

NightSummary run_night(const Site& site, const NightOptions& options, const Run& run) {
  Calculation calculation = calculation_of(site);
  const Policy policy = site_policy(site);
  calculation.area_rules = policy.area_rules;
  // A freeze must be told before a level can fall by it.
  calculation.freeze = before_levels_fall(calculation.freeze, policy.timing);
  const std::vector<Polygon> outlines = configured_zones(site);
  NightSummary summary;
  summary.now = options.now;
  Archive archive = Archive::open_for_writing(site.resolve(site.paths.archive), site.frame);

  ingest(site, options, archive, summary, run);
  const Measurements measurements = measure(site, calculation, outlines, archive, options.now, summary, run);
  for (std::string& finding : clock_findings(site, measurements, options.now, options.settle))
    summary.findings.push_back(std::move(finding));
  summary.acts = read_acts(archive.root(), summary.findings);
  std::erase_if(summary.acts, [&](const Act& act) { return act.at > options.now; });
  for (std::string& problem : name_targets(summary.acts, site, measurements, options.now))
    summary.findings.push_back(std::move(problem));
  for (std::string& unjudged : unjudged_of(policy, measurements)) summary.findings.push_back(std::move(unjudged));
  std::vector<ZoneHistories> histories = warn(site, policy, measurements, summary.acts, options.now, run);
  for (std::string& doubt : doubts_of(histories, policy.timing.latch_from)) summary.findings.push_back(std::move(doubt));
  Outbox outbox(archive.root());
  for (std::string& damage : outbox.set_damaged_aside()) summary.findings.push_back(std::move(damage));
  for (std::string& loss : outbox.note_missing()) summary.findings.push_back(std::move(loss));
  if (!measurements.failed.empty()) carry_told_states(outbox.told_states(summary.findings), options.now, histories);
  keep_published(site, policy, summary.acts, outbox, options.now, histories, summary.findings);
  summary.states = states_of(histories);
  summary.zones = zone_summaries(histories, summary.states, summary.acts, options.now);
  summary.sources = source_summaries(site, policy, measurements, summary);
  run.log(LogLevel::info, "judge", {{"states", count(summary.states.size())}});
  summary.messages_posted = post_changes(site, policy, histories, outlines, options.now,
                                         {summary.sources, files_of_epochs(archive.journal()), places_of(measurements)}, outbox);
  run.log(LogLevel::info, "post", {{"messages", count(summary.messages_posted)}});
  deliver(site, archive, outbox, summary, run);
  write_products(site, policy, measurements, histories, outlines, options, summary, run);
  run.log(LogLevel::info, "products", {{"files", count(summary.products.size())}, {"folder", summary.folder.string()}});
  std::vector<std::string> unreadable;
  const std::size_t sealed =
      archive.seal(options.now - duration_from_seconds(site.archive.seal_after_days * 86400.0), options.now, &unreadable);
  for (std::string& day : unreadable) {
    run.log(LogLevel::warning, "seal", {{"detail", day}});
    summary.findings.push_back(std::move(day));
  }
  run.log(LogLevel::info, "seal", {{"segments", count(sealed)}});
  return summary;
}

}  // namespace highwall
