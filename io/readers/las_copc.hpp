#pragma once

#include "io/readers/las_zip.hpp"
#include "io/readers/reader.hpp"

namespace highwall {

/// The chunks of a COPC file that hold what options.box and options.resolution ask for, in the order of the file: nodes
/// that touch the box, down to the first level whose spacing is not coarser than the resolution.
/// @throws Error(input) for a hierarchy that is damaged
std::vector<LazChunk> copc_chunks(const Bytes& bytes, const LasHeader& header, const LazPoints& laz, const ReadOptions& options,
                                  const std::string& name, Report& report);

}  // namespace highwall
