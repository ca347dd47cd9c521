#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.hpp"
#include "io/readers/scans/diffimage.hpp"

/// A DiffImage is whole, or an error of input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const highwall::DiffImage image = highwall::parse_diffimage({"fuzz.dat", {reinterpret_cast<const char*>(data), size}});
    const bool whole = image.range.size() == image.rows && image.azimuth.size() == image.cols &&
                       image.values.size() == image.rows * image.cols && image.rows > 0 && image.cols > 0;
    if (!whole) std::abort();
  } catch (const highwall::Error& e) {
    if (e.kind() != highwall::ErrorKind::input) std::abort();
  }
  return 0;
}
