#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace highwall {

/// Folds the whole words of some bytes into a digest that tells accidents apart: each step is a bijection of the word and of what
/// was before.
inline std::uint64_t fold_words(std::uint64_t digest, std::string_view bytes) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  for (std::size_t k = 0; k + kWord <= bytes.size(); k += kWord) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + k, kWord);
    digest = (digest ^ word) * 0x9E3779B97F4A7C15U;
    digest ^= digest >> 32U;
  }
  return digest;
}

/// The same of all bytes: a last word is filled up with zeros.
inline std::uint64_t fold_bytes(std::uint64_t digest, std::string_view bytes) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  digest = fold_words(digest, bytes);
  char rest[kWord] = {};
  const std::size_t left = bytes.size() % kWord;
  if (left == 0) return digest;
  std::memcpy(rest, bytes.data() + bytes.size() - left, left);
  return fold_words(digest, {rest, kWord});
}

}  // namespace highwall
