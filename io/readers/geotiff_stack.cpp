// Line-of-sight displacement as GeoTIFF: one band an instant. The instant comes from the band's
// INSTANT (or DATE) tag, the band's description, or for a single band from the file's name.
#include <cpl_error.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <span>

#include "io/readers/cloud_builder.hpp"
#include "io/readers/gdal_file.hpp"
#include "io/readers/map_place.hpp"
#include "io/readers/no_data.hpp"
#include "io/readers/reader.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

constexpr std::size_t kMostCells = std::size_t{1} << 28U;
constexpr std::size_t kFreeCells = std::size_t{1} << 22U;  // 32 MB: may be had by any file
constexpr std::size_t kCellsPerByte = 1100;                // beyond what deflate can pack
constexpr const char* kDrivers[] = {"GTiff", nullptr};

int sniff(std::string_view head, std::string_view) {
  const std::string_view magic = head.substr(0, 4);
  const bool tiff = magic == std::string_view("II*\0", 4) || magic == std::string_view("MM\0*", 4) ||
                    magic == std::string_view("II+\0", 4) || magic == std::string_view("MM\0+", 4);
  return tiff ? 90 : 0;
}

std::string item(GDALMajorObjectH object, const char* name) {
  const char* value = GDALGetMetadataItem(object, name, nullptr);
  return value == nullptr ? "" : value;
}

std::optional<Instant> instant_of(const std::string& text) {
  if (auto t = parse_iso8601(text)) return t;
  if (const auto civil = parse_civil(text, "%Y%m%d")) return from_civil_utc(*civil);
  return std::nullopt;
}

Instant band_instant(GDALRasterBandH band, GDALDatasetH file, const Input& input, const ReadOptions& options, int bands,
                     Report& report) {
  for (const std::string& text : {item(band, "INSTANT"), item(band, "DATE"), std::string(GDALGetDescription(band)),
                                  bands == 1 ? item(file, "INSTANT") : std::string()}) {
    if (text.empty()) continue;
    if (const auto t = instant_of(text)) return *t;
  }
  return bands == 1 ? find_instant(options, input, kNoInstant, kNoInstant, report) : kNoInstant;
}

GridGeometry geometry_of(GDALDatasetH file, const Input& input, const ReadOptions& options, Report& report) {
  GridGeometry g;
  // Before anything is allocated: a short file cannot hold a huge map.
  g.rows = static_cast<std::size_t>(GDALGetRasterYSize(file));
  g.cols = static_cast<std::size_t>(GDALGetRasterXSize(file));
  const std::size_t bands = static_cast<std::size_t>(GDALGetRasterCount(file));
  const std::size_t most = std::min(kMostCells, std::max(kFreeCells, input.bytes.size() * kCellsPerByte));
  if (g.cols == 0 || g.rows > most / g.cols || bands > most / g.cells()) {
    throw Error(
        ErrorKind::input,
        fmt::format("{} x {} cells and {} bands do not fit a file of {} bytes", g.rows, g.cols, bands, input.bytes.size()),
        input.name, "the file is damaged, or larger than is read at once: write one file an epoch");
  }
  double affine[6];
  if (GDALGetGeoTransform(file, affine) == CE_None) {
    std::copy(affine, affine + 6, g.affine.begin());
  } else {
    assume(options, report, "crs", "the map has no place: cells count as metres");
  }
  place_on_earth(g, wkt_of(file), options, report);
  if (options.origin_m.size() == 3) {
    g.frame.origin_m = {options.origin_m[0], options.origin_m[1], options.origin_m[2]};
    g.affine[0] -= options.origin_m[0];
    g.affine[3] -= options.origin_m[1];
  }
  return g;
}

/// Metres of one unit of the values. Radians are phase: one wavelength of path is 4 pi there and back.
double metres_per_value(GDALDatasetH file, const ReadOptions& options, Report& report) {
  std::string unit = item(file, "DATA_UNITS");
  if (unit.empty()) unit = GDALGetRasterUnitType(GDALGetRasterBand(file, 1));
  const std::string word = lower(unit);
  if (word != "rad" && word != "radian" && word != "radians") return metres_per_unit(options, unit, report);
  const auto wavelength = to_number(item(file, "WAVELENGTH_METRES"));
  if (!wavelength || !(*wavelength > 1e-4 && *wavelength < 10.0)) {
    throw Error(ErrorKind::input, "the values are phases in radians, but no tag WAVELENGTH_METRES tells the wavelength",
                report.source, "add the tag, or export displacement");
  }
  report.warn(fmt::format("phase in radians is taken as displacement by the wavelength of {} m over 4 pi", *wavelength));
  return *wavelength / (4.0 * std::numbers::pi);
}

