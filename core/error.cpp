#include "core/error.hpp"

#include <utility>

namespace highwall {

std::string_view name_of(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::input:
      return "input";
    case ErrorKind::config:
      return "config";
    case ErrorKind::frame:
      return "frame";
    case ErrorKind::storage:
      return "storage";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

Error::Error(ErrorKind kind, std::string message, std::string where, std::string hint)
    : kind_(kind), message_(std::move(message)), where_(std::move(where)), hint_(std::move(hint)) {
  what_ = where_.empty() ? message_ : where_ + ": " + message_;
  if (!hint_.empty()) what_ += " (" + hint_ + ")";
}

}  // namespace highwall
