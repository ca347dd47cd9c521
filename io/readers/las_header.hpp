#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/report.hpp"
#include "core/time.hpp"
#include "io/readers/bytes.hpp"

namespace highwall {

/// An extra attribute of a LAS point (LAS 1.4 R15, table 24).
struct LasExtraField {
  std::string name;
  int type = 0;            ///< 1 to 10: uint8, int8, uint16, ..., float, double; 0 = opaque bytes.
  std::size_t offset = 0;  ///< From the start of the point record.
  std::size_t size = 0;
  bool scaled = false;
  double scale = 1.0;
  double shift = 0.0;
};

/// What the "copc" record tells (COPC 1.0, https://copc.io): a cube of nodes, each with half the spacing of its parent.
struct CopcInfo {
  std::array<double, 3> centre{};
  double half_size = 0.0;
  double spacing = 0.0;  ///< Between the points of the root node, in the file's unit.
  std::uint64_t root_offset = 0;
  std::uint64_t root_bytes = 0;
};

/// The public header block and what the variable length records say, versions 1.0 to 1.4.
struct LasHeader {
  int minor_version = 0;
  std::uint16_t global_encoding = 0;
  int point_format = 0;
  bool compressed = false;  ///< LAZ: the points are not records but what LASzip makes of them.
  std::size_t record_length = 0;
  std::uint64_t point_count = 0;
  std::size_t data_offset = 0;
  std::array<double, 3> scale{};
  std::array<double, 3> offset{};
  Instant creation_date = kNoInstant;
  std::string crs;                                                      ///< WKT, "EPSG:n" from GeoTIFF keys, or "" for none.
  double horizontal_unit_m = std::numeric_limits<double>::quiet_NaN();  ///< By the GeoTIFF keys; NaN = they do not say.
  double vertical_unit_m = std::numeric_limits<double>::quiet_NaN();    ///< Likewise.
  std::vector<LasExtraField> extra;
  std::size_t declared_bytes = 0;  ///< Of a point record: the format's own and the described extra attributes.

  std::string_view laszip;  ///< Content of the record "laszip encoded", which says how; "" = none.
  std::optional<CopcInfo> copc;

  bool adjusted_standard_gps_time() const { return (global_encoding & 1U) != 0; }
};

/// Reads and checks the header: every count is held against the file's size before it is believed; that of compressed
/// points, whose size is not known, is held against the chunks (las_zip.hpp).
/// @param unit_option  name of the option that tells the unit of length; "" = the file must tell it
/// @throws Error(input) for what is not LAS, is cut off, claims more than the file holds, or has a unit that is not known.
LasHeader read_las_header(const Bytes& bytes, const std::string& name, std::string_view unit_option, Report& report);

/// Bytes of a point record of the format without extra attributes; 0 for an unknown format.
std::size_t las_record_bytes(int point_format);

}  // namespace highwall
