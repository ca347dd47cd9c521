#pragma once

#include "io/readers/scans/scan_files.hpp"

namespace highwall {

// Parts of open_scans(), one a format.

std::unique_ptr<ScanSource> open_diffimages(std::vector<std::filesystem::path> files, const ScanFileOptions& options,
                                            Report& report);
/// Sets source and map of `opened`.
void open_geotiff_scans(std::vector<std::filesystem::path> files, const ScanFileOptions& options, const Run& run,
                        OpenedScans& opened);

/// Motion since the scan before, or since the first, by its word. @throws Error(config) for another one, naming `where`
ScanValue scan_value_of(const std::string& word, const std::string& where);
/// Instants of files that hold none. @param missing  set where no file holds the scan of an instant (index into the result)
/// @return one instant a scan, ascending, and for each the file that holds it; files.size() = none does
struct ScanTimes {
  std::vector<Instant> instant;
  std::vector<std::size_t> file;
};
/// @throws Error(config) when neither start and interval nor a pattern is told; Error(input) for names that tell no time
ScanTimes times_of(const std::vector<std::filesystem::path>& files, const ScanFileOptions& options, Report& report);
/// Zeros by the option; @throws Error(config) when many values are exactly 0 and nothing tells what that means;
/// Error(input) for values that are no displacement of a slope
void settle_values(RadarScan& scan, const std::string& zero);

}  // namespace highwall
