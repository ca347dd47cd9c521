#include "io/archive/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "core/error.hpp"

namespace highwall {

namespace fs = std::filesystem;

std::string provenance_of(const std::vector<std::pair<std::string, std::string>>& provenance, std::string_view key) {
  for (const auto& [name, value] : provenance) {
    if (name == key) return value;
  }
  return {};
}

std::optional<EpochInfo> info_of(const std::string& id, const fs::path& path, bool sealed) {
  const std::size_t first = id.find('-');
  const std::size_t last = id.rfind('-');
  if (first == std::string::npos || last == first) return std::nullopt;
  const auto civil = parse_civil(id.substr(0, first), "%Y%m%dT%H%M%SZ");
  const auto instant = civil ? from_civil_utc(*civil) : std::nullopt;
  if (!instant) return std::nullopt;
  return EpochInfo{id, id.substr(first + 1, last - first - 1), *instant, path, sealed, {}};
}

bool comes_before(const EpochInfo& a, const EpochInfo& b) { return a.instant != b.instant ? a.instant < b.instant : a.id < b.id; }

std::string compact_day(Instant t) { return to_compact_iso8601(t).substr(0, 8); }

fs::path epoch_folder(const fs::path& root, Instant t) {
  const std::string day = to_iso8601(t).substr(0, 10);
  return root / "epochs" / day.substr(0, 4) / day.substr(5, 2) / day.substr(8, 2);
}

std::vector<fs::path> files_below(const fs::path& folder, std::string_view suffix) {
  std::vector<fs::path> files;
  std::error_code failed;
  for (auto it = fs::recursive_directory_iterator(folder, failed); !failed && it != fs::recursive_directory_iterator();
       it.increment(failed)) {
    if (it->path().extension() == suffix) files.push_back(it->path());
  }
  // A folder that cannot be listed must not look like an empty one.
  if (failed && failed != std::errc::no_such_file_or_directory) {
    throw Error(ErrorKind::storage, "the folder cannot be listed: " + failed.message(), folder.string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace highwall
