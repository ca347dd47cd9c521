#include <cstring>
#include <string>

#include "io/durable/durable.hpp"
#include "tests/fuzz/reader_target.hpp"

/// Checksums (CRC-32C, the highest byte first) and the length are put right, so that changes get past them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kPage = 1024;
  feed_reader("e57", "a.e57", data, size);
  std::string bytes(reinterpret_cast<const char*>(data), size);
  bytes.resize((size + kPage - 1) / kPage * kPage);
  if (bytes.empty() || bytes.size() > 64 * kPage) return 0;
  const std::uint64_t length = bytes.size();
  std::memcpy(bytes.data() + 16, &length, 8);
  for (std::size_t at = 0; at < bytes.size(); at += kPage) {
    const std::uint32_t sum = __builtin_bswap32(highwall::crc32c({bytes.data() + at, kPage - 4}));
    std::memcpy(bytes.data() + at + kPage - 4, &sum, 4);
  }
  return feed_reader("e57", "a.e57", reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}
