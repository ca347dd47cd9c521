#include "io/archive/map_file.hpp"

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
  for (const MapLayer& layer : layers) h5::write_data(at, layer.name, layer.values->data(), {g.rows, g.cols}, layer.unit);
  return image.bytes();
}

}  // namespace highwall
