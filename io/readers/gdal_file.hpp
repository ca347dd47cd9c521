#pragma once

#include <gdal.h>

#include <string>
#include <string_view>

namespace highwall {

/// Registers GDAL's drivers, once, and tells GDAL that a file is what its bytes say: no sidecar files, no files that it names.
void prepare_gdal();

/// WKT of the data set's own CRS; "" = none.
std::string wkt_of(GDALDatasetH file);

/// A GDAL data set opened from bytes in memory, with the named drivers only: a "radar.tif" must not
/// turn out to be a VRT, a PDF or a network request. While it lives GDAL prints nothing in its thread.
class GdalFile {
 public:
  /// @param flags    GDAL_OF_RASTER or GDAL_OF_VECTOR
  /// @param drivers  names, ended by nullptr
  /// @throws Error(input) naming `name` and GDAL's own message.
  GdalFile(std::string_view bytes, const std::string& name, unsigned flags, const char* const* drivers);
  ~GdalFile();
  GdalFile(const GdalFile&) = delete;
  GdalFile& operator=(const GdalFile&) = delete;
  GDALDatasetH get() const noexcept { return data_; }

 private:
  std::string memory_name_;
  GDALDatasetH data_ = nullptr;
};

}  // namespace highwall
