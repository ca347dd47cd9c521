#include "io/readers/zones.hpp"

#include <fmt/format.h>
#include <cpl_conv.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/error.hpp"
#include "io/crs/crs.hpp"
#include "io/readers/gdal_file.hpp"
#include "io/readers/reader.hpp"

namespace highwall {
namespace {

constexpr const char* kDrivers[] = {"GeoJSON", "GPKG", nullptr};

struct Outline {
  std::string layer;
  std::string name;
  Polygon polygon;
};

void collect_rings(OGRGeometryH geometry, Polygon& polygon) {
  const OGRwkbGeometryType type = wkbFlatten(OGR_G_GetGeometryType(geometry));
  if (type == wkbLineString || type == wkbLinearRing) {
    std::vector<Eigen::Vector2d> ring;
    for (int i = 0; i < OGR_G_GetPointCount(geometry); ++i) {
      ring.emplace_back(OGR_G_GetX(geometry, i), OGR_G_GetY(geometry, i));
    }
    if (ring.size() >= 3) polygon.rings.push_back(std::move(ring));
    return;
  }
  for (int i = 0; i < OGR_G_GetGeometryCount(geometry); ++i) collect_rings(OGR_G_GetGeometryRef(geometry, i), polygon);
}

std::string name_of_feature(OGRFeatureH feature) {
  for (const char* field : {"name", "id", "zone"}) {
    const int index = OGR_F_GetFieldIndex(feature, field);
    if (index >= 0 && OGR_F_IsFieldSetAndNotNull(feature, index) != 0) return OGR_F_GetFieldAsString(feature, index);
  }
  return {};
}

std::string crs_of_layer(OGRLayerH layer) {
  OGRSpatialReferenceH srs = OGR_L_GetSpatialRef(layer);
  if (srs == nullptr) return {};
  char* wkt = nullptr;
  OSRExportToWkt(srs, &wkt);
  std::string text = wkt == nullptr ? "" : wkt;
  CPLFree(wkt);
  return text;
}

void to_site(Polygon& polygon, const std::string& crs, const Frame& site, const std::string& file) {
  const bool same = crs.empty() || site.is_local() || same_crs(crs, site.crs);
  if (crs.empty() && !site.is_local()) {
    throw Error(ErrorKind::input, "the outlines have no CRS", file, "write them with one");
  }
  std::optional<Transformer> transformer;
  if (!same) transformer.emplace(crs, site.crs);
  for (auto& ring : polygon.rings) {
    for (Eigen::Vector2d& p : ring) {
      double xyz[3] = {p.x(), p.y(), 0.0};
      if (transformer && transformer->apply(xyz, 1) > 0) {
        throw Error(ErrorKind::input, "a corner of an outline cannot be brought into the site frame", file);
      }
      if (!std::isfinite(xyz[0]) || !std::isfinite(xyz[1])) {
        throw Error(ErrorKind::input, "a corner of an outline is not a number", file);
      }
      p = {xyz[0] - site.origin_m[0], xyz[1] - site.origin_m[1]};
    }
  }
  polygon.frame = site;
}

std::vector<Outline> read_outlines(const std::filesystem::path& path, const Frame& site) {
  const std::string bytes = load_file(path);
  const GdalFile file(bytes, path.string(), GDAL_OF_VECTOR, kDrivers);
  std::vector<Outline> outlines;
  for (int l = 0; l < GDALDatasetGetLayerCount(file.get()); ++l) {
    OGRLayerH layer = GDALDatasetGetLayer(file.get(), l);
    const std::string crs = crs_of_layer(layer);
    OGR_L_ResetReading(layer);
    while (OGRFeatureH feature = OGR_L_GetNextFeature(layer)) {
      Outline outline{OGR_L_GetName(layer), name_of_feature(feature), {}};
      if (OGRGeometryH geometry = OGR_F_GetGeometryRef(feature); geometry != nullptr) {
        collect_rings(geometry, outline.polygon);
      }
      OGR_F_Destroy(feature);
      if (outline.polygon.empty()) continue;
      to_site(outline.polygon, crs, site, path.string());
      outline.polygon.name = outline.name;
      outlines.push_back(std::move(outline));
    }
  }
  return outlines;
}

}  // namespace

std::vector<Polygon> read_polygons(const std::filesystem::path& file, const Frame& site) {
  std::vector<Polygon> polygons;
  for (Outline& outline : read_outlines(file, site)) polygons.push_back(std::move(outline.polygon));
  return polygons;
}

Polygon read_polygon(const std::filesystem::path& folder, const std::string& reference, const Frame& site) {
  const std::size_t colon = reference.rfind(':');
  const std::string file = colon == std::string::npos ? reference : reference.substr(0, colon);
  const std::string wanted = colon == std::string::npos ? "" : reference.substr(colon + 1);
  std::vector<Outline> outlines = read_outlines(folder / file, site);
  Polygon found;
  std::vector<std::string> names;
  for (Outline& outline : outlines) {
    names.push_back(outline.name.empty() ? outline.layer : outline.name);
    const bool match = wanted.empty() ? outlines.size() == 1 : outline.name == wanted || outline.layer == wanted;
    if (!match) continue;
    found.frame = outline.polygon.frame;
    std::move(outline.polygon.rings.begin(), outline.polygon.rings.end(), std::back_inserter(found.rings));
  }
  if (found.empty()) {
    throw Error(ErrorKind::config, fmt::format("no outline is called \"{}\"", wanted), (folder / file).string(),
                fmt::format("it has: {}", fmt::join(names, ", ")));
  }
  found.name = wanted;
  return found;
}

}  // namespace highwall
