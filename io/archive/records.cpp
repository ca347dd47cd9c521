#include "io/archive/records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Hands the parsed text to `take`: whatever JSON throws is a damaged record of this place.
template <class Take>
auto parse_record(const std::string& text, const std::string& where, Take take) {
  try {
    return take(json::parse(text));
  } catch (const json::exception& e) {
    throw Error(ErrorKind::storage, fmt::format("the record cannot be read: {}", e.what()), where,
                "the file was damaged or edited; restore it from a copy");
  }
}

Instant instant_of(const json& j) { return parse_iso8601(j.at("at").get<std::string>()).value_or(kNoInstant); }

/// Names of files need not be UTF-8; a record of one must be written all the same.
std::string dump(const json& j, int indent = -1) { return j.dump(indent, ' ', false, json::error_handler_t::replace); }

FileNote file_note(const json& j) {
  return {j.at("source"),
          j.at("file"),
          j.at("file_sha256"),
          j.at("outcome"),
          j.value("detail", ""),
          j.value("rejected_rows", std::uint64_t{0}),
          j.value("first_rejected", ""),
          j.value("warnings", std::vector<std::string>{}),
          instant_of(j),
          j.value("options", "")};
}

IngestNote ingest_note(const json& j) {
  IngestNote note{j.at("id"),
                  j.value("source", ""),
                  j.value("kind", ""),
                  j.value("file_sha256", ""),
                  j.value("epoch_sha256", ""),
                  {},
                  j.value("equal_rows", std::size_t{0}),
                  parse_iso8601(j.value("at", "")).value_or(kNoInstant),
                  j.value("again", false)};
  if (j.contains("new_rows")) note.new_rows = j.at("new_rows").get<std::size_t>();
  return note;
}

SealNote seal_note(const json& j) {
  return {j.at("segment"), j.value("source", ""), j.value("ids", std::vector<std::string>{}), j.value("sha256", "")};
}

ProductNote product_note(const json& j) {
  return {j.at("name"), j.at("source"), parse_iso8601(j.at("instant").get<std::string>()).value_or(kNoInstant),
          j.at("layers").get<std::vector<std::string>>(), j.at("sha256")};
}

LossNote loss_note(const json& j) { return {j.at("source"), j.at("ids").get<std::vector<std::string>>(), instant_of(j)}; }

std::vector<fs::path> logs_in(const fs::path& folder) {
  std::vector<fs::path> logs;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    if (entry.path().extension() == ".log") logs.push_back(entry.path());
  }
  std::sort(logs.begin(), logs.end());
  return logs;
}

}  // namespace

void JournalState::take(const FileNote& note) {
  if (note.outcome == "quarantined") {
    quarantined[{note.source, note.file_sha256, note.file}] = note;
  } else {
    files[{note.source, note.file_sha256}] = note;
  }
}

void JournalState::take(const IngestNote& note) {
  epochs[note.id] = note;
  if (note.new_rows && !note.file_sha256.empty()) block_of_file[{note.source, note.file_sha256}] = note.id;
}

void JournalState::take(const SealNote& note) { segments[note.segment] = note; }

void JournalState::take(const ProductNote& note) { products[note.name] = note; }

void JournalState::take(const LossNote& note) {
  losses.push_back(note);
  std::set<std::string> shas;
  bool series = false;
  for (const std::string& id : note.ids) {
    const auto epoch = epochs.find(id);
    if (epoch == epochs.end()) continue;
    shas.insert(epoch->second.file_sha256);
    series = series || epoch->second.new_rows.has_value() || epoch->second.kind.empty();
  }
  std::erase_if(files, [&](const auto& entry) {
    const FileNote& file = entry.second;
    if (file.source != note.source) return false;
    return series || file.outcome == "duplicate" || shas.count(file.file_sha256) > 0;
  });
  std::erase_if(block_of_file, [&](const auto& entry) { return entry.first.first == note.source; });
}

void JournalState::take_line(const std::string& line, const std::string& where) {
  parse_record(line, where, [this](const json& j) {
    const std::string act = j.value("act", "");
    if (act == "file") take(file_note(j));
    if (act == "ingest") take(ingest_note(j));
    if (act == "seal") take(seal_note(j));
    if (act == "product") take(product_note(j));
    if (act == "lost") take(loss_note(j));
  });
}

