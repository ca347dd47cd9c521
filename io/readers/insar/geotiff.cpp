// GeoTIFF of one raster of one interferogram, as PyRate tags it, or as dolphin, HyP3, LiCSAR and GAMMA name it.
#include <cpl_error.h>
#include <fmt/format.h>
#include <gdal.h>

#include <cmath>

#include "core/error.hpp"
#include "io/readers/gdal_file.hpp"
#include "io/readers/insar/formats.hpp"
#include "io/readers/insar/names.hpp"
#include "io/readers/text.hpp"

namespace highwall::insar {
namespace {

constexpr const char* kDrivers[] = {"GTiff", nullptr};

/// While it lives GDAL prints nothing in this thread.
class Quiet {
 public:
  Quiet() {
    CPLPushErrorHandler(CPLQuietErrorHandler);
    CPLErrorReset();
  }
  ~Quiet() { CPLPopErrorHandler(); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
};

/// A GeoTIFF where it lies on the disk.
class OpenTiff {
 public:
  explicit OpenTiff(const std::filesystem::path& path) {
    prepare_gdal();
    const Quiet quiet;
    // Absolute, or a name could mean something else to GDAL.
    const std::string name = std::filesystem::absolute(path).string();
    data_ = GDALOpenEx(name.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY, kDrivers, nullptr, nullptr);
    if (data_ == nullptr) {
      const std::string why = CPLGetLastErrorMsg();
      throw Error(ErrorKind::input, "GDAL cannot open it" + (why.empty() ? "" : ": " + why), path.string(),
                  "the file is damaged or of another format");
    }
  }
  ~OpenTiff() {
    const Quiet quiet;
    GDALClose(data_);
  }
  OpenTiff(const OpenTiff&) = delete;
  OpenTiff& operator=(const OpenTiff&) = delete;
  GDALDatasetH get() const noexcept { return data_; }

 private:
  GDALDatasetH data_ = nullptr;
};

using TiffPool = Pool<const OpenTiff>;

class TiffPixels final : public Pixels {
 public:
  TiffPixels(std::filesystem::path path, std::shared_ptr<TiffPool> pool, std::size_t row_block)
      : path_(std::move(path)), pool_(std::move(pool)), row_block_(row_block) {}

  std::size_t row_block() const noexcept override { return row_block_; }

  void read(const Window& window, float* to) const override {
    const auto file = pool_->get(path_.string(), [this] { return std::make_shared<const OpenTiff>(path_); });
    const Quiet quiet;
    GDALRasterBandH band = GDALGetRasterBand(file->get(), 1);
    const std::size_t cells = window.rows * window.cols;
    if (fetch(band, window, GDT_Float32, to) != CE_None) fail(window);
    int has_nodata = 0;
    const auto nodata = static_cast<float>(GDALGetRasterNoDataValue(band, &has_nodata));
    const double factor = GDALGetRasterScale(band, nullptr);
    const double add = GDALGetRasterOffset(band, nullptr);
    if (has_nodata != 0) {
      for (std::size_t i = 0; i < cells; ++i) to[i] = to[i] == nodata ? kMissing : to[i];
    }
    if (factor != 1.0 || add != 0.0) {
      for (std::size_t i = 0; i < cells; ++i) to[i] = static_cast<float>(to[i] * factor + add);
    }
    if ((GDALGetMaskFlags(band) & (GMF_PER_DATASET | GMF_ALPHA)) != 0) {
      std::vector<unsigned char> mask(cells);
      if (fetch(GDALGetMaskBand(band), window, GDT_Byte, mask.data()) != CE_None) fail(window);
      for (std::size_t i = 0; i < cells; ++i) to[i] = mask[i] == 0 ? kMissing : to[i];
    }
    GDALFlushRasterCache(band);  // else GDAL keeps blocks of all files, up to a share of the machine's memory
  }

 private:
  static CPLErr fetch(GDALRasterBandH band, const Window& w, GDALDataType type, void* to) {
    const int cols = static_cast<int>(w.cols);
    const int rows = static_cast<int>(w.rows);
    return GDALRasterIO(band, GF_Read, static_cast<int>(w.col), static_cast<int>(w.row), cols, rows, to, cols, rows, type, 0, 0);
  }
  [[noreturn]] void fail(const Window& w) const {
    const std::string why = CPLGetLastErrorMsg();
    throw Error(ErrorKind::input, fmt::format("rows {} to {} cannot be read: {}", w.row, w.row + w.rows, why), path_.string(),
                "the file is cut off or damaged");
  }

