// Texts that lie beside rasters of interferograms: each parser takes any bytes, refuses them as input, or gives what fits.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/error.hpp"
#include "io/readers/insar/headers.hpp"
#include "io/readers/insar/names.hpp"

namespace {

using namespace highwall::insar;

template <class Body>
void expect_input_error_only(Body body) {
  try {
    body();
  } catch (const highwall::Error& e) {
    if (e.kind() != highwall::ErrorKind::input || e.where().empty()) std::abort();
  }
}

void check(const RasterHeader& header) {
  constexpr std::size_t kMost = std::size_t{1} << 40U;
  if (header.rows == 0 || header.cols == 0 || header.bands.empty() || header.rows > kMost / header.cols) std::abort();
  for (const RasterHeader::Band& band : header.bands) {
    if (band.pixel_stride < bytes_of(band.number) || band.row_stride < band.pixel_stride) std::abort();
  }
  if (!header.affine) return;
  for (const double a : *header.affine) {
    if (std::isnan(a)) std::abort();
  }
}

void check(const KeyValues& keys) {
  for (const char* key : {"width", "nlines", "range_samples", "WIDTH", "FILE_LENGTH"}) {
    expect_input_error_only([&] {
      const auto count = keys.count(key);
      if (count && (*count == 0 || *count > 0x7FFFFFFFU)) std::abort();
    });
  }
  for (const char* key : {"corner_lat", "radar_frequency", "X_FIRST"}) {
    expect_input_error_only([&] {
      const auto number = keys.number(key);
      if (number && !std::isfinite(*number)) std::abort();
    });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const char separator : {':', ' '}) {
    expect_input_error_only([&] { check(KeyValues(text, "a.par", separator)); });
  }
  expect_input_error_only([&] { check(parse_isce_xml(text, "a.unw.xml")); });
  expect_input_error_only([&] { check(parse_raw_vrt(text, "a.unw.vrt", "a.unw")); });
  isce_property(text, "radarwavelength");
  parse_stamp(text);
  const auto pair = pair_by_name(text);
  if (pair && (pair->first == highwall::kNoInstant || pair->second == highwall::kNoInstant)) std::abort();
  matches_wildcard(text.substr(0, size / 2), text.substr(size / 2));
  return 0;
}
