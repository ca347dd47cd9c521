#include "io/readers/zones.hpp"

#include <cpl_conv.h>
#include <fmt/format.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.hpp"
#include "core/printable.hpp"
#include "io/crs/crs.hpp"
#include "io/readers/gdal_file.hpp"
#include "io/readers/reader.hpp"

namespace highwall {
namespace {

constexpr const char* kDrawAnew = "draw it anew, or name another outline";
constexpr const char* kDrivers[] = {"GeoJSON", "GPKG", nullptr};

struct Outline {
  std::string layer;
  std::string name;
  std::string crs;  // "" = none
  Polygon polygon;
  std::string damage;           // what is wrong with it; "" = nothing
  std::size_t short_rings = 0;  // left out: they enclose nothing
};

void collect_rings(OGRGeometryH geometry, Polygon& polygon, std::size_t& short_rings) {
  const OGRwkbGeometryType type = wkbFlatten(OGR_G_GetGeometryType(geometry));
  if (type == wkbLineString || type == wkbLinearRing) {
    std::vector<Eigen::Vector2d> ring;
    for (int i = 0; i < OGR_G_GetPointCount(geometry); ++i) {
      ring.emplace_back(OGR_G_GetX(geometry, i), OGR_G_GetY(geometry, i));
    }
    if (ring.size() >= 3) {
      polygon.rings.push_back(std::move(ring));
    } else {
      ++short_rings;
    }
    return;
  }
  for (int i = 0; i < OGR_G_GetGeometryCount(geometry); ++i)
    collect_rings(OGR_G_GetGeometryRef(geometry, i), polygon, short_rings);
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

/// What is wrong with an outline of degrees that has a corner that is none; "" for nothing. Longitudes may go on beyond 180.
std::string no_degrees(const Polygon& polygon, const CrsInfo& crs) {
  if (!crs.geographic) return {};
  for (const auto& ring : polygon.rings) {
    for (const Eigen::Vector2d& p : ring) {
      if (!(std::abs(p.x()) > 360.0) && !(std::abs(p.y()) > 90.0)) continue;
      return fmt::format(
          "its corner ({:.10g}, {:.10g}) is no longitude and latitude, but {} counts in degrees (GeoJSON without a crs member "
          "means "
          "EPSG:4326): add the crs that the coordinates really have to the file",
          p.x(), p.y(), crs.crs.starts_with("EPSG:") ? crs.crs : fmt::format("its CRS \"{}\"", printable(crs.name)));
    }
  }
  return {};
}

/// Brings the outline into the site frame. @return an empty text, or what is wrong with it
std::string to_site(Polygon& polygon, const std::string& crs, const Frame& site, const std::string& file) {
  const bool same = crs.empty() || site.is_local() || same_crs(crs, site.crs);
  if (crs.empty() && !site.is_local()) {
    throw Error(ErrorKind::input, "the outlines have no CRS", file, "write them with one");
  }
  std::optional<Transformer> transformer;
  if (!same) {
    if (std::string wrong = no_degrees(polygon, describe_crs(crs, file, ErrorKind::input)); !wrong.empty()) return wrong;
    transformer.emplace(crs, site.crs);
  }
  polygon.frame = site;
  for (auto& ring : polygon.rings) {
    for (Eigen::Vector2d& p : ring) {
      if (!p.allFinite()) return "a corner is not a number";
      double xyz[3] = {p.x(), p.y(), 0.0};
      if (transformer && transformer->apply(xyz, 1) > 0) return "a corner cannot be brought into the site frame";
      p = {xyz[0] - site.origin_m[0], xyz[1] - site.origin_m[1]};
    }
  }
  return {};
}

/// GDAL calls a layer without a name as the file, which to GDAL is one in memory.
std::string name_of_layer(OGRLayerH layer, const GdalFile& file, const std::string& input_name) {
  const std::string name = OGR_L_GetName(layer);
  const bool unnamed = name == std::filesystem::path(GDALGetDescription(file.get())).stem().string();
  return unnamed ? std::filesystem::path(input_name).stem().string() : name;
}

Outline outline_of(OGRFeatureH feature, const std::string& layer, const std::string& crs) {
  Outline outline{layer, name_of_feature(feature), crs, {}, {}, 0};
  OGRGeometryH geometry = OGR_F_GetGeometryRef(feature);
  if (geometry != nullptr) collect_rings(geometry, outline.polygon, outline.short_rings);
  if (outline.polygon.empty()) {
    outline.damage = geometry == nullptr       ? "it has no geometry"
                     : outline.short_rings > 0 ? "its rings have fewer than three corners"
                                               : fmt::format("its geometry is no outline ({})", OGR_G_GetGeometryName(geometry));
  }
  outline.polygon.name = outline.name;
  return outline;
}

/// Every feature of the file, the damaged ones too, in its order.
std::vector<Outline> read_outlines(const Input& input, const Frame& site) {
  const GdalFile file(input.bytes, input.name, GDAL_OF_VECTOR, kDrivers);
  std::vector<Outline> outlines;
  for (int l = 0; l < GDALDatasetGetLayerCount(file.get()); ++l) {
    OGRLayerH layer = GDALDatasetGetLayer(file.get(), l);
    const std::string crs = crs_of_layer(layer);
    const std::string name = name_of_layer(layer, file, input.name);
    OGR_L_ResetReading(layer);
    while (OGRFeatureH feature = OGR_L_GetNextFeature(layer)) {
      outlines.push_back(outline_of(feature, name, crs));
      OGR_F_Destroy(feature);
      Outline& outline = outlines.back();
      if (outline.damage.empty()) outline.damage = to_site(outline.polygon, outline.crs, site, input.name);
    }
  }
  return outlines;
}

/// Takes the damaged outlines out; each is a refused row.
std::vector<Outline> sound_ones(std::vector<Outline>&& outlines, Report& report) {
  std::vector<Outline> sound;
  for (std::size_t i = 0; i < outlines.size(); ++i) {
    Outline& outline = outlines[i];
    const std::string called = outline.name.empty() ? "" : fmt::format(" \"{}\"", printable(outline.name));
    if (!outline.damage.empty()) {
      report.reject(i + 1, fmt::format("outline{} (features are counted here): {}", called, outline.damage));
      continue;
    }
    if (outline.short_rings > 0) {
      report.warn(
          fmt::format("feature {}{}: {} rings with fewer than three corners are left out", i + 1, called, outline.short_rings));
    }
    ++report.accepted;
    sound.push_back(std::move(outline));
  }
  return sound;
}

double ring_area(const Ring& ring) {
  double twice = 0.0;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    // About the first corner: world coordinates are large against a zone.
    const Eigen::Vector2d a = ring[i] - ring[0];
    const Eigen::Vector2d b = ring[i + 1] - ring[0];
    twice += a.x() * b.y() - a.y() * b.x();
  }
  return std::abs(twice) / 2.0;
}

/// In square units of the coordinates, holes taken off.
double area_of(const Polygon& polygon) {
  double area = 0.0;
  for (const ZonePart& part : parts_of(polygon)) {
    for (std::size_t r = 0; r < part.size(); ++r) area += r == 0 ? ring_area(part[r]) : -ring_area(part[r]);
  }
  return area;
}

/// Degrees are projected onto an equal-area plane that touches the Earth at the outline.
/// @return NaN where they cannot be
double area_m2_of(const Outline& outline, const CrsInfo& info) {
  if (!info.geographic) return area_of(outline.polygon) * info.horizontal_unit_m * info.horizontal_unit_m;
  Polygon plane = outline.polygon;
  const Eigen::Vector2d centre = plane.rings[0][0];
  const Transformer project(outline.crs, fmt::format("+proj=laea +lon_0={} +lat_0={} +datum=WGS84", centre.x(), centre.y()));
  for (auto& ring : plane.rings) {
    for (Eigen::Vector2d& p : ring) {
      double xyz[3] = {p.x(), p.y(), 0.0};
      if (project.apply(xyz, 1) > 0) return kNaN;
      p = {xyz[0], xyz[1]};
    }
  }
  return area_of(plane);
}

ZoneList::Zone listed(const Outline& outline, const std::string& file, Report& report) {
  ZoneList::Zone zone{outline.name.empty() ? outline.layer : outline.name, "local", kNaN};
  if (outline.crs.empty()) {
    report.warn("an outline has no CRS: its numbers are taken as metres");
    zone.area_m2 = area_of(outline.polygon);
    return zone;
  }
  const CrsInfo info = describe_crs(outline.crs, file, ErrorKind::input);
  zone.crs = info.crs;
  std::string wrong = no_degrees(outline.polygon, info);
  if (wrong.empty()) {
    try {
      zone.area_m2 = area_m2_of(outline, info);
      if (!std::isfinite(zone.area_m2)) wrong = "it cannot be projected onto a plane";
    } catch (const Error& e) {
      wrong = e.message();  // degrees of another body than the Earth
    }
  }
  if (!wrong.empty()) report.warn(fmt::format("the outline \"{}\" has no area: {}", printable(zone.name), wrong));
  return zone;
}

/// The name that a GeoJSON file gives its CRS; "" for none, and for what is no such file.
std::string crs_member_of(std::string_view bytes) {
  using nlohmann::json;
  std::string key;
  // The features of a file may be many: only the member is kept.
  const auto keep = [&key](int depth, json::parse_event_t event, json& parsed) {
    if (depth == 1 && event == json::parse_event_t::key) key = parsed.get<std::string>();
    return depth == 0 || key == "crs";
  };
  const json file = json::parse(bytes, keep, false);
  const json::json_pointer place("/crs/properties/name");
  if (!file.is_object() || !file.contains(place) || !file.at(place).is_string()) return {};
  return file.at(place).get<std::string>();
}

/// The crs member of a file when PROJ does not know it, printable; else "". GDAL takes WGS 84 for it without a word.
std::string unknown_crs_of(std::string_view bytes) {
  const std::string name = crs_member_of(bytes);
  if (name.empty()) return {};
  try {
    describe_crs(name);
    return {};
  } catch (const Error&) {
    return printable(name.substr(0, 120));
  }
}

void tell_unknown_crs(const Input& input, Report& report) {
  const std::string name = unknown_crs_of(input.bytes);
  if (!name.empty()) report.warn(fmt::format("the crs \"{}\" of the file cannot be read: EPSG:4326 is taken", name));
}

}  // namespace

bool holds_zones(std::string_view bytes) {
  if (bytes.substr(0, 16) == std::string_view("SQLite format 3\0", 16)) return bytes.size() > 72 && bytes.substr(68, 2) == "GP";
  const std::size_t begin = bytes.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (begin == std::string_view::npos || bytes[begin] != '{') return false;
  const auto has = [&](std::string_view word) { return bytes.find(word) != std::string_view::npos; };
  return has("\"Feature") || (has("Polygon\"") && has("\"coordinates\""));
}

ZoneList list_zones(const Input& input) {
  ZoneList list;
  list.report.source = input.name;
  list.report.format = "zones";
  for (const Outline& outline : sound_ones(read_outlines(input, Frame{}), list.report)) {
    list.zones.push_back(listed(outline, input.name, list.report));
  }
  tell_unknown_crs(input, list.report);
  return list;
}

std::vector<Polygon> read_polygons(const std::filesystem::path& file, const Frame& site, Report& report) {
  const std::string bytes = load_file(file);
  const Input input{file.string(), bytes};
  std::vector<Polygon> polygons;
  for (Outline& outline : sound_ones(read_outlines(input, site), report)) polygons.push_back(std::move(outline.polygon));
  tell_unknown_crs(input, report);
  return polygons;
}

Polygon read_polygon(const std::filesystem::path& folder, const std::string& reference, const Frame& site) {
  const std::size_t colon = reference.rfind(':');
  const std::string file = colon == std::string::npos ? reference : reference.substr(0, colon);
  const std::string wanted = colon == std::string::npos ? "" : reference.substr(colon + 1);
  const std::string name = (folder / file).string();
  const std::string bytes = load_file(name);
  if (const std::string unknown = site.is_local() ? "" : unknown_crs_of(bytes); !unknown.empty()) {
    throw Error(ErrorKind::input, fmt::format("the crs \"{}\" of the outlines cannot be read", unknown), name,
                "write the crs that the coordinates really have into the file");
  }
  std::vector<Outline> outlines = read_outlines({name, bytes}, site);
  const auto sound = std::count_if(outlines.begin(), outlines.end(), [](const Outline& o) { return o.damage.empty(); });
  Polygon found;
  std::string damage;
  std::vector<std::string> names;
  for (Outline& outline : outlines) {
    names.push_back(outline.name.empty() ? outline.layer : outline.name);
    const bool only_one = outlines.size() == 1 || (sound == 1 && outline.damage.empty());
    const bool match = wanted.empty() ? only_one : outline.name == wanted || outline.layer == wanted;
    if (!match) continue;
    if (!outline.damage.empty()) {
      damage = fmt::format("the outline \"{}\" is damaged: {}", names.back(), outline.damage);
      if (outline.polygon.empty()) continue;  // a label beside the outline may have its name
      throw Error(ErrorKind::input, damage, name, kDrawAnew);
    }
    found.frame = outline.polygon.frame;
    std::move(outline.polygon.rings.begin(), outline.polygon.rings.end(), std::back_inserter(found.rings));
  }
  if (found.empty() && !damage.empty()) throw Error(ErrorKind::input, damage, name, kDrawAnew);
  if (found.empty()) {
    throw Error(ErrorKind::config, fmt::format("no outline is called \"{}\"", wanted), name,
                fmt::format("it has: {}", fmt::join(names, ", ")));
  }
  found.name = wanted;
  return found;
}

}  // namespace highwall
