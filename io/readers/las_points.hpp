#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/cloud.hpp"
#include "core/run.hpp"
#include "io/readers/las_header.hpp"

namespace highwall {

/// Turns LAS point records into coordinates and channels. Room for all points is made at once; runs of records can then
/// be filled in in any order, on any thread.
class LasPoints {
 public:
  /// @param attributes  false: no channels but gps_time, and that only with `gps_time`
  LasPoints(const LasHeader& header, std::size_t n, bool attributes, bool gps_time, Points& xyz, PointCloud& cloud,
            const Run& run);
  /// `n` records one after the other become the points from index `first` on.
  void fill(const char* records, std::size_t n, std::size_t first) const;

 private:
  template <class T, class Get>
  void add(const std::string& name, Get get);
  void add_attributes();
  void add_extra();

  const LasHeader& header_;
  std::size_t n_;
  Points& xyz_;
  PointCloud& cloud_;
  std::vector<std::function<void()>> rooms_;
  std::vector<std::function<void(const char*, std::size_t, std::size_t)>> columns_;
};

/// True for formats with waveforms, which are left out.
bool las_has_waves(int point_format);
/// True for formats with a time for each point.
bool las_has_gps_time(int point_format);

}  // namespace highwall
