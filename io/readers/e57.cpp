// ASTM E57 (ASTM E2807-11) through libE57Format 3.
#include <E57Format.h>
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <mutex>

#include "core/error.hpp"
#include "io/readers/bytes.hpp"
#include "io/readers/cloud_builder.hpp"
#include "io/readers/reader.hpp"

namespace highwall {
namespace {

constexpr std::size_t kPage = 1024;  // The last four bytes of each are its checksum.
constexpr std::size_t kHeader = 48;
constexpr std::uint64_t kLargestXml = 64U << 20U;
constexpr int kDeepest = 64;                // Elements within each other; a scan has six.
constexpr std::size_t kRows = 16384;        // Read at once.
constexpr std::uint64_t kMostConstant = 1;  // Points whose fields take no bits at all.

int sniff(std::string_view head, std::string_view) { return head.substr(0, 8) == "ASTM-E57" ? 100 : 0; }

[[noreturn]] void refuse(const std::string& name, const std::string& what, const std::string& hint = "the file is damaged") {
  throw Error(ErrorKind::input, what, name, hint);
}

/// Bytes of the XML section without the checksums of the pages.
std::string xml_of(const Bytes& bytes, const std::string& name) {
  if (!bytes.has(0, kHeader) || bytes.size() % kPage != 0) {
    refuse(name, fmt::format("an E57 file has whole pages of {} bytes, this one has {} bytes", kPage, bytes.size()),
           "the file is cut off or still uploading");
  }
  const auto claimed = bytes.get<std::uint64_t>(16);
  const auto offset = bytes.get<std::uint64_t>(24);
  const auto length = bytes.get<std::uint64_t>(32);
  if (claimed != bytes.size() || bytes.get<std::uint64_t>(40) != kPage) {
    refuse(name, fmt::format("the header claims {} bytes, the file has {}", claimed, bytes.size()),
           "the file is cut off or still uploading");
  }
  if (offset < kHeader || offset >= bytes.size() || offset % kPage >= kPage - 4 || length > bytes.size() ||
      length > kLargestXml) {
    refuse(name, fmt::format("the XML section of {} bytes at byte {} does not fit into the file", length, offset));
  }
  std::string xml;
  auto at = static_cast<std::size_t>(offset);
  while (xml.size() < length) {
    const std::size_t n = std::min<std::size_t>(kPage - 4 - at % kPage, static_cast<std::size_t>(length) - xml.size());
    xml += bytes.at(at, n);
    at += n + 4;
  }
  return xml;
}

/// The XML parser follows references to other files and the network, expands entities and goes down by recursion: what
/// has any of that is no scan.
void check_xml(const std::string& xml, const std::string& name) {
  if (!xml.starts_with("<?xml") || xml.find('\0') != std::string::npos) refuse(name, "the XML section is not UTF-8 XML");
  const std::string declaration = xml.substr(0, xml.find("?>"));
  const std::size_t encoding = declaration.find("encoding");
  if (encoding != std::string::npos && declaration.find("UTF-8", encoding) == std::string::npos &&
      declaration.find("utf-8", encoding) == std::string::npos) {
    refuse(name, "the XML section is not UTF-8 XML");
  }
  int depth = 0;
  for (std::size_t at = xml.find('<'); at != std::string::npos; at = xml.find('<', at + 1)) {
    const std::string_view rest = std::string_view(xml).substr(at);
    std::size_t end = std::string::npos;
    if (rest.starts_with("<![CDATA[")) {
      end = xml.find("]]>", at);
    } else if (rest.starts_with("<!--")) {
      end = xml.find("-->", at);
    } else if (rest.starts_with("<!")) {
      refuse(name, "the XML section declares a document type, which E57 has not");
    } else {
      end = xml.find('>', at);
      if (rest.starts_with("</")) {
        --depth;
      } else if (!rest.starts_with("<?") && end != std::string::npos && xml[end - 1] != '/') {
        ++depth;
      }
    }
    if (end == std::string::npos) refuse(name, "the XML section ends within an element");
    if (depth > kDeepest) refuse(name, fmt::format("the XML section has more than {} elements within each other", kDeepest));
    at = end;
  }
  if (xml.find("chemaLocation") != std::string::npos) refuse(name, "the XML section refers to another document");
}

double number(const e57::StructureNode& node, const char* path) {
  const e57::Node n = node.get(path);
  if (n.type() == e57::TypeFloat) return e57::FloatNode(n).value();
  if (n.type() == e57::TypeInteger) return static_cast<double>(e57::IntegerNode(n).value());
  return e57::ScaledIntegerNode(n).scaledValue();
}

/// Where a scan stands in the file's frame.
struct Pose {
  Eigen::Matrix3d rotation = Eigen::Matrix3d::Identity();
  Eigen::Vector3d translation = Eigen::Vector3d::Zero();
};

Pose pose_of(const e57::StructureNode& scan, const std::string& name) {
  Pose pose;
  if (!scan.isDefined("pose")) return pose;
  const e57::StructureNode node(scan.get("pose"));
  if (node.isDefined("rotation")) {
    const Eigen::Vector4d q(number(node, "rotation/w"), number(node, "rotation/x"), number(node, "rotation/y"),
                            number(node, "rotation/z"));
    const double norm = q.norm();
    if (!(std::abs(norm - 1.0) < 1e-3))
      refuse(name, fmt::format("the rotation of a scan is no unit quaternion: length {}", norm));
    const double w = q[0] / norm, x = q[1] / norm, y = q[2] / norm, z = q[3] / norm;
    pose.rotation << 1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),  //
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),               //
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y);
  }
  if (node.isDefined("translation")) {
    pose.translation = {number(node, "translation/x"), number(node, "translation/y"), number(node, "translation/z")};
  }
  if (!pose.translation.allFinite()) refuse(name, "the position of a scan is not finite");
  return pose;
}

