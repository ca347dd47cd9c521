#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace highwall {

/// SHA-256 of the bytes, 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

/// SHA-256 fed piece by piece.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void add(std::string_view bytes);
  std::string hex();

 private:
  void* context_;
};

/// One digest for a folder: names and contents of all its files, in order of their names. Files below a
/// folder called by one of `leave_out` do not count.
/// @throws Error(storage) when a file cannot be read.
std::string tree_digest(const std::filesystem::path& folder, const std::vector<std::string>& leave_out = {});

}  // namespace highwall