/// Cells of blocks that the file leaves out, and cells under the file's mask, hold no data. GDAL gives
/// zeros for the former, and zero would be a slope at rest.
void drop_missing(GDALRasterBandH band, std::span<double> cells, int rows, int cols) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  int block_cols = 0;
  int block_rows = 0;
  GDALGetBlockSize(band, &block_cols, &block_rows);
  double percent = 0.0;
  const int coverage = GDALGetDataCoverageStatus(band, 0, 0, cols, rows, 0, &percent);
  if ((coverage & GDAL_DATA_COVERAGE_STATUS_EMPTY) != 0 && block_cols > 0 && block_rows > 0) {
    for (int r = 0; r < rows; r += block_rows) {
      for (int c = 0; c < cols; c += block_cols) {
        const int high = std::min(block_rows, rows - r);
        const int wide = std::min(block_cols, cols - c);
        if (GDALGetDataCoverageStatus(band, c, r, wide, high, 0, &percent) != GDAL_DATA_COVERAGE_STATUS_EMPTY) continue;
        for (int i = r; i < r + high; ++i) {
          const auto begin = static_cast<std::size_t>(i) * static_cast<std::size_t>(cols) + static_cast<std::size_t>(c);
          std::fill_n(cells.begin() + static_cast<std::ptrdiff_t>(begin), wide, nan);
        }
      }
    }
  }
  if ((GDALGetMaskFlags(band) & (GMF_PER_DATASET | GMF_ALPHA)) == 0) return;
  std::vector<unsigned char> mask(cells.size());
  if (GDALRasterIO(GDALGetMaskBand(band), GF_Read, 0, 0, cols, rows, mask.data(), cols, rows, GDT_Byte, 0, 0) != CE_None) {
    std::fill(mask.begin(), mask.end(), static_cast<unsigned char>(0));
  }
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == 0) cells[i] = nan;
  }
}

/// One band in metres, NaN = no data.
void read_band(GDALRasterBandH band, std::span<double> cells, int rows, int cols, double scale, const std::string& what,
               const ReadOptions& options, Report& report) {
  if (GDALDataTypeIsComplex(GDALGetRasterDataType(band)) != 0) {
    throw Error(ErrorKind::input, "the values are complex numbers, not displacement", what, "export displacement");
  }
  CPLPushErrorHandler(CPLQuietErrorHandler);
  CPLErrorReset();
  const CPLErr failed = GDALRasterIO(band, GF_Read, 0, 0, cols, rows, cells.data(), cols, rows, GDT_Float64, 0, 0);
  int has_nodata = 0;
  const double nodata = GDALGetRasterNoDataValue(band, &has_nodata);
  for (double& v : cells) {
    if (!std::isfinite(v) || (has_nodata != 0 && v == nodata)) v = std::numeric_limits<double>::quiet_NaN();
  }
  if (failed == CE_None) drop_missing(band, cells, rows, cols);
  if (failed == CE_None && has_nodata == 0) drop_no_data(cells, options, report);
  const std::string message = CPLGetLastErrorMsg();
  CPLPopErrorHandler();
  if (failed != CE_None) {
    throw Error(ErrorKind::input, "the band cannot be read: " + message, what, "the file is cut off or damaged");
  }
  const double factor = GDALGetRasterScale(band, nullptr);
  const double offset = GDALGetRasterOffset(band, nullptr);
  for (double& v : cells) {
    v = scaled(v * factor + offset, scale);
    if (!std::isfinite(v)) v = std::numeric_limits<double>::quiet_NaN();
  }
}

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  Report& report = reading.report;
  report.source = input.name;
  const GdalFile file(input.bytes, input.name, GDAL_OF_RASTER, kDrivers);
  const int bands = GDALGetRasterCount(file.get());
  if (bands < 1) throw Error(ErrorKind::input, "the file has no band", input.name);
  const GridGeometry geometry = geometry_of(file.get(), input, options, report);
  const ReadOptions told = with_sign_of_file(options, item(file.get(), "SIGN"), report);
  const double scale = metres_per_value(file.get(), told, report) * sign_factor(told, report);

  std::vector<std::pair<Instant, int>> order;
  for (int b = 1; b <= bands; ++b) {
    const Instant t = band_instant(GDALGetRasterBand(file.get(), b), file.get(), input, options, bands, report);
    if (t == kNoInstant) {
      report.reject(static_cast<std::uint64_t>(b), "no tag, description or file name tells the band's instant");
    } else {
      order.emplace_back(t, b);
    }
  }
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Instant> instants;
  for (const auto& [t, b] : order) instants.push_back(t);
  Stack stack(geometry, instants);
  const int rows = static_cast<int>(geometry.rows);
  const int cols = static_cast<int>(geometry.cols);
  for (std::size_t e = 0; e < order.size(); ++e) {
    run.check_stop();
    read_band(GDALGetRasterBand(file.get(), order[e].second), stack.at(e), rows, cols, scale,
              fmt::format("{}: band {}", input.name, order[e].second), options, report);
    ++report.accepted;
  }
  reading.data = std::move(stack);
  return reading;
}

}  // namespace

extern const Reader geotiff_stack_reader;
const Reader geotiff_stack_reader{"geotiff_stack", "GeoTIFF of line-of-sight displacement, one band an instant", ".tif .tiff",
                                  sniff, read};

}  // namespace highwall
