#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace highwall {

/// Greatest number of a message that is believed where no whole message tells it (delivery states, names of damaged
/// files). Numbers beyond come from damage: names of messages have twelve digits, and those to come need numbers too.
inline constexpr std::int64_t kGreatestBelievedSeq = 99'999'999'999;

/// What is kept of one receiver in archive/delivery/NAME/state.json, with a checksum.
struct DeliveryState {
  std::int64_t delivered_seq = 0;  ///< All messages up to this one are with it.
  std::uint64_t attempts = 0;
  std::string last_error;
};

std::filesystem::path delivery_state_path(const std::filesystem::path& archive_root, const std::string& receiver);
/// @return the state of a receiver that has got nothing when there is no file
/// @throws Error(input) when what the file says is no state, or not one that save_delivery_state() wrote; Error(storage)
///         when it cannot be read
DeliveryState load_delivery_state(const std::filesystem::path& path);
void save_delivery_state(const std::filesystem::path& path, const DeliveryState& state);

}  // namespace highwall
