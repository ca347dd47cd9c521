#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "io/archive/archive.hpp"
#include "io/archive/layout.hpp"
#include "io/durable/digest.hpp"

namespace highwall {

namespace fs = std::filesystem;

fs::path record_act(const fs::path& archive_root, const Act& act) {
  if (act.target.empty() || act.by.empty()) {
    throw Error(ErrorKind::input, "an act needs the target and the name of the person");
  }
  if (act.kind == Act::Kind::release && act.reason.empty()) throw Error(ErrorKind::input, "a release needs a reason");
  const std::string text = text_of(act);
  make_folders(archive_root / "acts");
  const fs::path path = archive_root / "acts" / fmt::format("{}-{}.json", to_compact_iso8601(act.at), sha256_hex(text).substr(0, 12));
  if (!fs::exists(path)) write_whole(path, text);
  return path;
}

std::vector<Act> read_acts(const fs::path& archive_root) {
  std::vector<Act> acts;
  for (const fs::path& path : files_below(archive_root / "acts", ".json")) acts.push_back(read_act(path));
  std::stable_sort(acts.begin(), acts.end(), [](const Act& a, const Act& b) {
    return a.at != b.at ? a.at < b.at : a.target < b.target;
  });
  return acts;
}

}  // namespace highwall
