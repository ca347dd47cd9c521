#include <fmt/format.h>

#include <cmath>
#include <map>

#include "algorithms/catalog.hpp"
#include "algorithms/series/midas.hpp"
#include "algorithms/series/noise.hpp"
#include "algorithms/series/rate.hpp"
#include "algorithms/warn/criterion.hpp"
#include "bindings/cli/compare_output.hpp"
#include "bindings/cli/options.hpp"
#include "bindings/cli/output.hpp"
#include "bindings/pipeline/bare.hpp"
#include "bindings/pipeline/compare_pair.hpp"
#include "bindings/pipeline/m3c2_files.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"
#include "io/config/cloudcompare.hpp"
#include "io/config/policy.hpp"
#include "io/crs/crs.hpp"
#include "io/readers/zones.hpp"

namespace highwall::cli {
namespace {

/// Options that only clouds have.
const std::vector<std::string> kForClouds{"crs", "vertical", "units", "origin_m", "box", "resolution", "channels", "instant"};
constexpr const char* kReading = "Reading";

std::shared_ptr<OptionFlags<ReadOptions>> series_flags(CLI::App& command) {
  return std::make_shared<OptionFlags<ReadOptions>>(command, kForClouds, kReading);
}

std::vector<std::array<Instant, 2>> periods_of(const std::vector<std::string>& texts) {
  std::vector<std::array<Instant, 2>> periods;
  for (const std::string& text : texts) periods.push_back(parse_period(text));
  return periods;
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
    for (const auto& [name, channel] : cloud->channels) print(fmt::format("  channel {}\n", printable(name)));
  } else if (const auto* stack = std::get_if<Stack>(&reading.data)) {
    const GridGeometry& g = stack->geometry();
    print(fmt::format("  {} maps of {} x {} cells, {}\n", stack->epochs(), g.rows, g.cols, g.frame.to_string()));
    if (stack->epochs() > 0) {
      print(fmt::format("  {} to {}\n", to_iso8601(stack->instants().front()), to_iso8601(stack->instants().back())));
    }
  } else {
    for (const TimeSeries& s : std::get<std::vector<TimeSeries>>(reading.data)) {
      print(
          fmt::format("  series {} ({}): {} samples of {}", s.target, name_of(s.kind), s.size(), fmt::join(s.components, ", ")));
      if (!s.empty()) print(fmt::format(", {} to {}", to_iso8601(s.time.front()), to_iso8601(s.time.back())));
      print("\n");
    }
  }
  for (const std::string& warning : r.warnings) print("  note: " + warning + "\n");
}

void describe_zones(const ZoneList& list) {
  const Report& r = list.report;
  print(fmt::format("{}: {}, {} accepted, {} refused\n", r.source, r.format, r.accepted, r.rejected));
  for (const ZoneList::Zone& zone : list.zones) {
    print(fmt::format("  zone {}: {:.0f} m2, {}\n", printable(zone.name), zone.area_m2, printable(zone.crs)));
  }
  for (const RejectedRow& row : r.rows) print(fmt::format("  refused {}: {}\n", row.line, row.reason));
  for (const std::string& warning : r.warnings) print("  note: " + warning + "\n");
}

void describe_file(const std::string& path, const ReadOptions& options, const Run& run) {
  const std::string bytes = load_file(path);
  if (options.format == "auto" && holds_zones(bytes)) {
    describe_zones(list_zones({path, bytes}));
  } else {
    describe_reading(read_input({path, bytes}, options, run));
  }
}

void add_info(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("info", "Say what files hold");
  command->footer("Example: highwall info drop/lidar/scan.las drop/radar/areas.csv");
  auto files = std::make_shared<std::vector<std::string>>();
  command->add_option("files", *files, "Files of any format that is read, and zones")->required();
  auto flags = std::make_shared<OptionFlags<ReadOptions>>(*command, std::vector<std::string>{}, kReading);
  command->callback([=, &session] {
    const ReadOptions options = flags->get();
    std::size_t bad = 0;
    for (std::size_t i = 0; i < files->size(); ++i) {
      try {
        describe_file((*files)[i], options, session.run);
      } catch (const Error& e) {
        // The others are told of all the same.
        if (e.kind() != ErrorKind::input && e.kind() != ErrorKind::frame) throw;
        std::fprintf(stderr, "highwall: %s\n", e.what());
        ++bad;
      }
      session.run.progress("info", i + 1, files->size());
    }
    if (bad > 0) session.exit_code = 65;
    tell(session, "info", {{"files", std::to_string(files->size())}, {"bad", std::to_string(bad)}});
  });
}

/// Says for each reason how many samples of a window have no velocity, and since when.
void tell_reasons(const Session& session, const TimeSeries& series, const WindowRate& rate) {
  std::map<Reason, std::pair<std::size_t, Instant>> found;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (rate.reason[i] != Reason::ok) ++found.try_emplace(rate.reason[i], 0, series.time[i]).first->second.first;
  }
  for (const auto& [reason, what] : found) {
    tell(session, "no_velocity",
         {{"window_h", fmt::format("{:g}", rate.window_h)},
          {"reason", std::string(name_of(reason))},
          {"samples", std::to_string(what.first)},
          {"first", to_iso8601(what.second)}});
  }
}

