#include "bindings/pipeline/calculate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "algorithms/catalog.hpp"
#include "core/error.hpp"

namespace highwall {
namespace {

void check(const Site& site) {
  for (const auto& [name, given] : site.calculate) {
    const std::string where = given.empty() ? site.file.string() : given.front().where;
    const Algorithm& algorithm = algorithm_of(name, where);
    if (!algorithm.in_night) throw Error(ErrorKind::config, fmt::format("the night does not use \"{}\"", name), where);
    algorithm.check(given);
    for (const GivenOption& option : given) {
      if (name == "rate" && option.name == "windows_h") {
        throw Error(ErrorKind::config, "the windows of the night are those of the policy's rules", option.where,
                    "change window_h of a [[rule]] in the policy");
      }
    }
  }
}

template <class Options>
void take(const Site& site, const char* name, Options& options) {
  const auto given = site.calculate.find(name);
  if (given != site.calculate.end()) options = options_from<Options>(given->second, {}, options);
}

}  // namespace

Calculation calculation_of(const Site& site) {
  check(site);
  Calculation c;
  take(site, "cores", c.cores);
  take(site, "register", c.align);
  take(site, "m3c2", c.m3c2);
  take(site, "calibrate", c.calibrate);
  take(site, "patches", c.patches);
  c.vectors.patch_radius_m = 0.5 * c.patches.size_m;
  take(site, "vectors", c.vectors);
  take(site, "surface", c.surface);
  take(site, "difference", c.difference);
  take(site, "volume", c.volume);
  take(site, "classes", c.classes);
  take(site, "map", c.map);
  take(site, "downslope", c.downslope);
  take(site, "clean", c.clean);
  take(site, "freeze", c.freeze);
  take(site, "step", c.step);
  take(site, "reference", c.reference);
  take(site, "shared", c.shared);
  take(site, "rate", c.rate);
  take(site, "noise", c.noise);
  take(site, "stream", c.stream);
  take(site, "geometry", c.geometry);
  return c;
}

FreezeOptions before_levels_fall(FreezeOptions options, const PolicyTiming& timing) {
  if (timing.off_delay_h > 0.0) options.span_h = std::min(options.span_h, 0.5 * timing.off_delay_h);
  return options;
}

}  // namespace highwall
