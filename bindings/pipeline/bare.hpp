#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "algorithms/series/noise.hpp"
#include "algorithms/warn/judge.hpp"
#include "core/policy.hpp"
#include "core/run.hpp"
#include "io/readers/reader.hpp"
#include "io/writers/tables.hpp"

namespace highwall {

/// Bare files, without a site: what the CLI and Python do with them. What a format leaves open is
/// assumed, and said in the report.

/// Every series of the file. @throws Error(input) when it holds a cloud or maps.
std::vector<TimeSeries> read_series(const std::filesystem::path& path, const ReadOptions& options, Report& report, const Run& run);
/// The cloud of the file. @throws Error(input) when it holds none.
PointCloud read_cloud(const std::filesystem::path& path, const ReadOptions& options, Report& report, const Run& run);

/// "2025-08-13..2025-08-17" -> the period. @throws Error(config)
std::array<Instant, 2> parse_period(const std::string& text);
/// "1h,3h,0.5h" -> hours. @throws Error(config)
std::vector<double> parse_windows(const std::string& text);

/// Judges the series of bare files as one zone.
std::vector<History> judge_files(const std::vector<TimeSeries>& series, const Policy& policy,
                                 const std::vector<std::array<Instant, 2>>& quiet, const Run& run);
/// One row per sample and per change of health.
std::vector<LevelRow> rows_of(const std::vector<History>& histories);

/// Writes a field as .csv, .las or .gpkg by the suffix of `path`. @throws Error(config) for another one.
void write_field(const std::filesystem::path& path, const DisplacementField& field, const std::string& unit);

}  // namespace highwall
