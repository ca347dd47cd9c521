#include "io/archive/map_file.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/version.hpp"
#include "io/archive/h5.hpp"

namespace highwall {

std::string encode_map(const GridGeometry& g, const std::vector<MapLayer>& layers,
                       const std::vector<std::pair<std::string, std::string>>& notes) {
  h5::Image image;
  const hid_t at = image.root();
  h5::write_text(at, "schema", "highwall.map/1");
  h5::write_text(at, "software_version", kVersion);
  h5::write_text(at, "crs", g.frame.crs);
  h5::write_text(at, "vertical", g.frame.vertical);
  h5::write_numbers(
      at, "affine",
      {g.affine[0] + g.frame.origin_m[0], g.affine[1], g.affine[2], g.affine[3] + g.frame.origin_m[1], g.affine[4], g.affine[5]});
  for (const auto& [name, value] : notes) h5::write_text(at, name, value);
  for (const MapLayer& layer : layers) {
    if (layer.single) {
      const std::vector<float> values(layer.values->begin(), layer.values->end());
      h5::write_data(at, layer.name, values.data(), {g.rows, g.cols}, layer.unit);
    } else {
      h5::write_data(at, layer.name, layer.values->data(), {g.rows, g.cols}, layer.unit);
    }
  }
  return image.bytes();
}

DecodedMap decode_map(std::string_view bytes, const std::string& name) {
  const h5::Image image(bytes, name);
  const hid_t at = image.root();
  if (h5::read_text(at, "schema", name) != "highwall.map/1") throw Error(ErrorKind::storage, "this is not a map", name);
  DecodedMap map;
  for (const std::string& layer : h5::children(at)) {
    const auto shape = h5::shape_of(at, layer, name);
    const bool first = map.layers.empty();
    if (shape.size() != 2 || (!first && (shape[0] != map.rows || shape[1] != map.cols))) {
      throw Error(ErrorKind::storage, fmt::format("layer {} has another shape than the others", layer), name);
    }
    map.rows = shape[0];
    map.cols = shape[1];
    map.layers[layer] = h5::read_data<double>(at, layer, name);
  }
  return map;
}

}  // namespace highwall
