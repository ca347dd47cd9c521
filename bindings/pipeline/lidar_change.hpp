#pragma once

#include <map>
#include <optional>
#include <string>

#include "bindings/pipeline/change_report.hpp"
#include "io/archive/archive.hpp"

namespace highwall {

/// Tables of a report_change() by file name: change.txt, clusters.csv, clusters_along_normals.csv, benches.csv, zones.csv,
/// classes.geojson.
using ChangeTables = std::map<std::string, std::string>;

ChangeTables change_tables(const ChangeReport& report, bool with_zones);

/// The tables as a night kept them in archive/products/NAME.json; nullopt when there are none or they are damaged.
std::optional<ChangeTables> read_change(const Archive& archive, const std::string& name);
/// @throws Error(storage)
void write_change(const Archive& archive, const std::string& name, const ChangeTables& tables);

}  // namespace highwall
