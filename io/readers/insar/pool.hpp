#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace highwall::insar {

/// Keeps the newest `most` opened things open, so that a stack of thousands of files needs no thousands of handles. Who is using
/// one when it is closed keeps it until he is done. For several threads.
template <class T>
class Pool {
 public:
  explicit Pool(std::size_t most) : most_(most) {}

  template <class Open>
  std::shared_ptr<T> get(const std::string& key, Open open) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = index_.find(key);
      if (found != index_.end()) {
        newest_.splice(newest_.begin(), newest_, found->second);
        return newest_.front().second;
      }
    }
    std::shared_ptr<T> opened = open();
    const std::lock_guard lock(mutex_);
    if (const auto found = index_.find(key); found != index_.end()) return found->second->second;
    newest_.emplace_front(key, opened);
    index_[key] = newest_.begin();
    if (newest_.size() > most_) {
      index_.erase(newest_.back().first);
      newest_.pop_back();
    }
    return opened;
  }

 private:
  using Entry = std::pair<std::string, std::shared_ptr<T>>;

  std::size_t most_;
  std::mutex mutex_;
  std::list<Entry> newest_;
  std::unordered_map<std::string, typename std::list<Entry>::iterator> index_;
};

/// Files that a stack holds open at once; systems allow 1024 and more.
inline constexpr std::size_t kMostOpenFiles = 256;

}  // namespace highwall::insar