/// Options of a CloudCompare parameter file; what has no use here is told.
M3c2Options parameters_of(const std::string& file, const Session& session) {
  const CloudCompareM3c2 read = read_cloudcompare_m3c2(file);
  for (const std::string& note : read.notes) tell(session, "cloudcompare", {{"note", note}});
  return options_from<M3c2Options>(read.options);
}

/// What is asked for beside the options of m3c2().
struct M3c2Request {
  PairRequest pair;
  std::string stable;  ///< A file of outlines, or empty.
  bool core_normals = false;
};

/// What the limits of clouds do not hold that were not registered here.
void tell_missing_share(const M3c2Options& options, const Session& session) {
  if (options.registration_error_m > 0.0) return;
  session.run.log(LogLevel::warning, "limits",
                  {{"note", "the limits do not hold the error of the clouds' registration"},
                   {"advice", "register them here with --register, or give --registration-error-m"}});
}

/// @return false when nothing was measured, or nothing with a detection limit: a distance alone tells no change from noise
bool tell_limits(const M3c2Outcome& outcome, const std::string& out, const Session& session) {
  if (!tell_outcome("m3c2", outcome, out, session)) return false;
  std::size_t without = 0;
  for (const auto& [reason, n] : outcome.reasons) without += n;
  if (without < outcome.core_points) return true;
  print(fmt::format("no place has a detection limit: {}; take a wider cylinder (--cylinder-radius-m), or fewer --min-points\n",
                    reasons_text(outcome.reasons)));
  return false;
}

/// Distances with the --units of the files, or in metres.
/// @return true when any place has a value with a limit
bool measure_pair(const M3c2Files& files, const M3c2Options& options, const M3c2Request& request, const Session& session) {
  const auto [before, after, places] = load_clouds(files, session.run, [&](const Report& report) { tell(session, report); });
  PairRequest pair = request.pair;
  if (request.core_normals) pair.normals = normals_of(places, (files.cores.empty() ? files.before : files.cores).string());
  if (pair.calibrated) pair.stable = within_outlines(request.stable, places, session);
  const PairResult found = compare_pair(before.view(), after.view(), places.view(), pair, options, session.run);
  if (found.registration) print(found.registration->verdict + "\n");
  if (pair.calibrated) print(found.calibration.sentence + "\n");
  if (!found.registration) tell_missing_share(options, session);
  write_field(files.output, found.field, unit_of(files, before.frame), session.run);
  return tell_limits(outcome_of(found.field), files.output.string(), session);
}

/// What needs the clouds whole. @throws Error(config) naming it
void require_nothing_whole(const M3c2Request& request) {
  const auto refuse = [](const std::string& what, const std::string& flag) {
    throw Error(ErrorKind::config, what + " needs the clouds whole, and they do not fit into the memory", flag,
                "allow more memory with --memory, cut the clouds (highwall convert --box), or leave it out");
  };
  if (request.pair.calibrated) refuse("calibration", "--calibrated");
  if (request.pair.align) refuse("registration", "--register");
  if (request.core_normals) refuse("measuring along given normals", "--core-normals");
}

