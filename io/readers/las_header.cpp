#include "io/readers/las_header.hpp"

#include <fmt/format.h>

#include <cmath>

namespace highwall {
namespace {

constexpr std::array<std::size_t, 11> kRecordBytes{20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67};
constexpr std::array<std::size_t, 11> kTypeBytes{0, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
constexpr std::size_t kVlrHeader = 54;
constexpr std::size_t kEvlrHeader = 60;
constexpr std::size_t kExtraRecord = 192;
constexpr std::size_t kCopcInfo = 160;
constexpr std::uint16_t kUserDefined = 32767;

[[noreturn]] void refuse(const std::string& name, const std::string& message, const std::string& hint = {}) {
  throw Error(ErrorKind::input, message, name, hint);
}

/// What a GeoKeyDirectory says: codes of projected, geographic and vertical systems, and units of length.
struct GeoKeys {
  std::string crs;
  bool own_projection = false;  ///< They spell the projection out instead of naming its code.
  double horizontal_unit_m = std::numeric_limits<double>::quiet_NaN();
  double vertical_unit_m = std::numeric_limits<double>::quiet_NaN();
};

/// Metres of an EPSG unit of length; NaN, with a line in the report, for one that is not known where an option tells
/// the unit. @throws Error(input) for it otherwise: a guess would scale the slope.
double metres_of_unit(std::uint16_t code, const char* key, const std::string& name, std::string_view unit_option,
                      Report& report) {
  switch (code) {
    case 9001:
      return 1.0;
    case 9002:
      return 0.3048;
    case 9003:
      return 1200.0 / 3937.0;
    case 9005:
      return 0.3047972654;  // Clarke's foot
    case 9036:
      return 1000.0;
    case 9080:
      return 0.3047995;  // Indian foot
    case 9096:
      return 0.9144;  // yard
    default: {
      const std::string sentence = fmt::format("the GeoTIFF key {} names the unit {}, which is not known", key, code);
      if (unit_option.empty()) {
        refuse(name, sentence, "write the file in metres or feet, or state its CRS with crs (\"local\" tells no unit)");
      }
      report.warn(fmt::format("{}: the option {} counts", sentence, unit_option));
      return std::numeric_limits<double>::quiet_NaN();
    }
  }
}

GeoKeys read_geokeys(const Bytes& bytes, std::size_t offset, std::size_t length, const std::string& name,
                     std::string_view unit_option, Report& report) {
  GeoKeys out;
  if (length < 8) return out;
  const std::size_t keys = std::min<std::size_t>(bytes.get<std::uint16_t>(offset + 6), (length - 8) / 8);
  std::uint16_t projected = 0;
  std::uint16_t geographic = 0;
  std::uint16_t vertical = 0;
  std::uint16_t horizontal_unit = 0;
  std::uint16_t vertical_unit = 0;
  for (std::size_t k = 0; k < keys; ++k) {
    const std::size_t at = offset + 8 + 8 * k;
    const auto id = bytes.get<std::uint16_t>(at);
    const auto location = bytes.get<std::uint16_t>(at + 2);
    const auto value = bytes.get<std::uint16_t>(at + 6);
    if (location != 0) continue;
    if (id == 3072) projected = value;
    if (id == 2048) geographic = value;
    if (id == 3076) horizontal_unit = value;
    if (id == 4096) vertical = value;
    if (id == 4099) vertical_unit = value;
  }
  if (horizontal_unit != 0) out.horizontal_unit_m = metres_of_unit(horizontal_unit, "ProjLinearUnits", name, unit_option, report);
  if (vertical_unit != 0) out.vertical_unit_m = metres_of_unit(vertical_unit, "VerticalUnits", name, unit_option, report);
  const auto known = [](std::uint16_t code) { return code != 0 && code != kUserDefined; };
  std::string& crs = out.crs;
  if (known(projected)) {
    crs = fmt::format("EPSG:{}", projected);
  } else if (projected == kUserDefined) {
    out.own_projection = true;
    return out;
  } else if (known(geographic)) {
    crs = fmt::format("EPSG:{}", geographic);
  }
  if (!crs.empty() && known(vertical)) crs += fmt::format("+{}", vertical);
  return out;
}

void read_extra_fields(const Bytes& bytes, std::size_t offset, std::size_t length, LasHeader& header, Report& report) {
  std::size_t at = las_record_bytes(header.point_format);
  std::size_t& declared_end = header.declared_bytes;
  for (std::size_t r = 0; r + kExtraRecord <= length; r += kExtraRecord) {
    const std::size_t base = offset + r;
    const int type = bytes.get<std::uint8_t>(base + 2);
    const auto options = bytes.get<std::uint8_t>(base + 3);
    const std::string field_name = bytes.text(base + 4, 32);
    // Types 11 to 30 are the deprecated two- and three-element arrays.
    const int element = type == 0 ? 0 : (type - 1) % 10 + 1;
    const std::size_t count = type == 0 ? 1 : static_cast<std::size_t>((type - 1) / 10) + 1;
    if (type > 30) {
      report.warn(fmt::format("extra attribute \"{}\" has the unknown type {}", field_name, type));
      return;
    }
    for (std::size_t k = 0; k < count; ++k) {
      LasExtraField field;
      field.name = count == 1 ? field_name : fmt::format("{}[{}]", field_name, k);
      field.type = element;
      field.offset = at;
      field.size = type == 0 ? options : kTypeBytes[static_cast<std::size_t>(element)];
      const bool has_scale = (options & 8U) != 0 && type != 0;
      const bool has_shift = (options & 16U) != 0 && type != 0;
      field.scaled = has_scale || has_shift;
      if (has_scale) field.scale = bytes.get<double>(base + 112 + 8 * k);
      if (has_shift) field.shift = bytes.get<double>(base + 136 + 8 * k);
      at += field.size;
      if (at > header.record_length) {
        report.warn(fmt::format("extra attribute \"{}\" lies outside of the point record", field.name));
        return;
      }
      declared_end = at;
      if (type == 0) {
        report.warn(fmt::format("extra attribute \"{}\" is undocumented bytes: left out", field.name));
      } else {
        header.extra.push_back(std::move(field));
      }
    }
  }
}

CopcInfo read_copc_info(const Bytes& bytes, std::size_t at) {
  CopcInfo info;
  for (std::size_t c = 0; c < 3; ++c) info.centre[c] = bytes.get<double>(at + 8 * c);
  info.half_size = bytes.get<double>(at + 24);
  info.spacing = bytes.get<double>(at + 32);
  info.root_offset = bytes.get<std::uint64_t>(at + 40);
  info.root_bytes = bytes.get<std::uint64_t>(at + 48);
  return info;
}

struct VariableRecord {
  std::string user;
  std::uint16_t id = 0;
  std::size_t offset = 0;
  std::size_t length = 0;
};

void use_record(const Bytes& bytes, const VariableRecord& record, LasHeader& header, std::string& wkt, GeoKeys& geokeys,
                const std::string& name, std::string_view unit_option, Report& report) {
  if (record.user == "LASF_Projection" && record.id == 2112) {
    wkt = bytes.text(record.offset, record.length);
  } else if (record.user == "LASF_Projection" && record.id == 34735) {
    geokeys = read_geokeys(bytes, record.offset, record.length, name, unit_option, report);
  } else if (record.user == "LASF_Spec" && record.id == 4) {
    read_extra_fields(bytes, record.offset, record.length, header, report);
  } else if (record.user == "laszip encoded" && record.id == 22204) {
    header.laszip = bytes.at(record.offset, record.length);
  } else if (record.user == "copc" && record.id == 1 && record.length >= kCopcInfo) {
    header.copc = read_copc_info(bytes, record.offset);
  }
}

void read_variable_records(const Bytes& bytes, const std::string& name, std::size_t header_size, LasHeader& header,
                           std::string_view unit_option, Report& report) {
  std::string wkt;
  GeoKeys geokeys;
  const auto count = bytes.get<std::uint32_t>(100);
  if (header_size > header.data_offset || count > (header.data_offset - header_size) / kVlrHeader) {
    refuse(name,
           fmt::format("the header claims {} variable length records, more than fit before the points at byte {}", count,
                       header.data_offset),
           "the header is damaged");
  }
  std::size_t at = header_size;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t length = bytes.get<std::uint16_t>(at + 20);
    if (at + kVlrHeader + length > header.data_offset) {
      refuse(name, fmt::format("variable length record {} at byte {} runs into the points", i + 1, at));
    }
    use_record(bytes, {bytes.text(at + 2, 16), bytes.get<std::uint16_t>(at + 18), at + kVlrHeader, length}, header, wkt, geokeys,
               name, unit_option, report);
    at += kVlrHeader + length;
  }
  if (header.minor_version >= 4 && header_size >= 375) {
    auto position = bytes.get<std::uint64_t>(235);
    const auto extended = bytes.get<std::uint32_t>(243);
    if (extended > bytes.size() / kEvlrHeader) {
      refuse(name, fmt::format("the header claims {} extended records, more than the file can hold", extended));
    }
    for (std::uint32_t i = 0; i < extended; ++i) {
      const auto start = static_cast<std::size_t>(position);
      const auto length = bytes.get<std::uint64_t>(start + 20);
      if (!bytes.has(start + kEvlrHeader, length)) {
        refuse(name, fmt::format("extended record {} at byte {} runs beyond the end of the file", i + 1, start));
      }
      use_record(bytes,
                 {bytes.text(start + 2, 16), bytes.get<std::uint16_t>(start + 18), start + kEvlrHeader,
                  static_cast<std::size_t>(length)},
                 header, wkt, geokeys, name, unit_option, report);
      position += kEvlrHeader + length;
    }
  }
  // Bit 4 says which of the two is meant when both are there; the one that is there otherwise.
  const bool prefers_wkt = (header.global_encoding & 16U) != 0;
  header.crs = prefers_wkt || geokeys.crs.empty() ? wkt : geokeys.crs;
  if (header.crs.empty()) header.crs = geokeys.crs;
  if (header.crs.empty() && geokeys.own_projection) {
    report.warn(
        "the file's GeoTIFF keys define a projection of their own (ProjectedCSTypeGeoKey 32767), which is not read: only the "
        "option "
        "crs can tell it, as WKT or a PROJ string");
  }
  if (!wkt.empty() && header.crs == wkt) return;
  header.horizontal_unit_m = geokeys.horizontal_unit_m;
  header.vertical_unit_m = geokeys.vertical_unit_m;
}

/// Bytes at the end of each point that no record describes: kept as they are when they are few.
void keep_undeclared(LasHeader& header, Report& report) {
  constexpr std::size_t kMostKept = 32;
  const std::size_t count = header.record_length - header.declared_bytes;
  if (count == 0) return;
  report.warn(fmt::format("{} bytes at the end of each point are not described in the file: {}", count,
                          count <= kMostKept ? "kept as channels undeclared[0], ..." : "left out"));
  for (std::size_t k = 0; count <= kMostKept && k < count; ++k) {
    header.extra.push_back({fmt::format("undeclared[{}]", k), 1, header.declared_bytes + k, 1, false, 1.0, 0.0});
  }
}

Instant creation_date(const Bytes& bytes) {
  const int day = bytes.get<std::uint16_t>(90);
  const int year = bytes.get<std::uint16_t>(92);
  if (day < 1 || day > 366 || year < 1990 || year > 2200) return kNoInstant;
  const auto civil = parse_civil(fmt::format("{} {}", year, day), "%Y %j");
  return civil ? from_civil_utc(*civil).value_or(kNoInstant) : kNoInstant;
}

void require_room(const LasHeader& header, std::size_t size, const std::string& name) {
  const std::uint64_t room = (size - header.data_offset) / header.record_length;
  if (header.point_count <= room) return;
  refuse(name,
         fmt::format("the header claims {} points, but the file has room for {}: it ends at byte {}", header.point_count, room,
                     size),
         "the file is cut off or still uploading");
}

}  // namespace

std::size_t las_record_bytes(int point_format) {
  return point_format >= 0 && point_format <= 10 ? kRecordBytes[static_cast<std::size_t>(point_format)] : 0;
}

LasHeader read_las_header(const Bytes& bytes, const std::string& name, std::string_view unit_option, Report& report) {
  if (!bytes.has(0, 227)) refuse(name, "the file is too short for a LAS header (227 bytes)");
  if (bytes.at(0, 4) != "LASF") refuse(name, "this is not a LAS file: it does not begin with LASF");
  LasHeader header;
  const int major = bytes.get<std::uint8_t>(24);
  header.minor_version = bytes.get<std::uint8_t>(25);
  if (major != 1 || header.minor_version > 4) {
    refuse(name, fmt::format("LAS version {}.{} is not known", major, header.minor_version), "1.0 to 1.4 are read");
  }
  header.global_encoding = header.minor_version >= 2 ? bytes.get<std::uint16_t>(6) : std::uint16_t{0};
  const int raw_format = bytes.get<std::uint8_t>(104);
  header.compressed = (raw_format & 0x80) != 0;
  header.point_format = raw_format & 0x7F;
  header.record_length = bytes.get<std::uint16_t>(105);
  header.data_offset = bytes.get<std::uint32_t>(96);
  const std::size_t header_size = bytes.get<std::uint16_t>(94);
  header.creation_date = creation_date(bytes);
  const std::size_t wanted = las_record_bytes(header.point_format);
  if (wanted == 0) refuse(name, fmt::format("point format {} is not known", header.point_format), "0 to 10 are read");
  if (header.record_length < wanted) {
    refuse(name, fmt::format("point records of {} bytes are too short for format {} ({} bytes)", header.record_length,
                             header.point_format, wanted));
  }
  header.point_count = bytes.get<std::uint32_t>(107);
  if (header.minor_version >= 4 && header_size >= 375) {
    const auto count = bytes.get<std::uint64_t>(247);
    if (count != 0) header.point_count = count;
  }
  if (header.data_offset > bytes.size()) {
    refuse(name, fmt::format("the points should start at byte {}, but the file has {} bytes", header.data_offset, bytes.size()),
           "the file is cut off");
  }
  if (!header.compressed) require_room(header, bytes.size(), name);
  for (std::size_t c = 0; c < 3; ++c) {
    header.scale[c] = bytes.get<double>(131 + 8 * c);
    header.offset[c] = bytes.get<double>(155 + 8 * c);
    if (!std::isfinite(header.scale[c]) || header.scale[c] == 0.0 || !std::isfinite(header.offset[c])) {
      refuse(name, "scale or offset of the coordinates is not a usable number");
    }
  }
  header.declared_bytes = wanted;
  read_variable_records(bytes, name, header_size, header, unit_option, report);
  keep_undeclared(header, report);
  return header;
}

}  // namespace highwall
