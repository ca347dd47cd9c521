#include "io/writers/mintpy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace highwall {
namespace {

std::string date_of(Instant t) {
  const Civil c = to_civil_utc(t);
  return fmt::format("{:04}{:02}{:02}", c.year, c.month, c.day);
}

std::int64_t time_of_day_ns(Instant t) {
  const std::int64_t ns = t.ns % kNsPerDay;
  return ns < 0 ? ns + kNsPerDay : ns;
}

bool share_time_of_day(std::span<const Instant> instants) {
  return std::all_of(instants.begin(), instants.end(),
                     [&](Instant t) { return time_of_day_ns(t) == time_of_day_ns(instants.front()); });
}

/// Place of a raster with north up; MintPy has no other.
void add_place(const GridGeometry& g, Hdf5Attributes& out) {
  const auto& a = g.affine;
  const bool placed = !g.frame.is_local() && !g.frame.crs.empty() && a[2] == 0.0 && a[4] == 0.0;
  if (!placed) return;
  const bool degrees = std::abs(a[1]) < 0.1 && std::abs(a[0] + g.frame.origin_m[0]) <= 360.0;
  const std::string unit = degrees ? "degrees" : "meters";
  out.emplace_back("X_FIRST", fmt::format("{}", a[0] + g.frame.origin_m[0]));
  out.emplace_back("Y_FIRST", fmt::format("{}", a[3] + g.frame.origin_m[1]));
  out.emplace_back("X_STEP", fmt::format("{}", a[1]));
  out.emplace_back("Y_STEP", fmt::format("{}", a[5]));
  out.emplace_back("X_UNIT", unit);
  out.emplace_back("Y_UNIT", unit);
  constexpr std::string_view kEpsg = "EPSG:";
  if (g.frame.crs.starts_with(kEpsg)) out.emplace_back("EPSG", g.frame.crs.substr(kEpsg.size()));
}

}  // namespace

std::vector<std::string> mintpy_dates(std::span<const Instant> instants) {
  const bool daily = share_time_of_day(instants);
  const bool minutes = std::all_of(instants.begin(), instants.end(), [](Instant t) { return t.ns % (60 * kNsPerSecond) == 0; });
  std::vector<std::string> dates;
  for (const Instant t : instants) {
    const Civil c = to_civil_utc(t);
    if (daily) {
      dates.push_back(date_of(t));
    } else if (minutes) {
      dates.push_back(fmt::format("{}T{:02}{:02}", date_of(t), c.hour, c.minute));
    } else {
      dates.push_back(fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute,
                                  static_cast<int>(c.second)));
    }
  }
  return dates;
}

Hdf5Attributes mintpy_attributes(const InterferogramNetwork& network, const std::array<std::size_t, 2>& reference,
                                 const std::string& file_type, const std::string& unit, bool with_date) {
  const std::vector<std::string> dates = mintpy_dates(network.instants);
  const auto number = [](double v) { return fmt::format("{}", v); };
  Hdf5Attributes out{{"FILE_TYPE", file_type},
                     {"LENGTH", std::to_string(network.geometry.rows)},
                     {"WIDTH", std::to_string(network.geometry.cols)},
                     {"FILE_LENGTH", std::to_string(network.geometry.rows)},
                     {"DATA_TYPE", "float32"},
                     {"UNIT", unit},
                     {"WAVELENGTH", number(network.wavelength_m)},
                     {"START_DATE", dates.front()},
                     {"END_DATE", dates.back()},
                     {"DATE12", dates.front() + "_" + dates.back()},
                     {"REF_Y", std::to_string(reference[0])},
                     {"REF_X", std::to_string(reference[1])},
                     {"PROCESSOR", network.processor.empty() ? "highwall" : network.processor}};
  if (with_date) out.emplace_back("REF_DATE", dates.front());
  if (std::isfinite(network.looks)) out.emplace_back("NCORRLOOKS", number(network.looks));
  if (share_time_of_day(network.instants)) {
    out.emplace_back("CENTER_LINE_UTC", number(static_cast<double>(time_of_day_ns(network.instants.front())) / 1e9));
  }
  add_place(network.geometry, out);
  return out;
}

Hdf5Stream mintpy_series(const std::filesystem::path& path, const InterferogramNetwork& network,
                         const std::array<std::size_t, 2>& reference, const std::vector<double>& bperp_m) {
  std::vector<Hdf5Column> columns{{"date", mintpy_dates(network.instants), {}}};
  if (!bperp_m.empty()) columns.push_back({"bperp", {}, std::vector<float>(bperp_m.begin(), bperp_m.end())});
  return Hdf5Stream(path, mintpy_attributes(network, reference, "timeseries", "m", true),
                    {{"timeseries", {network.instants.size(), network.geometry.rows, network.geometry.cols}, {}}}, columns);
}

Hdf5Stream mintpy_maps(const std::filesystem::path& path, const InterferogramNetwork& network,
                       const std::array<std::size_t, 2>& reference, const std::string& file_type, const std::string& unit,
                       const std::vector<std::array<std::string, 2>>& names_and_units) {
  std::vector<Hdf5Field> fields;
  for (const auto& [name, of] : names_and_units) {
    fields.push_back({name, {network.geometry.rows, network.geometry.cols}, {{"UNIT", of}}});
  }
  return Hdf5Stream(path, mintpy_attributes(network, reference, file_type, unit, file_type == "velocity"), fields, {});
}

}  // namespace highwall
