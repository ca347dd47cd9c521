#include <cstdint>

#include "core/error.hpp"
#include "io/archive/epoch_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    highwall::decode_epoch({reinterpret_cast<const char*>(data), size}, "fuzz.h5");
  } catch (const highwall::Error&) {
  }
  return 0;
}
