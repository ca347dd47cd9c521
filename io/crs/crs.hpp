#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace highwall {

/// What a coordinate reference system says, in the words of the house.
struct CrsInfo {
  std::string crs;               ///< "EPSG:4548" where that is the meaning, else one-line WKT.
  std::string vertical;          ///< Vertical part: "EPSG:5737", its name, or "" for none.
  std::string name;
  bool geographic = false;       ///< Coordinates are degrees.
  double horizontal_unit_m = 1.0;  ///< Metres per horizontal unit; NaN for degrees.
  double vertical_unit_m = 1.0;    ///< Metres per vertical unit (the horizontal one without a part).
  bool has_vertical = false;
};

/// Understands what PROJ reads: "EPSG:4548", "EPSG:4548+5737", WKT 1 and 2, PROJ strings.
/// @throws Error(config) when PROJ cannot read it; `where` goes into the message.
CrsInfo describe_crs(std::string_view text, std::string_view where = {});

/// True when the two texts mean the same system; axis order and authority notes do not matter.
/// "local" and "" equal only themselves.
bool same_crs(std::string_view a, std::string_view b);

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
