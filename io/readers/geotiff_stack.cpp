// Line-of-sight displacement as GeoTIFF: one band an instant. The instant comes from the band's
// INSTANT (or DATE) tag, the band's description, or for a single band from the file's name.
#include <cpl_conv.h>
#include <cpl_error.h>
#include <fmt/format.h>
#include <ogr_srs_api.h>

#include <cmath>
#include <algorithm>
#include <limits>

#include "io/crs/crs.hpp"
#include "io/readers/cloud_builder.hpp"
#include "io/readers/gdal_file.hpp"
#include "io/readers/reader.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

constexpr std::size_t kMostCells = std::size_t{1} << 28U;
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
  g.rows = static_cast<std::size_t>(GDALGetRasterYSize(file));
  g.cols = static_cast<std::size_t>(GDALGetRasterXSize(file));
  if (g.cells() > kMostCells) {
    throw Error(ErrorKind::input, fmt::format("{} x {} cells are more than is read", g.rows, g.cols), input.name);
  }
  double affine[6];
  if (GDALGetGeoTransform(file, affine) == CE_None) {
    std::copy(affine, affine + 6, g.affine.begin());
  } else {
    assume(options, report, "crs", "the map has no place: cells count as metres");
  }
  if (OGRSpatialReferenceH srs = GDALGetSpatialRef(file); srs != nullptr && options.crs == "file") {
    char* wkt = nullptr;
    OSRExportToWkt(srs, &wkt);
    const CrsInfo info = describe_crs(wkt == nullptr ? "" : wkt, input.name);
    CPLFree(wkt);
    g.frame.crs = info.crs;
    g.frame.vertical = info.vertical;
  } else if (options.crs != "file") {
    g.frame.crs = options.crs == "local" ? "local" : describe_crs(options.crs, input.name).crs;
  } else {
    assume(options, report, "crs", "the map has no CRS: local");
  }
  if (options.origin_m.size() == 3) {
    g.frame.origin_m = {options.origin_m[0], options.origin_m[1], options.origin_m[2]};
    g.affine[0] -= options.origin_m[0];
    g.affine[3] -= options.origin_m[1];
  }
  return g;
}

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  Report& report = reading.report;
  report.source = input.name;
  const GdalFile file(input.bytes, input.name, GDAL_OF_RASTER, kDrivers);
  const int bands = GDALGetRasterCount(file.get());
  if (bands < 1) throw Error(ErrorKind::input, "the file has no band", input.name);
  const GridGeometry geometry = geometry_of(file.get(), input, options, report);
  ReadOptions told = options;
  const std::string sign = item(file.get(), "SIGN");
  if (options.sign == "auto" && (sign == "toward_positive" || sign == "toward_negative")) told.sign = sign;
  const double scale = metres_per_unit(told, item(file.get(), "DATA_UNITS"), report) * sign_factor(told, report);

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
  if (order.size() * geometry.cells() > kMostCells) {
    throw Error(ErrorKind::input, "the stack is larger than is read at once", input.name, "write one file an epoch");
  }
  Stack stack(geometry, instants);
  const int rows = static_cast<int>(geometry.rows);
  const int cols = static_cast<int>(geometry.cols);
  for (std::size_t e = 0; e < order.size(); ++e) {
    run.check_stop();
    GDALRasterBandH band = GDALGetRasterBand(file.get(), order[e].second);
    CPLPushErrorHandler(CPLQuietErrorHandler);
    const CPLErr failed = GDALRasterIO(band, GF_Read, 0, 0, cols, rows, stack.at(e).data(), cols, rows, GDT_Float64, 0, 0);
    CPLPopErrorHandler();
    if (failed != CE_None) {
      throw Error(ErrorKind::input, fmt::format("band {} cannot be read: {}", order[e].second, CPLGetLastErrorMsg()),
                  input.name, "the file is cut off or damaged");
    }
    int has_nodata = 0;
    const double nodata = GDALGetRasterNoDataValue(band, &has_nodata);
    for (double& v : stack.at(e)) {
      const bool missing = !std::isfinite(v) || (has_nodata != 0 && v == nodata);
      v = missing ? std::numeric_limits<double>::quiet_NaN() : v * scale;
    }
    ++report.accepted;
  }
  reading.data = std::move(stack);
  return reading;
}

}  // namespace

extern const Reader geotiff_stack_reader;
const Reader geotiff_stack_reader{"geotiff_stack", "GeoTIFF of line-of-sight displacement, one band an instant",
                                  ".tif .tiff", sniff, read};

}  // namespace highwall