/// Names as those of LAS where both have the same thing.
std::string channel_name(const std::string& field) {
  static const std::map<std::string, std::string> kNames{{"colorRed", "red"},
                                                         {"colorGreen", "green"},
                                                         {"colorBlue", "blue"},
                                                         {"returnIndex", "return_number"},
                                                         {"returnCount", "number_of_returns"},
                                                         {"rowIndex", "row"},
                                                         {"columnIndex", "column"},
                                                         {"timeStamp", "time_stamp"},
                                                         {"isColorInvalid", "colour_invalid"},
                                                         {"isIntensityInvalid", "intensity_invalid"},
                                                         {"isTimeStampInvalid", "time_stamp_invalid"},
                                                         {"nor:normalX", "nx"},
                                                         {"nor:normalY", "ny"},
                                                         {"nor:normalZ", "nz"}};
  const auto found = kNames.find(field);
  return found == kNames.end() ? field : found->second;
}

/// A field's type in memory, and how many bits it takes in the file.
struct Field {
  FieldType type = FieldType::f8;
  double bits = 0.0;
};

double bits_between(std::int64_t low, std::int64_t high) {
  const auto range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  return range == 0 ? 0.0 : std::floor(std::log2(static_cast<double>(range))) + 1.0;
}

Field field_of(const e57::Node& node) {
  switch (node.type()) {
    case e57::TypeFloat: {
      const bool is_single = e57::FloatNode(node).precision() == e57::PrecisionSingle;
      return {is_single ? FieldType::f4 : FieldType::f8, is_single ? 32.0 : 64.0};
    }
    case e57::TypeScaledInteger: {
      const e57::ScaledIntegerNode n(node);
      return {FieldType::f8, bits_between(n.minimum(), n.maximum())};
    }
    case e57::TypeInteger: {
      const e57::IntegerNode n(node);
      const std::int64_t low = n.minimum();
      const std::int64_t high = n.maximum();
      const double bits = bits_between(low, high);
      if (low >= 0 && high <= 255) return {FieldType::u1, bits};
      if (low >= 0 && high <= 65535) return {FieldType::u2, bits};
      if (low >= -2147483648LL && high <= 2147483647LL) return {FieldType::i4, bits};
      return {FieldType::f8, bits};
    }
    default:
      return {FieldType::f8, -1.0};
  }
}

using Fields = std::map<std::string, Field>;

class E57 {
 public:
  E57(const Input& input, const e57::ImageFile& file, Report& report) : input_(input), file_(file), report_(report) {}

  void read(const Run& run) {
    const e57::StructureNode root = file_.root();
    if (root.isDefined("coordinateMetadata") && root.get("coordinateMetadata").type() == e57::TypeString) {
      crs = e57::StringNode(root.get("coordinateMetadata")).value();
    }
    if (!root.isDefined("data3D")) return;
    const e57::VectorNode scans(root.get("data3D"));
    std::vector<Fields> fields;
    for (std::int64_t k = 0; k < scans.childCount(); ++k) fields.push_back(fields_of(e57::StructureNode(scans.get(k))));
    scans_ = fields.size();
    plan(fields);
    for (std::size_t k = 0; k < scans_; ++k) {
      run.check_stop();
      const e57::StructureNode scan(scans.get(static_cast<std::int64_t>(k)));
      tell_time(scan);
      read_scan(scan, fields[k], k, run);
    }
  }

