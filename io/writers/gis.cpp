#include "io/writers/gis.hpp"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <fmt/format.h>
#include <gdal.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>

#include "core/error.hpp"
#include "io/crs/crs.hpp"
#include "io/writers/vector_columns.hpp"

namespace highwall {
namespace {

/// Where GDAL writes: a file in memory, so that the disk is io/durable's business alone.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& suffix) {
    static const bool registered = [] {
      GDALAllRegister();
      // No file carries its own creation time.
      CPLSetConfigOption("OGR_CURRENT_DATE", "1970-01-01T00:00:00.000Z");
      return true;
    }();
    static_cast<void>(registered);
    static std::atomic<unsigned> counter{0};
    name_ = fmt::format("/vsimem/highwall_out_{}{}", counter++, suffix);
    CPLPushErrorHandler(CPLQuietErrorHandler);  // GDAL's words come with the exceptions, not on stderr
  }
  ~MemoryFile() {
    CPLPopErrorHandler();
    VSIUnlink(name_.c_str());
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  const char* name() const noexcept { return name_.c_str(); }
  std::string bytes() const {
    vsi_l_offset size = 0;
    const GByte* data = VSIGetMemFileBuffer(name_.c_str(), &size, FALSE);
    if (data == nullptr) throw Error(ErrorKind::internal, "GDAL wrote no file");
    return std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  }

 private:
  std::string name_;
};

struct DestroySrs {
  void operator()(void* srs) const { OSRDestroySpatialReference(srs); }
};
using Srs = std::unique_ptr<void, DestroySrs>;

/// nullptr for a local frame: a file without a CRS is honest there.
Srs srs_of(const Frame& frame, bool with_vertical = false) {
  const std::string text = with_vertical ? wkt_of(frame, Wkt::wkt2) : frame.is_local() ? "" : frame.crs;
  if (text.empty()) return nullptr;
  Srs srs(OSRNewSpatialReference(nullptr));
  if (OSRSetFromUserInput(srs.get(), text.c_str()) != OGRERR_NONE) return nullptr;
  OSRSetAxisMappingStrategy(srs.get(), OAMS_TRADITIONAL_GIS_ORDER);
  return srs;
}

void check(bool good, const char* what) {
  if (!good) throw Error(ErrorKind::internal, fmt::format("GDAL cannot {}: {}", what, CPLGetLastErrorMsg()));
}

OGRLayerH make_layer(GDALDatasetH file, const char* name, void* srs, OGRwkbGeometryType type, bool rfc7946 = false) {
  const char* options[] = {"RFC7946=YES", nullptr};
  OGRLayerH layer = GDALDatasetCreateLayer(file, name, srs, type, rfc7946 ? const_cast<char**>(options) : nullptr);
  check(layer != nullptr, "make a layer");
  return layer;
}

void add_field(OGRLayerH layer, const std::string& name, OGRFieldType type) {
  OGRFieldDefnH field = OGR_Fld_Create(name.c_str(), type);
  const OGRErr failed = OGR_L_CreateField(layer, field, TRUE);
  OGR_Fld_Destroy(field);
  check(failed == OGRERR_NONE, "add a column");
}

OGRGeometryH ring_of(const Ring& points, const Frame& frame) {
  OGRGeometryH line = OGR_G_CreateGeometry(wkbLinearRing);
  for (const Eigen::Vector2d& p : points) OGR_G_AddPoint_2D(line, p.x() + frame.origin_m[0], p.y() + frame.origin_m[1]);
  return line;
}

OGRGeometryH multipolygon_of(const Polygon& zone) {
  OGRGeometryH whole = OGR_G_CreateGeometry(wkbMultiPolygon);
  for (const ZonePart& part : parts_of(zone)) {
    OGRGeometryH polygon = OGR_G_CreateGeometry(wkbPolygon);
    for (const Ring& ring : part) OGR_G_AddGeometryDirectly(polygon, ring_of(ring, zone.frame));
    OGR_G_AddGeometryDirectly(whole, polygon);
  }
  return whole;
}

/// What a vector file holds: a layer of features with columns and, where it is known, a geometry.
struct VectorLayer {
  const char* name;
  OGRwkbGeometryType type;
  Frame frame;
  std::size_t features = 0;
  std::function<OGRGeometryH(std::size_t)> geometry_of;  ///< nullptr = not known.
};

std::string vector_file(const std::string& driver, const VectorLayer& what, const std::vector<VectorColumn>& columns) {
  const bool geojson = driver == "GeoJSON";
  const MemoryFile memory(geojson ? ".geojson" : ".gpkg");
  GDALDatasetH file = GDALCreate(GDALGetDriverByName(driver.c_str()), memory.name(), 0, 0, 0, GDT_Unknown, nullptr);
  check(file != nullptr, "make a vector file");
  const Srs srs = srs_of(what.frame);
  const Srs wgs84 = geojson ? srs_of({"EPSG:4326", "", {0, 0, 0}, 0}) : nullptr;
  OGRLayerH layer = make_layer(file, what.name, geojson && srs ? wgs84.get() : srs.get(), what.type, geojson && srs);
  OGRCoordinateTransformationH way = geojson && srs ? OCTNewCoordinateTransformation(srs.get(), wgs84.get()) : nullptr;
  for (const VectorColumn& c : columns) add_field(layer, c.name, c.texts.empty() ? OFTReal : OFTString);
  bool good = true;
  GDALDatasetStartTransaction(file, FALSE);
  for (std::size_t k = 0; k < what.features && good; ++k) {
    OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(layer));
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const int index = static_cast<int>(c);
      if (!columns[c].texts.empty()) {
        OGR_F_SetFieldString(feature, index, columns[c].texts[k].c_str());
      } else if (std::isfinite(columns[c].numbers[k])) {
        OGR_F_SetFieldDouble(feature, index, columns[c].numbers[k]);
      }
    }
    if (OGRGeometryH geometry = what.geometry_of(k)) {
      if (way != nullptr) good = OGR_G_Transform(geometry, way) == OGRERR_NONE;
      OGR_F_SetGeometryDirectly(feature, geometry);
    }
    good = OGR_L_CreateFeature(layer, feature) == OGRERR_NONE && good;
    OGR_F_Destroy(feature);
  }
  GDALDatasetCommitTransaction(file);
  if (way != nullptr) OCTDestroyCoordinateTransformation(way);
  GDALClose(file);
  check(good, "write a vector file");
  return memory.bytes();
}

}  // namespace

