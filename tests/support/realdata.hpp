#pragma once

#include <cstdlib>
#include <filesystem>

/// Folder of the optional real data, or empty: HIGHWALL_REALDATA, else ../shared/data of the repository.
inline std::filesystem::path realdata() {
  const char* folder = std::getenv("HIGHWALL_REALDATA");
  const std::filesystem::path path = folder != nullptr
                                         ? std::filesystem::path(folder)
                                         : std::filesystem::path(HIGHWALL_SOURCE_DIR).parent_path() / "shared" / "data";
  return std::filesystem::is_directory(path) ? path : std::filesystem::path();
}

#define HIGHWALL_NEED_REALDATA()                                              \
  if (realdata().empty()) {                                                   \
    GTEST_SKIP() << "the real data (../shared/data) are not on this machine"; \
  }
