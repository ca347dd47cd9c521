#pragma once

#include <array>
#include <string>

#include "core/displacement.hpp"

namespace highwall {

/// Numbers of a vector in tables: components, their standard deviations, covariances xy, xz, yz.
inline constexpr std::size_t kVectorColumns = 9;

bool has_vectors(const DisplacementField& f);
/// "vector_x_m", ..., "vector_sigma_x_m", ..., "vector_cov_xy_m2", ...; x, y and z are the axes of the places.
std::array<std::string, kVectorColumns> vector_names(const std::string& unit);
std::array<double, kVectorColumns> vector_numbers(const DisplacementField& f, std::size_t i);

}  // namespace highwall
