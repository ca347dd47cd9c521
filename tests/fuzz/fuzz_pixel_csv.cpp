#include "tests/fuzz/reader_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  highwall::ReadOptions told;
  told.crs = "local";
  return feed_reader("pixel_csv", "a.csv", data, size, told);
}
