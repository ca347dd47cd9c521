#include "bindings/pipeline/lidar_history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "io/archive/epoch_file.hpp"
#include "io/durable/digest.hpp"
#include "io/durable/durable.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kSchema = "highwall.lidar_history/1";

fs::path list_of(const Archive& archive, const std::string& source) { return archive.root() / "history" / (source + ".json"); }
std::string product_of(const std::string& source) { return "history-" + source; }

std::string digest_of(const LidarHistory& h) {
  return sha256_hex(fmt::format("{}\n{}\nunheld\n{}", h.inputs, fmt::join(h.fields, "\n"), fmt::join(h.unheld, "\n")));
}

/// The list alone: what core series need. Empty when there is none. @throws Error(storage) when it is damaged
LidarHistory read_list(const Archive& archive, const std::string& source) {
  const fs::path path = list_of(archive, source);
  if (!fs::exists(path)) return {};
  const auto damaged = [&](const std::string& what) {
    return Error(ErrorKind::storage, fmt::format("the list of the source's fields is damaged: {}", what), path.string(),
                 "the next night makes it again");
  };
  try {
    const json j = json::parse(read_whole(path));
    LidarHistory history{j.at("inputs"), j.at("fields"), {}, j.value("unheld", std::vector<std::string>{})};
    for (const std::string& name : history.fields) {
      if (!name.starts_with("m3c2-") || name.find('/') != std::string::npos) throw damaged("\"" + name + "\" is no field");
    }
    return history;
  } catch (const json::exception& e) {
    throw damaged(e.what());
  }
}

}  // namespace

std::size_t LidarHistory::known(const std::string& inputs_tonight, const std::vector<std::string>& fields_tonight) const {
  if (inputs != inputs_tonight) return 0;
  const auto differ = std::mismatch(fields.begin(), fields.end(), fields_tonight.begin(), fields_tonight.end());
  return static_cast<std::size_t>(differ.first - fields.begin());
}

LidarHistory read_history(const Archive& archive, const std::string& source) {
  try {
    LidarHistory history = read_list(archive, source);
    if (history.fields.empty() || !archive.has_product(product_of(source))) return {};
    Epoch kept = decode_epoch(archive.get_product(product_of(source)), product_of(source));
    const bool belongs = !kept.provenance.empty() && kept.provenance[0].second == digest_of(history);
    auto* patches = std::get_if<std::vector<TimeSeries>>(&kept.data);
    if (!belongs || patches == nullptr) return {};
    history.patches = std::move(*patches);
    return history;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::storage) throw;
    return {};
  }
}

void write_history(Archive& archive, const std::string& source, const LidarHistory& history) {
  Epoch kept;
  kept.source = source;
  kept.instant = history.patches.empty() ? Instant{} : history.patches[0].time.back();
  kept.data = history.patches;
  kept.provenance = {{"fields_sha256", digest_of(history)}};
  archive.put_product(product_of(source), encode_epoch(std::move(kept)));
  const fs::path path = list_of(archive, source);
  make_folders(path.parent_path());
  write_whole(path, json{{"schema", kSchema},
                         {"source", source},
                         {"inputs", history.inputs},
                         {"fields", history.fields},
                         {"unheld", history.unheld}}
                            .dump(1) +
                        "\n");
}

namespace {

DisplacementField field_of(const Archive& archive, const std::string& source, const std::string& name) {
  try {
    return decode_field(archive.get_product(name), name);
  } catch (const Error& e) {
    throw Error(ErrorKind::storage, e.what(), {},
                fmt::format("delete {}: the next night measures again what is damaged", list_of(archive, source).string()));
  }
}

}  // namespace

std::vector<TimeSeries> core_series_of(const Archive& archive, const std::string& source, CoreValue value, const Run& run) {
  const LidarHistory history = read_list(archive, source);
  if (history.fields.empty()) {
    throw Error(ErrorKind::input, fmt::format("no night has compared epochs of source \"{}\" yet", source),
                archive.root().string(), "run highwall run with two epochs at least");
  }
  std::optional<CoreSeries> series;
  for (std::size_t e = 0; e < history.fields.size(); ++e) {
    run.check_stop();
    const DisplacementField field = field_of(archive, source, history.fields[e]);
    if (!series) series.emplace(field, value);
    series->add(field);
    run.progress("core series", e + 1, history.fields.size());
  }
  return std::move(*series).take(source);
}

}  // namespace highwall
