#include <stdlib.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "bindings/pipeline/lidar_change.hpp"
#include "bindings/pipeline/lidar_history.hpp"
#include "core/error.hpp"

namespace {

namespace fs = std::filesystem;

/// An archive of nothing, in a folder of its own below that of temporary files, which the process takes with it.
struct EmptyArchive {
  fs::path root = [] {
    std::string name = (fs::temp_directory_path() / "highwall-fuzz-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    return fs::path(name);
  }();
  highwall::Archive archive = highwall::Archive::open_for_writing(root, highwall::Frame{});
  ~EmptyArchive() {
    std::error_code ignored;
    fs::remove_all(root, ignored);
  }
};

void put(const fs::path& path, const std::uint8_t* data, std::size_t size) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
}

}  // namespace

/// What nights keep of a scanner beside its fields: both are derived, so damage is nothing (the night makes them again) or an
/// error of storage, and no name in them leads out of the folder.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static EmptyArchive empty;
  const auto& archive = empty.archive;
  put(archive.root() / "history" / "scan.json", data, size);
  put(archive.root() / "products" / "change-x.json", data, size);
  if (const auto tables = highwall::read_change(archive, "change-x")) {
    for (const auto& [name, text] : *tables) {
      if (name.find('/') != std::string::npos) std::abort();
    }
  }
  if (!highwall::read_history(archive, "scan").fields.empty()) std::abort();  // Its patches are missing.
  try {
    static_cast<void>(highwall::core_series_of(archive, "scan", highwall::CoreValue::m3c2, highwall::Run(1)));
    std::abort();  // It names no field that is there.
  } catch (const highwall::Error& e) {
    if (e.kind() != highwall::ErrorKind::storage && e.kind() != highwall::ErrorKind::input) std::abort();
  }
  return 0;
}
