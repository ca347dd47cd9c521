#include "io/outbox/delivery_state.hpp"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/printable.hpp"
#include "io/durable/durable.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kChecksum = "crc32c";

/// A conversion by the JSON library would make some number of a fraction, of 1e300 and of a negative number.
std::uint64_t count_of(const json& j, const char* key) {
  const json& value = j.at(key);
  if (!value.is_number_unsigned()) {
    throw Error(ErrorKind::input, fmt::format("\"{}\" is {}, not a whole number from 0 on", key, value.dump()));
  }
  return value.get<std::uint64_t>();
}

std::int64_t seq_of(const json& j, const char* key) {
  const std::uint64_t seq = count_of(j, key);
  if (seq > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    throw Error(ErrorKind::input, fmt::format("\"{}\" is {}, which no message has", key, seq));
  }
  return static_cast<std::int64_t>(seq);
}

std::string checksum_of(const json& state) {
  // A receiver's words need not be UTF-8.
  return fmt::format("{:08x}", crc32c(state.dump(-1, ' ', false, json::error_handler_t::replace)));
}

DeliveryState parse_state(const std::string& text) {
  try {
    json j = json::parse(text);
    const DeliveryState state{seq_of(j, "delivered_seq"), count_of(j, "attempts"), j.at("last_error").get<std::string>()};
    const std::string checksum = j.value(kChecksum, std::string());
    j.erase(kChecksum);
    if (checksum_of(j) == checksum) return state;
    throw Error(ErrorKind::input, fmt::format("it tells of message {}, and {}", state.delivered_seq,
                                              checksum.empty() ? "has no checksum (it was written by hand or by an older program)"
                                                               : "its checksum is another"));
  } catch (const json::exception& e) {
    throw Error(ErrorKind::input, printable(e.what()));
  }
}

}  // namespace

fs::path delivery_state_path(const fs::path& archive_root, const std::string& receiver) {
  return archive_root / "delivery" / receiver / "state.json";
}

DeliveryState load_delivery_state(const fs::path& path) {
  if (!fs::exists(path)) return {};
  return parse_state(read_whole(path));
}

void save_delivery_state(const fs::path& path, const DeliveryState& state) {
  make_folders(path.parent_path());
  json j{{"delivered_seq", state.delivered_seq}, {"attempts", state.attempts}, {"last_error", state.last_error}};
  j[kChecksum] = checksum_of(j);
  write_whole(path, j.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace highwall