std::string geotiff_bytes(const GridGeometry& g, const std::vector<RasterBand>& bands,
                          const std::vector<std::pair<std::string, std::string>>& tags) {
  const MemoryFile memory(".tif");
  const int rows = static_cast<int>(g.rows);
  const int cols = static_cast<int>(g.cols);
  const char* create[] = {"COMPRESS=DEFLATE", "PREDICTOR=3", nullptr};
  GDALDatasetH file = GDALCreate(GDALGetDriverByName("GTiff"), memory.name(), cols, rows, static_cast<int>(bands.size()),
                                 GDT_Float32, const_cast<char**>(create));
  check(file != nullptr, "make a GeoTIFF");
  double affine[6];
  std::copy(g.affine.begin(), g.affine.end(), affine);
  affine[0] += g.frame.origin_m[0];
  affine[3] += g.frame.origin_m[1];
  GDALSetGeoTransform(file, affine);
  if (const Srs srs = srs_of(g.frame)) GDALSetSpatialRef(file, srs.get());
  for (const auto& [name, value] : tags) GDALSetMetadataItem(file, name.c_str(), value.c_str(), nullptr);
  bool good = true;
  for (std::size_t b = 0; b < bands.size(); ++b) {
    std::vector<float> values(bands[b].values->begin(), bands[b].values->end());
    GDALRasterBandH band = GDALGetRasterBand(file, static_cast<int>(b) + 1);
    GDALSetRasterNoDataValue(band, std::numeric_limits<double>::quiet_NaN());
    GDALSetDescription(band, bands[b].name.c_str());
    GDALSetRasterUnitType(band, bands[b].unit.c_str());
    good = good && GDALRasterIO(band, GF_Write, 0, 0, cols, rows, values.data(), cols, rows, GDT_Float32, 0, 0) == CE_None;
  }
  GDALClose(file);
  check(good, "write a GeoTIFF");
  return memory.bytes();
}

std::string cog_bytes(const GridGeometry& geometry, const std::vector<RasterBand>& bands,
                      const std::vector<std::pair<std::string, std::string>>& tags) {
  std::string plain = geotiff_bytes(geometry, bands, tags);
  const MemoryFile from(".tif");
  VSIFCloseL(VSIFileFromMemBuffer(from.name(), reinterpret_cast<GByte*>(plain.data()), plain.size(), FALSE));
  const char* drivers[] = {"GTiff", nullptr};
  GDALDatasetH source = GDALOpenEx(from.name(), GDAL_OF_RASTER, drivers, nullptr, nullptr);
  check(source != nullptr, "read the GeoTIFF that becomes a COG");
  const MemoryFile to(".tif");
  // Cubic overviews would overshoot at the edge of what moves.
  const char* create[] = {"COMPRESS=DEFLATE", "PREDICTOR=YES", "RESAMPLING=AVERAGE", "NUM_THREADS=1", nullptr};
  GDALDatasetH made =
      GDALCreateCopy(GDALGetDriverByName("COG"), to.name(), source, TRUE, const_cast<char**>(create), nullptr, nullptr);
  GDALClose(source);
  check(made != nullptr, "make a COG");
  GDALClose(made);
  return to.bytes();
}

