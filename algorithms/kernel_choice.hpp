#pragma once

#include <atomic>
#include <functional>
#include <string_view>
#include <vector>

namespace highwall {

/// Calls `make` once for each instruction set that was compiled and that this machine can run, the best first, while Highway
/// dispatches to that one.
void for_instruction_sets(const std::function<void()>& make);

/// The kernels of one kind that this machine can run, the best first, and the one that is used. A kernel has a `name`.
template <class Kernel>
class KernelChoice {
 public:
  /// @param make  makes the kernel of the instruction set that Highway dispatches to
  explicit KernelChoice(const std::function<Kernel()>& make) {
    for_instruction_sets([&] { all_.push_back(make()); });
  }
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
  std::vector<Kernel> all_;
  std::atomic<const Kernel*> chosen_{nullptr};
};

}  // namespace highwall