void add_m3c2(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("m3c2", std::string(algorithm_of("m3c2").sentence));
  command->footer(
      "Example: highwall m3c2 may.las june.las --cores cores.las --normal-radius-m 1.0 --cylinder-radius-m 0.5 -o out.csv");
  auto paths = std::make_shared<std::vector<std::string>>();
  auto cores = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>();
  auto units = std::make_shared<std::string>("metres");
  command->add_option("clouds", *paths, "The cloud before and the cloud after")->required()->expected(2);
  command->add_option("--cores", *cores, "Cloud of the places to measure at; default: the first cloud");
  command->add_option("-o,--output", *out, ".csv, .las, .laz or .gpkg")->required();
  command
      ->add_option("--units", *units,
                   "metres, or source: numbers stay in the files' own unit, and columns are named after it (ft_us, ft, m)")
      ->check(CLI::IsMember({"metres", "source"}))
      ->default_str("metres");
  auto memory = std::make_shared<std::string>();
  auto scratch = std::make_shared<std::string>();
  command
      ->add_option("--memory", *memory,
                   "Memory that clouds and results may take, e.g. 4GB; where they need more they are measured by tiles, with "
                   "the same result to the last bit. The program itself takes some 0.1 GB more")
      ->default_str("half of the machine's");
  command->add_option("--scratch", *scratch, "Folder for the tiles, some 30 bytes a point; default: that of the output");
  auto flags = std::make_shared<OptionFlags<M3c2Options>>(*command);
  auto parameters = std::make_shared<std::string>();
  command->add_option("--cloudcompare", *parameters,
                      "Parameter file of CloudCompare's M3C2 (its scales are diameters); flags given here count more");
  auto request = std::make_shared<M3c2Request>();
  command->add_flag("--register", request->pair.align,
                    "Register the second cloud on the patches of the first that did not move before; the registration's share is "
                    "in the limits then, and in a column of its own");
  auto fit = std::make_shared<OptionFlags<PiecewiseOptions>>(*command, std::vector<std::string>{}, "Registration", "register_");
  command->add_flag("--core-normals", request->core_normals,
                    "Measure along normals of the core points' cloud, its attributes nx, ny, nz, instead of measured ones");
  constexpr const char* kGroup = "Calibration";
  command
      ->add_flag("--calibrated", request->pair.calibrated,
                 "Measure distance_calibrated and lod95_calibrated too: the estimator that does not book roughness as noise, its "
                 "limit calibrated on ground at rest, and print the false alarms that were reached")
      ->group(kGroup);
  command
      ->add_option("--stable", request->stable,
                   "GeoJSON or GeoPackage whose outlines are ground at rest; default: found from the distances themselves")
      ->group(kGroup);
  auto more = std::make_shared<OptionFlags<CalibrateOptions>>(*command, std::vector<std::string>{}, kGroup);
  command->callback([=, &session] {
    const M3c2Options options = flags->get(parameters->empty() ? M3c2Options{} : parameters_of(*parameters, session));
    PairRequest& pair = request->pair;
    pair.calibrate = more->get();
    pair.registration = fit->get();
    if (fit->any() && !pair.align) usage("--register", "is missing: the options of the registration have no effect");
    if (pair.calibrated) require_variogram(pair.calibrate, options, "--lag-m");
    if (!request->stable.empty() && !pair.calibrated) usage("--stable", "is used with --calibrated only");
    if (more->any() && !pair.calibrated) usage("--calibrated", "is missing: the options of the calibration have no effect");
    if (request->core_normals) pair.normals.emplace();
    require_sense(pair, options, pair.align ? "--register" : "--core-normals");
    check_output(*out, {(*paths)[0], (*paths)[1], *cores});
    try {
      static_cast<void>(field_format(*out));
    } catch (const Error& e) {
      usage("--output", e.what());
    }
    M3c2Files files{(*paths)[0], (*paths)[1], *cores, *out, *units, 0, *scratch, request->core_normals};
    if (!memory->empty()) files.memory_bytes = parse_memory(*memory, "--memory");
    const bool whole = fits_memory(files);
    if (!whole) {
      require_nothing_whole(*request);
      tell_missing_share(options, session);
    }
    const auto tell_report = [&](const Report& report) { tell(session, report); };
    const bool any = whole ? measure_pair(files, options, *request, session)
                           : tell_limits(m3c2_by_tiles(files, options, session.run, tell_report), *out, session);
    if (!any) session.exit_code = kWithFindings;
  });
}

/// The series that is meant. A file with several needs a name. @throws Error(input) for a file without any
const TimeSeries& the_series(const std::vector<TimeSeries>& all, const std::string& target, const std::string& file) {
  if (all.empty()) throw Error(ErrorKind::input, "the file has no usable row", file);
  std::string names;
  for (const TimeSeries& s : all) {
    if (target.empty() ? all.size() == 1 : s.target == target) return s;
    names += " " + s.target;
  }
  usage("--series", fmt::format("{} holds several series; name one of:{}", file, names));
}

