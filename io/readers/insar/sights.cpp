#include "io/readers/insar/sights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.hpp"
#include "io/readers/insar/h5_product.hpp"

namespace highwall::insar {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> geometries_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with("geometry") && it->path().extension() == ".h5" && fs::is_regular_file(it->path(), failed))
      found.push_back(it->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// A map of the geometry; empty where it is not there or of another shape.
std::vector<double> map_of(const H5Product& file, const char* name, std::size_t rows, std::size_t cols) {
  if (!file.has(name) || file.open(name).shape != std::vector<std::size_t>{rows, cols}) return {};
  return file.numbers(name, rows * cols);
}

MintpyGeometry read_geometry(const H5Product& file, std::size_t rows, std::size_t cols) {
  MintpyGeometry out;
  const std::vector<double> incidence = map_of(file, "incidenceAngle", rows, cols);
  std::vector<double> azimuth = map_of(file, "azimuthAngle", rows, cols);
  if (incidence.empty()) return out;
  const auto heading = file.number_attribute("HEADING");
  if (azimuth.empty() && heading) {
    const bool left = file.number_attribute("ANTENNA_SIDE").value_or(-1.0) > 0.0;
    // The sensor lies against the looking direction: its azimuth, anticlockwise.
    azimuth.assign(rows * cols, (left ? -90.0 : 90.0) - *heading);
  }
  if (azimuth.empty()) return out;
  Sights sights(rows * cols);
  for (std::size_t c = 0; c < sights.size(); ++c) sights[c] = sight_of(incidence[c], azimuth[c]);
  out.sights = std::make_shared<const Sights>(std::move(sights));
  const std::vector<double> height = map_of(file, "height", rows, cols);
  out.height_m.assign(height.begin(), height.end());
  return out;
}

}  // namespace

Eigen::Vector3f sight_of(double incidence_deg, double azimuth_deg) {
  if (!(incidence_deg > 0.0 && incidence_deg < 180.0) || !(std::abs(azimuth_deg) <= 720.0))
    return Eigen::Vector3f::Constant(std::numeric_limits<float>::quiet_NaN());
  const double i = incidence_deg * std::numbers::pi / 180.0;
  const double a = azimuth_deg * std::numbers::pi / 180.0;
  return Eigen::Vector3d(-std::sin(i) * std::sin(a), std::sin(i) * std::cos(a), std::cos(i)).cast<float>();
}

LineOfSight mean_of(const Sights& sights) {
  Eigen::Vector3d sum = Eigen::Vector3d::Zero();
  for (const Eigen::Vector3f& s : sights) {
    if (s.allFinite()) sum += s.cast<double>();
  }
  LineOfSight mean;
  if (sum.norm() > 0.0) mean.unit = sum.normalized();
  return mean;
}

MintpyGeometry mintpy_geometry_beside(const fs::path& file, std::size_t rows, std::size_t cols, bool placed, Report& report) {
  std::error_code failed;
  if (!fs::is_regular_file(file, failed)) return {};
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  std::vector<fs::path> candidates = geometries_in(folder);
  for (fs::path& one : geometries_in(folder / "inputs")) candidates.push_back(std::move(one));
  for (const fs::path& one : candidates) {
    try {
      const H5Product product(one);
      if (product.attribute("X_FIRST").has_value() != placed) continue;
      MintpyGeometry found = read_geometry(product, rows, cols);
      if (!found.sights) continue;
      report.warn(fmt::format("lines of sight of the pixels are those of {}", one.filename().string()));
      return found;
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::input) throw;
      report.warn(fmt::format("{} is passed over: {}", one.filename().string(), e.what()));
    }
  }
  return {};
}

}  // namespace highwall::insar
