#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/grid.hpp"
#include "core/interferogram.hpp"
#include "core/report.hpp"
#include "core/sensor.hpp"
#include "core/time.hpp"
#include "io/readers/insar/insar.hpp"
#include "io/readers/insar/sights.hpp"

/// Parts of the reader of interferograms; nobody else looks in here.
namespace highwall::insar {

inline constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

/// Part of a raster: rows [row, row + rows), columns [col, col + cols).
struct Window {
  std::size_t row = 0;
  std::size_t rows = 0;
  std::size_t col = 0;
  std::size_t cols = 0;
};

/// Numbers of one raster, wherever they lie. May be asked by several threads at once.
class Pixels {
 public:
  virtual ~Pixels() = default;
  /// Numbers of the window, row by row, as they stand in the file; NaN where the file has or masks none.
  /// @throws Error(input) naming file and byte or band
  virtual void read(const Window& window, float* to) const = 0;
  /// Rows that are best read together.
  virtual std::size_t row_block() const noexcept { return 1; }
};

enum class Role { phase, coherence };

/// Of a file that does not tell its CRS.
inline GridGeometry without_crs() {
  GridGeometry geometry;
  geometry.frame.crs.clear();
  return geometry;
}

/// One raster of an interferogram as it was found.
struct Layer {
  std::string name;      ///< File, with the place in it; goes into messages.
  std::string given_as;  ///< The same with the file as it was named within its folder or list.
  Role role = Role::phase;
  Instant first = kNoInstant;
  Instant second = kNoInstant;
  bool has_clock = false;                 ///< The instants have a time of day; else they are dates at 00:00 UTC.
  bool placed = false;                    ///< The geometry has coordinates; else rows and columns of the radar.
  GridGeometry geometry = without_crs();  ///< frame.crs is "" where the file does not tell it.
  std::string processor;                  ///< "" = not known: then the sign is not known either.
  double wavelength_m = std::numeric_limits<double>::quiet_NaN();
  std::string wavelength_why;  ///< Why it is known when no file says it.
  double looks = std::numeric_limits<double>::quiet_NaN();
  double perpendicular_baseline_m = std::numeric_limits<double>::quiet_NaN();
  LineOfSight line_of_sight;
  std::shared_ptr<const Sights> sights;  ///< Of the layer's own pixels; nullptr = one line of sight for all.
  std::optional<PolarRaster> polar;
  std::optional<std::array<std::size_t, 2>> reference;
  float scale = 1.0F;  ///< What a number of the file is multiplied by.
  std::shared_ptr<const Pixels> pixels;
};

/// A file that was gathered, and who named it.
struct InputFile {
  std::filesystem::path path;
  std::string named_by;   ///< "list.txt:3", or "" when it was found in a folder.
  bool in_folder = true;  ///< Found in a folder: what is no interferogram is passed over.
  std::string given_as;   ///< Relative to the folder or list that led to it; of a file itself its name.
};

/// All files of a call: those that may hold rasters, and texts that lie beside them.
struct Gathered {
  std::vector<InputFile> files;
};

/// Role of a file by its name: the option's wildcards, else the words in it. nullopt = neither.
std::optional<Role> role_by_name(const std::filesystem::path& path, const InsarOptions& options);

/// Files, what lies in folders, and entries of lists; each once, in the order of their names within a folder.
/// @throws Error(input) for what is not there, naming the line of the list
Gathered gather(std::span<const std::filesystem::path> paths, const Run& run);

}  // namespace highwall::insar
