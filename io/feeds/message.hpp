#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/polygon.hpp"
#include "core/time.hpp"
#include "core/warning.hpp"

namespace highwall {

/// State of one zone or target, as a heartbeat lists it.
struct StateLine {
  std::string name;
  Level level = Level::none;
  Health health = Health::silent;
  Instant newest = kNoInstant;
  std::string zone;  ///< Of a target; "" = in no zone.
  bool is_zone = false;
};

/// Streams that begin so tell whether a source still speaks; they are neither zones nor targets.
inline constexpr std::string_view kSourceStream = "source:";

/// State of one source, as a heartbeat lists it.
struct SourceLine {
  std::string id;
  std::string kind;
  Health health = Health::silent;
  Instant newest = kNoInstant;
  std::size_t targets = 0;
};

/// A measured quantity and what it is held against; the name ends with the unit ("velocity_24h_mm_per_day").
struct MessageQuantity {
  std::string name;
  double value = 0.0;
  double sigma = 0.0;  ///< NaN = not known.
  double threshold = 0.0;
};

/// A target that a zone's message rests on.
struct Contribution {
  std::string target;
  Level level = Level::none;
  Health health = Health::silent;
  std::string rule;
  double value = 0.0;  ///< NaN = not known, as its sigma and area.
  double sigma = 0.0;
  double threshold = 0.0;
  std::string unit;
  double area_m2 = 0.0;
};

/// How far a message's numbers may be trusted.
struct MessageQuality {
  std::vector<std::string> flags;  ///< "degraded", "stale", "silent", "no_velocity", ...
  double coverage = 0.0;           ///< Share of the targets whose data are live; NaN = not known.
  double uncertainty_mm = 0.0;     ///< Sigma of the displacement over the deciding window; NaN = not known.
};

/// A file that the evidence was computed from.
struct EvidenceFile {
  std::string path;  ///< As the site names it.
  std::string sha256;
};

/// Parts of a zone (outline first, then holes), each ring of (x, y), closed.
using MessageOutline = std::vector<std::vector<std::vector<std::pair<double, double>>>>;

/// What the mine has to say: the one canonical record, before it gets its revision and sequence number.
struct WarningMessage {
  std::string mine_no;
  std::string slope_no;
  std::string stream;  ///< Zone, or "source/target"; order holds within a stream.
  bool is_zone = true;
  std::string zone;                    ///< Of a target; "" = in no zone.
  std::string id;                      ///< Of the episode that goes on; empty = it begins with this message.
  std::string source_id;               ///< In a source's stream only.
  std::string msg_type;                ///< raise, update, clear, ack, release, heartbeat.
  std::string status = "test";         ///< test, exercise, actual.
  bool historical = false;             ///< Late data or another policy tell the past otherwise than it was published.
  Instant episode_start = kNoInstant;  ///< Of the present episode; part of the id.
  Instant event_time = kNoInstant;     ///< Of the sample that made the change.
  Instant detected_time = kNoInstant;  ///< When the engine saw it first.
  Instant published_time = kNoInstant;
  std::string time_zone = "UTC";
  Level level = Level::none;
  Level previous_level = Level::none;
  Health health = Health::live;
  std::string explanation;
  std::vector<Evidence> evidence;
  double area_m2 = 0.0;                     ///< Above the level; NaN = not known.
  double duration_h = 0.0;                  ///< From the start of the episode to the event; NaN = no episode.
  std::vector<MessageQuantity> quantities;  ///< What decided, by name.
  MessageQuality quality;
  std::vector<std::string> equip_nos;       ///< Instruments: stations by target, areal sensors by source.
  std::vector<Contribution> contributions;  ///< Zone: targets at its level, or without data, strongest first.
  std::size_t targets_total = 0;            ///< Zone: all of its targets, of which the contributions are some.
  std::vector<EvidenceFile> files;
  MessageOutline outline_lon_lat;                          ///< WGS84; empty = none.
  MessageOutline outline_m;                                ///< The same in `crs`.
  std::optional<std::pair<double, double>> place_lon_lat;  ///< Of a target.
  std::optional<std::pair<double, double>> place_m;
  std::string crs;  ///< Of the local copies.
  std::string policy_id;
  std::string policy_version;
  std::string policy_sha256;
  std::vector<std::string> unconfirmed;  ///< Rules in the evidence whose numbers nobody has confirmed.
  std::string config_sha256;
  std::vector<StateLine> states;    ///< Heartbeat only: zones and targets.
  std::vector<SourceLine> sources;  ///< Heartbeat only.
};

/// Identity of a warning: that of the episode that goes on, else made from mine, slope, stream and start of the episode. The rule
/// is content, so that an upgrade by another rule stays one warning.
std::string message_id(const WarningMessage& message);

}  // namespace highwall
