// What an HDF5 file holds.
#include <fmt/format.h>

#include "io/readers/insar/formats.hpp"
#include "io/readers/insar/h5_product.hpp"

namespace highwall::insar {

std::string look_hdf5(const InputFile& input, Look& look) {
  const auto file = std::make_shared<const H5Product>(input.path);
  if (file->has("science/LSAR/GUNW")) return look_gunw(file, look);
  if (!file->has("unwrapPhase") || !file->has("date")) {
    const std::string type = file->attribute("FILE_TYPE").value_or("");
    return fmt::format("this HDF5 file{} holds no unwrapped phase (unwrapPhase and date of MintPy, GUNW of NISAR)",
                       type.empty() ? "" : " of type " + type);
  }
  look_mintpy(file, look);
  return {};
}

}  // namespace highwall::insar
