#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "algorithms/series/midas.hpp"
#include "algorithms/series/noise.hpp"
#include "algorithms/warn/judge.hpp"
#include "bindings/pipeline/lidar_history.hpp"
#include "core/policy.hpp"
#include "core/run.hpp"
#include "io/archive/archive.hpp"
#include "io/readers/reader.hpp"
#include "io/writers/tables.hpp"

namespace highwall {

/// Bare files, without a site: what the CLI and Python do with them. What a format leaves open is
/// assumed, and said in the report.

/// Every series of the file. @throws Error(input) when it holds a cloud or maps.
std::vector<TimeSeries> read_series(const std::filesystem::path& path, const ReadOptions& options, Report& report,
                                    const Run& run);
/// The cloud of the file. @throws Error(input) when it holds none.
PointCloud read_cloud(const std::filesystem::path& path, const ReadOptions& options, Report& report, const Run& run);

/// All series of a source of an archive; of a LiDAR source those of its core points, see core_series_of().
/// @throws Error(input) for a source that it does not have, and for one of maps
std::vector<TimeSeries> series_of_source(const Archive& archive, const std::string& source, CoreValue value, const Run& run);

/// "2025-08-13..2025-08-17" -> the period. @throws Error(config)
std::array<Instant, 2> parse_period(const std::string& text);
/// The clock of a night, with its zone. @param where  the name that an error gives it @throws Error(config)
Instant parse_now(const std::string& text, const std::string& where);
/// @throws Error(config) when two of the windows are one: their columns could not be told apart
void require_different_windows(std::vector<double> windows_h, const std::string& where);
/// "1h,3h,0.5h" -> hours. @throws Error(config) for what is no window, too long, or named twice, and for none
std::vector<double> parse_windows(const std::string& text);

/// What `--component` may be: a column of the series, or the way from its first sample in the plane or in space.
inline constexpr const char* kComponents[] = {"auto", "east", "north", "up", "horizontal", "length", "los", "displacement"};
/// One component of a series. "auto" takes the only one there is, and the length of three. Lengths are never negative:
/// which way the target goes is lost, that it moves is not.
/// @throws Error(config) for one that the series does not have
TimeSeries one_component(const TimeSeries& series, const std::string& component);

/// A trend() row: one component of one series.
struct TrendRow {
  std::string target;
  std::string component;
  Trend trend;
  Instant from = kNoInstant;  ///< First and last sample with a value.
  Instant to = kNoInstant;
};
/// MIDAS trend of every component.
std::vector<TrendRow> trends_of(const TimeSeries& series, const MidasOptions& options);
/// CSV with the header target,component,velocity_mm_per_year,sigma_mm_per_year,pairs,from,to,reason.
std::string trend_csv(const std::vector<TrendRow>& rows);

/// What warn() takes for granted on bare files, each a sentence.
std::vector<std::string> assumptions_of(const std::vector<TimeSeries>& series);

/// Judges the series of bare files as one zone.
std::vector<History> judge_files(const std::vector<TimeSeries>& series, const Policy& policy,
                                 const std::vector<std::array<Instant, 2>>& quiet, const Run& run);
/// One row per sample and per change of health.
std::vector<LevelRow> rows_of(const std::vector<History>& histories);

/// ".csv", ".las", ".laz" or ".gpkg": the form of a field's file; CSV for a device or a pipe.
/// @throws Error(config) for another suffix
std::string field_format(const std::filesystem::path& path);
/// Writes a field in the form of its path. @param unit  suffix of the length columns, see length_unit_of()
void write_field(const std::filesystem::path& path, const DisplacementField& field, const std::string& unit, const Run& run);

/// ".las" or ".laz": the form of a cloud's file. @throws Error(config) for another suffix
std::string cloud_format(const std::filesystem::path& path);
/// Writes a cloud with its attributes in the form of its path. @throws Error of cloud_las() and write_result()
void write_cloud(const std::filesystem::path& path, const PointCloud& cloud, const Run& run);

/// True for what is there and neither a file nor a folder: /dev/null, a pipe.
bool is_stream(const std::filesystem::path& path);
/// The file that a result's path means: a link stays a link, what it points to is replaced.
std::filesystem::path result_target(const std::filesystem::path& path);
/// Writes a result: a file whole or not at all, through a link to what it points to; into a device or a pipe as it comes,
/// which is never replaced by a file. @throws Error(storage), Error(config) for a folder.
void write_result(const std::filesystem::path& path, std::string_view bytes);

}  // namespace highwall
