#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "io/config/site.hpp"

namespace highwall {

struct Measurements;

/// Times of one series, or of the clouds and maps of a source, held against the clock of the night.
struct HeldTimes {
  std::string name;             ///< Of the target with its source, or of the source.
  bool epochs = false;          ///< Of clouds or maps, each with a value.
  std::vector<Instant> at{};    ///< Until now, of epochs only.
  std::size_t past = 0;         ///< Until now.
  Instant oldest = kNoInstant;  ///< Of the past ones.
  Instant newest = kNoInstant;
  std::size_t late = 0;       ///< More than a day later than now.
  Instant next = kNoInstant;  ///< The first one after now, and the last.
  Instant latest = kNoInstant;

  void take(Instant t, Instant now);
};

/// What speaks against a clock, by the times that measure() found: rows, clouds and maps more than a day later than
/// `now`; nothing but data later than `now`, or none of any source for 30 days and ten times its max_silence_h,
/// which is the clock of this machine or --now. Declared quiet periods that lie in the future, or are over without a value.
///
/// Of a source that could not be measured nothing is said, for nobody knows what it has.
/// @param real_clock  `now` is the machine's; else it may be a moment within older data, and times that go on from
///                    before it to after it say nothing
/// @return findings, each a sentence
std::vector<std::string> clock_findings(const Site& site, const Measurements& measurements, Instant now, bool real_clock);

}  // namespace highwall
