#include "io/readers/map_place.hpp"

#include <fmt/format.h>

#include "io/crs/crs.hpp"
#include "io/readers/cloud_builder.hpp"

namespace highwall {

void place_on_earth(GridGeometry& g, const std::string& own, const ReadOptions& options, Report& report) {
  const bool by_file = options.crs == "file";
  if (by_file && own.empty()) assume(options, report, "crs", "the map has no CRS: local");
  const bool stated = !by_file && options.crs != "local";
  if (stated) tell_other_crs(own, options.crs, report);
  // A frame that is tied to nothing still has the unit that the file's own CRS, if there is one, tells.
  const std::string& text = stated ? options.crs : own;
  if (text.empty()) return;
  const CrsInfo info = describe_crs(text, report.source, stated ? ErrorKind::config : ErrorKind::input);
  if (info.geographic) report.warn("the map's CRS is geographic: its cells are counted in degrees");
  const bool foreign = !info.geographic && info.horizontal_unit_m != 1.0;
  if (foreign) {
    report.warn(fmt::format("the map's cells are converted to metres from {} of {} m", stated ? "the unit" : "its own unit",
                            info.horizontal_unit_m));
    for (double& a : g.affine) a *= info.horizontal_unit_m;
  }
  if (options.crs == "local") return;
  g.frame.crs = foreign ? in_metres(info.crs, report.source) : info.crs;
  g.frame.vertical = info.vertical;
}

ReadOptions with_sign_of_file(const ReadOptions& options, const std::string& sign, Report& report) {
  ReadOptions told = options;
  if (sign != "toward_positive" && sign != "toward_negative") return told;
  if (options.sign != "auto" && options.sign != sign) {
    const std::string sentence = fmt::format("the file says sign = {}, its source says {}", sign, options.sign);
    if (options.strict)
      throw Error(ErrorKind::input, sentence, report.source, "one of the two is wrong: correct the export, or sign in site.toml");
    report.warn(sentence + ": the option is used");
    return told;
  }
  told.sign = sign;
  return told;
}

}  // namespace highwall
