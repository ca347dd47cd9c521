#pragma once

#include <span>
#include <string>
#include <string_view>

#include "io/feeds/message.hpp"

namespace highwall {

/// The canonical envelope as JSON text, keys sorted, schema "highwall.warning/1" (see
/// io/feeds/envelope.schema.json). `rev` and `seq` are given out by the outbox; `prev_hash` is the hash of
/// the stream's message before ("" for the first); `hash` is the SHA-256 of the text without it.
std::string envelope_text(const WarningMessage& message, std::int64_t rev, std::int64_t seq, const std::string& prev_hash);

/// JSON Schema of the envelope (io/feeds/envelope.schema.json, compiled in).
std::string_view envelope_schema_text();

/// One outside format: a translation of the envelope.
struct Feed {
  std::string_view name;
  std::string_view description;
  std::string (*translate)(const std::string& envelope);
};

/// Every format, in the order of io/feeds/CMakeLists.txt.
std::span<const Feed* const> all_feeds();
/// @throws Error(config) for an unknown name.
const Feed& feed_of(std::string_view name);

}  // namespace highwall
