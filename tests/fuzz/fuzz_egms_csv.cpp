#include "tests/fuzz/reader_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return feed_reader("egms_csv", "EGMS_L3_E32N35_100km_U.csv", data, size);
}
