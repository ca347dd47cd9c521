#include "bindings/pipeline/lidar_change.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/error.hpp"
#include "io/durable/durable.hpp"

namespace highwall {
namespace {

using nlohmann::json;

constexpr const char* kSchema = "highwall.change/1";
constexpr std::array<std::string_view, 6> kTables{"change.txt",  "clusters.csv", "clusters_along_normals.csv",
                                                  "benches.csv", "zones.csv",    "classes.geojson"};

std::filesystem::path path_of(const Archive& archive, const std::string& name) {
  return archive.root() / "products" / (name + ".json");
}

}  // namespace

ChangeTables change_tables(const ChangeReport& report, bool with_zones) {
  const Frame& frame = report.difference.geometry.frame;
  ChangeTables tables{{"change.txt", change_table(report)},
                      {"clusters.csv", clusters_csv(report.volumes, frame)},
                      {"clusters_along_normals.csv", clusters_csv(report.faces, frame)},
                      {"benches.csv", volume_rows_csv(report.volumes.benches, report.volumes.total)},
                      {"classes.geojson", objects_geojson(report)}};
  if (with_zones) tables["zones.csv"] = volume_rows_csv(report.volumes.zones, report.volumes.total);
  return tables;
}

std::optional<ChangeTables> read_change(const Archive& archive, const std::string& name) {
  if (!std::filesystem::exists(path_of(archive, name))) return std::nullopt;
  try {
    const json j = json::parse(read_whole(path_of(archive, name)));
    if (j.at("schema") != kSchema) return std::nullopt;
    ChangeTables tables = j.at("tables").get<ChangeTables>();
    // They become names of files in the night's folder: one that we did not write may lead anywhere.
    const auto is_ours = [](const auto& table) {
      return std::find(kTables.begin(), kTables.end(), table.first) != kTables.end();
    };
    if (!std::all_of(tables.begin(), tables.end(), is_ours)) return std::nullopt;
    return tables;
  } catch (const json::exception&) {
    return std::nullopt;  // Derived: it is made again.
  }
}

void write_change(const Archive& archive, const std::string& name, const ChangeTables& tables) {
  const std::filesystem::path path = path_of(archive, name);
  make_folders(path.parent_path());
  write_whole(path, json{{"schema", kSchema}, {"tables", tables}}.dump(1) + "\n");
}

}  // namespace highwall
