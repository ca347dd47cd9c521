#pragma once

#include <filesystem>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/act.hpp"
#include "core/run.hpp"
#include "io/archive/epoch_file.hpp"
#include "io/durable/durable.hpp"

namespace highwall {

/// What the directory says of an epoch, without opening it.
struct EpochInfo {
  std::string id;        ///< 20260211T031200Z-radar_north-7f3a9c21
  std::string source;
  Instant instant = kNoInstant;
  std::filesystem::path path;  ///< The epoch file, or the segment that holds it.
  bool sealed = false;
};

enum class Appended { stored, duplicate, conflict };
struct AppendResult {
  Appended what = Appended::stored;
  std::string id;
};

/// A stored row that a newer export tells otherwise.
struct ChangedRow {
  std::string target;
  Instant at = kNoInstant;
  double stored_m = 0.0;
  double told_m = 0.0;
};
struct SeriesResult {
  std::size_t new_rows = 0;
  std::size_t equal_rows = 0;
  std::vector<ChangedRow> changed;
  std::string id;  ///< Of the new block; empty when there were no new rows.
};

/// What became of a file of the drop folder.
struct FileNote {
  std::string source;
  std::string file;          ///< Name as the site sees it.
  std::string file_sha256;
  std::string outcome;       ///< stored, duplicate, quarantined.
  std::string detail;
  std::uint64_t rejected_rows = 0;
  std::string first_rejected;
  std::vector<std::string> warnings;
  Instant at = kNoInstant;   ///< Night that dealt with it.
};

/// A file or epoch that was set aside.
struct QuarantineRecord {
  std::string source;
  std::string file;         ///< Name in the drop folder.
  std::string file_sha256;
  std::string reason;
  Instant at = kNoInstant;
};

struct VerifyReport {
  std::size_t epochs = 0;
  std::size_t bytes = 0;
  std::vector<std::string> problems;  ///< Each a sentence with a path; empty = all is well.
};

/// The archive of one mine: every epoch, whole or absent, in files that are readable without us. The
/// directory is the index; the journal tells what was done. One writer at a time, readers at any time.
class Archive {
 public:
  /// Opens or makes an archive for writing; sweeps what a crash left behind.
  /// @throws BusyError when another writer holds it; Error(storage); Error(frame) when the archive
  ///         belongs to another site frame.
  static Archive open_for_writing(const std::filesystem::path& root, const Frame& site_frame);
  /// Opens for reading; changes nothing, waits for nobody. @throws Error(storage) when there is none.
  static Archive open_for_reading(const std::filesystem::path& root);

  const std::filesystem::path& root() const noexcept { return root_; }

  /// Keeps one cloud or scan. The same content again is a duplicate; the same source and instant with
  /// other content is a conflict: the newcomer goes to quarantine. `now` goes into the journal.
  AppendResult append(const Epoch& epoch, Instant now);
  /// Keeps the rows of an export that are new. Equal rows are no-ops, changed ones are quarantined and
  /// listed, never merged.
  SeriesResult append_series(const std::string& source, const std::vector<TimeSeries>& series,
                             const std::vector<std::pair<std::string, std::string>>& provenance, Instant now);

  /// Epochs of a source (all when empty) by instant, then id.
  std::vector<EpochInfo> epochs(const std::string& source = {}) const;
  Epoch load(const EpochInfo& info) const;
  /// All rows of a source, merged, in time order; one series a target, in order of first appearance.
  std::vector<TimeSeries> load_series(const std::string& source) const;
  /// All scans of a source as one stack; nullopt when there are none.
  std::optional<Stack> load_stack(const std::string& source) const;

  /// What became of a file with these bytes under this source; nullptr when it is new.
  const FileNote* known_file(const std::string& source, const std::string& file_sha256) const;
  /// Notes that all of a file has been dealt with. A file that is known already is not noted again.
  void note_file(const FileNote& note);
  void quarantine(const QuarantineRecord& record);
  std::vector<QuarantineRecord> quarantined() const;

  /// Products (displacement fields) that are kept so that a night computes only what is new.
  bool has_product(const std::string& name) const;
  void put_product(const std::string& name, const std::string& bytes);
  std::string get_product(const std::string& name) const;

  /// Packs the epochs of every day before `before` into one segment a source and day.
  /// @return number of segments written
  std::size_t seal(Instant before, Instant now);
  /// Re-reads everything and compares it with the journal.
  VerifyReport verify(const Run& run) const;
  /// Lines of the journal, oldest first, as JSON texts.
  std::vector<std::string> journal() const;

 private:
  explicit Archive(std::filesystem::path root) : root_(std::move(root)) {}
  void note(Instant now, const std::string& act, const std::vector<std::pair<std::string, std::string>>& fields);
  void write_line(Instant now, const std::string& text);
  void load_journal();
  void store(const Epoch& epoch, const std::string& id);
  std::vector<EpochInfo> list_epochs(const std::string& source) const;
  std::vector<Epoch> load_all(const std::string& source, bool noted_only) const;

  /// What the journal says of an epoch.
  struct Ingested {
    std::string file_sha256;
    std::size_t new_rows = 0;
    std::size_t equal_rows = 0;
  };

  std::filesystem::path root_;
  std::optional<FolderLock> lock_;
  std::map<std::pair<std::string, std::string>, FileNote> known_files_;  ///< by source and digest
  std::map<std::string, Ingested> noted_;                                   ///< by epoch id
  /// A writer knows all changes itself: it lists the directory once. Readers look afresh each time.
  mutable std::optional<std::vector<EpochInfo>> index_;
};

/// Writes an act (acknowledgement or release) beside the archive, without its lock: a person never
/// waits for a batch. @return the file. Writing the same act twice is a no-op.
std::filesystem::path record_act(const std::filesystem::path& archive_root, const Act& act);
/// All acts, by time, then target.
std::vector<Act> read_acts(const std::filesystem::path& archive_root);

}  // namespace highwall
