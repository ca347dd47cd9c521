#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/cloud.hpp"
#include "core/report.hpp"
#include "core/series.hpp"
#include "core/stack.hpp"

namespace highwall {

/// What a file held: one cloud, one or more series, or one or more maps over the same cells.
using Payload = std::variant<PointCloud, std::vector<TimeSeries>, Stack>;

/// A file, read: its data and the report on them.
struct Reading {
  Payload data;
  Report report;
};

}  // namespace highwall
