#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "algorithms/radar/velocity_state.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"

namespace highwall {
namespace {

constexpr double kFarthestLevel = 2.0e9;
/// Noise of a value before any scan has told it.
constexpr double kFirstNoise_m = 2e-4;
/// How fast the noise follows what scans show.
constexpr double kNoiseMemory = 0.9;

using Verdict = MotionFilter::Verdict;

}  // namespace

void VelocityStream::State::begin(const RadarScan& scan) {
  const auto wrong = [&](const std::vector<float>& v) { return v.size() != cells(); };
  if (wrong(scan.displacement_m) || (!scan.coherence.empty() && wrong(scan.coherence))) {
    throw Error(ErrorKind::input, fmt::format("the scan has {} cells, the ones before {}", scan.displacement_m.size(), cells()),
                scan.name, "the radar was set up anew: begin another stream");
  }
  if (scan.instant == kNoInstant || (now != kNoInstant && scan.instant <= now)) {
    throw Error(ErrorKind::input,
                scan.instant == kNoInstant
                    ? std::string("the scan has no time")
                    : fmt::format("the scan of {} does not come after {}", to_iso8601(scan.instant), to_iso8601(now)),
                scan.name, "scans must come in order of time, each once");
  }
  if (start == kNoInstant) start = tested = scan.instant;
  before = now;
  now = scan.instant;
  tick = std::floor(to_hours(now - start) * kTicksPerHour + 0.5);
  out.instant = now;
  out.name = scan.name;
  out.index = scans++;
  judged.step_h = before == kNoInstant ? 0.0 : to_hours(now - before);
}

/// Raw levels, and by how much they are off what was foretold.
void VelocityStream::State::take_values(const RadarScan& scan, const Run& run) {
  judged.innovation.assign(cells(), kNone);
  hours.assign(cells(), 0.0F);
  const bool first = before == kNoInstant;
  for_blocks(
      cells(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const double d = scan.displacement_m[i] / level_m;
          const bool coherent = scan.coherence.empty() || scan.coherence[i] >= options.least_coherence;
          const bool missed = (out.flags[i] & cell_flag::no_sample) != 0;
          out.flags[i] = 0;
          const double total = value == ScanValue::cumulative || seen_at[i] == kNeverSeen ? d : raw[i] + d;
          if (!coherent || !(std::abs(total) < kFarthestLevel)) {
            out.flags[i] = cell_flag::no_sample;
            continue;
          }
          raw[i] = static_cast<std::int32_t>(std::llround(total));
          if (seen_at[i] == kNeverSeen) {
            // Increments count from rest; whatever they show is atmosphere or motion of this very scan.
            if (first && value == ScanValue::increment) judged.innovation[i] = static_cast<float>(raw[i]);
            continue;
          }
          hours[i] = static_cast<float>(hours_since_seen(i));
          const double until_last = hours_since_seen(i) - judged.step_h;
          if (value == ScanValue::increment && missed && until_last > options.bridge_h + 1e-6) {
            out.flags[i] = cell_flag::restarted;
            continue;
          }
          judged.innovation[i] =
              static_cast<float>(static_cast<double>(raw[i] - wrapped(i) - level[i]) - filter.foretell(i, hours[i]));
        }
      },
      run);
}

void VelocityStream::State::tell_atmosphere(const AtmosphereTrend& fitted, double after) {
  ScanAtmosphere& told = out.atmosphere;
  told = {};
  told.stable = fitted.stable;
  if (fitted.before > 0.0) {
    told.before_m = fitted.before * level_m;
    told.after_m = after * level_m;
  }
  if (options.atmosphere != "off" && fitted.solved) {
    const auto b = fitter.about_zero(fitted);
    told.offset_m = b[0] * level_m;
    told.per_km_m = b[1] * level_m;
    told.per_km2_m = b[2] * level_m;
    told.per_km_height_m = b[3] * level_m;
  }
  if (options.atmosphere == "kriging" && kriging.block_rms() > 0.0) {
    told.blocks_m = kriging.block_rms() * level_m;
    told.left_out_m = kriging.left_out_rms() * level_m;
  }
}

