#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/options.hpp"

namespace highwall {

/// What a CloudCompare M3C2 parameter file asks for, in our options.
struct CloudCompareM3c2 {
  std::vector<GivenOption> options;  ///< Of m3c2; scales are diameters there and radii here.
  std::vector<std::string> notes;    ///< What the file says that has no use here.
};

/// Reads a parameter file of CloudCompare's qM3C2 plugin (INI, "[General]", M3C2VER=1).
/// @throws Error(input) naming file, line and key for what is no such file or not a number;
///         Error(config) for what we do not have: the clouds' own normals, normals towards a barycentre, precision maps,
///         search in the positive direction only
CloudCompareM3c2 read_cloudcompare_m3c2(const std::filesystem::path& path);

}  // namespace highwall
