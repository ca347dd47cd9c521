#pragma once

#include <string>

#include "core/time.hpp"

namespace highwall {

/// What a named person did about a target or zone. An acknowledgement never lowers a level; a release
/// takes a latch off.
struct Act {
  enum class Kind { acknowledge, release };
  Kind kind = Kind::acknowledge;
  std::string target;  ///< Target or zone.
  std::string by;
  std::string reason;  ///< Required for a release.
  Instant at = kNoInstant;
};

}  // namespace highwall