void VelocityStream::State::fit_atmosphere(const Run& run) {
  // Stable cells rest. Their filters' velocities are left out: what they all share there, no scan could ever correct again.
  std::vector<float> off_rest(stable.list().size());
  for (std::size_t k = 0; k < off_rest.size(); ++k) {
    const std::uint32_t i = stable.list()[k];
    off_rest[k] = judged.innovation[i] + static_cast<float>(filter.velocity(i)) * hours[i];
  }
  const AtmosphereTrend fitted = fitter.fit(off_rest, stable.list(), static_cast<std::size_t>(options.least_stable));
  const bool off = options.atmosphere == "off";
  // Without enough stable cells the atmosphere is what it was: setting it to zero would be a jump of all cells.
  if (!off && fitted.solved) trend = fitted;
  double after = off ? fitted.before : fitted.after;
  if (options.atmosphere == "kriging" && fitted.solved) {
    for (std::size_t k = 0; k < off_rest.size(); ++k) off_rest[k] -= static_cast<float>(fitter.at(trend, stable.list()[k]));
    kriging.fit(off_rest, stable.list());
    for (std::size_t k = 0; k < off_rest.size(); ++k) off_rest[k] -= static_cast<float>(kriging.at(stable.list()[k]));
    after = robust_scatter(off_rest);
  }
  if (after > 0.0) {
    // What one scan shows may be a storm; what many show is the radar.
    noise = noise == 0.0 ? after : std::sqrt(kNoiseMemory * noise * noise + (1.0 - kNoiseMemory) * after * after);
  }
  tell_atmosphere(fitted, after);
  for_blocks(
      cells(),
      [&](const Block& block) {
        for (std::size_t i = block.begin; i < block.end; ++i) {
          const bool foretold = seen_at[i] != kNeverSeen;
          judged.innovation[i] = foretold ? static_cast<float>(judged.innovation[i] - air(i)) : kNone;
        }
      },
      run);
}

/// The cell's value, held against what was foretold, goes into its level, its filter and its windows.
void VelocityStream::State::follow_cell(std::size_t i) {
  const double noise_now = noise > 0.0 ? noise : kFirstNoise_m / level_m;
  const double cell_air = air(i);
  std::uint8_t& flags = out.flags[i];
  const bool known = std::isfinite(cell_air);
  if (!known) flags = cell_flag::no_sample;
  if ((flags & cell_flag::no_sample) != 0) {
    const bool bridges = value == ScanValue::increment && known && seen_at[i] != kNeverSeen;
    if (bridges && hours_since_seen(i) <= options.bridge_h + 1e-6) {
      raw[i] = static_cast<std::int32_t>(
          std::llround(level[i] + filter.foretell(i, hours_since_seen(i)) + cell_air + static_cast<double>(wrapped(i))));
      flags |= cell_flag::bridged;
    }
    return;
  }
  if (seen_at[i] == kNeverSeen || (flags & cell_flag::restarted) != 0) {
    if (seen_at[i] != kNeverSeen) {
      for (WindowSums& w : windows) w.reset(i);
      wraps[i] = 0;
    }
    // How far it moved before, or meanwhile, no increment tells: it begins at the level where it was seen last, or at zero.
    const bool unknown = value == ScanValue::increment && before != kNoInstant;
    if (unknown) raw[i] = static_cast<std::int32_t>(std::llround(level[i] + cell_air));
    level[i] = static_cast<std::int32_t>(std::llround(raw[i] - cell_air));
    filter.reset(i, noise_now);
  } else {
    Verdict verdict = judged.verdict[i];
    if (verdict == Verdict::hold) {
      flags |= cell_flag::held;
      return;
    }
    double innovation = judged.innovation[i];
    if (verdict == Verdict::correct) {
      wraps[i] = static_cast<std::int16_t>(std::clamp(wraps[i] + judged.halves[i], -32000, 32000));
      innovation -= judged.halves[i] * half;
    }
    if (verdict == Verdict::aliased) alias_until[i] = static_cast<std::uint32_t>(tick + kTicksPerHour * options.windows_h.back());
    level[i] = static_cast<std::int32_t>(std::llround(static_cast<double>(raw[i] - wrapped(i)) - cell_air));
    filter.update(i, innovation, hours[i], noise_now);
  }
  seen_at[i] = static_cast<std::uint32_t>(tick);
  if (wraps[i] != 0) flags |= cell_flag::corrected;
  for (WindowSums& w : windows) w.add(i, level[i]);
}

void VelocityStream::State::follow(const Run& run) {
  filter.judge(judged, hours, noise > 0.0 ? noise : kFirstNoise_m / level_m, run);
  for (WindowSums& w : windows) w.begin_step(now);
  for_blocks(
      cells(),
      [&](const Block& block) {
        for (WindowSums& w : windows) w.advance(block.begin, block.end);
        for (std::size_t i = block.begin; i < block.end; ++i) {
          follow_cell(i);
          if (stable.mask()[i] != 0) out.flags[i] |= cell_flag::stable;
          if (judged.at_risk[i] != 0) out.flags[i] |= cell_flag::alias_risk;
          out.aliased[i] = alias_until[i] > tick ? 1 : 0;
          const bool now_known = (out.flags[i] & (cell_flag::no_sample | cell_flag::held)) == 0;
          out.displacement_m[i] = now_known ? static_cast<float>(level[i] * level_m) : kNone;
        }
      },
      run);
  for (WindowSums& w : windows) w.end_step();
  out.valid = out.corrected = out.newly_aliased = out.at_risk = 0;
  for (std::size_t i = 0; i < cells(); ++i) {
    out.valid += std::isfinite(out.displacement_m[i]) ? 1 : 0;
    out.corrected += judged.verdict[i] == Verdict::correct ? 1 : 0;
    out.newly_aliased += judged.verdict[i] == Verdict::aliased ? 1 : 0;
    out.at_risk += judged.at_risk[i];
  }
}

}  // namespace highwall
