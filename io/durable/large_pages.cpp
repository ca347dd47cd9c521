#include "io/durable/large_pages.hpp"

#include <sys/mman.h>

#include <cstdint>

namespace highwall {

void wish_large_pages(void* begin, std::size_t bytes) {
  constexpr std::uintptr_t kLarge = std::uintptr_t{2} << 20U;
  const auto from = (reinterpret_cast<std::uintptr_t>(begin) + kLarge - 1) / kLarge * kLarge;
  const auto to = (reinterpret_cast<std::uintptr_t>(begin) + bytes) / kLarge * kLarge;
  if (from < to) static_cast<void>(madvise(reinterpret_cast<void*>(from), to - from, MADV_HUGEPAGE));
}

}  // namespace highwall
