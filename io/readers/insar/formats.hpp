#pragma once

#include <string>
#include <vector>

#include "io/readers/insar/layers.hpp"
#include "io/readers/insar/raw_pixels.hpp"

/// What each format makes of a file: its rasters of phase and coherence.
namespace highwall::insar {

/// What is shared while the files of one call are looked at.
struct Look {
  const InsarOptions& options;
  Report& report;
  std::vector<Layer>& layers;
  std::shared_ptr<FilePool> pool;
  std::shared_ptr<void> tiff_pool = nullptr;  ///< Only the reader of GeoTIFF knows what it is.
};

/// Speed of light over the frequency of the Sentinel-1 radars.
inline constexpr double kSentinel1Wavelength_m = 299792458.0 / 5.40500045433435e9;

class H5Product;

// Each adds the layers of a file. @return why the file holds no raster of an interferogram; "" = it does
// @throws Error(input) for one that does and is damaged

std::string look_geotiff(const InputFile& file, Look& look);
std::string look_hdf5(const InputFile& file, Look& look);
/// MintPy's ifgramStack.h5.
void look_mintpy(const std::shared_ptr<const H5Product>& file, Look& look);

}  // namespace highwall::insar
