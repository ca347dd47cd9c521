#include "core/policy.hpp"

#include <algorithm>

namespace highwall {

bool PolicyRule::applies_to(SensorKind kind) const noexcept {
  return kinds.empty() || std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

}  // namespace highwall
