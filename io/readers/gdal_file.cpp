#include "io/readers/gdal_file.hpp"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_vsi.h>
#include <fmt/format.h>
#include <ogr_srs_api.h>

#include <atomic>
#include <filesystem>

#include "core/error.hpp"

namespace highwall {

void prepare_gdal() {
  static const bool registered = [] {
    GDALAllRegister();
    CPLSetConfigOption("GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR");
    CPLSetConfigOption("GDAL_PAM_ENABLED", "NO");
    return true;
  }();
  static_cast<void>(registered);
}

std::string wkt_of(GDALDatasetH file) {
  OGRSpatialReferenceH srs = GDALGetSpatialRef(file);
  if (srs == nullptr) return {};
  char* wkt = nullptr;
  OSRExportToWkt(srs, &wkt);
  const std::string text = wkt == nullptr ? "" : wkt;
  CPLFree(wkt);
  return text;
}

GdalFile::GdalFile(std::string_view bytes, const std::string& name, unsigned flags, const char* const* drivers) {
  prepare_gdal();
  static std::atomic<unsigned> counter{0};
  memory_name_ = fmt::format("/vsimem/highwall_{}{}", counter++, std::filesystem::path(name).extension().string());
  VSILFILE* file =
      VSIFileFromMemBuffer(memory_name_.c_str(), reinterpret_cast<GByte*>(const_cast<char*>(bytes.data())), bytes.size(), FALSE);
  if (file == nullptr) throw Error(ErrorKind::internal, "GDAL cannot look at the file in memory", name);
  VSIFCloseL(file);
  CPLPushErrorHandler(CPLQuietErrorHandler);
  CPLErrorReset();
  data_ = GDALOpenEx(memory_name_.c_str(), flags | GDAL_OF_READONLY, drivers, nullptr, nullptr);
  const std::string message = CPLGetLastErrorMsg();
  if (data_ == nullptr) {
    CPLPopErrorHandler();
    VSIUnlink(memory_name_.c_str());
    throw Error(ErrorKind::input, "GDAL cannot open it" + (message.empty() ? "" : ": " + message), name,
                "the file is damaged or of another format");
  }
}

GdalFile::~GdalFile() {
  GDALClose(data_);
  CPLPopErrorHandler();
  VSIUnlink(memory_name_.c_str());
}

}  // namespace highwall
