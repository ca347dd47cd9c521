#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "core/error.hpp"
#include "io/durable/durable.hpp"
#include "io/outbox/delivery_state.hpp"
#include "io/outbox/publisher.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

std::string read_password(const PublisherConfig& config, const Site& site) {
  if (config.password_file.empty()) return {};
  const fs::path path = site.resolve(config.password_file);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw Error(ErrorKind::config, "the password file is missing", path.string());
  if ((status.st_mode & 077U) != 0) {
    throw Error(ErrorKind::config, "others can read the password file", path.string(), "chmod 600");
  }
  std::string password = read_whole(path);
  while (!password.empty() && (password.back() == '\n' || password.back() == '\r')) password.pop_back();
  return password;
}

class FolderPublisher : public Publisher {
 public:
  explicit FolderPublisher(fs::path folder) : folder_(std::move(folder)) {}

  Outcome send(const std::vector<Parcel>& parcels, const Run& run) override {
    Outcome outcome;
    try {
      make_folders(folder_);
      for (const Parcel& parcel : parcels) {
        run.check_stop();
        write_whole(folder_ / fmt::format("{:012}.json", parcel.seq), parcel.text);
        ++outcome.acknowledged;
      }
    } catch (const Error& e) {
      outcome.stopped = e.kind() == ErrorKind::cancelled;
      outcome.error = e.what();
    }
    return outcome;
  }

 private:
  fs::path folder_;
};

/// Messages after `delivered`, translated; those before the first that cannot be, and why it cannot.
std::vector<Parcel> parcels_for(const PublisherConfig& config, const std::vector<Posted>& waiting, std::int64_t delivered,
                                std::string& error) {
  std::vector<Parcel> parcels;
  try {
    const Feed& feed = feed_of(config.format);
    for (const Posted& posted : waiting) {
      if (posted.seq <= delivered) continue;
      const std::string envelope = read_whole(posted.path);
      parcels.push_back({posted.seq, posted.stream, feed.translate(envelope), envelope});
    }
  } catch (const std::exception& e) {
    error = e.what();
  }
  return parcels;
}

/// What the receiver has. A state that is damaged counts as none, and is told in `damage`.
DeliveryState state_of(const fs::path& path, std::string& damage) {
  try {
    return load_delivery_state(path);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::input) throw;
    damage = fmt::format(
        "{}: the delivery state is damaged: {}; the receiver gets all messages that wait again and drops those it has "
        "(by id and rev), and the state is written anew with the next delivery",
        path.string(), e.what());
    return {};
  }
}

/// One receiver, whose troubles are its own. @throws Error(cancelled) after its state was kept.
Delivery forward_to(const PublisherConfig& config, const Site& site, const std::vector<Posted>& waiting,
                    const fs::path& archive_root, const Run& run) {
  Delivery delivery;
  delivery.publisher = config.name;
  const fs::path path = delivery_state_path(archive_root, config.name);
  bool stopped = false;
  try {
    DeliveryState state = state_of(path, delivery.damage);
    delivery.delivered_seq = state.delivered_seq;
    const std::vector<Parcel> parcels = parcels_for(config, waiting, state.delivered_seq, delivery.error);
    if (!parcels.empty()) {
      const Publisher::Outcome outcome = make_publisher(config, site)->send(parcels, run);
      stopped = outcome.stopped;
      delivery.delivered = outcome.acknowledged;
      if (outcome.acknowledged > 0) state.delivered_seq = parcels[outcome.acknowledged - 1].seq;
      delivery.delivered_seq = state.delivered_seq;
      if (!outcome.error.empty()) delivery.error = outcome.error;
      ++state.attempts;
      state.last_error = delivery.error;
      save_delivery_state(path, state);
    }
  } catch (const std::exception& e) {
    delivery.error = e.what();
  }
  for (const Posted& posted : waiting) delivery.waiting += posted.seq > delivery.delivered_seq ? 1 : 0;
  if (stopped) throw Error(ErrorKind::cancelled, "stopped on request");
  return delivery;
}

}  // namespace

std::unique_ptr<Publisher> make_folder_publisher(const fs::path& folder) { return std::make_unique<FolderPublisher>(folder); }

std::unique_ptr<Publisher> make_publisher(const PublisherConfig& config, const Site& site) {
  if (config.transport == "folder") return make_folder_publisher(site.resolve(config.dir));
  return make_mqtt_publisher(config, site.mine.no, read_password(config, site), site.publish.heartbeat_h);
}

std::vector<Delivery> forward(Outbox& outbox, const Site& site, const fs::path& archive_root, const Run& run) {
  std::vector<Delivery> deliveries;
  const std::vector<Posted> waiting = outbox.waiting();
  std::int64_t settled = waiting.empty() || site.publish.to.empty() ? 0 : waiting.back().seq;
  for (const PublisherConfig& config : site.publish.to) {
    run.check_stop();
    deliveries.push_back(forward_to(config, site, waiting, archive_root, run));
    settled = std::min(settled, deliveries.back().delivered_seq);
  }
  outbox.settle(settled);
  return deliveries;
}

}  // namespace highwall
