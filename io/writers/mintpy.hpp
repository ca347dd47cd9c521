#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/interferogram.hpp"
#include "io/writers/hdf5_stream.hpp"

namespace highwall {

/// Attributes, all texts, as MintPy's files have them (docs/api/attributes.md of MintPy).
/// @param reference  pixel that values are relative to @param with_date  also REF_DATE: values are relative to the first instant
Hdf5Attributes mintpy_attributes(const InterferogramNetwork& network, const std::array<std::size_t, 2>& reference,
                                 const std::string& file_type, const std::string& unit, bool with_date);

/// Acquisitions as MintPy names them: YYYYMMDD where they share a time of day, else YYYYMMDDTHHMM or with seconds in ISO 8601.
std::vector<std::string> mintpy_dates(std::span<const Instant> instants);

/// `timeseries.h5`: displacement towards the sensor in m, instant-major. Field 0.
/// @param bperp_m  perpendicular baseline of each instant relative to the first; empty = not known
Hdf5Stream mintpy_series(const std::filesystem::path& path, const InterferogramNetwork& network,
                         const std::array<std::size_t, 2>& reference, const std::vector<double>& bperp_m);

/// A file of maps, one a name, fields in their order.
Hdf5Stream mintpy_maps(const std::filesystem::path& path, const InterferogramNetwork& network,
                       const std::array<std::size_t, 2>& reference, const std::string& file_type, const std::string& unit,
                       const std::vector<std::array<std::string, 2>>& names_and_units);

}  // namespace highwall
