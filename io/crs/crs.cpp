#include "io/crs/crs.hpp"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <fmt/format.h>
#include <ogr_spatialref.h>

#include <array>
#include <cctype>
#include <cmath>
#include <limits>

#include "core/error.hpp"

namespace highwall {
namespace {

/// GDAL's messages go into our errors, not to stderr.
class Quiet {
 public:
  Quiet() { CPLPushErrorHandler(CPLQuietErrorHandler); }
  ~Quiet() { CPLPopErrorHandler(); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
};

struct DestroySrs {
  void operator()(void* srs) const { OSRDestroySpatialReference(srs); }
};
using Srs = std::unique_ptr<void, DestroySrs>;

/// A definition is a text out of a file: names of files and URLs, which GDAL would open, are not followed.
/// (The C interface has no such switch before GDAL 3.9.)
bool understand(const Srs& srs, const std::string& definition) {
  return OGRSpatialReference::FromHandle(srs.get())->SetFromUserInput(
             definition.c_str(), OGRSpatialReference::SET_FROM_USER_INPUT_LIMITATIONS_get()) == OGRERR_NONE;
}

Srs parse(std::string_view text, std::string_view where, ErrorKind kind = ErrorKind::config) {
  const Quiet quiet;
  CPLErrorReset();
  Srs srs(OSRNewSpatialReference(nullptr));
  const std::string definition(text);
  if (!understand(srs, definition)) {
    throw Error(
        kind,
        fmt::format("PROJ cannot read the CRS \"{}\"{}{}", definition.substr(0, 120), definition.size() > 120 ? "..." : "",
                    CPLGetLastErrorMsg()[0] != '\0' ? std::string(": ") + CPLGetLastErrorMsg() : ""),
        std::string(where),
        kind == ErrorKind::config ? "write it as EPSG:4548, WKT or a PROJ string"
                                  : "the file's own words are damaged; crs of its source can stand for them");
  }
  OSRSetAxisMappingStrategy(srs.get(), OAMS_TRADITIONAL_GIS_ORDER);
  return srs;
}

std::string export_wkt(void* srs, const char* format = "FORMAT=WKT2_2019") {
  char* text = nullptr;
  const char* options[] = {format, "MULTILINE=NO", nullptr};
  const bool failed = OSRExportToWktEx(srs, &text, options) != OGRERR_NONE;
  std::string out = text == nullptr || failed ? "" : text;
  CPLFree(text);
  return out;
}

/// nullptr where PROJ cannot read the text.
Srs try_parse(const std::string& text) {
  const Quiet quiet;
  Srs srs(OSRNewSpatialReference(nullptr));
  if (text.empty() || !understand(srs, text)) return nullptr;
  return srs;
}

std::string authority_of(void* srs, const char* node) {
  const char* name = OSRGetAuthorityName(srs, node);
  const char* code = OSRGetAuthorityCode(srs, node);
  if (name == nullptr || code == nullptr) return {};
  return std::string(name) + ":" + code;
}

bool same(void* a, void* b) {
  const char* options[] = {"IGNORE_DATA_AXIS_TO_SRS_AXIS_MAPPING=YES", "CRITERION=EQUIVALENT_EXCEPT_AXIS_ORDER_GEOGCRS", nullptr};
  return OSRIsSameEx(a, b, options) != 0;
}

/// Takes the coordinates east first, as all of ours are. Other axes (south and west, polar ones) stay as they are.
/// @return a copy; nullptr where the system has no such order or cannot be said with another
Srs east_first(void* srs) {
  if (OSRIsProjected(srs) == 0) return nullptr;
  OGRAxisOrientation first = OAO_Other;
  OGRAxisOrientation second = OAO_Other;
  if (OSRGetAxis(srs, "PROJCS", 0, &first) == nullptr || OSRGetAxis(srs, "PROJCS", 1, &second) == nullptr) return nullptr;
  if (first == OAO_East && second == OAO_North) return Srs(OSRClone(srs));
  if (first != OAO_North || second != OAO_East) return nullptr;
  Srs turned(OSRClone(srs));
  const bool failed = OSRSetAxes(turned.get(), "PROJCS", "Easting", OAO_East, "Northing", OAO_North) != OGRERR_NONE;
  return failed ? nullptr : std::move(turned);
}

bool same_but_for_axes(void* a, void* b) {
  if (same(a, b)) return true;
  const Srs first = east_first(a);
  const Srs second = east_first(b);
  return first && second && same(first.get(), second.get());
}

/// The code only when it really stands for this definition: files carry wrong codes.
std::string shortest_name(void* srs) {
  const Quiet quiet;
  const std::string code = authority_of(srs, nullptr);
  if (!code.empty()) {
    const Srs known(OSRNewSpatialReference(nullptr));
    if (understand(known, code) && same(srs, known.get())) return code;
  }
  return export_wkt(srs);
}

}  // namespace

CrsInfo describe_crs(std::string_view text, std::string_view where, ErrorKind kind) {
  const Srs srs = parse(text, where, kind);
  const Quiet quiet;
  CrsInfo info;
  const char* name = OSRGetName(srs.get());
  info.name = name == nullptr ? "" : name;
  info.geographic = OSRIsGeographic(srs.get()) != 0;
  info.horizontal_unit_m = info.geographic ? std::numeric_limits<double>::quiet_NaN() : OSRGetLinearUnits(srs.get(), nullptr);
  info.has_vertical = OSRIsCompound(srs.get()) != 0 || OSRIsVertical(srs.get()) != 0;
  info.vertical_unit_m = info.geographic ? 1.0 : info.horizontal_unit_m;
  if (info.has_vertical) {
    info.vertical_unit_m = OSRGetTargetLinearUnits(srs.get(), "COMPD_CS|VERT_CS", nullptr);
    info.vertical = authority_of(srs.get(), "COMPD_CS|VERT_CS");
    if (info.vertical.empty()) {
      const char* vertical_name = OSRGetAttrValue(srs.get(), "COMPD_CS|VERT_CS", 0);
      info.vertical = vertical_name == nullptr ? "unnamed" : vertical_name;
    }
  }
  const Srs horizontal(OSRClone(srs.get()));
  if (OSRIsCompound(horizontal.get()) != 0) OSRStripVertical(horizontal.get());
  info.crs = shortest_name(horizontal.get());
  return info;
}

bool same_crs(std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (a.empty() || b.empty() || a == "local" || b == "local") return false;
  const Srs first = parse(a, {});
  const Srs second = parse(b, {});
  const Quiet quiet;
  return same_but_for_axes(first.get(), second.get());
}

namespace {

/// A name without case, punctuation and its unit: "NAVD88 height (ftUS)" is "navd88height".
std::string plain_name(std::string name) {
  constexpr std::string_view kInMetres = " in metres";
  if (name.ends_with(kInMetres)) name.resize(name.size() - kInMetres.size());
  if (const std::size_t open = name.rfind('('); open != std::string::npos && open > 0 && name.ends_with(')')) name.resize(open);
  std::string plain;
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) != 0 || u > 0x7f) plain += static_cast<char>(std::tolower(u));
  }
  return plain;
}

