// Rasters without a header of their own: whose they are is told by what lies beside them.
#include <filesystem>

#include "io/readers/insar/formats.hpp"
#include "io/readers/text.hpp"

namespace highwall::insar {

bool is_header_name(const std::filesystem::path& path) {
  const std::string suffix = lower(path.extension().string());
  return suffix == ".par" || suffix == ".off" || suffix == ".rsc" || suffix == ".xml" || suffix == ".vrt";
}

std::string look_plain(const InputFile& input, Look& look) {
  const auto role = role_by_name(input.path, look.options);
  if (!role) return "neither its content nor its name say that it is unwrapped phase or coherence";
  const auto beside = [&](const char* suffix) {
    std::error_code failed;
    return std::filesystem::is_regular_file(input.path.string() + suffix, failed);
  };
  // MintPy lays a .rsc beside files of ISCE2 and of others: theirs comes first.
  if (beside(".xml") || (beside(".vrt") && !beside(".rsc"))) return look_isce(input, *role, look);
  if (beside(".rsc")) return look_roipac(input, *role, look);
  return look_gamma(input, *role, look);
}

}  // namespace highwall::insar