  std::size_t scans() const { return scans_; }
  std::vector<double> xyz;
  std::vector<FieldColumn> columns;
  std::vector<std::uint16_t> origin;  ///< Scan of each point, from 1.
  std::uint64_t invalid = 0;
  std::string crs;
  Instant started = kNoInstant;

 private:
  Fields fields_of(const e57::StructureNode& scan) const {
    const e57::CompressedVectorNode points(scan.get("points"));
    const e57::StructureNode prototype(points.prototype());
    if (prototype.childCount() > static_cast<std::int64_t>(kMostColumns))
      refuse(input_.name, "a point has more than 4096 fields");
    Fields fields;
    double bits = 0.0;
    for (std::int64_t k = 0; k < prototype.childCount(); ++k) {
      const e57::Node node = prototype.get(k);
      const Field field = field_of(node);
      if (field.bits < 0.0) continue;
      fields.emplace(node.elementName(), field);
      bits += field.bits;
    }
    const std::int64_t count = points.childCount();
    // Fields that are constant take no bits, so nothing in the file would say how many points there are.
    const double room = bits > 0.0 ? 8.0 * static_cast<double>(input_.bytes.size()) / bits : static_cast<double>(kMostConstant);
    if (count < 0 || static_cast<double>(count) > room) {
      refuse(input_.name, fmt::format("a scan claims {} points of {:g} bits, more than the file can hold", count, bits));
    }
    return fields;
  }

  static bool is_place(const std::string& field) { return field.starts_with("cartesian") || field.starts_with("spherical"); }

  /// Channels are what all scans with points have; types that differ become double.
  void plan(const std::vector<Fields>& scans) {
    std::map<std::string, std::size_t> counts;
    Fields types;
    for (const Fields& fields : scans) {
      for (const auto& [name, field] : fields) {
        if (is_place(name)) continue;
        ++counts[name];
        const auto [place, is_new] = types.emplace(name, field);
        if (!is_new && place->second.type != field.type) place->second.type = FieldType::f8;
      }
    }
    for (const auto& [name, count] : counts) {
      if (count == scans.size()) {
        names_.push_back(name);
        columns.emplace_back(channel_name(name), types[name].type);
      } else {
        report_.warn(fmt::format("the attribute {} is left out: {} of {} scans have it", name, count, scans.size()));
      }
    }
  }

  /// GPS seconds of the start; of several scans the first one counts.
  void tell_time(const e57::StructureNode& scan) {
    if (!scan.isDefined("acquisitionStart/dateTimeValue")) return;
    const double seconds = number(scan, "acquisitionStart/dateTimeValue");
    if (!(seconds > 0.0)) return;  // 0 stands where a writer knows none.
    const Instant at = from_gps_seconds(seconds);
    if (at != kNoInstant && (started == kNoInstant || at < started)) started = at;
  }

  void read_scan(const e57::StructureNode& scan_node, const Fields& fields, std::size_t index, const Run& run) {
    e57::CompressedVectorNode points(scan_node.get("points"));
    const Pose pose = pose_of(scan_node, input_.name);
    const bool cartesian = fields.contains("cartesianX") && fields.contains("cartesianY") && fields.contains("cartesianZ");
    const bool spherical =
        fields.contains("sphericalRange") && fields.contains("sphericalAzimuth") && fields.contains("sphericalElevation");
    if (!cartesian && !spherical)
      refuse(input_.name, fmt::format("scan {} has neither x, y, z nor range and angles", index + 1), {});
    std::vector<std::string> wanted = cartesian
                                          ? std::vector<std::string>{"cartesianX", "cartesianY", "cartesianZ"}
                                          : std::vector<std::string>{"sphericalRange", "sphericalAzimuth", "sphericalElevation"};
    const std::string state = cartesian ? "cartesianInvalidState" : "sphericalInvalidState";
    const bool has_state = fields.contains(state);
    if (has_state) wanted.push_back(state);
    const std::size_t first = wanted.size();
    wanted.insert(wanted.end(), names_.begin(), names_.end());
    std::vector<std::vector<double>> rows(wanted.size(), std::vector<double>(kRows));
    std::vector<e57::SourceDestBuffer> buffers;
    for (std::size_t k = 0; k < wanted.size(); ++k) buffers.emplace_back(file_, wanted[k], rows[k].data(), kRows, true, true);
    if (points.childCount() == 0) {
      check_empty(points, buffers);
      return;
    }
    e57::CompressedVectorReader reader = points.reader(buffers);
    while (const unsigned n = reader.read()) {
      run.check_stop();
      for (unsigned i = 0; i < n; ++i) {
        if (has_state && rows[3][i] != 0.0) {
          ++invalid;
          continue;
        }
        Eigen::Vector3d p(rows[0][i], rows[1][i], rows[2][i]);
        if (!cartesian) {
          const double flat = p[0] * std::cos(p[2]);
          p = {flat * std::cos(p[1]), flat * std::sin(p[1]), p[0] * std::sin(p[2])};
        }
        p = pose.rotation * p + pose.translation;
        if (!p.allFinite()) {
          report_.reject(xyz.size() / 3 + 1, "a coordinate is not finite (points are counted here)");
          continue;
        }
        xyz.insert(xyz.end(), p.data(), p.data() + 3);
        turn_normal(rows, first, i, pose);
        for (std::size_t k = 0; k < columns.size(); ++k) columns[k].push(rows[first + k][i]);
        if (scans_ > 1) origin.push_back(static_cast<std::uint16_t>(index + 1));
      }
    }
    reader.close();
  }

