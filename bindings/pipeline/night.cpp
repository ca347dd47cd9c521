#include "bindings/pipeline/night.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "algorithms/align/stable_ground.hpp"
#include "algorithms/compare/m3c2.hpp"
#include "bindings/pipeline/ingest.hpp"
#include "bindings/pipeline/measure.hpp"
#include "bindings/pipeline/products.hpp"
#include "bindings/pipeline/warn.hpp"
#include "core/error.hpp"
#include "io/durable/digest.hpp"

namespace highwall {
namespace {

/// Every key of [calculate] is tried before the night begins, not when its algorithm runs.
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

}  // namespace

NightSummary run_night(const Site& site, const NightOptions& options, const Run& run) {
  check_calculate(site);
  const Policy policy = site_policy(site);
  const std::vector<Polygon> outlines = load_zones(site);
  NightSummary summary;
  summary.now = options.now;
  Archive archive = Archive::open_for_writing(site.resolve(site.paths.archive), site.frame);

  ingest(site, options, archive, summary, run);
  const Measurements measurements = measure(site, outlines, archive, options.now, summary, run);
  const std::vector<ZoneHistories> histories =
      warn(site, policy, measurements, read_acts(archive.root()), options.now, run);
  summary.states = states_of(histories);
  Outbox outbox(archive.root());
  summary.messages_posted = post_changes(site, policy, histories, outlines, options.now, outbox);
  write_products(site, policy, measurements, histories, outlines, options, summary, run);
  archive.seal(options.now - days(2), options.now);
  summary.deliveries = forward(outbox, site, archive.root(), run);
  for (const Delivery& d : summary.deliveries) {
    if (d.waiting > 0) {
      summary.findings.push_back(fmt::format("{}: {} messages wait: {}", d.publisher, d.waiting, d.error));
    }
  }
  return summary;
}

CheckReport check_site(const Site& site, Instant now, const Run& run) {
  CheckReport report;
  check_calculate(site);
  const Policy policy = site_policy(site);
  report.lines.push_back(fmt::format("mine {} \"{}\", frame {}", site.mine.no, site.mine.name, site.frame.to_string()));
  report.lines.push_back(fmt::format("policy {} {}: {} rules", policy.id, policy.version, policy.rules.size()));
  try {
    for (const Polygon& zone : load_zones(site)) {
      report.lines.push_back(fmt::format("zone {}: {}", zone.name, zone.empty() ? "no outline (series only)" : "outline read"));
    }
  } catch (const Error& e) {
    report.problems.emplace_back(e.what());
  }
  std::optional<Archive> archive;
  const auto root = site.resolve(site.paths.archive);
  if (std::filesystem::exists(root / "format.toml")) archive.emplace(Archive::open_for_reading(root));
  NightOptions options;
  options.now = now;
  std::size_t fresh = 0;
  for (const DropFile& file : list_drop(site, options)) {
    run.check_stop();
    if (file.waiting) {
      report.lines.push_back(fmt::format("{}: waits (unfinished, or younger than settle_s)", file.name));
      continue;
    }
    try {
      const std::string bytes = load_file(file.path);
      if (archive && archive->known_file(file.source->id, sha256_hex(bytes)) != nullptr) continue;
      const Reader& reader = choose_reader({file.path.string(), bytes}, file.source->format);
      report.lines.push_back(fmt::format("{}: {} bytes, read as {}", file.name, bytes.size(), reader.name));
      report.bytes_to_ingest += bytes.size();
      ++fresh;
    } catch (const Error& e) {
      report.problems.push_back(fmt::format("{}: {}", file.name, e.message()));
    }
  }
  // Archive files are about as large as what they come from; products and segments as much again.
  report.lines.push_back(fmt::format("{} new files, {:.1f} MB; allow {:.1f} MB of disk", fresh,
                                     static_cast<double>(report.bytes_to_ingest) / 1e6,
                                     static_cast<double>(report.bytes_to_ingest) * 4.0 / 1e6));
  return report;
}

}  // namespace highwall
