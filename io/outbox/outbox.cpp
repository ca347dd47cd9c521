#include "io/outbox/outbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/printable.hpp"
#include "io/durable/digest.hpp"
#include "io/durable/durable.hpp"
#include "io/outbox/delivery_state.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kMemoryName = "streams.log";
constexpr const char* kAsideSuffix = ".damaged";
constexpr const char* kMissingSuffix = ".missing";

/// Files of this kind, sorted; none when there is no folder.
template <class Iterator>
std::vector<fs::path> files_with(const fs::path& folder, const char* suffix) {
  std::vector<fs::path> paths;
  if (!fs::exists(folder)) return paths;
  for (const auto& entry : Iterator(folder)) {
    if (entry.path().extension() == suffix) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

template <class Iterator>
std::vector<fs::path> messages_in(const fs::path& folder) {
  return files_with<Iterator>(folder, ".json");
}

/// Sequence number in a message's name, 0 when it has none.
std::int64_t seq_of(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::size_t digits = name.find_first_not_of("0123456789");
  return digits == 0 || digits == std::string::npos || digits > 18 ? 0 : std::stoll(name.substr(0, digits));
}

/// The stream as the message's name has it.
std::string stream_in_name(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::size_t from = name.find('_');
  const std::size_t to = name.find(".json");
  return from == std::string::npos || to == std::string::npos || to < from ? std::string() : name.substr(from + 1, to - from - 1);
}

/// A number that only damage can have made counts as none.
std::int64_t believed(std::int64_t seq) { return seq > kGreatestBelievedSeq ? 0 : seq; }

/// The greatest seq that a receiver is known to have. A state with its checksum is our own word and is believed beyond
/// all that the folders know, for they may have lost what the receiver got; any other state may come from anywhere and
/// moves no number. Those are told when messages are forwarded.
std::int64_t newest_delivered(const fs::path& delivery) {
  std::int64_t seq = 0;
  std::error_code failed;
  for (auto it = fs::directory_iterator(delivery, failed); !failed && it != fs::directory_iterator(); it.increment(failed)) {
    try {
      seq = std::max(seq, believed(load_delivery_state(it->path() / "state.json").delivered_seq));
    } catch (const std::exception&) {
      continue;
    }
  }
  return seq;
}

/// The greatest sequence number in the newest folder of sent/, and in sent/ itself, where older programs put all.
std::int64_t newest_sent(const fs::path& sent) {
  fs::path newest;
  for (const auto& year : fs::directory_iterator(sent)) {
    if (!year.is_directory()) continue;
    for (const auto& month : fs::directory_iterator(year.path())) newest = std::max(newest, month.path());
  }
  std::vector<fs::path> messages = messages_in<fs::directory_iterator>(sent);
  if (!newest.empty()) {
    const auto filed = messages_in<fs::directory_iterator>(newest);
    messages.insert(messages.end(), filed.begin(), filed.end());
  }
  std::int64_t seq = 0;
  for (const fs::path& path : messages) seq = std::max(seq, seq_of(path));
  return seq;
}

Instant instant_of(const json& j, const char* key) { return parse_iso8601(j.value(key, std::string())).value_or(kNoInstant); }

/// @throws Error(storage) naming the word that is none of `parse`'s
template <class Parse>
auto word_of(const json& word, const char* key, Parse parse) {
  const auto value = word.is_string() ? parse(word.get<std::string>()) : std::nullopt;
  if (!value)
    throw Error(ErrorKind::storage, fmt::format("\"{}\" is {}, which is none of its words", key, printable(word.dump())));
  return *value;
}

Level level_of(const json& word) { return word_of(word, "level", parse_level); }

Health health_of(const json& word) { return word_of(word, "health", parse_health); }

Posted posted_of(const json& j, const fs::path& path) {
  Posted p;
  p.seq = j.at("seq");
  p.rev = j.at("rev");
  p.id = j.at("id");
  p.stream = j.at("stream");
  p.msg_type = j.at("msg_type");
  p.level = level_of(j.at("level"));
  p.health = health_of(j.at("health"));
  p.event_time = instant_of(j, "event_time");
  p.published_time = instant_of(j, "published_time");
  p.hash = j.at("hash");
  p.path = path;
  return p;
}

/// @throws Error(storage) for a message that is not what was posted, to the letter.
Posted parse(const std::string& text, const fs::path& path) {
  try {
    json j = json::parse(text);
    Posted posted = posted_of(j, path);
    j.erase("hash");
    if (sha256_hex(j.dump()) != posted.hash) throw Error(ErrorKind::storage, "its content does not have its hash");
    if (posted.seq != seq_of(path)) throw Error(ErrorKind::storage, "its name has another number");
    return posted;
  } catch (const std::exception& e) {
    throw Error(ErrorKind::storage, fmt::format("the message cannot be read: {}", printable(e.what())), path.string());
  }
}

/// What a message says. @throws Error(storage) when it is not the one that the outbox knows, to the letter
json content_of(const Posted& posted) {
  const std::string text = read_whole(posted.path);
  if (parse(text, posted.path).hash != posted.hash) {
    throw Error(ErrorKind::storage, "the message is not the one that was posted: its hash is another", posted.path.string());
  }
  return json::parse(text);
}

json json_of(const Posted& p) {
  return {{"seq", p.seq},
          {"rev", p.rev},
          {"id", p.id},
          {"stream", p.stream},
          {"msg_type", p.msg_type},
          {"level", std::string(name_of(p.level))},
          {"health", std::string(name_of(p.health))},
          {"event_time", to_iso8601(p.event_time)},
          {"published_time", to_iso8601(p.published_time)},
          {"hash", p.hash},
          {"file", p.path.filename().string()}};
}

/// What a heartbeat says of zones and targets.
std::vector<StateLine> states_in(const json& heartbeat) {
  std::vector<StateLine> states;
  const auto add = [&](const std::string& name, const json& level, const json& health, const json& newest,
                       const std::string& zone, bool is_zone) {
    states.push_back({name, level_of(level), health_of(health),
                      newest.is_null() ? kNoInstant : parse_iso8601(newest.get<std::string>()).value_or(kNoInstant), zone,
                      is_zone});
  };
  for (const json& s : heartbeat.at("states")) add(s.at("name"), s.at("level"), s.at("health"), s.at("newest"), "", true);
  const json by_zone = heartbeat.value("target_states", json::object());
  for (const auto& [zone, targets] : by_zone.items()) {
    for (const auto& [name, s] : targets.items()) add(name, s.at(0), s.at(1), s.at(2), zone, false);
  }
  return states;
}

/// Stream names come from the configuration and from files: only plain characters go into a file name.
std::string plain(const std::string& text) {
  std::string out;
  for (const char c : text) out.push_back(std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ? c : '-');
  return out.substr(0, 60);
}

}  // namespace

void Outbox::Memory::take(const Posted& posted) {
  seq = std::max(seq, posted.seq);
  std::int64_t& rev = last_rev[posted.id];
  rev = std::max(rev, posted.rev);
  Posted& last = last_of_stream[posted.stream];
  if (posted.seq >= last.seq) last = posted;
}

Outbox::Outbox(const fs::path& archive_root)
    : outbox_(archive_root / "outbox"),
      sent_(archive_root / "sent"),
      aside_(archive_root / "quarantine" / "messages"),
      delivery_(archive_root / "delivery") {
  make_folders(outbox_);
  make_folders(sent_);
  std::set<std::int64_t> seen;
  auto memory = read_memory();
  const bool remembered = memory.has_value();
  const std::int64_t counted_in = remembered ? memory->seq : 0;
  if (remembered) {
    settled_ = std::move(*memory);
  } else {
    for (const fs::path& path : messages_in<fs::recursive_directory_iterator>(sent_)) {
      take_in(path, [&](const Posted& posted) {
        settled_.take(posted);
        seen.insert(posted.seq);
      });
    }
  }
  all_ = settled_;
  for (const fs::path& path : messages_in<fs::directory_iterator>(outbox_)) {
    take_in(path, [&](const Posted& posted) {
      all_.take(posted);
      waiting_[posted.seq] = posted;
      seen.insert(posted.seq);
    });
  }
  list_set_aside();
  if (const std::int64_t missing = newest_missing(counted_in, seen); missing > settled_.lost_until) {
    settled_.lost_until = all_.lost_until = missing;
    settled_.lost_before = all_.lost_before = kNoInstant;
  }
  all_.seq = std::max(all_.seq, settled_.lost_until);
  if (!remembered && settled_.seq > 0) write_memory(settled_);
}

void Outbox::take_in(const fs::path& path, const std::function<void(const Posted&)>& take) {
  try {
    take(parse(read_whole(path), path));
  } catch (const Error& e) {
    lost_.push_back({believed(seq_of(path)), stream_in_name(path), path, e.what()});
  }
}

void Outbox::list_set_aside() {
  for (const fs::path& path : files_with<fs::directory_iterator>(aside_, kAsideSuffix)) {
    lost_.push_back({believed(seq_of(path)), stream_in_name(path), path, {}});
  }
}

std::int64_t Outbox::newest_missing(std::int64_t counted_in, const std::set<std::int64_t>& seen) const {
  std::int64_t missing = std::max(all_.seq, newest_delivered(delivery_));
  for (const Lost& lost : lost_) missing = std::max(missing, lost.seq);
  while (missing > counted_in && seen.contains(missing)) --missing;
  return missing > counted_in ? missing : 0;
}

std::vector<std::string> Outbox::set_damaged_aside() {
  std::vector<std::string> findings;
  for (Lost& lost : lost_) {
    if (!lost.why.empty()) {
      make_folders(aside_);
      std::string name = lost.path.filename().string() + kAsideSuffix;
      for (int copy = 2; fs::exists(aside_ / name); ++copy)
        name = fmt::format("{}.{}{}", lost.path.filename().string(), copy, kAsideSuffix);
      move_file(lost.path, aside_ / name);
      lost.path = aside_ / name;
    }
    findings.push_back(
        fmt::format("message {} ({}) is damaged and set aside as {}: receivers that did not have it get the state of its "
                    "stream anew; compare with what they have, then delete it{}",
                    lost.seq, lost.stream, lost.path.string(), lost.why.empty() ? "" : ": " + lost.why));
    lost.why.clear();
  }
  return findings;
}

std::vector<Outbox::SeqRange> Outbox::others(std::vector<SeqRange> ranges, std::int64_t until) {
  std::sort(ranges.begin(), ranges.end(), [](const SeqRange& a, const SeqRange& b) { return a.first < b.first; });
  std::vector<SeqRange> out;
  std::int64_t next = 1;
  for (const SeqRange& range : ranges) {
    if (next < range.first && next <= until) out.push_back({next, std::min(range.first - 1, until)});
    next = std::max(next, range.last + 1);
  }
  if (next <= until) out.push_back({next, until});
  return out;
}

void Outbox::write_missing(const std::vector<SeqRange>& missing) const {
  const std::int64_t first = missing.front().first;
  std::int64_t count = 0;
  for (const SeqRange& range : missing) count += range.last - range.first + 1;
  std::string name = fmt::format("{:012}_*.json", first);
  for (const auto& [stream, posted] : all_.last_of_stream) {
    if (posted.seq == first) name = posted.path.filename().string();
  }
  make_folders(aside_);
  write_whole(aside_ / fmt::format("{:012}{}", first, kMissingSuffix),
              count == 1 ? fmt::format("message {} ({}) is gone from outbox/ and sent/\n", first, name)
                         : fmt::format("{} messages are gone from outbox/ and sent/, message {} ({}) is the first\n", count,
                                       first, name));
}

std::vector<std::string> Outbox::note_missing() {
  std::vector<SeqRange> noted = settled_.gone;
  for (const Lost& lost : lost_) {
    if (lost.seq > 0) noted.push_back({lost.seq, lost.seq});  // Told as damaged until somebody deletes what is left of it.
  }
  std::vector<SeqRange> known = noted;
  for (const fs::path& folder : {outbox_, sent_}) {
    for (const fs::path& path : messages_in<fs::recursive_directory_iterator>(folder))
      known.push_back({seq_of(path), seq_of(path)});
  }
  const std::vector<SeqRange> missing = others(std::move(known), all_.seq);
  if (!missing.empty()) write_missing(missing);
  noted.insert(noted.end(), missing.begin(), missing.end());
  std::vector<SeqRange> gone = others(others(std::move(noted), all_.seq), all_.seq);
  if (gone != settled_.gone) {
    settled_.gone = all_.gone = std::move(gone);
    write_memory(settled_);  // After the note: a kill between the two writes it again.
  }
  std::vector<std::string> findings;
  for (const fs::path& note : files_with<fs::directory_iterator>(aside_, kMissingSuffix)) {
    std::string text = read_whole(note);
    while (text.ends_with('\n')) text.pop_back();
    findings.push_back(fmt::format("{}: if nobody meant to delete them restore them from a copy; then delete {}", printable(text),
                                   note.string()));
  }
  return findings;
}

bool Outbox::is_newest_lost(const std::string& stream) const {
  const auto known = last(stream);
  return std::any_of(lost_.begin(), lost_.end(),
                     [&](const Lost& lost) { return lost.stream == plain(stream) && lost.seq > (known ? known->seq : 0); });
}

fs::path Outbox::sent_path(const Posted& posted) const {
  const std::string day = to_iso8601(posted.published_time);
  const bool dated = posted.published_time != kNoInstant;
  return sent_ / (dated ? day.substr(0, 4) : "undated") / (dated ? day.substr(5, 2) : "00") / posted.path.filename();
}

std::optional<Outbox::Memory> Outbox::read_memory() const {
  const fs::path path = sent_ / kMemoryName;
  if (!fs::exists(path)) return std::nullopt;
  try {
    const auto lines = LineLog::read(path);
    if (lines.empty()) return std::nullopt;
    const json j = json::parse(lines[0]);
    Memory memory;
    memory.seq = j.at("seq");
    memory.last_rev = j.at("rev_of_id").get<std::map<std::string, std::int64_t>>();
    memory.lost_until = believed(j.value("lost_until", std::int64_t{0}));
    memory.lost_before = instant_of(j, "lost_before");
    for (const json& range : j.value("gone", json::array())) memory.gone.push_back({range.at(0), range.at(1)});
    for (const json& entry : j.at("streams")) {
      Posted posted = posted_of(entry, entry.at("file").get<std::string>());
      const fs::path filed = sent_path(posted);
      posted.path = fs::exists(filed) ? filed : sent_ / posted.path;
      memory.last_of_stream[posted.stream] = std::move(posted);
    }
    // A copy from yesterday would give numbers out twice.
    if (newest_sent(sent_) > memory.seq) return std::nullopt;
    return memory;
  } catch (const std::exception&) {
    return std::nullopt;  // It is only a memory: the messages themselves are there.
  }
}

void Outbox::write_memory(const Memory& memory) const {
  json streams = json::array();
  for (const auto& [name, posted] : memory.last_of_stream) streams.push_back(json_of(posted));
  json j{{"seq", memory.seq}, {"streams", streams}, {"rev_of_id", memory.last_rev}};
  if (memory.lost_until > 0) {
    j["lost_until"] = memory.lost_until;
    if (memory.lost_before != kNoInstant) j["lost_before"] = to_iso8601(memory.lost_before);
  }
  for (const SeqRange& range : memory.gone) j["gone"].push_back({range.first, range.last});
  const std::string text = j.dump();
  write_whole(sent_ / kMemoryName, fmt::format("{}|{:08x}\n", text, crc32c(text)));
}

/// A lost message may have had any id of its time, and its rev was at most its seq.
std::int64_t Outbox::next_rev(const WarningMessage& message) {
  const std::string id = message_id(message);
  const auto known = all_.last_rev.find(id);
  const std::int64_t next = known == all_.last_rev.end() ? 1 : known->second + 1;
  if (all_.lost_until == 0) return next;
  if (all_.lost_before == kNoInstant) {
    all_.lost_before = settled_.lost_before = message.published_time;
    write_memory(settled_);  // Before the number goes out: the next start finds no gap any more.
  }
  const auto newest = last(message.stream);
  const bool is_known = newest && newest->id == id && newest->seq > all_.lost_until;
  const bool is_later = message.episode_start != kNoInstant && message.episode_start > all_.lost_before;
  return is_known || is_later ? next : std::max(next, all_.lost_until + 1);
}

Posted Outbox::post(const WarningMessage& message) {
  const std::int64_t seq = all_.seq + 1;
  const std::int64_t rev = next_rev(message);
  const auto previous = last(message.stream);
  const std::string text = envelope_text(message, rev, seq, previous ? previous->hash : "");
  const fs::path path = outbox_ / fmt::format("{:012}_{}.json", seq, plain(message.stream));
  write_whole(path, text, IfExists::fail);
  const Posted posted = parse(text, path);
  all_.take(posted);
  waiting_[seq] = posted;
  return posted;
}

std::optional<Posted> Outbox::last(const std::string& stream) const {
  const auto found = all_.last_of_stream.find(stream);
  return found == all_.last_of_stream.end() ? std::nullopt : std::optional(found->second);
}

std::vector<Posted> Outbox::streams() const {
  std::vector<Posted> out;
  for (const auto& [name, posted] : all_.last_of_stream) out.push_back(posted);
  return out;
}

std::size_t verify_messages(const fs::path& archive_root, const Run& run, std::vector<std::string>& problems) {
  std::size_t count = 0;
  // Messages move from outbox/ to sent/: in this order none is passed over.
  for (const char* folder : {"outbox", "sent"}) {
    for (const fs::path& path : messages_in<fs::recursive_directory_iterator>(archive_root / folder)) {
      run.check_stop();
      try {
        const std::string text = read_whole(path);
        parse(text, path);
        // The hash leaves out the spaces between the words: envelope_text() says how they stand.
        if (json::parse(text).dump(1) + "\n" != text) {
          throw Error(ErrorKind::storage, "the message has other bytes than were posted", path.string());
        }
      } catch (const Error& e) {
        if (!fs::exists(path)) continue;  // A night at work has moved it meanwhile.
        problems.emplace_back(e.what());
      }
      ++count;
    }
  }
  return count;
}

Home home_of(const Posted& posted) {
  const json j = content_of(posted);
  Home home;
  home.is_zone = !j.contains("target_id");
  if (!home.is_zone) home.zone = j.value("zone_id", std::string());
  return home;
}

std::vector<StateLine> Outbox::told_states(std::vector<std::string>& findings) const {
  std::vector<StateLine> states;
  auto heartbeat = last("heartbeat");
  if (heartbeat) {
    try {
      states = states_in(content_of(*heartbeat));
    } catch (const std::exception& e) {
      findings.push_back(
          fmt::format("{}: the states of the newest heartbeat cannot be read ({}); what single messages told last counts",
                      heartbeat->path.string(), printable(e.what())));
      heartbeat.reset();
    }
  }
  for (const auto& [stream, posted] : all_.last_of_stream) {
    if (stream == "heartbeat" || stream.starts_with(kSourceStream) || (heartbeat && posted.seq < heartbeat->seq)) continue;
    auto state = std::find_if(states.begin(), states.end(), [&name = stream](const StateLine& s) { return s.name == name; });
    if (state == states.end()) state = states.insert(states.end(), StateLine{stream, {}, {}, kNoInstant, {}, false});
    state->level = posted.level;
    state->health = posted.health;
    try {
      const Home home = home_of(posted);
      state->is_zone = home.is_zone;
      state->zone = home.zone;
    } catch (const std::exception& e) {
      findings.push_back(
          fmt::format("{}; the level of {} is known all the same, its zone may not be", printable(e.what()), stream));
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
  if (waiting_.empty() || waiting_.begin()->first > seq) return;
  // The memory goes first: it may know of a message that still waits, but a message in sent/ is never unknown to it.
  for (const auto& [number, posted] : waiting_) {
    if (number <= seq) settled_.take(posted);
  }
  write_memory(settled_);
  while (!waiting_.empty() && waiting_.begin()->first <= seq) {
    Posted& posted = waiting_.begin()->second;
    const fs::path to = sent_path(posted);
    make_folders(to.parent_path());
    move_file(posted.path, to);
    posted.path = to;
    all_.take(posted);
    waiting_.erase(waiting_.begin());
  }
}

bool heartbeat_due(const std::optional<Posted>& last, Instant now, double heartbeat_h) {
  if (!last || last->published_time == kNoInstant || last->published_time > now) return true;
  const double age_h = to_hours(now - last->published_time);
  if (age_h >= heartbeat_h - std::min(0.5, heartbeat_h / 20.0)) return true;
  const auto slot = [&](Instant t) { return std::floor(to_hours(t - Instant{}) / heartbeat_h); };
  return age_h >= 0.5 * heartbeat_h && slot(now) > slot(last->published_time);
}

}  // namespace highwall
