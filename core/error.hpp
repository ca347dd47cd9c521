#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace highwall {

/// The six kinds of failure. Anything expected (no neighbour, too few epochs, below the detection
/// limit) is a value with a reason, never one of these.
enum class ErrorKind {
  input,      ///< A file or argument that cannot be used.
  config,     ///< A configuration that is wrong, unknown or ambiguous.
  frame,      ///< Coordinates of different frames were about to be mixed.
  storage,    ///< The disk or another service refused.
  cancelled,  ///< The caller asked to stop.
  internal,   ///< A defect of this program.
};

/// Lower-case name of the kind, e.g. "input".
std::string_view name_of(ErrorKind kind) noexcept;

/// The one exception type of the house: what went wrong, where, and what to do about it.
class Error : public std::exception {
 public:
  /// @param kind     one of the six kinds
  /// @param message  what is wrong, as a sentence without a full stop
  /// @param where    file and line, byte offset or key; empty when there is none
  /// @param hint     what the reader can do; empty when nothing sensible can be said
  Error(ErrorKind kind, std::string message, std::string where = {}, std::string hint = {});

  ErrorKind kind() const noexcept { return kind_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& where() const noexcept { return where_; }
  const std::string& hint() const noexcept { return hint_; }
  /// "where: message (hint)".
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  ErrorKind kind_;
  std::string message_;
  std::string where_;
  std::string hint_;
  std::string what_;
};

/// The archive is held by another writer: a storage error with an exit code of its own (75).
class BusyError : public Error {
 public:
  using Error::Error;
};

}  // namespace highwall
