#include "io/writers/vector_columns.hpp"

#include <cmath>

namespace highwall {

bool has_vectors(const DisplacementField& f) { return !f.reason_vector.empty(); }

std::array<std::string, kVectorColumns> vector_names(const std::string& unit) {
  return {"vector_x_" + unit,
          "vector_y_" + unit,
          "vector_z_" + unit,
          "vector_sigma_x_" + unit,
          "vector_sigma_y_" + unit,
          "vector_sigma_z_" + unit,
          "vector_cov_xy_" + unit + "2",
          "vector_cov_xz_" + unit + "2",
          "vector_cov_yz_" + unit + "2"};
}

std::array<double, kVectorColumns> vector_numbers(const DisplacementField& f, std::size_t i) {
  const auto row = static_cast<Eigen::Index>(i);
  const auto v = f.vector_m.row(row);
  const auto c = f.vector_covariance_m2.row(row);  // xx xy xz yy yz zz
  return {v[0], v[1], v[2], std::sqrt(c[0]), std::sqrt(c[3]), std::sqrt(c[5]), c[1], c[2], c[4]};
}

}  // namespace highwall
