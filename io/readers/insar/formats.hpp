#pragma once

#include <string>
#include <vector>

#include "io/readers/insar/layers.hpp"
#include "io/readers/insar/raw_pixels.hpp"

/// What each format makes of a file: its rasters of phase and coherence.
namespace highwall::insar {

class GammaHeaders;
class H5Product;
struct TiffFiles;

/// What is shared while the files of one call are looked at.
struct Look {
  const InsarOptions& options;
  Report& report;
  std::vector<Layer>& layers;
  std::vector<std::filesystem::path> headers;  ///< Of the call: .par, .off, .rsc, .xml, .vrt.
  std::shared_ptr<FilePool> pool;
  std::shared_ptr<TiffFiles> tiffs = nullptr;
  std::shared_ptr<GammaHeaders> gamma = nullptr;
  std::shared_ptr<Pool<const Pixels>> planes = nullptr;
  std::optional<std::shared_ptr<const Sights>> isce_sights = std::nullopt;  ///< Looked for once.
  std::optional<double> isce_wavelength_m = std::nullopt;
};

/// Speed of light over the frequency of the Sentinel-1 radars.
inline constexpr double kSentinel1Wavelength_m = 299792458.0 / 5.40500045433435e9;

/// True for texts that describe rasters beside them.
bool is_header_name(const std::filesystem::path& path);

// Each adds the layers of a file. @return why the file holds no raster of an interferogram; "" = it does
// @throws Error(input) for one that does and is damaged

std::string look_geotiff(const InputFile& file, Look& look);
/// MintPy or NISAR.
std::string look_hdf5(const InputFile& file, Look& look);
void look_mintpy(const std::shared_ptr<const H5Product>& file, Look& look);
std::string look_gunw(const std::shared_ptr<const H5Product>& file, Look& look);
/// A raster without a header of its own: ISCE2, ROI_PAC or GAMMA, by what lies beside it.
std::string look_plain(const InputFile& file, Look& look);
std::string look_isce(const InputFile& file, Role role, Look& look);
std::string look_roipac(const InputFile& file, Role role, Look& look);
std::string look_gamma(const InputFile& file, Role role, Look& look);

}  // namespace highwall::insar