void add_rate(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("rate", std::string(algorithm_of("rate").sentence) + " " + std::string(algorithm_of("noise").sentence));
  command->footer(
      "Example: highwall rate areas.csv --window 1h,3h,6h,12h,24h,48h --quiet 2025-08-13..2025-08-17 --sign toward_negative -o "
      "rate.csv");
  auto file = std::make_shared<std::string>();
  auto windows = std::make_shared<std::string>();
  std::string usual;
  for (const double h : RateOptions{}.windows_h) usual += (usual.empty() ? "" : ",") + window_text(h);
  auto quiet = std::make_shared<std::vector<std::string>>();
  auto target = std::make_shared<std::string>();
  auto component = std::make_shared<std::string>("auto");
  auto out = std::make_shared<std::string>();
  command->add_option("file", *file, "File with a series")->required();
  auto* window_option = command->add_option("--window", *windows, "Windows, e.g. 30min,1h,6h,2d")->default_str(usual);
  command->add_option("--quiet-period,--quiet", *quiet, "FROM..TO: the wall rests; calibrates sigma. May be given again");
  command->add_option("--series", *target, "Name of the series, when the file holds several");
  command
      ->add_option("--component", *component,
                   "Of a series of three: east, north, up, horizontal or length (distance from the first sample "
                   "in the plane or in space); auto: the only one, or the length of three")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(kComponents), std::end(kComponents))))
      ->default_str("auto");
  command->add_option("-o,--output", *out, "CSV; default: standard output");
  auto rate_flags = std::make_shared<OptionFlags<RateOptions>>(*command, std::vector<std::string>{"windows_h"});
  auto noise_flags = std::make_shared<OptionFlags<NoiseOptions>>(*command);
  auto flags = series_flags(*command);
  command->callback([=, &session] {
    const ReadOptions read = flags->get();
    RateOptions options = rate_flags->get();
    if (window_option->count() > 0) options.windows_h = parse_windows(*windows);
    const NoiseOptions noise_options = noise_flags->get();
    const auto periods = periods_of(*quiet);
    check_output(*out, {*file});
    Report report;
    const auto all = read_series(*file, read, report, session.run);
    tell(session, report);
    const TimeSeries& whole = the_series(all, *target, *file);
    TimeSeries series;
    try {
      series = one_component(whole, *component);
    } catch (const Error& e) {
      usage("--component", e.what());
    }
    if (whole.width() > 1)
      tell(session, "component", {{"taken", series.components[0]}, {"choice", *component == "auto" ? "by default" : "as asked"}});
    auto rates = rate(series, options, session.run);
    NoiseModel noise;
    const auto calibrations = periods.empty() ? calibrate_on_start(rates, series, noise, 0, noise_options)
                                              : calibrate(rates, series, periods, 0, noise_options);
    for (const Calibration& c : calibrations) {
      tell(session, "calibrate",
           {{"window_h", fmt::format("{:g}", c.window_h)},
            {"sigma_mm_per_h", fmt::format("{:.4g}", to_mm_per_h(MetresPerDay(c.sigma_m_per_day)))},
            {"method", c.method},
            {"independent_windows", fmt::format("{:.0f}", c.independent_windows)}});
    }
    if (periods.empty()) {
      session.run.log(LogLevel::warning, "calibrate",
                      {{"note", "no quiet period was declared: sigma comes from the first days of the series"}});
    }
    std::vector<RateColumn> columns;
    for (const WindowRate& r : rates) columns.push_back({r.window_h, &r.velocity_m_per_day, &r.sigma_m_per_day});
    for (const WindowRate& r : rates) tell_reasons(session, series, r);
    put(*out, rate_csv(series, columns));
    tell(session, "rate",
         {{"series", series.target}, {"samples", std::to_string(series.size())}, {"output", out->empty() ? "-" : *out}});
  });
}

void add_trend(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("trend", std::string(algorithm_of("midas").sentence) + " A row a component.");
  command->footer("Example: highwall trend 00NA.tenv3 -o trend.csv");
  auto file = std::make_shared<std::string>();
  auto target = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>();
  command->add_option("file", *file, "File with series")->required();
  command->add_option("--series", *target, "Name of one series; default: every series of the file");
  command->add_option("-o,--output", *out, "CSV with velocity and sigma in mm/year; default: standard output");
  auto midas_flags = std::make_shared<OptionFlags<MidasOptions>>(*command);
  auto flags = series_flags(*command);
  command->callback([=, &session] {
    const ReadOptions read = flags->get();
    const MidasOptions options = midas_flags->get();
    check_output(*out, {*file});
    Report report;
    const auto all = read_series(*file, read, report, session.run);
    tell(session, report);
    std::vector<TrendRow> rows;
    for (const TimeSeries& s : all) {
      if (!target->empty() && s.target != *target) continue;
      for (TrendRow& row : trends_of(s, options)) rows.push_back(std::move(row));
    }
    if (rows.empty()) static_cast<void>(the_series(all, *target, *file));
    put(*out, trend_csv(rows));
    tell(session, "trend", {{"rows", std::to_string(rows.size())}, {"output", out->empty() ? "-" : *out}});
  });
}

