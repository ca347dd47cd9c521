// Headers of ISCE2: .xml, and the .vrt that lies beside it. Read as trees of names and texts; nothing in them is opened.
#include <cpl_error.h>
#include <cpl_minixml.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>

#include "core/error.hpp"
#include "io/readers/insar/headers.hpp"
#include "io/readers/text.hpp"

namespace highwall::insar {
namespace {

constexpr std::size_t kLargestHeader = std::size_t{16} << 20U;

struct Tree {
  explicit Tree(const std::string& text) {
    CPLPushErrorHandler(CPLQuietErrorHandler);
    if (text.size() <= kLargestHeader) root.reset(CPLParseXMLString(text.c_str()));
    CPLPopErrorHandler();
  }
  struct Destroy {
    void operator()(CPLXMLNode* node) const { CPLDestroyXMLNode(node); }
  };
  std::unique_ptr<CPLXMLNode, Destroy> root;
};

bool is_element(const CPLXMLNode* node, const char* name) {
  return node->eType == CXT_Element && std::strcmp(node->pszValue, name) == 0;
}

std::string value_of(const CPLXMLNode* node, const char* path) {
  const char* value = CPLGetXMLValue(const_cast<CPLXMLNode*>(node), path, "");
  return std::string(trim(value));
}

/// <property name="width"><value>12</value></property> among the children of a component.
std::string property(const CPLXMLNode* component, const std::string& name) {
  for (const CPLXMLNode* child = component->psChild; child != nullptr; child = child->psNext) {
    if (is_element(child, "property") && lower(value_of(child, "name")) == name) return value_of(child, "value");
  }
  return {};
}

const CPLXMLNode* component(const CPLXMLNode* parent, const std::string& name) {
  for (const CPLXMLNode* child = parent->psChild; child != nullptr; child = child->psNext) {
    if (is_element(child, "component") && lower(value_of(child, "name")) == name) return child;
  }
  return nullptr;
}

[[noreturn]] void fail(const std::string& file, const std::string& what) {
  throw Error(ErrorKind::input, what, file, "the header is damaged or of another program");
}

std::size_t count_of(const std::string& text, const char* what, const std::string& file) {
  const auto number = to_integer(text);
  if (!number || *number < 1 || *number > std::numeric_limits<std::int32_t>::max()) {
    fail(file, fmt::format("{} is \"{}\", which is no number of pixels or bands", what, text.substr(0, 60)));
  }
  return static_cast<std::size_t>(*number);
}

/// Products of what is below these limits stay within 64 bits.
void require_size(const RasterHeader& header, const std::string& file) {
  if (header.rows > (std::size_t{1} << 40U) / header.cols)
    fail(file, fmt::format("{} x {} pixels are not possible", header.rows, header.cols));
}

std::optional<Number> number_of(const std::string& type) {
  if (type == "byte") return Number::u1;
  if (type == "short" || type == "int16") return Number::i2;
  if (type == "float" || type == "float32") return Number::f4;
  if (type == "double" || type == "float64") return Number::f8;
  return std::nullopt;
}

/// First value, step: of pixel centres, or of counted rows and columns, which are no place.
std::optional<std::array<double, 2>> axis(const CPLXMLNode* image, const char* name) {
  const CPLXMLNode* at = component(image, name);
  if (at == nullptr) return std::nullopt;
  const auto start = to_number(property(at, "startingvalue"));
  const auto step = to_number(property(at, "delta"));
  if (!start || !step || !std::isfinite(*start) || !std::isfinite(*step) || *step == 0.0) return std::nullopt;
  return std::array<double, 2>{*start, *step};
}

}  // namespace

RasterHeader parse_isce_xml(const std::string& text, const std::string& file) {
  const Tree tree(text);
  const CPLXMLNode* image = tree.root.get();
  while (image != nullptr && !is_element(image, "imageFile")) image = image->psNext;
  if (image == nullptr) fail(file, "there is no <imageFile> of ISCE2 in it");
  RasterHeader header;
  header.cols = count_of(property(image, "width"), "width", file);
  header.rows = count_of(property(image, "length"), "length", file);
  require_size(header, file);
  const std::string bands_text = property(image, "number_bands");
  const std::size_t bands = bands_text.empty() ? 1 : count_of(bands_text, "number_bands", file);
  if (bands > 64) fail(file, fmt::format("it claims {} bands", bands));
  const std::string type = lower(property(image, "data_type"));
  const auto number = number_of(type);
  if (!number) fail(file, fmt::format("data_type \"{}\" is none of BYTE, SHORT, FLOAT and DOUBLE", type.substr(0, 60)));
  const std::string scheme = bands == 1 ? "bsq" : lower(property(image, "scheme"));
  const std::size_t size = bytes_of(*number);
  for (std::size_t b = 0; b < bands; ++b) {
    RasterHeader::Band band;
    band.number = *number;
    band.big_endian = lower(property(image, "byte_order")) == "b";
    if (scheme == "bil") {
      band = {b * header.cols * size, bands * header.cols * size, size, *number, band.big_endian};
    } else if (scheme == "bip") {
      band = {b * size, bands * header.cols * size, bands * size, *number, band.big_endian};
    } else if (scheme == "bsq") {
      band = {b * header.rows * header.cols * size, header.cols * size, size, *number, band.big_endian};
    } else {
      fail(file, fmt::format("scheme \"{}\" is none of BIL, BIP and BSQ", scheme.substr(0, 60)));
    }
    header.bands.push_back(band);
  }
  const auto x = axis(image, "coordinate1");
  const auto y = axis(image, "coordinate2");
  const bool counted = x && y && std::abs((*x)[1]) == 1.0 && std::abs((*y)[1]) == 1.0;
  if (x && y && !counted) {
    header.affine = {(*x)[0] - 0.5 * (*x)[1], (*x)[1], 0.0, (*y)[0] - 0.5 * (*y)[1], 0.0, (*y)[1]};
  }
  return header;
}

RasterHeader parse_raw_vrt(const std::string& text, const std::string& file, const std::string& raster) {
  const Tree tree(text);
  const CPLXMLNode* root = tree.root.get();
  while (root != nullptr && !is_element(root, "VRTDataset")) root = root->psNext;
  if (root == nullptr) fail(file, "there is no <VRTDataset> in it");
  RasterHeader header;
  header.cols = count_of(value_of(root, "rasterXSize"), "rasterXSize", file);
  header.rows = count_of(value_of(root, "rasterYSize"), "rasterYSize", file);
  require_size(header, file);
  for (const CPLXMLNode* child = root->psChild; child != nullptr; child = child->psNext) {
    if (!is_element(child, "VRTRasterBand")) continue;
    if (value_of(child, "subClass") != "VRTRawRasterBand") fail(file, "a band is no VRTRawRasterBand");
    const std::string source = std::filesystem::path(value_of(child, "SourceFilename")).filename().string();
    if (source != raster) fail(file, fmt::format("it speaks of the file \"{}\", not of {}", source.substr(0, 200), raster));
    const auto number = number_of(lower(value_of(child, "dataType")));
    if (!number)
      fail(file,
           fmt::format("dataType \"{}\" is none of Byte, Int16, Float32 and Float64", value_of(child, "dataType").substr(0, 60)));
    const auto offset_of = [&](const char* name, std::uint64_t standard) {
      const std::string word = value_of(child, name);
      if (word.empty()) return standard;
      const auto value = to_integer(word);
      if (!value || *value < 0 || *value > (std::int64_t{1} << 48U))
        fail(file, fmt::format("{} is \"{}\"", name, word.substr(0, 60)));
      return static_cast<std::uint64_t>(*value);
    };
    RasterHeader::Band band;
    band.number = *number;
    band.big_endian = value_of(child, "ByteOrder") == "MSB";
    band.offset = offset_of("ImageOffset", 0);
    band.pixel_stride = static_cast<std::size_t>(offset_of("PixelOffset", bytes_of(*number)));
    band.row_stride = offset_of("LineOffset", band.pixel_stride * header.cols);
    if (band.pixel_stride < bytes_of(*number) || band.row_stride < band.pixel_stride)
      fail(file, "its rows or pixels lie upon each other");
    header.bands.push_back(band);
    if (header.bands.size() > 64) fail(file, "it claims more than 64 bands");
  }
  if (header.bands.empty()) fail(file, "there is no <VRTRasterBand> in it");
  const std::string place = value_of(root, "GeoTransform");
  if (!place.empty()) {
    std::array<double, 6> affine{};
    const std::vector<std::string> parts = split(place, ',');
    for (std::size_t i = 0; i < 6; ++i) {
      const auto number = i < parts.size() ? to_number(trim(parts[i])) : std::nullopt;
      if (!number || !std::isfinite(*number) || parts.size() != 6) fail(file, "GeoTransform has not six numbers");
      affine[i] = *number;
    }
    const bool counted = std::abs(affine[1]) == 1.0 && std::abs(affine[5]) == 1.0;
    if (!counted) header.affine = affine;
  }
  return header;
}

std::optional<double> isce_property(const std::string& text, const std::string& name) {
  const Tree tree(text);
  std::optional<double> found;
  // Bounded: trees of CPL are at most some thousands deep.
  std::vector<const CPLXMLNode*> open;
  if (tree.root) open.push_back(tree.root.get());
  while (!open.empty() && !found) {
    const CPLXMLNode* node = open.back();
    open.pop_back();
    if (node->psNext != nullptr) open.push_back(node->psNext);
    if (is_element(node, "property") && lower(value_of(node, "name")) == name) found = to_number(value_of(node, "value"));
    if (node->psChild != nullptr) open.push_back(node->psChild);
  }
  return found;
}

}  // namespace highwall::insar
