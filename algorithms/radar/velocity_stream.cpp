#include "algorithms/radar/velocity_stream.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "algorithms/radar/velocity_state.hpp"
#include "core/error.hpp"

namespace highwall {
namespace {

constexpr std::string_view kMagic = "highwall velocity stream 2";

std::vector<float> ranges_of(const ScanGrid& grid) {
  if (!grid.cell_range_m.empty()) return grid.cell_range_m;
  std::vector<float> range;
  if (grid.range_m.empty()) return range;
  range.reserve(grid.cells());
  for (const double r : grid.range_m) range.insert(range.end(), grid.cols, static_cast<float>(r));
  return range;
}

std::vector<std::uint8_t> allowed_by(const CellMasks& masks, std::size_t cells) {
  std::vector<std::uint8_t> allowed(cells, 1);
  for (std::size_t i = 0; i < cells; ++i) {
    if (!masks.stable.empty() && masks.stable[i] == 0) allowed[i] = 0;
    if (!masks.exclude.empty() && masks.exclude[i] != 0) allowed[i] = 0;
  }
  return allowed;
}

void require_usable(const ScanGrid& grid, const CellMasks& masks) {
  const std::size_t n = grid.cells();
  const auto wrong = [](std::size_t size, std::size_t wanted) { return size != 0 && size != wanted; };
  if (n == 0 || n > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorKind::input, fmt::format("a grid of {} x {} cells cannot be followed", grid.rows, grid.cols));
  }
  if (wrong(masks.stable.size(), n) || wrong(masks.exclude.size(), n) || wrong(grid.cell_range_m.size(), n) ||
      wrong(grid.cell_height_m.size(), n) || wrong(grid.range_m.size(), grid.rows)) {
    throw Error(ErrorKind::input, fmt::format("masks, ranges or heights have not one value for each of the {} cells", n));
  }
}

}  // namespace

std::string_view name_of(CellMotion motion) noexcept {
  switch (motion) {
    case CellMotion::none:
      return "none";
    case CellMotion::linear:
      return "linear";
    case CellMotion::regressive:
      return "regressive";
    case CellMotion::progressive:
      return "progressive";
    case CellMotion::unknown:
      break;
  }
  return "unknown";
}

VelocityStream::State::State(const ScanGrid& grid, ScanValue scan_value, VelocityStreamOptions wanted, const CellMasks& masks)
    : rows(grid.rows),
      cols(grid.cols),
      value(scan_value),
      options(std::move(wanted)),
      level_m(1e-6 * options.lattice_um),
      half(options.unwrap && grid.wavelength_m > 0.0 ? 0.5 * grid.wavelength_m / level_m : 0.0),
      range_m(ranges_of(grid)),
      height_m(grid.cell_height_m),
      fitter(range_m, height_m),
      kriging(grid),
      filter(CellShape::of(grid), half),
      stable(CellShape::of(grid), allowed_by(masks, grid.cells())),
      bins(range_m, stable.mask(), static_cast<std::size_t>(options.least_stable)),
      raw(grid.cells()),
      level(grid.cells()),
      wraps(grid.cells()),
      seen_at(grid.cells(), kNeverSeen),
      alias_until(grid.cells()) {
  for (const double length : options.windows_h) windows.emplace_back(grid.cells(), length);
  kriging.set_stable(stable.list());
  out.flags.assign(grid.cells(), cell_flag::no_sample);
  out.displacement_m.assign(grid.cells(), kNone);
  out.aliased.assign(grid.cells(), 0);
  for (const double length : options.windows_h) {
    WindowVelocity w;
    w.window_h = length;
    for (auto* numbers : {&w.velocity_m_per_day, &w.sigma_m_per_day, &w.z, &w.acceleration_m_per_day2}) {
      numbers->assign(grid.cells(), kNone);
    }
    w.motion.assign(grid.cells(), CellMotion::unknown);
    w.reason.assign(grid.cells(), Reason::too_few_samples);
    out.windows.push_back(std::move(w));
  }
}

void VelocityStream::State::save(StateWriter& writer) const {
  writer.put_text(kMagic);
  writer.put<std::uint64_t>(rows);
  writer.put<std::uint64_t>(cols);
  writer.put(value);
  std::string told;
  for (const auto& [name, option] : option_values(options)) told += name + '=' + to_text(option) + '\n';
  writer.put_text(told);
  writer.put(half);
  writer.put(raw);
  writer.put(level);
  writer.put(wraps);
  writer.put(seen_at);
  writer.put(alias_until);
  writer.put(trend.coefficient);
  for (const Instant t : {start, now, tested}) writer.put(t.ns);
  writer.put(noise);
  writer.put<std::uint64_t>(scans);
  writer.put(out.flags);
  kriging.save(writer);
  filter.save(writer);
  stable.save(writer);
  for (const WindowSums& w : windows) w.save(writer);
}

