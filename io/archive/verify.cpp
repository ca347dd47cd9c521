#include <fmt/format.h>

#include <set>

#include "core/error.hpp"
#include "io/archive/archive.hpp"
#include "io/archive/epoch_file.hpp"
#include "io/archive/layout.hpp"
#include "io/durable/digest.hpp"
#include "io/durable/durable.hpp"
#include "io/outbox/outbox.hpp"

namespace highwall {

namespace fs = std::filesystem;

VerifyReport Archive::verify(const Run& run) const {
  VerifyReport report;
  JournalState journal;
  bool told = true;
  try {
    journal = replay_journal(root_ / "journal");
    for (const std::string& line : journal.damaged)
      report.problems.push_back(line + ": the line does not match its checksum (the log was damaged or edited)");
  } catch (const Error& e) {
    report.problems.emplace_back(e.what());
    told = false;
  }
  std::set<std::string> present;
  const auto each = [&](const fs::path& path, bool segment) {
    run.check_stop();
    const std::string name = path.stem().string();
    std::string wanted;
    if (!segment) {
      present.insert(name);
      if (const auto noted = journal.epochs.find(name); noted != journal.epochs.end()) wanted = noted->second.epoch_sha256;
    } else if (const auto noted = journal.segments.find(name); noted != journal.segments.end()) {
      wanted = noted->second.sha256;
      present.insert(noted->second.ids.begin(), noted->second.ids.end());
    }
    try {
      std::string bytes = read_whole(path);
      report.bytes += bytes.size();
      // The content's own digest leaves out what carries no data; this one covers every byte.
      if (!wanted.empty() && sha256_hex(bytes) != wanted) {
        report.problems.push_back(fmt::format("{}: the file is not what was written (SHA-256)", path.string()));
        return;
      }
      if (!segment) {
        decode_epoch(bytes, path.string(), name);
        return;
      }
      const SegmentReader reader(std::move(bytes), path.string());
      const auto ids = reader.ids();
      present.insert(ids.begin(), ids.end());
      for (const std::string& id : ids) reader.read(id);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::cancelled) throw;
      report.problems.emplace_back(e.what());
    }
  };
  const auto files = files_below(root_ / "epochs", ".h5");
  const auto segments = files_below(root_ / "segments", ".h5");
  std::size_t done = 0;
  for (const auto* list : {&files, &segments}) {
    for (const fs::path& path : *list) {
      each(path, list == &segments);
      run.progress("verify", ++done, files.size() + segments.size());
    }
  }
  for (const fs::path& path : files_below(root_ / "products", ".h5")) {
    if (const auto noted = journal.products.find(path.stem().string()); noted != journal.products.end()) {
      run.check_stop();
      if (sha256_hex(read_whole(path)) != noted->second.sha256) {
        report.problems.push_back(fmt::format(
            "{}: the product is not what was written (SHA-256): delete it, and the next night makes it again", path.string()));
      }
      continue;
    }
    if (!path.stem().string().starts_with("m3c2-")) continue;
    run.check_stop();
    try {
      decode_field(read_whole(path), path.string());
    } catch (const Error& e) {
      report.problems.push_back(fmt::format("{} (a product: delete the file, and the next night measures it again)", e.what()));
    }
  }
  report.epochs = present.size();
  report.messages = verify_messages(root_, run, report.problems);
  if (!told) return report;
  for (const auto& [id, note] : journal.epochs) {
    if (present.count(id) == 0) report.problems.push_back(fmt::format("lost: the journal has {}, the archive has not", id));
  }
  for (const std::string& id : present) {
    if (journal.epochs.count(id) == 0) report.problems.push_back(fmt::format("unexpected: {} is in no journal", id));
  }
  return report;
}

}  // namespace highwall
