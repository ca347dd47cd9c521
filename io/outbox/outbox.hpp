#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/run.hpp"
#include "io/feeds/feed.hpp"

namespace highwall {

/// A message that was posted, as the outbox knows it.
struct Posted {
  std::int64_t seq = 0;
  std::int64_t rev = 0;
  std::string id;
  std::string stream;
  std::string msg_type;
  Level level = Level::none;
  Health health = Health::live;
  Instant event_time = kNoInstant;
  Instant published_time = kNoInstant;
  std::string hash;
  std::filesystem::path path;
};

/// Store and forward of messages: one durable JSON file each. `rev` (per id) and `seq` (over all) are
/// given out here and nowhere else.
///
/// A message lies in outbox/ until every receiver has acknowledged it, then in sent/YYYY/MM/ by the time it was
/// published. sent/streams.log says what is needed of the messages in sent/, so that a start reads those that
/// wait and no others; when it is missing or torn it is made again from the folders.
///
/// A number that was given out once is never given out again, whatever became of its message: seq goes on after the
/// newest that is told of by messages, streams.log, damaged files or whole states in archive/delivery/. Where messages are lost,
/// rev jumps beyond their numbers, because a receiver drops what it takes for a repeat.
class Outbox {
 public:
  /// Looks at outbox/ and sent/ below the archive. Who posts or settles holds the archive's lock. Damaged messages
  /// (unreadable, or not what their name and hash say) are left out: see set_damaged_aside().
  explicit Outbox(const std::filesystem::path& archive_root);

  /// Moves damaged messages to quarantine/messages/. @return a sentence for each that lies there
  std::vector<std::string> set_damaged_aside();
  /// Messages whose number was given out and that are in neither folder nor set aside: somebody deleted them. The first
  /// time a note of them is put into quarantine/messages/. @return a sentence for each note that lies there
  std::vector<std::string> note_missing();
  /// True when the newest message of a stream is damaged: receivers may know another state than last() says.
  bool is_newest_lost(const std::string& stream) const;

  /// Posts a message: on the disk when it returns.
  Posted post(const WarningMessage& message);
  /// The newest message of a stream; nullopt when there is none.
  std::optional<Posted> last(const std::string& stream) const;
  /// The newest message of every stream there ever was, by name of the stream.
  std::vector<Posted> streams() const;

  /// What was last told of every zone and target: by the newest heartbeat, and by what came after it.
  /// `newest` is the heartbeat's word. A heartbeat that is damaged is a finding; the streams' newest messages remain.
  std::vector<StateLine> told_states(std::vector<std::string>& findings) const;

  /// Messages that are not yet with all receivers, in order of seq.
  std::vector<Posted> waiting() const;
  /// Moves messages with seq <= `seq` to sent/: every receiver has acknowledged them.
  void settle(std::int64_t seq);

 private:
  struct SeqRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
    bool operator==(const SeqRange&) const = default;
  };
  /// What the next message needs to know of those before it.
  struct Memory {
    std::int64_t seq = 0;  ///< Newest message that is counted in.
    std::map<std::string, Posted> last_of_stream;
    std::map<std::string, std::int64_t> last_rev;  ///< By id.
    std::int64_t lost_until = 0;                   ///< Newest message that is nowhere: its id and rev are not known.
    std::vector<SeqRange> gone;                    ///< Messages that are in no folder any more, and were told.
    Instant lost_before = kNoInstant;              ///< Published after it; later episodes have no part in the loss.
    void take(const Posted& posted);
  };
  /// A message that is damaged: all that is left is its name.
  struct Lost {
    std::int64_t seq = 0;
    std::string stream;  ///< As in file names.
    std::filesystem::path path;
    std::string why;  ///< Empty when it was set aside before.
  };
  void take_in(const std::filesystem::path& path, const std::function<void(const Posted&)>& take);
  void list_set_aside();
  /// Numbers from 1 to `until` that are in none of the ranges, in order.
  static std::vector<SeqRange> others(std::vector<SeqRange> ranges, std::int64_t until);
  void write_missing(const std::vector<SeqRange>& missing) const;
  std::int64_t newest_missing(std::int64_t counted_in, const std::set<std::int64_t>& seen) const;
  std::int64_t next_rev(const WarningMessage& message);
  std::optional<Memory> read_memory() const;
  void write_memory(const Memory& memory) const;
  std::filesystem::path sent_path(const Posted& posted) const;

  std::filesystem::path outbox_;
  std::filesystem::path sent_;
  std::filesystem::path aside_;
  std::filesystem::path delivery_;
  std::vector<Lost> lost_;
  std::map<std::int64_t, Posted> waiting_;
  Memory settled_;  ///< Of the messages in sent/ alone: what streams.log says.
  Memory all_;
};

/// Reads every message of an archive, those that wait and those that were sent: the outbox itself reads sent ones only
/// when it needs what they say. Changes nothing and waits for nobody.
/// @param problems  takes a sentence for each message that is not what was posted, to the byte
/// @return number of messages
std::size_t verify_messages(const std::filesystem::path& archive_root, const Run& run, std::vector<std::string>& problems);

/// Where a stream belongs, as its message tells.
struct Home {
  bool is_zone = false;
  std::string zone;  ///< Of a target; "" = in no zone.
};
/// @throws Error(storage) when the message is not what was posted
Home home_of(const Posted& posted);

/// True when a heartbeat is due at `now`: none yet, or the last one is heartbeat_h old (a twentieth less, at most half
/// an hour, so that a night which begins early does not skip one), or `now` has passed a multiple of heartbeat_h
/// since and the last one is half as old, or the last one lies in the future (a clock was wrong then).
bool heartbeat_due(const std::optional<Posted>& last, Instant now, double heartbeat_h);

}  // namespace highwall