  std::filesystem::path path_;
  std::shared_ptr<TiffPool> pool_;
  std::size_t row_block_;
};

std::string item(GDALMajorObjectH object, const char* name) {
  const char* value = GDALGetMetadataItem(object, name, nullptr);
  return value == nullptr ? "" : value;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// Role by PyRate's tag; "" = it has none, "other" = it is something else.
std::string role_by_tag(GDALDatasetH file) {
  const std::string type = item(file, "DATA_TYPE");
  if (type.empty()) return "";
  if (ends_with(type, "_IFG")) return "phase";
  return ends_with(type, "_COH") && type.rfind("COH", 0) != 0 ? "coherence" : "other";
}

std::optional<Role> role_of(GDALDatasetH file, const std::filesystem::path& path, const InsarOptions& options) {
  const std::string name = path.filename().string();
  const bool told = (options.phase != "auto" && matches_wildcard(name, options.phase)) ||
                    (options.coherence != "auto" && matches_wildcard(name, options.coherence));
  const std::string role = told ? "" : role_by_tag(file);
  if (role == "phase") return options.phase == "auto" ? std::optional(Role::phase) : std::nullopt;
  if (role == "coherence") {
    return options.coherence == "auto" || options.coherence == "none" ? std::optional(Role::coherence) : std::nullopt;
  }
  return role == "other" ? std::nullopt : role_by_name(path, options);
}

std::optional<PairOfInstants> pair_by_tags(GDALDatasetH file) {
  const auto stamp = [&](const char* date, const char* time) {
    const std::string clock = item(file, time);
    return parse_stamp(item(file, date) + (clock.empty() ? "" : "T" + clock));
  };
  const auto first = stamp("FIRST_DATE", "FIRST_TIME");
  const auto second = stamp("SECOND_DATE", "SECOND_TIME");
  if (!first || !second) return std::nullopt;
  return PairOfInstants{first->at, second->at, first->has_clock && second->has_clock};
}

std::string processor_of(GDALDatasetH file, const std::string& name) {
  if (!item(file, "INSAR_PROCESSOR").empty()) return "pyrate";
  if (name.find(".geo.") != std::string::npos) return "licsar";
  if (name.rfind("S1", 0) == 0 && (ends_with(name, "_unw_phase.tif") || ends_with(name, "_corr.tif"))) return "hyp3";
  if (item(file, "TIFFTAG_SOFTWARE").find("GAMMA") != std::string::npos) return "gamma";
  if (ends_with(name, ".unw.tif") || ends_with(name, ".cor.tif")) return "dolphin";
  return "";
}

void set_geometry(GDALDatasetH file, Layer& layer) {
  layer.geometry.rows = static_cast<std::size_t>(GDALGetRasterYSize(file));
  layer.geometry.cols = static_cast<std::size_t>(GDALGetRasterXSize(file));
  double affine[6];
  layer.placed = GDALGetGeoTransform(file, affine) == CE_None;
  if (layer.placed) std::copy(affine, affine + 6, layer.geometry.affine.begin());
  layer.geometry.frame.crs = wkt_of(file);
}

/// @throws Error(input) for a unit that is none of phase
void require_radians(GDALDatasetH file, const std::string& path) {
  std::string unit = item(file, "DATA_UNITS");
  if (unit.empty()) unit = GDALGetRasterUnitType(GDALGetRasterBand(file, 1));
  const std::string word = lower(unit);
  if (word.empty() || word == "rad" || word == "radian" || word == "radians") return;
  throw Error(ErrorKind::input, fmt::format("the values are in \"{}\", not in radians", unit), path,
              "give the unwrapped phase, not the displacement that was made of it");
}

}  // namespace

struct TiffFiles {
  std::shared_ptr<TiffPool> pool = std::make_shared<TiffPool>(kMostOpenFiles);
};

std::string look_geotiff(const InputFile& input, Look& look) {
  if (!look.tiffs) look.tiffs = std::make_shared<TiffFiles>();
  const std::shared_ptr<TiffPool>& pool = look.tiffs->pool;
  const auto opened = pool->get(input.path.string(), [&] { return std::make_shared<const OpenTiff>(input.path); });
  const Quiet quiet;
  GDALDatasetH file = opened->get();
  const std::string name = input.path.filename().string();
  const auto role = role_of(file, input.path, look.options);
  if (!role) return "neither tags nor name say that it is unwrapped phase or coherence";
  if (GDALGetRasterCount(file) != 1) return fmt::format("it has {} bands, not one", GDALGetRasterCount(file));
  GDALRasterBandH band = GDALGetRasterBand(file, 1);
  const GDALDataType type = GDALGetRasterDataType(band);
  if (GDALDataTypeIsComplex(type) != 0) return "its values are complex numbers";
  Layer layer;
  layer.name = input.path.string();
  layer.role = *role;
  if (*role == Role::phase) require_radians(file, layer.name);
  auto pair = pair_by_tags(file);
  if (!pair) pair = pair_by_name(input.path);
  if (!pair) return "neither tags (FIRST_DATE, SECOND_DATE) nor name (YYYYMMDD_YYYYMMDD) tell its two dates";
  layer.first = pair->first;
  layer.second = pair->second;
  layer.has_clock = pair->has_clock;
  set_geometry(file, layer);
  layer.processor = processor_of(file, name);
  if (const auto wavelength = to_number(trim(item(file, "WAVELENGTH_METRES")))) layer.wavelength_m = *wavelength;
  if (std::isnan(layer.wavelength_m) && (layer.processor == "hyp3" || layer.processor == "licsar")) {
    layer.wavelength_m = kSentinel1Wavelength_m;
    layer.wavelength_why = layer.processor == "hyp3" ? "products whose name begins with S1 are of Sentinel-1"
                                                     : "products of LiCSAR are of Sentinel-1";
  }
  if (*role == Role::coherence && type == GDT_Byte) layer.scale = 1.0F / 255.0F;
  int cols = 0;
  int rows = 1;
  GDALGetBlockSize(band, &cols, &rows);
  layer.pixels = std::make_shared<const TiffPixels>(input.path, pool, static_cast<std::size_t>(std::max(rows, 1)));
  look.layers.push_back(std::move(layer));
  return {};
}

}  // namespace highwall::insar
