#include <cmath>

#include "core/error.hpp"
#include "io/readers/zones.hpp"
#include "tests/fuzz/memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryFile file(data, size);
  try {
    highwall::Report report;
    for (const highwall::Polygon& zone : highwall::read_polygons(file.path(), highwall::Frame{}, report)) {
      for (const auto& ring : zone.rings) {
        for (const auto& corner : ring) {
          if (ring.size() < 3 || !corner.allFinite()) std::abort();
        }
      }
    }
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    highwall::list_zones({"a.geojson", bytes});
  } catch (const highwall::Error& e) {
    if (e.kind() == highwall::ErrorKind::internal) std::abort();
  }
  return 0;
}