/// A line a target: its highest level, and the first time of each level.
std::string onset_table(const std::vector<History>& histories) {
  constexpr Level kRaised[] = {Level::blue, Level::yellow, Level::orange, Level::red};
  std::string text = fmt::format("{:<20} {:<8}", "target", "highest");
  for (const Level level : kRaised) text += fmt::format(" {:<21}", fmt::format("first {}", name_of(level)));
  text += "last health\n";
  for (const History& h : histories) {
    Level highest = Level::none;
    std::map<Level, Instant> first;
    for (const LampEntry& e : h.entries) {
      highest = std::max(highest, e.level);
      first.try_emplace(e.level, e.at);
    }
    text += fmt::format("{:<20} {:<8}", h.target, name_of(highest));
    for (const Level level : kRaised) text += fmt::format(" {:<21}", first.count(level) > 0 ? to_iso8601(first[level]) : "-");
    text += h.entries.empty() ? "no sample\n" : fmt::format("{}\n", name_of(h.entries.back().health));
  }
  return text;
}

void add_warn(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("warn", "Warning levels of bare series files, sample by sample; the files together are one zone");
  command->footer("Example: highwall warn E1.csv E2.csv --kind extensometer -o levels.csv");
  auto files = std::make_shared<std::vector<std::string>>();
  auto policy = std::make_shared<std::string>();
  auto quiet = std::make_shared<std::vector<std::string>>();
  auto out = std::make_shared<std::string>();
  command->add_option("files", *files, "Files with series")->required();
  command->add_option("--policy", *policy, "Policy TOML; default: the shipped policy");
  command->add_option("--quiet-period,--quiet", *quiet, "FROM..TO: the wall rests; calibrates sigma. May be given again");
  command->add_option("-o,--output", *out, "CSV; default: standard output");
  auto flags = series_flags(*command);
  command->callback([=, &session] {
    const ReadOptions read = flags->get();
    const auto periods = periods_of(*quiet);
    std::vector<std::string> inputs = *files;
    inputs.push_back(*policy);
    check_output(*out, inputs);
    const Policy rules = load_policy(*policy);
    std::vector<TimeSeries> all;
    for (const std::string& file : *files) {
      Report report;
      auto series = read_series(file, read, report, session.run);
      for (std::string& sentence : assumptions_of(series)) report.warn(std::move(sentence));
      for (TimeSeries& s : series) all.push_back(std::move(s));
      tell(session, report);
    }
    const auto histories = judge_files(all, rules, periods, session.run);
    put(*out, levels_csv(rows_of(histories)));
    if (!out->empty() && *out != "-") print(onset_table(histories));
    for (const History& h : histories) {
      for (const std::string& doubt : h.doubts) tell(session, "doubt", {{"target", h.target}, {"finding", doubt}});
      Level highest = Level::none;
      for (const LampEntry& e : h.entries) highest = std::max(highest, e.level);
      tell(session, "warn",
           {{"target", h.target},
            {"highest_level", std::string(name_of(highest))},
            {"judged_from", h.judged_from == kNoInstant ? "too short to be judged" : to_iso8601(h.judged_from)}});
    }
  });
}

void add_convert(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("convert", "Write a cloud of any format that is read as LAS or LAZ, attributes kept");
  command->footer("Example: highwall convert scan.e57 -o scan.laz");
  auto file = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>();
  command->add_option("file", *file, "File with a cloud")->required();
  command->add_option("-o,--output", *out, ".las or .laz")->required();
  auto flags = std::make_shared<OptionFlags<ReadOptions>>(*command, std::vector<std::string>{}, kReading);
  command->callback([=, &session] {
    const ReadOptions options = flags->get();
    check_output(*out, {*file});
    try {
      static_cast<void>(cloud_format(*out));
    } catch (const Error& e) {
      usage("--output", e.what());
    }
    Report report;
    const PointCloud cloud = read_cloud(*file, options, report, session.run);
    tell(session, report);
    write_cloud(*out, cloud, session.run);
    tell(session, "convert", {{"points", std::to_string(cloud.size())}, {"output", *out}});
  });
}

}  // namespace

void add_measure_commands(CLI::App& app, Session& session) {
  add_info(app, session);
  add_convert(app, session);
  add_m3c2(app, session);
  add_rate(app, session);
  add_trend(app, session);
  add_warn(app, session);
}

}  // namespace highwall::cli
