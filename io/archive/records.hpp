#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/act.hpp"
#include "core/time.hpp"
#include "io/durable/durable.hpp"

namespace highwall {

/// What became of a file of the drop folder.
struct FileNote {
  std::string source;
  std::string file;  ///< Name as the site sees it.
  std::string file_sha256;
  std::string outcome;  ///< stored, duplicate, quarantined.
  std::string detail;
  std::uint64_t rejected_rows = 0;
  std::string first_rejected;
  std::vector<std::string> warnings;
  Instant at = kNoInstant;  ///< Night that dealt with it.
  std::string options;      ///< Quarantined files: digest of how the source was to be read. Read otherwise, it is tried again.
};

/// A file or epoch that was set aside.
struct QuarantineRecord {
  std::string source;
  std::string file;  ///< Name in the drop folder.
  std::string file_sha256;
  std::string reason;
  Instant at = kNoInstant;
  std::string rows;              ///< Table (CSV, beside the record) of the rows that are told otherwise; empty = none.
  std::size_t changed_rows = 0;  ///< How many there are; the table holds the first 100 000.
};

/// What the journal says of an epoch. Lines of older archives have neither kind nor epoch_sha256.
struct IngestNote {
  std::string id;
  std::string source;
  std::string kind;                     ///< cloud, series, scan; empty = not said.
  std::string file_sha256;              ///< Of the file it came in.
  std::string epoch_sha256;             ///< Of the epoch's own file, all bytes; empty = not said.
  std::optional<std::size_t> new_rows;  ///< Blocks of series only.
  std::size_t equal_rows = 0;
  Instant at = kNoInstant;  ///< Night that wrote the line.
  bool again = false;       ///< The line stands for one that was lost.
};

/// What the journal says of a sealed day. Lines of older archives have the name alone.
struct SealNote {
  std::string segment;  ///< Name of the file, without ".h5".
  std::string source;
  std::vector<std::string> ids;
  std::string sha256;  ///< Of the segment's file, all bytes.
};

/// Epochs that the journal knows and the directory had no more.
struct LossNote {
  std::string source;
  std::vector<std::string> ids;
  Instant at = kNoInstant;  ///< Night that noticed it.
};

/// A product of the archive: what it was made of and holds. A product that is made anew has a new line.
struct ProductNote {
  std::string name;  ///< Of its file in products/, without ".h5".
  std::string source;
  Instant instant = kNoInstant;     ///< Of the newest epoch that it tells of.
  std::vector<std::string> layers;  ///< What it holds, by name.
  std::string sha256;               ///< Of the file, all bytes.
};

/// The journal, replayed.
struct JournalState {
  std::map<std::pair<std::string, std::string>, FileNote> files;  ///< Taken in: by source and digest of the file.
  std::map<std::array<std::string, 3>, FileNote> quarantined;     ///< By source, digest and name of the file.
  std::map<std::string, IngestNote> epochs;                       ///< By id.
  std::map<std::string, SealNote> segments;                       ///< By name.
  std::map<std::string, ProductNote> products;                    ///< By name.
  std::vector<LossNote> losses;
  std::vector<std::string> damaged;  ///< Places of lines that do not match their checksum, "journal/2026-03.log:12".
  /// Blocks of series by source and digest of the file they came in.
  std::map<std::pair<std::string, std::string>, std::string> block_of_file;

  void take(const FileNote& note);
  void take(const IngestNote& note);
  void take(const SealNote& note);
  void take(const ProductNote& note);
  /// Files that may bring back what was lost do not count as known from here on: those that the epochs came in,
  /// copies, and for series, whose exports are cumulative, all of the source.
  void take(const LossNote& note);
  /// One line of a log; lines of other acts are passed over. @throws Error(storage) naming `where`.
  void take_line(const std::string& line, const std::string& where);
};

/// Replays all logs of the folder. Damaged lines are passed over and listed: what they said is made good from the files as far as
/// these tell it. @throws Error(storage) naming log and line for a line that is no record of ours.
JournalState replay_journal(const std::filesystem::path& folder);
/// Lines of all logs, oldest first, as JSON texts.
std::vector<std::string> journal_lines(const std::filesystem::path& folder);

/// The writing end: one log a month, kept open.
class Journal {
 public:
  /// Cuts torn last lines off. @throws Error(storage)
  explicit Journal(std::filesystem::path folder);
  void write(Instant now, const FileNote& note);
  void write(Instant now, const IngestNote& note);
  void write(Instant now, const SealNote& note);
  void write(Instant now, const ProductNote& note);
  void write(const LossNote& note);

 private:
  void write_line(Instant now, const std::string& text);

  std::filesystem::path folder_;
  std::map<std::string, LineLog> logs_;  ///< By month.
};

std::string text_of(const QuarantineRecord& record);
std::string text_of(const Act& act);
/// @throws Error(storage) naming the file when it is no such record.
QuarantineRecord read_quarantine_record(const std::filesystem::path& path);
Act read_act(const std::filesystem::path& path);

}  // namespace highwall
