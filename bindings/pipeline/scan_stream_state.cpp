// The state of a ScanStream as bytes, and back.
#include <cstring>

#include "algorithms/radar/state_bytes.hpp"
#include "bindings/pipeline/scan_stream.hpp"
#include "io/durable/digest.hpp"

namespace highwall {
namespace {

constexpr std::string_view kMagic = "highwall.scan_stream/1";
constexpr std::size_t kDigest = 64;

void put(StateWriter& writer, const AreaSample& s) {
  writer.put(s.at.ns);
  writer.put(s.level);
  writer.put(s.moving);
  writer.put(s.rule);
  for (const double v : {s.value, s.sigma, s.area_m2}) writer.put(v);
  writer.put(s.known);
  writer.put(s.judged);
  writer.put<std::uint8_t>(s.lost ? 1 : 0);
}

Level get_level(StateReader& reader) {
  const auto level = reader.get<std::uint8_t>();
  if (level > static_cast<std::uint8_t>(Level::red)) StateReader::damaged();
  return static_cast<Level>(level);
}

AreaSample get_sample(StateReader& reader, const std::vector<std::int32_t>& rules) {
  AreaSample s;
  s.at.ns = reader.get<std::int64_t>();
  s.level = get_level(reader);
  s.moving = get_level(reader);
  s.rule = reader.get<std::int32_t>();
  for (double* v : {&s.value, &s.sigma, &s.area_m2}) *v = reader.get<double>();
  s.known = reader.get<float>();
  s.judged = reader.get<float>();
  s.lost = reader.get<std::uint8_t>() != 0;
  if (s.rule != -1 && std::find(rules.begin(), rules.end(), s.rule) == rules.end()) StateReader::damaged();
  return s;
}

void put(StateWriter& writer, const ScanTrust& t) {
  writer.put(t.at.ns);
  for (const std::size_t n : {t.valid, t.stable, t.without_sigma}) writer.put<std::uint64_t>(n);
  writer.put(t.stable_sigma_m);
}

ScanTrust get_trust(StateReader& reader) {
  ScanTrust t;
  t.at.ns = reader.get<std::int64_t>();
  for (std::size_t* n : {&t.valid, &t.stable, &t.without_sigma}) *n = reader.get<std::uint64_t>();
  t.stable_sigma_m = reader.get<double>();
  return t;
}

/// The state without its digest, which is held against it.
std::string_view checked(std::string_view bytes) {
  if (bytes.size() < kDigest) StateReader::damaged();
  const std::string_view digest = bytes.substr(bytes.size() - kDigest);
  bytes.remove_suffix(kDigest);
  if (sha256_hex(bytes) != digest) StateReader::damaged();
  return bytes;
}

}  // namespace

std::string ScanStream::save() const {
  StateWriter writer;
  writer.put_text(kMagic);
  writer.put_text(setup_.inputs);
  writer.put_text(stream_.save());
  writer.put_text(areas_.save());
  writer.put(seen_);
  writer.put<std::uint64_t>(samples_.size());
  for (const auto& zone : samples_) {
    writer.put<std::uint64_t>(zone.size());
    for (const AreaSample& sample : zone) put(writer, sample);
  }
  writer.put<std::uint64_t>(lines_.size());
  for (const std::string& line : lines_) writer.put_text(line);
  for (const ScanTrust& trust : trust_) put(writer, trust);
  writer.put_text(calibration_);
  writer.put(newest_.ns);
  writer.put_text(newest_id_);
  writer.put_text(chain_);
  for (const std::uint64_t n : {count_, judged_scans_, frozen_, values_sum_}) writer.put(n);
  std::string bytes = writer.take();
  bytes += sha256_hex(bytes);
  return bytes;
}

std::string ScanStream::inputs_of(std::string_view bytes) {
  StateReader reader(checked(bytes));
  if (reader.get_text() != kMagic) StateReader::damaged();
  return reader.get_text();
}

ScanStream ScanStream::restore(std::string_view bytes, ScanStreamSetup setup) {
  StateReader reader(checked(bytes));
  if (reader.get_text() != kMagic || reader.get_text() != setup.inputs) StateReader::damaged();
  const RadarCells& cells = setup.cells;
  VelocityStream velocity = VelocityStream::restore(reader.get_text(), cells.grid, setup.value, setup.velocity);
  ScanStream stream(std::move(setup), std::move(velocity));
  stream.areas_.restore(reader.get_text());
  reader.get(stream.seen_);
  if (reader.get<std::uint64_t>() != stream.samples_.size()) StateReader::damaged();
  for (auto& zone : stream.samples_) {
    Instant before = kNoInstant;
    for (auto n = reader.get<std::uint64_t>(); n > 0; --n) {
      zone.push_back(get_sample(reader, stream.setup_.rule_numbers));
      if (before != kNoInstant && zone.back().at <= before) StateReader::damaged();
      before = zone.back().at;
    }
  }
  const auto kept = reader.get<std::uint64_t>();
  for (std::uint64_t n = 0; n < kept; ++n) stream.lines_.push_back(reader.get_text());
  for (std::uint64_t n = 0; n < kept; ++n) stream.trust_.push_back(get_trust(reader));
  stream.calibration_ = reader.get_text();
  stream.newest_.ns = reader.get<std::int64_t>();
  stream.newest_id_ = reader.get_text();
  stream.chain_ = reader.get_text();
  for (std::uint64_t* n : {&stream.count_, &stream.judged_scans_, &stream.frozen_, &stream.values_sum_}) {
    *n = reader.get<std::uint64_t>();
  }
  reader.end();
  return stream;
}

}  // namespace highwall
