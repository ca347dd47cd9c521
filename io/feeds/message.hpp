#pragma once

#include <string>
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
};

/// What the mine has to say: the one canonical record, before it gets its revision and sequence number.
struct WarningMessage {
  std::string mine_no;
  std::string slope_no;
  std::string stream;                 ///< Zone or target; order holds within a stream.
  bool is_zone = true;
  std::string msg_type;               ///< raise, update, clear, ack, release, heartbeat.
  std::string status = "test";        ///< test, exercise, actual.
  bool historical = false;            ///< Corrects something older than what was published.
  Instant episode_start = kNoInstant; ///< Of the present episode; part of the id.
  Instant event_time = kNoInstant;    ///< Of the sample that made the change.
  Instant published_time = kNoInstant;
  std::string time_zone = "UTC";
  Level level = Level::none;
  Level previous_level = Level::none;
  Health health = Health::live;
  std::string explanation;
  std::vector<Evidence> evidence;
  double area_m2 = 0.0;               ///< Above the level; NaN = not known.
  std::vector<std::vector<std::pair<double, double>>> outline_lon_lat;  ///< WGS84 rings; empty = none.
  std::string policy_id;
  std::string policy_version;
  std::string policy_sha256;
  std::vector<std::string> unconfirmed;  ///< Rules in the evidence whose numbers nobody has confirmed.
  std::string config_sha256;
  std::vector<StateLine> states;         ///< Heartbeat only.
};

/// Identity of a warning: mine, slope, stream and start of the episode. The rule is content, so that an
/// upgrade by another rule stays one warning.
std::string message_id(const WarningMessage& message);

}  // namespace highwall
