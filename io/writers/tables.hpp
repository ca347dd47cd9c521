#pragma once

#include <string>
#include <vector>

#include "core/displacement.hpp"
#include "core/series.hpp"

namespace highwall {

/// M3C2 results as CSV with the header
/// x_m,y_m,z_m,nx,ny,nz,distance_m,lod95_m,std1_m,n1,std2_m,n2,reason; world coordinates, NaN = nan.
/// @param unit  suffix of the length columns, see length_unit_of()
std::string field_csv(const DisplacementField& field, const std::string& unit = "m");

/// One row of `highwall warn`: the state of a target at a sample or a change of health.
struct LevelRow {
  Instant time = kNoInstant;
  std::string target;
  std::string level;
  std::string health;
  std::string rule;
  double value = kNaN;
  double sigma = kNaN;
  double threshold = kNaN;
  std::string unit;
  std::string window;
};
/// CSV with the header time,target,level,health,rule,value,sigma,threshold,unit,window.
std::string levels_csv(const std::vector<LevelRow>& rows);

/// A velocity column of rate_csv().
struct RateColumn {
  double window_h = 0.0;
  const std::vector<double>* velocity_m_per_day = nullptr;
  const std::vector<double>* sigma_m_per_day = nullptr;
};
/// CSV with the header time,displacement_mm,velocity_1h_mm_per_h,sigma_1h_mm_per_h,...; ISO 8601 UTC.
std::string rate_csv(const TimeSeries& series, const std::vector<RateColumn>& columns);

}  // namespace highwall
