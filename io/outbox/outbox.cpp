#include "io/outbox/outbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "io/durable/durable.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::vector<fs::path> messages_in(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

Instant instant_of(const json& j, const char* key) {
  return parse_iso8601(j.value(key, std::string())).value_or(kNoInstant);
}

Posted parse(const std::string& text, const fs::path& path) {
  try {
    const json j = json::parse(text);
    Posted p;
    p.seq = j.at("seq");
    p.rev = j.at("rev");
    p.id = j.at("id");
    p.stream = j.at("stream");
    p.msg_type = j.at("msg_type");
    p.level = parse_level(j.at("level").get<std::string>()).value();
    p.health = parse_health(j.at("health").get<std::string>()).value();
    p.event_time = instant_of(j, "event_time");
    p.published_time = instant_of(j, "published_time");
    p.hash = j.at("hash");
    p.path = path;
    return p;
  } catch (const std::exception& e) {
    throw Error(ErrorKind::storage, fmt::format("the message cannot be read: {}", e.what()), path.string(),
                "restore it from a copy: numbers are given out from what is here");
  }
}

/// Stream names come from the configuration and from files: only plain characters go into a file name.
std::string plain(const std::string& text) {
  std::string out;
  for (const char c : text) out.push_back(std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ? c : '-');
  return out.substr(0, 60);
}

}  // namespace

Outbox::Outbox(const fs::path& archive_root) : outbox_(archive_root / "outbox"), sent_(archive_root / "sent") {
  make_folders(outbox_);
  make_folders(sent_);
  for (const fs::path& path : messages_in(sent_)) remember(parse(read_whole(path), path));
  for (const fs::path& path : messages_in(outbox_)) {
    const Posted posted = parse(read_whole(path), path);
    remember(posted);
    waiting_[posted.seq] = posted;
  }
}

void Outbox::remember(const Posted& posted) {
  last_seq_ = std::max(last_seq_, posted.seq);
  std::int64_t& rev = last_rev_[posted.id];
  rev = std::max(rev, posted.rev);
  Posted& last = last_of_stream_[posted.stream];
  if (posted.seq > last.seq) last = posted;
}

Posted Outbox::post(const WarningMessage& message) {
  const std::int64_t seq = last_seq_ + 1;
  const auto known = last_rev_.find(message_id(message));
  const std::int64_t rev = known == last_rev_.end() ? 1 : known->second + 1;
  const auto previous = last(message.stream);
  const std::string text = envelope_text(message, rev, seq, previous ? previous->hash : "");
  const fs::path path = outbox_ / fmt::format("{:012}_{}.json", seq, plain(message.stream));
  write_whole(path, text, IfExists::fail);
  const Posted posted = parse(text, path);
  remember(posted);
  waiting_[seq] = posted;
  return posted;
}

std::optional<Posted> Outbox::last(const std::string& stream) const {
  const auto found = last_of_stream_.find(stream);
  return found == last_of_stream_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<StateLine> Outbox::told_states() const {
  std::vector<StateLine> states;
  const auto heartbeat = last("heartbeat");
  if (heartbeat) {
    try {
      const json j = json::parse(read_whole(heartbeat->path));
      const auto add = [&](const std::string& name, const json& level, const json& health, const json& newest, const std::string& zone, bool is_zone) {
        states.push_back({name, parse_level(level.get<std::string>()).value(), parse_health(health.get<std::string>()).value(),
                          newest.is_null() ? kNoInstant : parse_iso8601(newest.get<std::string>()).value_or(kNoInstant), zone, is_zone});
      };
      for (const json& s : j.at("states")) add(s.at("name"), s.at("level"), s.at("health"), s.at("newest"), "", true);
      const json by_zone = j.value("target_states", json::object());
      for (const auto& [zone, targets] : by_zone.items()) {
        for (const auto& [name, s] : targets.items()) add(name, s.at(0), s.at(1), s.at(2), zone, false);
      }
    } catch (const std::exception& e) {
      throw Error(ErrorKind::storage, fmt::format("the states of the heartbeat cannot be read: {}", e.what()), heartbeat->path.string());
    }
  }
  for (const auto& [stream, posted] : last_of_stream_) {
    if (stream == "heartbeat" || (heartbeat && posted.seq < heartbeat->seq)) continue;
    const auto known = std::find_if(states.begin(), states.end(), [&](const StateLine& s) { return s.name == posted.stream; });
    if (known == states.end()) {
      states.push_back({posted.stream, posted.level, posted.health, kNoInstant, {}, false});
    } else {
      known->level = posted.level;
      known->health = posted.health;
    }
  }
  return states;
}

std::vector<Posted> Outbox::waiting() const {
  std::vector<Posted> out;
  for (const auto& [seq, posted] : waiting_) out.push_back(posted);
  return out;
}

void Outbox::settle(std::int64_t seq) {
  while (!waiting_.empty() && waiting_.begin()->first <= seq) {
    Posted& posted = waiting_.begin()->second;
    const fs::path sent = sent_ / posted.path.filename();
    move_file(posted.path, sent);
    if (Posted& last = last_of_stream_[posted.stream]; last.seq == posted.seq) last.path = sent;
    waiting_.erase(waiting_.begin());
  }
}

bool heartbeat_due(const std::optional<Posted>& last, Instant now, double heartbeat_h) {
  if (!last || last->published_time == kNoInstant) return true;
  return now - last->published_time >= duration_from_seconds(heartbeat_h * 3600.0);
}

}  // namespace highwall
