#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/readers/insar/raw_pixels.hpp"

/// Texts that lie beside rasters without a header of their own.
namespace highwall::insar {

/// Lines of "key: value unit ..." (GAMMA) or "KEY value" (ROI_PAC).
class KeyValues {
 public:
  /// @param separator  ':' or ' '
  /// @throws Error(input) for what is no text
  KeyValues(std::string_view text, std::string file, char separator);

  bool has(const std::string& key) const { return entries_.count(key) != 0; }
  std::size_t size() const noexcept { return entries_.size(); }
  std::optional<std::string> text(const std::string& key) const;
  /// The first number behind the key. @throws Error(input) naming the line when it is no finite number
  std::optional<double> number(const std::string& key) const;
  /// A number of rows or columns, from 1 to 2^31 - 1. @throws Error(input) naming the line
  std::optional<std::size_t> count(const std::string& key) const;
  const std::string& file() const noexcept { return file_; }
  /// "file:line" of the key.
  std::string where(const std::string& key) const;

 private:
  struct Entry {
    std::string value;
    std::uint64_t line = 0;
  };
  std::string file_;
  std::map<std::string, Entry> entries_;
};

/// Layout and place of a raster of ISCE2 by its .xml or .vrt.
struct RasterHeader {
  std::size_t rows = 0;
  std::size_t cols = 0;
  struct Band {
    std::uint64_t offset = 0;
    std::uint64_t row_stride = 0;
    std::size_t pixel_stride = 0;
    Number number = Number::f4;
    bool big_endian = false;
  };
  std::vector<Band> bands;
  /// Outer corner and steps; nullopt = in rows and columns of the radar.
  std::optional<std::array<double, 6>> affine;
};
/// @throws Error(input) naming the file and what is missing or impossible
RasterHeader parse_isce_xml(const std::string& text, const std::string& file);
/// @param raster  name of the file that the header lies beside: it must be the one that the VRT speaks of
RasterHeader parse_raw_vrt(const std::string& text, const std::string& file, const std::string& raster);
/// Value of the first property of that name, anywhere below the root, as ISCE2 writes it; nullopt = none.
std::optional<double> isce_property(const std::string& text, const std::string& name);

}  // namespace highwall::insar