  /// Old writers leave the place of no points at 0; a section that is there must be a right one.
  static void check_empty(e57::CompressedVectorNode& points, std::vector<e57::SourceDestBuffer>& buffers) {
    try {
      points.reader(buffers).close();
    } catch (const e57::E57Exception& e) {
      if (e.errorCode() != e57::ErrorData3DReadInvalidZeroRecords) throw;
    }
  }

  void turn_normal(std::vector<std::vector<double>>& rows, std::size_t first, unsigned i, const Pose& pose) const {
    std::array<std::size_t, 3> at{};
    for (std::size_t c = 0; c < 3; ++c) {
      const auto found = std::find(names_.begin(), names_.end(), std::string("nor:normal") + static_cast<char>('X' + c));
      if (found == names_.end()) return;
      at[c] = first + static_cast<std::size_t>(found - names_.begin());
    }
    const Eigen::Vector3d normal = pose.rotation * Eigen::Vector3d(rows[at[0]][i], rows[at[1]][i], rows[at[2]][i]);
    for (std::size_t c = 0; c < 3; ++c) rows[at[c]][i] = normal[static_cast<Eigen::Index>(c)];
  }

  const Input& input_;
  e57::ImageFile file_;
  Report& report_;
  std::size_t scans_ = 0;
  std::vector<std::string> names_;
};

PointCloud read_file_of(const Input& input, const ReadOptions& options, const Run& run, Report& report) {
  e57::ImageFile file(input.bytes.data(), input.bytes.size(), e57::ChecksumAll);
  E57 found(input, file, report);
  found.read(run);
  if (found.scans() == 0) refuse(input.name, "the file holds no scan", {});
  PointCloud cloud;
  report.accepted = found.xyz.size() / 3;
  if (found.invalid > 0) report.warn(fmt::format("{} points are marked as invalid and left out", found.invalid));
  if (found.scans() > 1) report.warn(fmt::format("{} scans are put together; the channel scan tells them apart", found.scans()));
  for (FieldColumn& column : found.columns) {
    const std::string name = column.name();
    cloud.channels.emplace(name, std::move(column).take());
  }
  if (found.scans() > 1) cloud.channels.emplace("scan", std::move(found.origin));
  WorldPoints world;
  world.crs = found.crs;
  world.xyz = Eigen::Map<const Points>(found.xyz.data(), static_cast<Eigen::Index>(found.xyz.size() / 3), 3);
  cloud.instant = find_instant(options, input, found.started, kNoInstant, report);
  place_cloud(std::move(world), options, run, cloud, report);
  return cloud;
}

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  reading.report.source = input.name;
  check_xml(xml_of(Bytes(input.bytes, input.name), input.name), input.name);
  static std::mutex one_parser;  // Xerces is set up and taken down with each file.
  const std::lock_guard lock(one_parser);
  try {
    reading.data = read_file_of(input, options, run, reading.report);
  } catch (const e57::E57Exception& e) {
    refuse(input.name, fmt::format("the E57 file cannot be read: {} ({})", e.errorStr(), e.context()));
  } catch (const std::exception&) {
    throw;
  } catch (...) {  // What Xerces throws is of no common kind.
    refuse(input.name, "the XML section cannot be parsed");
  }
  return reading;
}

}  // namespace

extern const Reader e57_reader;
const Reader e57_reader{"e57", "ASTM E57 scans, with their poses", ".e57", sniff, read};

}  // namespace highwall
