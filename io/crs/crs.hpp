#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/frame.hpp"

namespace highwall {

/// What a coordinate reference system says, in the words of the house.
struct CrsInfo {
  std::string crs;       ///< "EPSG:4548" where that is the meaning, else one-line WKT.
  std::string vertical;  ///< Vertical part: "EPSG:5737", its name, or "" for none.
  std::string name;
  bool geographic = false;         ///< Coordinates are degrees.
  double horizontal_unit_m = 1.0;  ///< Metres per horizontal unit; NaN for degrees.
  double vertical_unit_m = 1.0;    ///< Metres per vertical unit (the horizontal one without a part).
  bool has_vertical = false;
};

/// Understands what PROJ reads: "EPSG:4548", "EPSG:4548+5737", WKT 1 and 2, PROJ strings.
/// @param kind  whose text it is: config for a user's word, input for what stands in a file
/// @throws Error(kind) when PROJ cannot read it; `where` goes into the message.
CrsInfo describe_crs(std::string_view text, std::string_view where = {}, ErrorKind kind = ErrorKind::config);

/// True when the two texts mean the same system; axis order and authority notes do not matter.
/// "local" and "" equal only themselves.
bool same_crs(std::string_view a, std::string_view b);

/// True when two vertical systems count from the same datum, whatever their units: two texts that PROJ reads by their
/// datum's name, others by their own. "" equals only itself.
bool same_vertical(std::string_view a, std::string_view b);

/// Metres per unit of a vertical system; nullopt where PROJ cannot read the text as one.
std::optional<double> vertical_unit_of(std::string_view text);

/// The same system with its lengths in metres, as one-line WKT. Works for horizontal and for vertical systems.
/// @throws Error(config) when PROJ cannot read the text
std::string in_metres(std::string_view text, std::string_view where = {});

enum class Wkt { wkt1, wkt2 };
/// The frame's system as one-line WKT for a file: with the vertical part where PROJ knows it. WKT 1 is what LAS
/// asks for, and WKT 2 where that cannot say it. "" for a local frame, and where PROJ cannot read the text.
std::string wkt_of(const Frame& frame, Wkt version, bool with_vertical = true);

/// Unit of a frame's coordinates: "m", "ft", "ft_us", or "source_unit" where horizontal and vertical differ or the unit
/// has no usual name. "m" for a local frame.
std::string length_unit_of(const Frame& frame);

/// Coordinates of one system to another, in the order x = east, y = north, z.
class Transformer {
 public:
  /// @throws Error(config) when PROJ knows no way between the two.
  Transformer(std::string_view from, std::string_view to);
  ~Transformer();
  Transformer(Transformer&&) noexcept;
  Transformer& operator=(Transformer&&) noexcept;

  /// Transforms n points (x, y, z in rows) in place; a point that fails becomes NaN.
  /// @return number of failed points
  std::size_t apply(double* xyz, std::size_t n) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace highwall
