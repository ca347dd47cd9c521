#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

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
  /// Of a zone: the targets it had then, which may be none. They and no others stay meant when it is renamed or cut anew.
  /// nullopt = not known: those that it has.
  std::optional<std::vector<std::string>> targets = {};

  /// True when the act is about a target of a zone, or about a zone itself.
  bool is_about(const std::string& name, const std::string& zone) const {
    if (target == name) return true;
    if (!targets) return !zone.empty() && target == zone;
    return std::find(targets->begin(), targets->end(), name) != targets->end();
  }
};

}  // namespace highwall
