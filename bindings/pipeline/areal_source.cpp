#include "bindings/pipeline/areal_source.hpp"

#include <fmt/format.h>

namespace highwall {

Eigen::Vector3d to_local(const Site& site, const SourceConfig& source, const std::vector<double>& world_m) {
  Eigen::Vector3d p(world_m[0], world_m[1], world_m[2]);
  if (source.crs != "local") p -= Eigen::Vector3d::Map(site.frame.origin_m.data());
  return p;
}

std::vector<Polygon> zones_of(const std::vector<Polygon>& zones, const SourceConfig& source) {
  if (source.crs == "local") return {everywhere(source.zone)};
  std::vector<Polygon> own;
  for (const Polygon& zone : zones) {
    if (!zone.empty() && (source.zone.empty() || source.zone == zone.name)) own.push_back(zone);
  }
  return own;
}

std::string patch_name(const std::string& source, const PatchCell& cell) {
  return fmt::format("{}/{:+05d}{:+05d}", source, cell.first, cell.second);
}

TargetInput target_of(const Site& site, const SourceConfig& source, Patch&& patch, double patch_size_m) {
  TargetInput target;
  target.series = std::move(patch.series);
  target.series.target = patch_name(source.id, patch.cell);
  if (source.crs != "local" && !site.frame.is_local()) {
    target.series.position_m = {(static_cast<double>(patch.cell.first) + 0.5) * patch_size_m + site.frame.origin_m[0],
                                (static_cast<double>(patch.cell.second) + 0.5) * patch_size_m + site.frame.origin_m[1], kNaN};
  }
  target.area_m2 = patch.area_m2;
  return target;
}

}  // namespace highwall
