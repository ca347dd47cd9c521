// The state of AreaAlarms as bytes, and back. What a checksum lets pass is still held against what a state can be.
#include <algorithm>

#include "algorithms/radar/area_alarms.hpp"
#include "algorithms/radar/state_bytes.hpp"

namespace highwall {
namespace {

constexpr std::string_view kMagic = "highwall.area_alarms/1";
constexpr std::uint32_t kNoScan = std::numeric_limits<std::uint32_t>::max();

void put(StateWriter& writer, const AreaAlarm& alarm) {
  writer.put(alarm.id);
  writer.put<std::uint64_t>(alarm.rule);
  writer.put(alarm.kind);
  for (const Instant t : {alarm.first, alarm.raised, alarm.cleared, alarm.last}) writer.put(t.ns);
  writer.put(alarm.merged_into);
  writer.put<std::uint8_t>(alarm.signal_lost ? 1 : 0);
  writer.put<std::uint64_t>(alarm.scans);
  writer.put<std::uint64_t>(alarm.most_cells);
  for (const double v : {alarm.most_area_m2, alarm.area_m2, alarm.fastest_m_per_day, alarm.mean_m_per_day, alarm.significance}) {
    writer.put(v);
  }
  writer.put(alarm.trend);
  writer.put(alarm.cells);
}

AreaAlarm get_alarm(StateReader& reader, std::size_t rules, std::size_t cells) {
  AreaAlarm alarm;
  alarm.id = reader.get<std::uint32_t>();
  alarm.rule = reader.get<std::uint64_t>();
  const auto kind = reader.get<std::uint8_t>();
  for (Instant* t : {&alarm.first, &alarm.raised, &alarm.cleared, &alarm.last}) t->ns = reader.get<std::int64_t>();
  alarm.merged_into = reader.get<std::uint32_t>();
  alarm.signal_lost = reader.get<std::uint8_t>() != 0;
  alarm.scans = reader.get<std::uint64_t>();
  alarm.most_cells = reader.get<std::uint64_t>();
  for (double* v : {&alarm.most_area_m2, &alarm.area_m2, &alarm.fastest_m_per_day, &alarm.mean_m_per_day, &alarm.significance}) {
    *v = reader.get<double>();
  }
  const auto trend = reader.get<std::uint8_t>();
  alarm.cells = reader.get_all<std::uint32_t>();
  const bool in_order = std::adjacent_find(alarm.cells.begin(), alarm.cells.end(), std::greater_equal<>()) == alarm.cells.end();
  if (alarm.rule >= rules || kind > static_cast<std::uint8_t>(AreaKind::coherence_loss) ||
      trend > static_cast<std::uint8_t>(CellMotion::progressive) || !in_order ||
      (!alarm.cells.empty() && alarm.cells.back() >= cells)) {
    StateReader::damaged();
  }
  alarm.kind = static_cast<AreaKind>(kind);
  alarm.trend = static_cast<CellMotion>(trend);
  return alarm;
}

}  // namespace

std::string AreaAlarms::save() const {
  StateWriter writer;
  writer.put_text(kMagic);
  writer.put<std::uint64_t>(grid_.cells());
  writer.put<std::uint64_t>(rules_.size());
  writer.put<std::uint64_t>(open_.size());
  for (const Track& track : open_) {
    put(writer, track.alarm);
    writer.put(track.met);
    writer.put(track.moved);
    writer.put(track.calm);
    writer.put<std::uint8_t>(track.was_motion ? 1 : 0);
    writer.put<std::uint64_t>(track.speeds.size());
    for (const auto& [at, speed] : track.speeds) {
      writer.put(at.ns);
      writer.put(speed);
    }
  }
  writer.put<std::uint64_t>(closed_.size());
  for (const AreaAlarm& alarm : closed_) put(writer, alarm);
  writer.put(next_id_);
  writer.put(scans_);
  writer.put(before_m_);
  writer.put(step_m_);
  writer.put(step_scan_);
  writer.put(coherent_);
  writer.put(judged_);
  std::string bytes = writer.take();
  const std::uint64_t sum = checksum_of(bytes);
  bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  return bytes;
}

void AreaAlarms::restore(std::string_view bytes) {
  std::uint64_t sum = 0;
  if (bytes.size() < sizeof sum) StateReader::damaged();
  std::memcpy(&sum, bytes.data() + bytes.size() - sizeof sum, sizeof sum);
  bytes.remove_suffix(sizeof sum);
  if (sum != checksum_of(bytes)) StateReader::damaged();
  StateReader reader(bytes);
  const std::size_t cells = grid_.cells();
  if (reader.get_text() != kMagic || reader.get<std::uint64_t>() != cells || reader.get<std::uint64_t>() != rules_.size()) {
    StateReader::damaged();
  }
  open_.clear();
  for (auto n = reader.get<std::uint64_t>(); n > 0; --n) {
    Track track;
    track.alarm = get_alarm(reader, rules_.size(), cells);
    track.met = reader.get<std::uint32_t>();
    track.moved = reader.get<std::uint32_t>();
    track.calm = reader.get<std::uint32_t>();
    track.was_motion = reader.get<std::uint8_t>() != 0;
    for (auto k = reader.get<std::uint64_t>(); k > 0; --k) {
      const Instant at{reader.get<std::int64_t>()};
      track.speeds.emplace_back(at, reader.get<double>());
    }
    open_.push_back(std::move(track));
  }
  closed_.clear();
  for (auto n = reader.get<std::uint64_t>(); n > 0; --n) closed_.push_back(get_alarm(reader, rules_.size(), cells));
  next_id_ = reader.get<std::uint32_t>();
  scans_ = reader.get_all<Instant>();
  reader.get(before_m_);
  reader.get(step_m_);
  reader.get(step_scan_);
  reader.get(coherent_);
  reader.get(judged_);
  reader.end();
  const bool ascend = std::adjacent_find(scans_.begin(), scans_.end(), std::greater_equal<>()) == scans_.end();
  // A step lies between two scans.
  const bool known = std::all_of(step_scan_.begin(), step_scan_.end(),
                                 [&](std::uint32_t s) { return s == kNoScan || (s > 0 && s < scans_.size()); });
  if (!ascend || !known) StateReader::damaged();
}

}  // namespace highwall