JournalState replay_journal(const fs::path& folder) {
  JournalState state;
  for (const fs::path& log : logs_in(folder)) {
    std::vector<std::size_t> damaged;
    std::size_t number = 0;
    std::size_t passed = 0;
    for (const std::string& line : LineLog::read(log, damaged)) {
      for (++number; passed < damaged.size() && damaged[passed] == number; ++passed) ++number;
      state.take_line(line, fmt::format("{}:{}", log.string(), number));
    }
    for (const std::size_t line : damaged) state.damaged.push_back(fmt::format("{}:{}", log.string(), line));
  }
  return state;
}

std::vector<std::string> journal_lines(const fs::path& folder) {
  std::vector<std::string> lines;
  for (const fs::path& log : logs_in(folder)) {
    std::vector<std::size_t> damaged;
    const auto some = LineLog::read(log, damaged);
    lines.insert(lines.end(), some.begin(), some.end());
  }
  return lines;
}

Journal::Journal(fs::path folder) : folder_(std::move(folder)) {
  for (const fs::path& log : logs_in(folder_)) LineLog cut(log, LineLog::Damage::stays);
}

void Journal::write_line(Instant now, const std::string& text) {
  const std::string month = to_iso8601(now).substr(0, 7);
  logs_.try_emplace(month, folder_ / (month + ".log"), LineLog::Damage::stays).first->second.append(text);
}

void Journal::write(Instant now, const FileNote& n) {
  json line{{"act", "file"},         {"at", to_iso8601(n.at)},           {"source", n.source},
            {"file", n.file},        {"file_sha256", n.file_sha256},     {"outcome", n.outcome},
            {"detail", n.detail},    {"rejected_rows", n.rejected_rows}, {"first_rejected", n.first_rejected},
            {"warnings", n.warnings}};
  if (n.outcome == "quarantined") line["options"] = n.options;
  write_line(now, dump(line));
}

void Journal::write(Instant now, const IngestNote& n) {
  json line{{"act", "ingest"},
            {"at", to_iso8601(now)},
            {"source", n.source},
            {"id", n.id},
            {"kind", n.kind},
            {"file_sha256", n.file_sha256},
            {"epoch_sha256", n.epoch_sha256}};
  if (n.new_rows) {
    line["new_rows"] = *n.new_rows;
    line["equal_rows"] = n.equal_rows;
  }
  if (n.again) line["again"] = true;
  write_line(now, dump(line));
}

void Journal::write(Instant now, const SealNote& n) {
  write_line(now, dump({{"act", "seal"},
                        {"at", to_iso8601(now)},
                        {"source", n.source},
                        {"segment", n.segment},
                        {"ids", n.ids},
                        {"sha256", n.sha256}}));
}

void Journal::write(Instant now, const ProductNote& n) {
  write_line(now, dump({{"act", "product"},
                        {"at", to_iso8601(now)},
                        {"name", n.name},
                        {"source", n.source},
                        {"instant", to_iso8601(n.instant)},
                        {"layers", n.layers},
                        {"sha256", n.sha256}}));
}

void Journal::write(const LossNote& n) {
  write_line(n.at, dump({{"act", "lost"}, {"at", to_iso8601(n.at)}, {"source", n.source}, {"ids", n.ids}}));
}

std::string text_of(const QuarantineRecord& r) {
  json record{
      {"source", r.source}, {"file", r.file}, {"file_sha256", r.file_sha256}, {"reason", r.reason}, {"at", to_iso8601(r.at)}};
  if (!r.rows.empty()) {
    record["rows"] = r.rows;
    record["changed_rows"] = r.changed_rows;
  }
  return dump(record, 1) + "\n";
}

std::string text_of(const Act& act) {
  json j{{"kind", act.kind == Act::Kind::release ? "release" : "acknowledge"},
         {"target", act.target},
         {"by", act.by},
         {"reason", act.reason},
         {"at", to_iso8601(act.at)}};
  if (act.targets) j["targets"] = *act.targets;
  return j.dump() + "\n";
}

QuarantineRecord read_quarantine_record(const fs::path& path) {
  return parse_record(read_whole(path), path.string(), [](const json& j) {
    return QuarantineRecord{j.at("source"),
                            j.at("file"),
                            j.at("file_sha256"),
                            j.at("reason"),
                            instant_of(j),
                            j.value("rows", ""),
                            j.value("changed_rows", std::size_t{0})};
  });
}

Act read_act(const fs::path& path) {
  return parse_record(read_whole(path), path.string(), [](const json& j) {
    Act act{j.at("kind") == "release" ? Act::Kind::release : Act::Kind::acknowledge, j.at("target"), j.at("by"), j.at("reason"),
            instant_of(j)};
    if (j.contains("targets")) act.targets = j.at("targets").get<std::vector<std::string>>();
    return act;
  });
}

}  // namespace highwall
