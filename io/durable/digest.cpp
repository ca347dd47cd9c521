#include "io/durable/digest.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "core/error.hpp"

namespace highwall {

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr || EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr) != 1) {
    throw Error(ErrorKind::internal, "SHA-256 cannot be started");
  }
}

Sha256::~Sha256() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }

void Sha256::add(std::string_view bytes) {
  if (EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size()) != 1) {
    throw Error(ErrorKind::internal, "SHA-256 failed");
  }
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest.data(), &length) != 1) {
    throw Error(ErrorKind::internal, "SHA-256 failed");
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < length; ++i) {
    hex.push_back(kDigits[digest[i] >> 4U]);
    hex.push_back(kDigits[digest[i] & 15U]);
  }
  return hex;
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 sha;
  sha.add(bytes);
  return sha.hex();
}

std::string tree_digest(const std::filesystem::path& folder, const std::vector<std::string>& leave_out) {
  namespace fs = std::filesystem;
  std::vector<std::pair<std::string, fs::path>> files;
  for (auto it = fs::recursive_directory_iterator(folder); it != fs::recursive_directory_iterator(); ++it) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && std::find(leave_out.begin(), leave_out.end(), name) != leave_out.end()) {
      it.disable_recursion_pending();
    } else if (it->is_regular_file()) {
      files.emplace_back(it->path().lexically_relative(folder).generic_string(), it->path());
    }
  }
  std::sort(files.begin(), files.end());
  Sha256 all;
  for (const auto& [name, path] : files) {
    Sha256 one;
    std::ifstream file(path, std::ios::binary);
    std::vector<char> buffer(1U << 20U);
    while (file) {
      file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
      one.add({buffer.data(), static_cast<std::size_t>(file.gcount())});
    }
    if (file.bad() || !file.eof()) throw Error(ErrorKind::storage, "the file cannot be read", path.string());
    all.add(name + "\n" + one.hex() + "\n");
  }
  return all.hex();
}

}  // namespace highwall
