#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/act.hpp"
#include "core/run.hpp"
#include "io/archive/epoch_file.hpp"
#include "io/archive/match.hpp"
#include "io/archive/merge.hpp"
#include "io/archive/records.hpp"
#include "io/durable/durable.hpp"

namespace highwall {

/// What directory and journal say of an epoch, without opening it.
struct EpochInfo {
  std::string id;  ///< 20260211T031200Z-radar_north-7f3a9c21
  std::string source;
  Instant instant = kNoInstant;
  std::filesystem::path path;  ///< The epoch file, or the segment that holds it.
  bool sealed = false;
  std::string kind;  ///< cloud, series, scan; empty when the journal does not say.
};

enum class Appended { stored, duplicate, conflict };
struct AppendResult {
  Appended what = Appended::stored;
  std::string id;
};

struct SeriesResult {
  std::size_t new_rows = 0;
  std::size_t equal_rows = 0;
  std::vector<ChangedRow> changed;
  std::string id;         ///< Of the new block; empty when there were no new rows.
  std::string held_back;  ///< Whose new rows were not taken, and why; empty = all were.
};

struct VerifyReport {
  std::size_t epochs = 0;
  std::size_t messages = 0;           ///< Of the outbox: those that wait and those that were sent.
  std::size_t bytes = 0;              ///< Of the epochs.
  std::vector<std::string> problems;  ///< Each a sentence with a path; empty = all is well.
};

/// The archive of one mine: every epoch, whole or absent, in files that are readable without us. The
/// directory is the index; the journal tells what was done. One writer at a time, readers at any time.
class Archive {
 public:
  /// Opens or makes an archive for writing; sweeps what a crash left behind: temporary files, a torn journal
  /// line, and blocks without a journal line whose rows are all in others. See also settle_leftover().
  /// @throws BusyError when another writer holds it; Error(storage); Error(frame) when the archive
  ///         belongs to another site frame.
  static Archive open_for_writing(const std::filesystem::path& root, const Frame& site_frame);
  /// Opens for reading; changes nothing, waits for nobody. @throws Error(storage) when there is none.
  static Archive open_for_reading(const std::filesystem::path& root);

  const std::filesystem::path& root() const noexcept { return root_; }

  /// Keeps one cloud or scan. The same content again is a duplicate; the same source and instant with
  /// other content is a conflict: the newcomer goes to quarantine. `now` goes into the journal.
  AppendResult append(Epoch epoch, Instant now);
  /// Keeps the rows of an export that are new. Equal rows are no-ops, changed ones are quarantined and
  /// listed, never merged. @throws Error(input), storing nothing, for a series that is of another sort than
  /// what is known of its target: see require_same_series().
  SeriesResult append_series(const std::string& source, const std::vector<TimeSeries>& series,
                             const std::vector<std::pair<std::string, std::string>>& provenance, Instant now);

  /// Puts the rows of a series source together. @throws Error(storage) when a block of it cannot be read.
  void require_rows(const std::string& source) const { merged(source); }
  /// Rows of a series source, to hold an export against. @throws Error(storage) likewise
  SeriesMerge known_rows(const std::string& source) const { return lock_ ? merged(source) : merge_blocks(source, false); }

  /// Epochs of a source (all when empty) by instant, then id.
  std::vector<EpochInfo> epochs(const std::string& source = {}) const;
  Epoch load(const EpochInfo& info) const;
  /// All rows of a source, merged, in time order; one series a target, in order of first appearance.
  std::vector<TimeSeries> load_series(const std::string& source) const;
  /// Hands over the scans of a source one by one, in time order, from `from` until `until` (both included):
  /// one scan is in memory at a time. @throws Error(frame) when they do not share one grid.
  void for_each_scan(const std::string& source, const std::function<void(Stack&&)>& take, Instant from = kNoInstant,
                     Instant until = kNever) const;
  /// The same as one stack; nullopt when there are none.
  std::optional<Stack> load_stack(const std::string& source, Instant from = kNoInstant, Instant until = kNever) const;

  /// Holds the directory against the journal. Epochs that are gone get a line in the journal, and the files that
  /// may bring them back are no longer known. Acknowledged epochs whose line is gone get it again.
  void notice_losses(Instant now);
  /// Once the drop folder has been taken in: deletes the one epoch file that a killed writer left without its journal
  /// line, if the file it came in has been dealt with or its rows are in other blocks. Where neither is so it may have
  /// been acknowledged before the journal was cut, so it is kept: see losses().
  /// @param waiting  names of files that wait for another night
  void settle_leftover(const std::set<std::string>& waiting);
  /// Sentences: epochs that are gone, those missed at `now` that are there again, those that got their line again,
  /// and files that no journal line and no crash can explain, which no reader takes.
  std::vector<std::string> losses(Instant now) const;

  /// What became of a file with these bytes under this source; nullptr when it is new. A file that was set aside
  /// is new under another name, and when it would be read otherwise (`options`, a digest).
  const FileNote* known_file(const std::string& source, const std::string& file_sha256, const std::string& file,
                             const std::string& options) const;
  /// Notes that all of a file has been dealt with. A file that is known already is not noted again.
  void note_file(const FileNote& note);
  /// Writes a record, with a table of the rows that the file tells otherwise.
  void quarantine(QuarantineRecord record, const std::vector<ChangedRow>& changed = {});
  std::vector<QuarantineRecord> quarantined() const;

