#pragma once

#include <atomic>
#include <string_view>
#include <utility>
#include <vector>

namespace highwall {

/// The kernels of one kind that this machine can run, the best first, and the one that is used. A kernel has a `name`.
template <class Kernel>
class KernelChoice {
 public:
  explicit KernelChoice(std::vector<Kernel> all) : all_(std::move(all)) {}
  const std::vector<Kernel>& all() const noexcept { return all_; }
  const Kernel& chosen() const noexcept {
    const Kernel* kernel = chosen_.load();
    return kernel != nullptr ? *kernel : all_.front();
  }
  /// @return false when there is none of this name; "" = the best again
  bool choose(std::string_view name) noexcept {
    if (name.empty()) {
      chosen_.store(nullptr);
      return true;
    }
    for (const Kernel& kernel : all_) {
      if (kernel.name != name) continue;
      chosen_.store(&kernel);
      return true;
    }
    return false;
  }

 private:
  const std::vector<Kernel> all_;
  std::atomic<const Kernel*> chosen_{nullptr};
};

}  // namespace highwall