void VelocityStream::State::restore(StateReader& reader) {
  reader.get(raw);
  reader.get(level);
  reader.get(wraps);
  reader.get(seen_at);
  reader.get(alias_until);
  trend.coefficient = reader.get<decltype(trend.coefficient)>();
  for (Instant* t : {&start, &now, &tested}) t->ns = reader.get<std::int64_t>();
  noise = reader.get<double>();
  scans = reader.get<std::uint64_t>();
  reader.get(out.flags);
  kriging.restore(reader);
  filter.restore(reader);
  stable.restore(reader);
  kriging.set_stable(stable.list());
  for (WindowSums& w : windows) w.restore(reader);
  reader.end();
  bins = RangeBins(range_m, stable.mask(), static_cast<std::size_t>(options.least_stable));
}

VelocityStream::VelocityStream(const ScanGrid& grid, ScanValue value, VelocityStreamOptions options, CellMasks masks) {
  validate(options, "velocity");
  require_usable(grid, masks);
  state_ = std::make_unique<State>(grid, value, std::move(options), masks);
}
VelocityStream::~VelocityStream() = default;
VelocityStream::VelocityStream(VelocityStream&&) noexcept = default;
VelocityStream& VelocityStream::operator=(VelocityStream&&) noexcept = default;

const VelocityScan& VelocityStream::push(const RadarScan& scan, const Run& run) {
  run.check_stop();
  State& s = *state_;
  s.begin(scan);
  s.take_values(scan, run);
  s.fit_atmosphere(run);
  s.follow(run);
  s.measure(run);
  s.test_stable();
  return s.out;
}

const VelocityScan& VelocityStream::last() const noexcept { return state_->out; }
Instant VelocityStream::newest() const noexcept { return state_->now; }
std::size_t VelocityStream::cells() const noexcept { return state_->cells(); }
const VelocityStreamOptions& VelocityStream::options() const noexcept { return state_->options; }

std::string VelocityStream::save() const {
  StateWriter writer;
  state_->save(writer);
  std::string bytes = writer.take();
  const std::uint64_t sum = checksum_of(bytes);
  bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  return bytes;
}

VelocityStream VelocityStream::restore(std::string_view bytes, const ScanGrid& grid, ScanValue value,
                                       VelocityStreamOptions options) {
  VelocityStream stream(grid, value, std::move(options));
  State& s = *stream.state_;
  std::uint64_t sum = 0;
  if (bytes.size() < sizeof sum) StateReader::damaged();
  std::memcpy(&sum, bytes.data() + bytes.size() - sizeof sum, sizeof sum);
  bytes.remove_suffix(sizeof sum);
  if (sum != checksum_of(bytes)) StateReader::damaged();
  StateReader reader(bytes);
  std::string told;
  for (const auto& [name, option] : option_values(s.options)) told += name + '=' + to_text(option) + '\n';
  const bool same = reader.get_text() == kMagic && reader.get<std::uint64_t>() == s.rows &&
                    reader.get<std::uint64_t>() == s.cols && reader.get<ScanValue>() == value && reader.get_text() == told &&
                    reader.get<double>() == s.half;
  if (!same) {
    throw Error(ErrorKind::storage, "the state of the stream is of another version, grid or other options", "",
                "begin the stream anew, or with the options that it had");
  }
  s.restore(reader);
  return stream;
}

std::size_t VelocityStream::bytes_held() const noexcept {
  const State& s = *state_;
  std::size_t bytes = s.filter.bytes_held() + s.stable.bytes_held() + s.bins.bytes_held();
  for (const WindowSums& w : s.windows) bytes += w.bytes_held();
  // raw, level, wraps, seen_at, alias_until; ranges and heights; what a scan shows; the result.
  bytes += s.cells() * (4 + 4 + 2 + 4 + 4) + 4 * (s.range_m.size() + s.height_m.size());
  bytes += s.cells() * (4 + 4 + 3) + s.cells() * (4 + 1 + 1 + s.windows.size() * (4 * sizeof(float) + 2));
  return bytes;
}

}  // namespace highwall
