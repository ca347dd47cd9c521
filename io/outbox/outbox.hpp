#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

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
class Outbox {
 public:
  /// Looks at outbox/ and sent/ below the archive. The caller holds the archive's lock.
  explicit Outbox(const std::filesystem::path& archive_root);

  /// Posts a message: on the disk when it returns.
  Posted post(const WarningMessage& message);
  /// The newest message of a stream; nullopt when there is none.
  std::optional<Posted> last(const std::string& stream) const;

  /// What was last told of every zone and target: by the newest heartbeat, and by what came after it.
  /// `newest` is the heartbeat's word. @throws Error(storage) when the heartbeat cannot be read.
  std::vector<StateLine> told_states() const;

  /// Messages that are not yet with all receivers, in order of seq.
  std::vector<Posted> waiting() const;
  /// Moves messages with seq <= `seq` to sent/: every receiver has acknowledged them.
  void settle(std::int64_t seq);

 private:
  void remember(const Posted& posted);

  std::filesystem::path outbox_;
  std::filesystem::path sent_;
  std::map<std::int64_t, Posted> waiting_;
  std::map<std::string, Posted> last_of_stream_;
  std::map<std::string, std::int64_t> last_rev_;
  std::int64_t last_seq_ = 0;
};

/// True when a heartbeat is due at `now`: none yet, one without a time, or the last one is heartbeat_h old.
bool heartbeat_due(const std::optional<Posted>& last, Instant now, double heartbeat_h);

}  // namespace highwall
