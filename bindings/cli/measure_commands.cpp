#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "algorithms/compare/m3c2.hpp"
#include "algorithms/series/rate.hpp"
#include "bindings/cli/commands.hpp"
#include "bindings/cli/options.hpp"
#include "bindings/pipeline/bare.hpp"
#include "io/config/policy.hpp"
#include "io/durable/durable.hpp"

namespace highwall::cli {
namespace {

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void print_report(const Report& report) {
  for (const std::string& warning : report.warnings) std::fprintf(stderr, "%s: %s\n", report.source.c_str(), warning.c_str());
  if (report.rejected == 0) return;
  std::fprintf(stderr, "%s: %llu rows were refused\n", report.source.c_str(), static_cast<unsigned long long>(report.rejected));
  for (std::size_t i = 0; i < std::min<std::size_t>(5, report.rows.size()); ++i) {
    std::fprintf(stderr, "  line %llu: %s\n", static_cast<unsigned long long>(report.rows[i].line), report.rows[i].reason.c_str());
  }
}

/// Writes to the file of -o, or to standard output.
void put(const std::string& out, const std::string& text) {
  if (out.empty() || out == "-") {
    print(text);
  } else {
    write_whole(out, text);
  }
}

void describe_reading(const Reading& reading) {
  const Report& r = reading.report;
  print(fmt::format("{}: {}, {} accepted, {} refused\n", r.source, r.format, r.accepted, r.rejected));
  if (const auto* cloud = std::get_if<PointCloud>(&reading.data)) {
    print(fmt::format("  cloud of {} points at {}, {}\n", cloud->size(), to_iso8601(cloud->instant), cloud->frame.to_string()));
    if (cloud->size() > 0) {
      const auto& o = cloud->frame.origin_m;
      const Eigen::RowVector3d low = cloud->xyz.colwise().minCoeff();
      const Eigen::RowVector3d high = cloud->xyz.colwise().maxCoeff();
      print(fmt::format("  x {:.3f} to {:.3f}, y {:.3f} to {:.3f}, z {:.3f} to {:.3f} m\n", low[0] + o[0], high[0] + o[0],
                        low[1] + o[1], high[1] + o[1], low[2] + o[2], high[2] + o[2]));
    }
    for (const auto& [name, channel] : cloud->channels) print(fmt::format("  channel {}\n", name));
  } else if (const auto* stack = std::get_if<Stack>(&reading.data)) {
    const GridGeometry& g = stack->geometry();
    print(fmt::format("  {} maps of {} x {} cells, {}\n", stack->epochs(), g.rows, g.cols, g.frame.to_string()));
    if (stack->epochs() > 0) {
      print(fmt::format("  {} to {}\n", to_iso8601(stack->instants().front()), to_iso8601(stack->instants().back())));
    }
  } else {
    for (const TimeSeries& s : std::get<std::vector<TimeSeries>>(reading.data)) {
      print(fmt::format("  series {} ({}): {} samples of {}", s.target, name_of(s.kind), s.size(), fmt::join(s.components, ", ")));
      if (!s.empty()) print(fmt::format(", {} to {}", to_iso8601(s.time.front()), to_iso8601(s.time.back())));
      print("\n");
    }
  }
  for (const std::string& warning : r.warnings) print("  note: " + warning + "\n");
}

void add_info(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("info", "Say what files hold");
  command->footer("Example: highwall info drop/lidar/scan.las drop/radar/areas.csv");
  auto files = std::make_shared<std::vector<std::string>>();
  command->add_option("files", *files, "Files of any format that is read")->required();
  auto flags = std::make_shared<OptionFlags<ReadOptions>>(*command);
  command->callback([=, &session] {
    for (const std::string& file : *files) describe_reading(read_file(file, flags->get(), session.run));
  });
}

void add_m3c2(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("m3c2", "Distances between two clouds along the surface normal (Lague et al. 2013, doi:10.1016/j.isprsjprs.2013.04.009)");
  command->footer("Example: highwall m3c2 may.las june.las --cores cores.las --normal-radius-m 1.0 --cylinder-radius-m 0.5 -o out.csv");
  auto paths = std::make_shared<std::vector<std::string>>();
  auto cores = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>();
  auto units = std::make_shared<std::string>("metres");
  command->add_option("clouds", *paths, "The cloud before and the cloud after")->required()->expected(2);
  command->add_option("--cores", *cores, "Cloud of the places to measure at; default: the first cloud");
  command->add_option("-o,--output", *out, ".csv, .las or .gpkg")->required();
  command->add_option("--units", *units, "metres, or source: numbers stay in the files' own unit")->check(CLI::IsMember({"metres", "source"}))->default_str("metres");
  auto flags = std::make_shared<OptionFlags<M3c2Options>>(*command);
  command->callback([=, &session] {
    ReadOptions read;
    read.units = *units;
    Report report;
    const PointCloud before = read_cloud((*paths)[0], read, report, session.run);
    print_report(report);
    read.origin_m.assign(before.frame.origin_m.begin(), before.frame.origin_m.end());
    PointCloud after = read_cloud((*paths)[1], read, report, session.run);
    print_report(report);
    PointCloud places = cores->empty() ? before : read_cloud(*cores, read, report, session.run);
    if (places.frame.is_local()) places.frame = before.frame;  // plain text carries no CRS
    if (after.frame.is_local()) after.frame = before.frame;
    const DisplacementField field = m3c2(before.view(), after.view(), places.view(), flags->get(), session.run);
    write_field(*out, field, *units == "source" ? "source_unit" : "m");
    std::size_t measured = 0;
    for (const double v : field.value_m) measured += std::isnan(v) ? 0 : 1;
    print(fmt::format("{} core points, {} measured, {} without a value; {}\n", field.size(), measured, field.size() - measured, *out));
  });
}

void add_rate(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("rate", "Trailing velocities of a series with calibrated sigmas");
  command->footer("Example: highwall rate areas.csv --window 1h,3h,6h,12h,24h,48h --quiet 2025-08-13..2025-08-17 --sign toward_negative -o rate.csv");
  auto file = std::make_shared<std::string>();
  auto windows = std::make_shared<std::string>("1h,3h,6h,12h,24h,48h");
  auto quiet = std::make_shared<std::vector<std::string>>();
  auto target = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>();
  command->add_option("file", *file, "File with a series")->required();
  command->add_option("--window", *windows, "Windows, e.g. 30min,1h,6h,2d")->default_str("1h,3h,6h,12h,24h,48h");
  command->add_option("--quiet-period,--quiet", *quiet, "FROM..TO: the wall rests; calibrates sigma. May be given again");
  command->add_option("--series", *target, "Name of the series, when the file holds several");
  command->add_option("-o,--output", *out, "CSV; default: standard output");
  auto flags = std::make_shared<OptionFlags<ReadOptions>>(*command);
  command->callback([=, &session] {
    Report report;
    const auto all = read_series(*file, flags->get(), report, session.run);
    print_report(report);
    const TimeSeries* series = nullptr;
    for (const TimeSeries& s : all) {
      if (target->empty() ? all.size() == 1 : s.target == *target) series = &s;
    }
    if (series == nullptr) {
      std::string names;
      for (const TimeSeries& s : all) names += " " + s.target;
      throw Error(ErrorKind::config, "which series is meant?", *file, "name one with --series:" + names);
    }
    if (series->width() != 1) throw Error(ErrorKind::config, "the series has three components: rate takes one", *file);
    RateOptions options;
    options.windows_h = parse_windows(*windows);
    auto rates = rate(*series, options, session.run);
    std::vector<std::array<Instant, 2>> periods;
    for (const std::string& text : *quiet) periods.push_back(parse_period(text));
    NoiseModel noise;
    const auto calibrations = periods.empty() ? calibrate_on_start(rates, *series, noise) : calibrate(rates, *series, periods);
    for (const Calibration& c : calibrations) {
      std::fprintf(stderr, "%g h: sigma %.4f mm/h by %s from %.0f independent windows\n", c.window_h,
                   to_mm_per_h(MetresPerDay(c.sigma_m_per_day)), c.method.c_str(), c.independent_windows);
    }
    if (periods.empty()) std::fprintf(stderr, "no quiet period was declared: sigma comes from the first days of the series\n");
    std::vector<RateColumn> columns;
    for (const WindowRate& r : rates) columns.push_back({r.window_h, &r.velocity_m_per_day, &r.sigma_m_per_day});
    put(*out, rate_csv(*series, columns));
  });
}

void add_warn(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("warn", "Warning levels of bare series files, sample by sample; the files together are one zone");
  command->footer("Example: highwall warn E1.csv E2.csv --kind extensometer -o levels.csv");
  auto files = std::make_shared<std::vector<std::string>>();
  auto policy = std::make_shared<std::string>();
  auto quiet = std::make_shared<std::vector<std::string>>();
  auto out = std::make_shared<std::string>();
  command->add_option("files", *files, "Files with series")->required();
  command->add_option("--policy", *policy, "Policy TOML; default: the shipped policy");
  command->add_option("--quiet-period,--quiet", *quiet, "FROM..TO: the wall rests; calibrates sigma. May be given again");
  command->add_option("-o,--output", *out, "CSV; default: standard output");
  auto flags = std::make_shared<OptionFlags<ReadOptions>>(*command);
  command->callback([=, &session] {
    std::vector<TimeSeries> all;
    for (const std::string& file : *files) {
      Report report;
      for (TimeSeries& s : read_series(file, flags->get(), report, session.run)) all.push_back(std::move(s));
      print_report(report);
    }
    std::vector<std::array<Instant, 2>> periods;
    for (const std::string& text : *quiet) periods.push_back(parse_period(text));
    const auto histories = judge_files(all, load_policy(*policy), periods, session.run);
    put(*out, levels_csv(rows_of(histories)));
    for (const History& h : histories) {
      Level highest = Level::none;
      for (const LampEntry& e : h.entries) highest = std::max(highest, e.level);
      std::fprintf(stderr, "%s: highest level %s, %s\n", h.target.c_str(), std::string(name_of(highest)).c_str(),
                   h.judged_from == kNoInstant ? "too short to be judged" : ("judged from " + to_iso8601(h.judged_from)).c_str());
    }
  });
}

}  // namespace

void add_measure_commands(CLI::App& app, Session& session) {
  add_info(app, session);
  add_m3c2(app, session);
  add_rate(app, session);
  add_warn(app, session);
}

}  // namespace highwall::cli
