#include "io/writers/tables.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <iterator>

#include "core/units.hpp"
#include "io/writers/vector_columns.hpp"

namespace highwall {
namespace {

/// A field of CSV: quoted when it must be.
std::string field_of(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

/// NaN has a sign that a processor sets as it likes; the text is "nan" all the same.
double plain(double v) { return std::isnan(v) ? kNaN : v; }

std::string number(double v) { return std::isnan(v) ? "nan" : fmt::format("{:.9g}", v); }

}  // namespace

std::string field_csv(const DisplacementField& f, const std::string& unit) {
  std::string text = fmt::format("x_{0},y_{0},z_{0},nx,ny,nz,distance_{0},lod95_{0},std1_{0},n1,std2_{0},n2,reason", unit);
  std::vector<LengthColumn> more = columns_of(f);
  more.erase(more.begin(), more.begin() + static_cast<std::ptrdiff_t>(field_columns().size()));
  for (const LengthColumn& c : more) text += fmt::format(",{}_{}", c.name, unit);
  const bool calibrated = !f.reason_calibrated.empty();
  if (calibrated) text += ",reason_calibrated";
  const bool vectors = has_vectors(f);
  if (vectors) text += fmt::format(",{},reason_vector", fmt::join(vector_names(unit), ","));
  text += '\n';
  const auto& o = f.frame.origin_m;
  for (std::size_t i = 0; i < f.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    fmt::format_to(std::back_inserter(text),
                   "{:.6f},{:.6f},{:.6f},{:.12g},{:.12g},{:.12g},{:.12g},{:.12g},{:.12g},{},{:.12g},{},{}",
                   plain(f.position_m(row, 0) + o[0]), plain(f.position_m(row, 1) + o[1]), plain(f.position_m(row, 2) + o[2]),
                   plain(f.direction(row, 0)), plain(f.direction(row, 1)), plain(f.direction(row, 2)), plain(f.value_m[i]),
                   plain(f.lod95_m[i]), plain(f.spread_before_m[i]), f.n_before[i], plain(f.spread_after_m[i]), f.n_after[i],
                   name_of(f.reason[i]));
    for (const LengthColumn& c : more) fmt::format_to(std::back_inserter(text), ",{:.12g}", plain((f.*c.values)[i]));
    if (calibrated) fmt::format_to(std::back_inserter(text), ",{}", name_of(f.reason_calibrated[i]));
    if (vectors) {
      for (const double v : vector_numbers(f, i)) fmt::format_to(std::back_inserter(text), ",{:.12g}", plain(v));
      fmt::format_to(std::back_inserter(text), ",{}", name_of(f.reason_vector[i]));
    }
    text += '\n';
  }
  return text;
}

std::string levels_csv(const std::vector<LevelRow>& rows) {
  std::string text = "time,target,level,health,rule,value,sigma,threshold,unit,window\n";
  for (const LevelRow& r : rows) {
    text += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", to_iso8601(r.time), field_of(r.target), r.level, r.health,
                        field_of(r.rule), number(r.value), number(r.sigma), number(r.threshold), r.unit, r.window);
  }
  return text;
}

std::string rate_csv(const TimeSeries& series, const std::vector<RateColumn>& columns) {
  std::string text = "time,displacement_mm";
  for (const RateColumn& c : columns) text += fmt::format(",velocity_{0}h_mm_per_h,sigma_{0}h_mm_per_h", c.window_h);
  text += "\n";
  for (std::size_t i = 0; i < series.size(); ++i) {
    text += fmt::format("{},{}", to_iso8601(series.time[i]), number(to_millimetres(Metres(series.value(i)))));
    for (const RateColumn& c : columns) {
      text += fmt::format(",{},{}", number(to_mm_per_h(MetresPerDay((*c.velocity_m_per_day)[i]))),
                          number(to_mm_per_h(MetresPerDay((*c.sigma_m_per_day)[i]))));
    }
    text += "\n";
  }
  return text;
}

}  // namespace highwall
