#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/printable.hpp"
#include "io/archive/archive.hpp"
#include "io/archive/layout.hpp"
#include "io/durable/digest.hpp"

namespace highwall {

namespace fs = std::filesystem;

namespace {

/// The name holds the digest of the text: a flipped bit must not release another target than the one that was meant.
std::string file_name_of(const Act& act, const std::string& text) {
  return fmt::format("{}-{}.json", to_compact_iso8601(act.at), sha256_hex(text).substr(0, 12));
}

void require_utf8(const std::string& text, const std::string& what) {
  if (is_utf8(text)) return;
  throw Error(ErrorKind::input, fmt::format("{} is not UTF-8 text: {}", what, printable(text)), {}, "write it in UTF-8");
}

}  // namespace

fs::path record_act(const fs::path& archive_root, const Act& act) {
  if (is_blank(act.target) || is_blank(act.by)) {
    throw Error(ErrorKind::input, "an act needs the target and the name of the person", {}, "a blank is no name");
  }
  if (act.kind == Act::Kind::release && is_blank(act.reason)) {
    throw Error(ErrorKind::input, "a release needs a reason", {}, "say what was seen on the wall, or why the warning is wrong");
  }
  require_utf8(act.target, "the target");
  require_utf8(act.by, "the name of the person");
  require_utf8(act.reason, "the reason");
  const std::string text = text_of(act);
  make_folders(archive_root / "acts");
  const fs::path path = archive_root / "acts" / file_name_of(act, text);
  if (!fs::exists(path)) write_whole(path, text);
  return path;
}

std::vector<Act> read_acts(const fs::path& archive_root, std::vector<std::string>& findings) {
  std::vector<Act> acts;
  for (const fs::path& path : files_below(archive_root / "acts", ".json")) {
    try {
      const Act act = read_act(path);
      if (path.filename() != file_name_of(act, read_whole(path))) {
        throw Error(ErrorKind::storage, "its content is not what its name says", path.string());
      }
      acts.push_back(act);
    } catch (const Error& e) {
      findings.push_back(
          fmt::format("an act is damaged and does not count: {}; restore it from a copy, or acknowledge or release again "
                      "and delete it",
                      e.what()));
    }
  }
  std::stable_sort(acts.begin(), acts.end(),
                   [](const Act& a, const Act& b) { return a.at != b.at ? a.at < b.at : a.target < b.target; });
  return acts;
}

}  // namespace highwall
