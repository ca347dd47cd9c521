#include "bindings/pipeline/reference_epoch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "io/durable/digest.hpp"
#include "io/durable/durable.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Goes up with every "Results change" of registration, cores or M3C2, so that no field of before is taken for one of now.
constexpr int kFieldRevision = 7;

struct Pin {
  std::string epoch;
  std::map<std::string, std::string> left_out;  ///< Older epochs, and the night that met each.
};

Pin read_pin(const fs::path& path) {
  try {
    const json j = json::parse(read_whole(path));
    return {j.at("epoch"), j.at("left_out")};
  } catch (const json::exception& e) {
    throw Error(ErrorKind::input, fmt::format("the reference epoch cannot be read: {}", e.what()), path.string(),
                "restore it from a copy; without it the source is measured from its oldest epoch");
  }
}

void write_pin(const fs::path& path, const std::string& source, const Pin& pin) {
  make_folders(path.parent_path());
  write_whole(
      path,
      json{{"schema", "highwall.reference/1"}, {"source", source}, {"epoch", pin.epoch}, {"left_out", pin.left_out}}.dump(1) +
          "\n");
}

}  // namespace

std::size_t reference_epoch(const fs::path& archive_root, const std::string& source, const std::vector<EpochInfo>& epochs,
                            Instant now, std::vector<std::string>& findings) {
  const fs::path path = archive_root / "reference" / (source + ".json");
  if (!fs::exists(path)) {
    write_pin(path, source, {epochs.front().id, {}});
    return 0;
  }
  Pin pin = read_pin(path);
  const auto found = std::find_if(epochs.begin(), epochs.end(), [&](const EpochInfo& e) { return e.id == pin.epoch; });
  if (found == epochs.end()) {
    // Asked about a time before it there is no such epoch yet; otherwise it is missing.
    findings.push_back(fmt::format("source {}: its reference epoch {} is not there; it is measured from {}", source, pin.epoch,
                                   epochs.front().id));
    return 0;
  }
  bool learned = false;
  for (auto older = epochs.begin(); older != found; ++older) {
    const auto [met, is_new] = pin.left_out.emplace(older->id, to_iso8601(now));
    learned = learned || is_new;
    if (met->second != to_iso8601(now)) continue;
    findings.push_back(
        fmt::format("source {}: {} is older than the reference epoch {} and is left out; to measure from it, delete {}", source,
                    older->id, pin.epoch, path.string()));
  }
  if (learned) write_pin(path, source, pin);
  return static_cast<std::size_t>(found - epochs.begin());
}

std::string field_name(Instant instant, const FieldInputs& inputs) {
  std::string key = fmt::format("revision={};{};stable=", kFieldRevision, inputs.options);
  for (const auto& ring : inputs.stable_rings) {
    for (const double v : ring) key += fmt::format("{},", v);
    key += '|';
  }
  key += ';' + inputs.before + ';' + inputs.after;
  return fmt::format("m3c2-{}-{}", to_compact_iso8601(instant), sha256_hex(key).substr(0, 12));
}

}  // namespace highwall
