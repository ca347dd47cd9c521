#include "bindings/cli/compare_output.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bindings/cli/output.hpp"
#include "core/error.hpp"
#include "core/polygon.hpp"
#include "io/readers/zones.hpp"

namespace highwall::cli {

std::string reasons_text(const std::map<Reason, std::size_t>& reasons) {
  std::map<std::string, std::size_t> counts;
  for (const auto& [reason, n] : reasons) counts[std::string(name_of(reason))] = n;
  std::string text;
  for (const auto& [name, n] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, n);
  return text;
}

bool tell_outcome(const std::string& step, const M3c2Outcome& outcome, const std::string& out, const Session& session) {
  const std::string reasons = reasons_text(outcome.reasons);
  tell(session, step,
       {{"core_points", std::to_string(outcome.core_points)},
        {"measured", std::to_string(outcome.measured)},
        {"without_a_value", std::to_string(outcome.core_points - outcome.measured)},
        {"reasons", reasons},
        {"output", out}});
  if (outcome.measured > 0) return true;
  print(fmt::format("nothing was measured at {} places: {}\n", outcome.core_points,
                    outcome.core_points == 0 ? "there are none" : reasons));
  return false;
}

std::vector<std::uint8_t> within_outlines(const std::string& file, const PointCloud& places, const Session& session) {
  if (file.empty()) return {};
  Report report;
  const std::vector<Polygon> outlines = read_polygons(file, places.frame, report);
  tell(session, report);
  if (outlines.empty()) throw Error(ErrorKind::input, "no outline of stable ground in it", file);
  std::vector<std::uint8_t> marks(places.size(), 0);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    const auto holds = [&](const Polygon& p) { return p.contains(places.xyz(row, 0), places.xyz(row, 1)); };
    marks[i] = std::any_of(outlines.begin(), outlines.end(), holds) ? 1 : 0;
  }
  return marks;
}

}  // namespace highwall::cli
