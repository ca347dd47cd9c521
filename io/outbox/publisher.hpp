#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/run.hpp"
#include "io/config/site.hpp"
#include "io/outbox/outbox.hpp"

namespace highwall {

/// One message on its way to a receiver.
struct Parcel {
  std::int64_t seq = 0;
  std::string stream;
  std::string text;      ///< Translated into the receiver's format.
  std::string envelope;  ///< As it was posted.
};

/// A way to one receiver. Sending the same parcel twice does no harm: receivers drop by (id, rev).
class Publisher {
 public:
  virtual ~Publisher() = default;
  /// Sends parcels in order; returns how many were acknowledged before the first that was not, and why
  /// that one was not (empty when all were).
  struct Outcome {
    std::size_t acknowledged = 0;
    std::string error;
    bool stopped = false;  ///< The caller asked to stop; what was acknowledged counts all the same.
  };
  virtual Outcome send(const std::vector<Parcel>& parcels, const Run& run) = 0;
};

/// @throws Error(config) for a password file that others can read.
std::unique_ptr<Publisher> make_publisher(const PublisherConfig& config, const Site& site);
std::unique_ptr<Publisher> make_folder_publisher(const std::filesystem::path& folder);
/// @param heartbeat_h  retained states expire after one and a half of it
std::unique_ptr<Publisher> make_mqtt_publisher(const PublisherConfig& config, const std::string& mine_no,
                                               const std::string& password, double heartbeat_h);

/// What became of the messages of one receiver.
struct Delivery {
  std::string publisher;
  std::size_t delivered = 0;
  std::size_t waiting = 0;
  std::string error;
  std::int64_t delivered_seq = 0;  ///< All messages up to this one are with the receiver.
  std::string damage;              ///< What was wrong with the receiver's state, as a sentence; empty = nothing.
};

/// Sends every waiting message to every receiver of the site. Receivers do not hold one another up; a
/// message that all have acknowledged goes to sent/. State is kept in archive/delivery/; where it is
/// damaged, what waits is sent again. Whatever is wrong with one receiver is the error of its Delivery. @throws Error(cancelled),
/// with the states kept.
std::vector<Delivery> forward(Outbox& outbox, const Site& site, const std::filesystem::path& archive_root, const Run& run);

}  // namespace highwall