  /// Products (displacement fields) that are kept so that a night computes only what is new.
  bool has_product(const std::string& name) const;
  void put_product(const std::string& name, const std::string& bytes);
  std::string get_product(const std::string& name) const;
  /// Keeps a product and writes its line into the journal; the same bytes again change nothing.
  /// @param note  sha256 is filled in
  void keep_product(ProductNote note, const std::string& bytes, Instant now);
  /// Products with a line in the journal, by name.
  std::vector<ProductNote> products() const;

  /// Packs the epochs of every day before `before` into one segment a source and day. Days of one epoch,
  /// clouds (to read one, all of its day would be read) and days too large for one file stay as they are.
  /// @param unreadable  takes a sentence for each day that cannot be read and stays as it is; nullptr = it is thrown
  /// @return number of segments written
  std::size_t seal(Instant before, Instant now, std::vector<std::string>* unreadable = nullptr);
  /// Re-reads everything: epochs are compared with the journal, messages with their hashes.
  VerifyReport verify(const Run& run) const;
  /// Lines of the journal, oldest first, as JSON texts.
  std::vector<std::string> journal() const;

 private:
  using Index = std::map<std::string, std::vector<EpochInfo>>;  ///< By source; each by instant, then id.
  /// The epochs of one source and day, and the files that hold them.
  struct Day {
    std::vector<EpochInfo> epochs;
    std::vector<std::filesystem::path> loose;
    std::vector<std::filesystem::path> segments;
  };

  explicit Archive(std::filesystem::path root) : root_(std::move(root)) {}
  std::filesystem::path loose_path(const EpochInfo& info) const;
  /// Writes the epoch's file. @return SHA-256 of its bytes
  std::string store(Epoch&& epoch, const std::string& id);
  void note(Instant now, IngestNote note);
  bool is_noted(const std::string& id) const { return state_.epochs.count(id) > 0; }
  Index list_epochs(const std::string& source) const;
  /// Finds the epoch files without a journal line, and among them what a killed writer left.
  void sweep_unacknowledged();
  /// The journal says that all of the file was taken in, so that a line of this epoch of it was lost.
  bool was_acknowledged(const Epoch& epoch) const;
  bool was_set_aside(const std::string& source, const std::string& file_sha256) const;
  /// All of the file was taken in or set aside.
  bool is_dealt_with(const std::string& source, const std::string& file_sha256) const;
  /// A killed writer leaves its newest epoch, of a file that it has not dealt with.
  bool may_be_of_a_kill(const Epoch& epoch) const;
  /// A block without a line whose rows are all known: what a kill left of a file that has been taken in since.
  bool is_taken_in_otherwise(const EpochInfo& info) const;
  /// Writes the line that an acknowledged epoch has lost, unless it does not go with what is known.
  void note_again(const EpochInfo& info, Instant now);
  const Index& index() const;
  /// Where the epoch is now: a writer may have sealed it since it was listed.
  EpochInfo present(const EpochInfo& info) const;
  void visit(const std::vector<EpochInfo>& infos, const std::function<void(const EpochInfo&, Epoch&&)>& take) const;
  std::vector<EpochInfo> scans_of(const std::string& source, Instant from, Instant until) const;
  SeriesMerge merge_blocks(const std::string& source, bool noted_only) const;
  SeriesMerge& merged(const std::string& source) const;
  std::map<std::pair<std::string, std::string>, Day> days_before(Instant before) const;
  bool worth_sealing(const Day& day) const;
  bool seal_day(const std::string& source, const std::string& day_text, const Day& day, Instant now,
                std::vector<std::string>* unreadable);

  std::filesystem::path root_;
  std::optional<FolderLock> lock_;
  std::optional<Journal> journal_;
  mutable JournalState state_;                    ///< A reader replays it again when it meets an epoch that it does not know.
  std::map<std::string, EpochInfo> unexplained_;  ///< By id: epochs without a journal line.
  std::optional<EpochInfo> leftover_;             ///< The one of them that a kill may have left.
  std::vector<EpochInfo> lineless_;               ///< Those of them that were acknowledged.
  /// A writer knows all changes itself: it lists the directory once. Readers look afresh each time.
  mutable std::optional<Index> index_;
  /// Acknowledged rows of series sources, put together once in a writer's life.
  mutable std::map<std::string, SeriesMerge> merges_;
};

/// Writes an act (acknowledgement or release) beside the archive, without its lock: a person never
/// waits for a batch. @return the file. Writing the same act twice is a no-op.
std::filesystem::path record_act(const std::filesystem::path& archive_root, const Act& act);
/// All acts, by time, then target. A damaged one (it cannot be read, or is not what its name says) is a finding and does
/// not count: a release that is missing lowers nothing. @throws Error(storage) when the folder cannot be listed.
std::vector<Act> read_acts(const std::filesystem::path& archive_root, std::vector<std::string>& findings);

}  // namespace highwall
