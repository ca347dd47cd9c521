#pragma once

#include "bindings/pipeline/warn.hpp"

namespace highwall {

/// Writes the night's products into out/<now>/ and night.json into both places.
void write_products(const Site& site, const Policy& policy, const Measurements& measurements,
                    const std::vector<ZoneHistories>& zones, const std::vector<Polygon>& outlines, const NightOptions& options,
                    NightSummary& summary, const Run& run);

/// The summary as JSON text.
std::string summary_json(const Site& site, const Policy& policy, const NightSummary& summary);

}  // namespace highwall
