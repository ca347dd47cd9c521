// ISCE2: rasters with an .xml or a .vrt beside them; the wavelength stands in the .xml of a swath of the reference.
#include <fmt/format.h>

#include <limits>

#include "core/error.hpp"
#include "io/durable/durable.hpp"
#include "io/readers/insar/formats.hpp"
#include "io/readers/insar/geometry.hpp"
#include "io/readers/insar/headers.hpp"
#include "io/readers/insar/names.hpp"
#include "io/readers/text.hpp"

namespace highwall::insar {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestHeader = std::uintmax_t{16} << 20U;

RasterHeader header_of(const fs::path& path) {
  const fs::path xml = path.string() + ".xml";
  std::error_code failed;
  if (fs::is_regular_file(xml, failed)) return parse_isce_xml(read_whole(xml, ErrorKind::input, kLargestHeader), xml.string());
  const fs::path vrt = path.string() + ".vrt";
  return parse_raw_vrt(read_whole(vrt, ErrorKind::input, kLargestHeader), vrt.string(), path.filename().string());
}

RawLayout layout_of(const RasterHeader& header, std::size_t index) {
  const RasterHeader::Band& band = header.bands[index];
  RawLayout layout;
  layout.rows = header.rows;
  layout.cols = header.cols;
  layout.offset = band.offset;
  layout.row_stride = band.row_stride;
  layout.pixel_stride = band.pixel_stride;
  layout.number = band.number;
  layout.big_endian = band.big_endian;
  return layout;
}

std::shared_ptr<const RawPixels> band_of(const fs::path& path, const RasterHeader& header, std::size_t index, Look& look) {
  const RawLayout layout = layout_of(header, index);
  require_sane(RawFile(path), layout, path);
  return std::make_shared<const RawPixels>(path, layout, look.pool);
}

/// In a header IW1.xml (IW2, IW3) or one that is named like a swath, among the files of the call.
double wavelength_of(const Look& look) {
  for (const fs::path& header : look.headers) {
    const std::string name = header.filename().string();
    if (name.rfind("IW", 0) != 0 || name.size() != 7 || header.extension() != ".xml") continue;
    const auto value = isce_property(read_whole(header, ErrorKind::input, kLargestHeader), "radarwavelength");
    if (value && *value > 0.0) return *value;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

/// Of the pixels of los.rdr (incidence from the vertical; azimuth of target -> sensor from north, anticlockwise); nullptr where
/// none of the files of the call is of that size.
std::shared_ptr<const Sights> sights_of(const Look& look, const RasterHeader& of) {
  for (const fs::path& header : look.headers) {
    const std::string name = header.filename().string();
    if (name != "los.rdr.xml" && name != "los.rdr.geo.xml") continue;
    const fs::path path = header.parent_path() / header.stem();
    const RasterHeader los = parse_isce_xml(read_whole(header, ErrorKind::input, kLargestHeader), header.string());
    if (los.rows != of.rows || los.cols != of.cols || los.bands.size() != 2) continue;
    const RawFile raw(path);
    for (std::size_t b = 0; b < los.bands.size(); ++b) require_sane(raw, layout_of(los, b), path);
    std::vector<float> incidence(los.cols);
    std::vector<float> azimuth(los.cols);
    Sights sights;
    sights.reserve(los.rows * los.cols);
    for (std::size_t r = 0; r < los.rows; ++r) {
      const auto line = [&](const RasterHeader::Band& band, std::vector<float>& to) {
        std::vector<char> bytes(band.pixel_stride * (los.cols - 1) + bytes_of(band.number));
        raw.read(band.offset + band.row_stride * r, bytes.size(), bytes.data());
        convert(bytes.data(), band.number, band.big_endian, band.pixel_stride, los.cols, to.data());
      };
      line(los.bands[0], incidence);
      line(los.bands[1], azimuth);
      for (std::size_t c = 0; c < los.cols; ++c) {
        sights.push_back(sight_of(static_cast<double>(incidence[c]), static_cast<double>(azimuth[c])));
      }
    }
    return std::make_shared<const Sights>(std::move(sights));
  }
  return nullptr;
}

}  // namespace

std::string look_isce(const InputFile& input, Role role, Look& look) {
  const auto pair = pair_by_name(input.path);
  if (!pair) return "neither its name nor its folder tell its two dates (YYYYMMDD_YYYYMMDD)";
  const RasterHeader header = header_of(input.path);
  if (header.bands.size() > 2) return fmt::format("it has {} bands", header.bands.size());
  Layer layer;
  layer.name = input.path.string();
  layer.role = role;
  layer.first = pair->first;
  layer.second = pair->second;
  layer.has_clock = pair->has_clock;
  layer.processor = "isce2";
  layer.geometry.rows = header.rows;
  layer.geometry.cols = header.cols;
  layer.placed = header.affine.has_value();
  if (header.affine) {
    layer.geometry.affine = *header.affine;
    layer.geometry.frame.crs = "EPSG:4326";  // ISCE2 geocodes to degrees of WGS 84 only
  }
  if (!look.isce_wavelength_m) look.isce_wavelength_m = wavelength_of(look);
  layer.wavelength_m = *look.isce_wavelength_m;
  const auto values = band_of(input.path, header, header.bands.size() - 1, look);
  layer.pixels = values;
  if (role == Role::phase && header.bands.size() == 2) {
    layer.pixels = std::make_shared<const PixelsWhere>(values, band_of(input.path, header, 0, look));
  }
  if (!look.isce_sights) look.isce_sights = sights_of(look, header);
  layer.sights = *look.isce_sights;
  look.layers.push_back(std::move(layer));
  return {};
}

}  // namespace highwall::insar
