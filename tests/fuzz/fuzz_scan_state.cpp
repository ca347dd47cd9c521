// The state of a followed radar behind its digests: what they let pass must still be no harm.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "algorithms/radar/state_bytes.hpp"
#include "bindings/pipeline/scan_stream.hpp"
#include "core/error.hpp"
#include "io/durable/digest.hpp"

namespace {

constexpr std::size_t kDigest = 64;  // SHA-256 in hex, last in the bytes.

highwall::ScanStreamSetup small_setup() {
  highwall::ScanStreamSetup setup;
  setup.cells.grid.rows = 3;
  setup.cells.grid.cols = 4;
  setup.cells.grid.range_m = {600.0, 610.0, 620.0};
  setup.cells.grid.azimuth_rad = {-0.1, 0.0, 0.1, 0.2};
  highwall::AreaRule rule;
  rule.name = "area_1h_orange";
  rule.window_h = 1.0;
  rule.least_cells = 2;
  setup.rules = {rule};
  setup.rule_numbers = {0};
  setup.velocity.windows_h = {1.0};
  setup.zones = {{"wall", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}};
  setup.inputs = "fuzz";
  return setup;
}

highwall::RadarScan scan_of(int k) {
  highwall::RadarScan scan;
  scan.instant = highwall::Instant{1755043200000000000} + highwall::duration_from_seconds(300.0 * k);
  for (int i = 0; i < 12; ++i) {
    const int step = i < 4 ? 10 * k : 0;
    scan.displacement_m.push_back(1e-4F * static_cast<float>((i * 7 + k * 5) % 11 + step));
  }
  return scan;
}

std::string a_state(const highwall::ScanStreamSetup& setup) {
  highwall::ScanStream stream(setup);
  for (int k = 0; k < 20; ++k) stream.push(scan_of(k), std::to_string(k), highwall::Run(1));
  std::string bytes = stream.save();
  bytes.resize(bytes.size() - kDigest);
  return bytes;
}

/// A state that passed must go on: it takes a scan and says what it is.
void restore(const std::string& body, const highwall::ScanStreamSetup& setup) {
  highwall::ScanStream stream = highwall::ScanStream::restore(body + highwall::sha256_hex(body), setup);
  stream.push(scan_of(20), "20", highwall::Run(1));
  if (stream.save().empty()) std::abort();
}

/// The sums within the state are made right again, or they would keep all changes from what lies behind them.
void mend_sums(std::string& state, const std::string& whole) {
  highwall::StateReader reader(whole);
  std::size_t at = 0;
  for (int text = 0; text < 4; ++text) {
    const std::size_t size = reader.get_text().size();
    at += sizeof(std::uint64_t) + size;
    if (text < 2) continue;
    const std::size_t first = at - size;
    const std::uint64_t sum = highwall::checksum_of(std::string_view(state).substr(first, size - sizeof(std::uint64_t)));
    std::memcpy(state.data() + at - sizeof sum, &sum, sizeof sum);
  }
}

void restore_or_tell(const std::string& body, const highwall::ScanStreamSetup& setup) {
  try {
    restore(body, setup);
  } catch (const highwall::Error&) {
  }
}

}  // namespace

/// The input is a state, and changes to one that is whole: five bytes each, where (little endian) and what to flip.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const highwall::ScanStreamSetup setup = small_setup();
  static const std::string whole = [] {
    std::string state = a_state(setup);
    restore(state, setup);
    return state;
  }();
  const std::string body(reinterpret_cast<const char*>(data), size);
  restore_or_tell(body, setup);
  std::string changed = whole;
  for (std::size_t at = 0; at + 5 <= size; at += 5) {
    std::uint32_t where = 0;
    std::memcpy(&where, data + at, sizeof where);
    changed[where % changed.size()] ^= static_cast<char>(data[at + 4]);
  }
  restore_or_tell(changed, setup);
  mend_sums(changed, whole);
  restore_or_tell(changed, setup);
  try {
    const std::uint64_t sum = highwall::checksum_of(body);
    std::string bytes = body;
    bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
    highwall::AreaAlarms areas(setup.cells.grid, setup.rules);
    areas.restore(bytes);
  } catch (const highwall::Error&) {
  }
  return 0;
}