std::string points_gpkg(const DisplacementField& f, const std::string& unit) {
  const MemoryFile memory(".gpkg");
  GDALDatasetH file = GDALCreate(GDALGetDriverByName("GPKG"), memory.name(), 0, 0, 0, GDT_Unknown, nullptr);
  check(file != nullptr, "make a GeoPackage");
  const Srs srs = srs_of(f.frame, true);
  OGRLayerH layer = make_layer(file, "displacement", srs.get(), wkbPoint25D);
  for (const char* name : {"nx", "ny", "nz"}) add_field(layer, name, OFTReal);
  const std::vector<LengthColumn> columns = columns_of(f);
  for (const LengthColumn& c : columns) add_field(layer, fmt::format("{}_{}", c.name, unit), OFTReal);
  add_field(layer, "n1", OFTInteger);
  add_field(layer, "n2", OFTInteger);
  add_field(layer, "reason", OFTString);
  if (!f.reason_calibrated.empty()) add_field(layer, "reason_calibrated", OFTString);
  if (has_vectors(f)) {
    for (const std::string& name : vector_names(unit)) add_field(layer, name, OFTReal);
    add_field(layer, "reason_vector", OFTString);
  }
  OGRFeatureDefnH definition = OGR_L_GetLayerDefn(layer);
  GDALDatasetStartTransaction(file, FALSE);
  bool good = true;
  for (std::size_t i = 0; i < f.size() && good; ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    if (!f.position_m.row(row).allFinite()) continue;
    OGRFeatureH feature = OGR_F_Create(definition);
    int next = 0;
    const auto set = [&](double v) {
      if (std::isfinite(v)) OGR_F_SetFieldDouble(feature, next, v);  // unset = no value
      ++next;
    };
    for (Eigen::Index c = 0; c < 3; ++c) set(f.direction(row, c));
    for (const LengthColumn& c : columns) set((f.*c.values)[i]);
    OGR_F_SetFieldInteger(feature, next++, static_cast<int>(f.n_before[i]));
    OGR_F_SetFieldInteger(feature, next++, static_cast<int>(f.n_after[i]));
    const auto set_reason = [&](Reason reason) { OGR_F_SetFieldString(feature, next++, std::string(name_of(reason)).c_str()); };
    set_reason(f.reason[i]);
    if (!f.reason_calibrated.empty()) set_reason(f.reason_calibrated[i]);
    if (has_vectors(f)) {
      for (const double v : vector_numbers(f, i)) set(v);
      set_reason(f.reason_vector[i]);
    }
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint25D);
    OGR_G_SetPoint(point, 0, f.position_m(row, 0) + f.frame.origin_m[0], f.position_m(row, 1) + f.frame.origin_m[1],
                   f.position_m(row, 2) + f.frame.origin_m[2]);
    OGR_F_SetGeometryDirectly(feature, point);
    good = OGR_L_CreateFeature(layer, feature) == OGRERR_NONE;
    OGR_F_Destroy(feature);
  }
  GDALDatasetCommitTransaction(file);
  GDALClose(file);
  check(good, "write a GeoPackage");
  return memory.bytes();
}

std::string zones_file(const std::string& driver, const std::vector<Polygon>& zones, const std::vector<VectorColumn>& columns) {
  const Frame frame = zones.empty() ? Frame{} : zones[0].frame;
  return vector_file(driver,
                     {"zones", wkbMultiPolygon, frame, zones.size(),
                      [&](std::size_t k) { return zones[k].empty() ? nullptr : multipolygon_of(zones[k]); }},
                     columns);
}

std::string places_file(const std::string& driver, const Frame& frame, const std::vector<std::array<double, 2>>& places,
                        const std::vector<VectorColumn>& columns) {
  const auto point_of = [&](std::size_t k) -> OGRGeometryH {
    if (!std::isfinite(places[k][0]) || !std::isfinite(places[k][1])) return nullptr;
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    OGR_G_SetPoint_2D(point, 0, places[k][0] + frame.origin_m[0], places[k][1] + frame.origin_m[1]);
    return point;
  };
  return vector_file(driver, {"targets", wkbPoint, frame, places.size(), point_of}, columns);
}

}  // namespace highwall
