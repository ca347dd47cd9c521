#include "core/parallel.hpp"

#include <omp.h>

#include <atomic>
#include <exception>
#include <limits>
#include <mutex>

#include "core/error.hpp"

namespace highwall {
namespace {

/// Keeps the exception of the lowest block, so that the error does not depend on the threads.
class Vault {
 public:
  void keep(std::size_t block) {
    const std::lock_guard lock(mutex_);
    if (block < block_) {
      block_ = block;
      exception_ = std::current_exception();
    }
    full_.store(true, std::memory_order_release);
  }
  /// A block above the kept one need not run; one below must, its error would come first.
  bool makes_needless(std::size_t block) {
    if (!full_.load(std::memory_order_acquire)) return false;
    const std::lock_guard lock(mutex_);
    return block > block_;
  }
  void rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::mutex mutex_;
  std::atomic<bool> full_{false};
  std::size_t block_ = std::numeric_limits<std::size_t>::max();
  std::exception_ptr exception_;
};

}  // namespace

int hardware_threads() { return omp_get_num_procs(); }

std::size_t block_size(std::size_t n, std::size_t smallest) {
  constexpr std::size_t kWantedBlocks = 256;
  return std::max(std::max<std::size_t>(smallest, 1), (n + kWantedBlocks - 1) / kWantedBlocks);
}

void for_blocks(std::size_t n, const std::function<void(const Block&)>& body, const Run& run, std::string_view step,
                std::size_t smallest_block) {
  const std::size_t size = block_size(n, smallest_block);
  const std::size_t count = (n + size - 1) / size;
  const bool nested = omp_in_parallel() != 0;
  const int wanted = run.threads() > 0 ? run.threads() : hardware_threads();
  const int threads = nested ? 1 : static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(wanted), count));
  const bool tell = !step.empty() && run.wants_progress() && !nested;

  Vault vault;
  std::atomic<bool> stopped{false};
  std::size_t done = 0;
  std::mutex progress_mutex;
  const auto work = [&](std::size_t i) {
    if (stopped.load(std::memory_order_relaxed) || vault.makes_needless(i)) return;
    if (run.stop_requested()) {
      stopped.store(true, std::memory_order_relaxed);
      return;
    }
    try {
      body(Block{i, i * size, std::min(n, (i + 1) * size)});
      if (tell) {
        const std::lock_guard lock(progress_mutex);
        run.progress(step, ++done, count);
      }
    } catch (...) {
      vault.keep(i);
    }
  };

  if (threads <= 1) {
    for (std::size_t i = 0; i < count; ++i) work(i);
  } else {
    const auto last = static_cast<std::ptrdiff_t>(count);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (std::ptrdiff_t i = 0; i < last; ++i) work(static_cast<std::size_t>(i));
  }
  vault.rethrow();
  if (stopped.load()) run.check_stop();
}

}  // namespace highwall
