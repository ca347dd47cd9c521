#include "io/writers/point_csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/error.hpp"
#include "io/crs/crs.hpp"

namespace highwall {
namespace {

/// A field of CSV: quoted when it must be.
std::string quoted(const std::string& text) {
  if (text.find_first_of(",;\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

void put_number(std::string& text, double v, int digits) {
  text += ',';
  if (std::isfinite(v)) fmt::format_to(std::back_inserter(text), "{:.{}g}", v, digits);
}

/// Millimetres, as exact as single precision is.
void put_mm(std::string& text, double metres) { put_number(text, 1e3 * metres, 9); }

std::string date_column(Instant t, bool dates_only) {
  if (!dates_only) return to_iso8601(t);
  const Civil c = to_civil_utc(t);
  return fmt::format("{:04}{:02}{:02}", c.year, c.month, c.day);
}

}  // namespace

PointCsv::PointCsv(const Frame& frame, std::span<const Instant> instants) : crs_(frame.crs), dates_(instants.size()) {
  const bool geographic = !crs_.empty() && !frame.is_local() && describe_crs(crs_).geographic;
  text_ = fmt::format("pid,{},height,crs,los_east,los_north,los_up,mean_velocity,mean_velocity_std",
                      geographic ? "longitude,latitude" : "easting,northing");
  const bool dates_only = std::all_of(instants.begin(), instants.end(), [](Instant t) { return t.ns % kNsPerDay == 0; });
  for (const Instant t : instants) text_ += "," + date_column(t, dates_only);
  text_ += '\n';
  crs_ = quoted(crs_.empty() ? "local" : crs_);
}

void PointCsv::add(const PointRow& row, std::span<const double> value_m) {
  if (value_m.size() != dates_) throw Error(ErrorKind::internal, "a point has not one value a date");
  text_ += quoted(row.id);
  for (const double c : row.place) put_number(text_, c, 15);
  text_ += "," + crs_;
  for (const double c : row.line_of_sight.unit) put_number(text_, c, 9);
  put_mm(text_, row.velocity_m_per_year);
  put_mm(text_, row.velocity_sigma_m_per_year);
  for (const double v : value_m) put_mm(text_, v);
  text_ += '\n';
  ++points_;
}

}  // namespace highwall