/// Names of a vertical system and its datum; of a text that PROJ cannot read as one the text itself.
std::array<std::string, 2> vertical_names(std::string_view text) {
  const std::string whole(text);
  const Srs srs = try_parse(whole);
  if (!srs || OSRIsVertical(srs.get()) == 0) return {plain_name(whole), plain_name(whole)};
  const Quiet quiet;
  const char* name = OSRGetAttrValue(srs.get(), "VERT_CS", 0);
  const char* datum = OSRGetAttrValue(srs.get(), "VERT_CS|VERT_DATUM", 0);
  return {plain_name(name == nullptr ? whole : name), plain_name(datum == nullptr ? whole : datum)};
}

}  // namespace

bool same_vertical(std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (a.empty() || b.empty()) return false;
  const auto of_a = vertical_names(a);
  const auto of_b = vertical_names(b);
  return of_a[0] == of_b[0] || of_a[1] == of_b[1];
}

std::optional<double> vertical_unit_of(std::string_view text) {
  const Srs srs = try_parse(std::string(text));
  if (!srs || OSRIsVertical(srs.get()) == 0) return std::nullopt;
  const Quiet quiet;
  return OSRGetTargetLinearUnits(srs.get(), "VERT_CS", nullptr);
}

std::string in_metres(std::string_view text, std::string_view where) {
  const Srs srs = parse(text, where);
  const Quiet quiet;
  const bool vertical = OSRIsVertical(srs.get()) != 0;
  const OGRErr failed = vertical ? OSRSetTargetLinearUnits(srs.get(), "VERT_CS", "metre", 1.0)
                                 : OSRSetLinearUnitsAndUpdateParameters(srs.get(), "metre", 1.0);
  if (failed != OGRERR_NONE) throw Error(ErrorKind::config, "PROJ cannot give this CRS in metres", std::string(where));
  return export_wkt(srs.get());
}

