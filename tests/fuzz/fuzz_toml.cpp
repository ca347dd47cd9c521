#include <cstdint>

#include "core/error.hpp"
#include "io/config/policy.hpp"
#include "io/config/site.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (int which = 0; which < 2; ++which) {
    try {
      if (which == 0) highwall::parse_site(text, "/site.toml");
      if (which == 1) highwall::parse_policy(text, "policy.toml");
    } catch (const highwall::Error&) {
    }
  }
  return 0;
}
