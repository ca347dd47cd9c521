#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "io/durable/durable.hpp"
#include "io/outbox/publisher.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Delivery state of one receiver: all messages up to `delivered` are with it.
struct State {
  std::int64_t delivered = 0;
  std::int64_t attempts = 0;
  std::string last_error;
};

fs::path state_path(const fs::path& archive_root, const std::string& publisher) {
  return archive_root / "delivery" / publisher / "state.json";
}

State load_state(const fs::path& path) {
  if (!fs::exists(path)) return {};
  try {
    const json j = json::parse(read_whole(path));
    return {j.at("delivered_seq"), j.at("attempts"), j.at("last_error")};
  } catch (const json::exception& e) {
    throw Error(ErrorKind::storage, fmt::format("the delivery state cannot be read: {}", e.what()), path.string(),
                "delete it: messages are then sent again, and receivers drop repeats");
  }
}

void save_state(const fs::path& path, const State& state) {
  make_folders(path.parent_path());
  write_whole(path, json{{"delivered_seq", state.delivered}, {"attempts", state.attempts}, {"last_error", state.last_error}}
                            .dump(1) + "\n");
}

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
      if (e.kind() == ErrorKind::cancelled) throw;
      outcome.error = e.what();
    }
    return outcome;
  }

 private:
  fs::path folder_;
};

}  // namespace

std::unique_ptr<Publisher> make_folder_publisher(const fs::path& folder) { return std::make_unique<FolderPublisher>(folder); }

std::unique_ptr<Publisher> make_publisher(const PublisherConfig& config, const Site& site) {
  if (config.transport == "folder") return make_folder_publisher(site.resolve(config.dir));
  return make_mqtt_publisher(config, site.mine.no, read_password(config, site));
}

std::vector<Delivery> forward(Outbox& outbox, const Site& site, const fs::path& archive_root, const Run& run) {
  std::vector<Delivery> deliveries;
  const std::vector<Posted> waiting = outbox.waiting();
  std::int64_t settled = waiting.empty() || site.publish.to.empty() ? 0 : waiting.back().seq;
  for (const PublisherConfig& config : site.publish.to) {
    const Feed& feed = feed_of(config.format);
    const fs::path path = state_path(archive_root, config.name);
    State state = load_state(path);
    std::vector<Parcel> parcels;
    for (const Posted& posted : waiting) {
      if (posted.seq > state.delivered) parcels.push_back({posted.seq, posted.stream, feed.translate(read_whole(posted.path))});
    }
    Delivery delivery{config.name, 0, 0, {}};
    if (!parcels.empty()) {
      const Publisher::Outcome outcome = make_publisher(config, site)->send(parcels, run);
      delivery.delivered = outcome.acknowledged;
      delivery.waiting = parcels.size() - outcome.acknowledged;
      delivery.error = outcome.error;
      if (outcome.acknowledged > 0) state.delivered = parcels[outcome.acknowledged - 1].seq;
      ++state.attempts;
      state.last_error = outcome.error;
      save_state(path, state);
    }
    settled = std::min(settled, state.delivered);
    deliveries.push_back(std::move(delivery));
  }
  outbox.settle(settled);
  return deliveries;
}

}  // namespace highwall