std::string wkt_of(const Frame& frame, Wkt version, bool with_vertical) {
  if (frame.is_local()) return {};
  Srs srs = try_parse(frame.crs);
  if (!srs) return {};
  const Quiet quiet;
  if (with_vertical && !frame.vertical.empty()) {
    const Srs vertical = try_parse(frame.vertical);
    if (vertical && OSRIsVertical(vertical.get()) != 0) {
      Srs both(OSRNewSpatialReference(nullptr));
      const std::string name = fmt::format("{} + {}", OSRGetName(srs.get()), OSRGetName(vertical.get()));
      if (OSRSetCompoundCS(both.get(), name.c_str(), srs.get(), vertical.get()) == OGRERR_NONE) srs = std::move(both);
    }
  }
  std::string text;
  if (version == Wkt::wkt1) text = export_wkt(srs.get(), "FORMAT=WKT1_GDAL");
  return text.empty() ? export_wkt(srs.get()) : text;
}

std::string length_unit_of(const Frame& frame) {
  if (frame.is_local()) return "m";
  const Srs horizontal = try_parse(frame.crs);
  if (!horizontal) return "source_unit";
  const Quiet quiet;
  const double metres = OSRGetLinearUnits(horizontal.get(), nullptr);
  const Srs vertical = try_parse(frame.vertical);
  if (vertical && std::abs(OSRGetTargetLinearUnits(vertical.get(), "VERT_CS", nullptr) - metres) > 1e-12) return "source_unit";
  if (!vertical && !frame.vertical.empty() && metres != 1.0) return "source_unit";
  if (metres == 1.0) return "m";
  if (std::abs(metres - 0.3048) < 1e-9) return "ft";
  return std::abs(metres - 1200.0 / 3937.0) < 1e-9 ? "ft_us" : "source_unit";
}

struct Transformer::Implementation {
  Srs from;
  Srs to;
  OGRCoordinateTransformationH transformation = nullptr;
  ~Implementation() {
    if (transformation != nullptr) OCTDestroyCoordinateTransformation(transformation);
  }
};

Transformer::Transformer(std::string_view from, std::string_view to) : implementation_(std::make_unique<Implementation>()) {
  implementation_->from = parse(from, {});
  implementation_->to = parse(to, {});
  const Quiet quiet;
  implementation_->transformation = OCTNewCoordinateTransformation(implementation_->from.get(), implementation_->to.get());
  if (implementation_->transformation == nullptr) {
    throw Error(ErrorKind::config, fmt::format("PROJ knows no way from {} to {}", from.substr(0, 80), to.substr(0, 80)));
  }
}

Transformer::~Transformer() = default;
Transformer::Transformer(Transformer&&) noexcept = default;
Transformer& Transformer::operator=(Transformer&&) noexcept = default;

std::size_t Transformer::apply(double* xyz, std::size_t n) const {
  constexpr std::size_t kBatch = 4096;
  const Quiet quiet;
  std::vector<double> x(kBatch), y(kBatch), z(kBatch);
  std::vector<int> ok(kBatch);
  std::size_t failed = 0;
  for (std::size_t begin = 0; begin < n; begin += kBatch) {
    const std::size_t count = std::min(kBatch, n - begin);
    for (std::size_t i = 0; i < count; ++i) {
      x[i] = xyz[3 * (begin + i)];
      y[i] = xyz[3 * (begin + i) + 1];
      z[i] = xyz[3 * (begin + i) + 2];
    }
    OCTTransformEx(implementation_->transformation, static_cast<int>(count), x.data(), y.data(), z.data(), ok.data());
    for (std::size_t i = 0; i < count; ++i) {
      const bool good = ok[i] != 0 && std::isfinite(x[i]) && std::isfinite(y[i]);
      if (!good) ++failed;
      const double nan = std::numeric_limits<double>::quiet_NaN();
      xyz[3 * (begin + i)] = good ? x[i] : nan;
      xyz[3 * (begin + i) + 1] = good ? y[i] : nan;
      xyz[3 * (begin + i) + 2] = good ? z[i] : nan;
    }
  }
  return failed;
}

}  // namespace highwall
