#include <nlohmann/json.hpp>

#include "io/feeds/feed.hpp"

namespace highwall {
namespace {

/// A GeoJSON feature (RFC 7946): the outline as geometry, everything else as properties.
std::string translate(const std::string& envelope) {
  nlohmann::json properties = nlohmann::json::parse(envelope);
  const nlohmann::json geometry = properties.at("geometry");
  properties.erase("geometry");
  const std::string id = properties.at("id");
  return nlohmann::json{{"type", "Feature"}, {"id", id}, {"geometry", geometry}, {"properties", properties}}.dump(1) + "\n";
}

}  // namespace

extern const Feed geojson_feed;
const Feed geojson_feed{"geojson", "A GeoJSON feature a message", translate};

}  // namespace highwall
