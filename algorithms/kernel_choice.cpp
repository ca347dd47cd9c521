#include "algorithms/kernel_choice.hpp"

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

namespace highwall {

void for_instruction_sets(const std::function<void()>& make) {
  std::vector<std::int64_t> targets = hwy::SupportedAndGeneratedTargets();
  std::sort(targets.begin(), targets.end());  // Lower bits are better targets.
  for (const std::int64_t target : targets) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    make();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace highwall
