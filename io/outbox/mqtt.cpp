#include <fmt/format.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "core/error.hpp"
#include "io/outbox/publisher.hpp"

namespace highwall {
namespace {

constexpr int kKeepAlive_s = 60;
constexpr int kLoop_ms = 50;
constexpr int kPatience = 200;  // Loops without an answer before a broker counts as down: 10 s.

/// The library is started once, on first use, and stays.
void start_library() {
  static const int started = mosquitto_lib_init();
  static_cast<void>(started);
}

std::string replace_all(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

/// MQTT topics give '+', '#' and '/' a meaning that a zone's name must not have.
std::string topic_word(std::string text) {
  for (char& c : text) {
    if (c == '+' || c == '#' || c == '/' || c == '\0') c = '_';
  }
  return text;
}

/// QoS 1: a message counts as delivered when its PUBACK has come.
class MqttPublisher : public Publisher {
 public:
  MqttPublisher(PublisherConfig config, std::string mine_no, std::string password, double heartbeat_h)
      : config_(std::move(config)),
        mine_no_(std::move(mine_no)),
        password_(std::move(password)),
        expiry_s_(static_cast<std::uint32_t>(std::max(1.0, 1.5 * 3600.0 * heartbeat_h))) {}

  Outcome send(const std::vector<Parcel>& parcels, const Run& run) override {
    start_library();
    Outcome outcome;
    Client client(*this);
    try {
      outcome.error = client.connect(run);
      for (const Parcel& parcel : parcels) {
        if (!outcome.error.empty()) break;
        run.check_stop();
        outcome.error = client.publish(topic_of(config_.topic, parcel.stream), parcel.text, run);
        if (outcome.error.empty()) outcome.error = retain_states(client, parcel, run);
        if (outcome.error.empty()) ++outcome.acknowledged;
      }
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::cancelled) throw;
      outcome.stopped = true;
      outcome.error = e.what();
    }
    return outcome;
  }

 private:
  std::string topic_of(const std::string& topic, const std::string& stream) const {
    return replace_all(replace_all(topic, "{mine}", topic_word(mine_no_)), "{zone}", topic_word(stream));
  }

  class Client {
   public:
    explicit Client(const MqttPublisher& owner) : owner_(owner), handle_(mosquitto_new(nullptr, true, this)) {
      if (handle_ == nullptr) return;
      mosquitto_int_option(handle_, MOSQ_OPT_PROTOCOL_VERSION,
                           owner.config_.version == 5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
      if (!owner.config_.user.empty()) {
        mosquitto_username_pw_set(handle_, owner.config_.user.c_str(),
                                  owner.password_.empty() ? nullptr : owner.password_.c_str());
      }
      mosquitto_connect_callback_set(handle_, [](mosquitto*, void* self, int code) {
        static_cast<Client*>(self)->connected_ = code == 0 ? 1 : -1;
        static_cast<Client*>(self)->refusal_ = code;
      });
      mosquitto_publish_v5_callback_set(handle_, [](mosquitto*, void* self, int id, int reason, const mosquitto_property*) {
        if (reason < 128) {
          static_cast<Client*>(self)->acknowledged_.insert(id);
        } else {
          static_cast<Client*>(self)->refusal_ = reason;
        }
      });
      mosquitto_disconnect_callback_set(handle_,
                                        [](mosquitto*, void* self, int) { static_cast<Client*>(self)->connected_ = -1; });
    }
    ~Client() {
      if (handle_ == nullptr) return;
      if (connected_ == 1) mosquitto_disconnect(handle_);
      mosquitto_destroy(handle_);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    std::string connect(const Run& run) {
      if (handle_ == nullptr) return "no memory for an MQTT client";
      const std::string broker = fmt::format("{}:{}", owner_.config_.host, owner_.config_.port);
      const int code =
          mosquitto_connect(handle_, owner_.config_.host.c_str(), static_cast<int>(owner_.config_.port), kKeepAlive_s);
      if (code != MOSQ_ERR_SUCCESS) return fmt::format("the broker {} cannot be reached: {}", broker, mosquitto_strerror(code));
      for (int i = 0; i < kPatience && connected_ == 0; ++i) {
        run.check_stop();
        if (mosquitto_loop(handle_, kLoop_ms, 1) != MOSQ_ERR_SUCCESS) break;
      }
      if (connected_ == 1) return {};
      return refusal_ != 0 ? fmt::format("the broker {} refused: {}", broker, mosquitto_connack_string(refusal_))
                           : fmt::format("the broker {} did not answer", broker);
    }

    std::string publish(const std::string& topic, const std::string& text, const Run& run, bool retained = false) {
      int id = 0;
      refusal_ = 0;
      mosquitto_property* properties = nullptr;
      if (retained) mosquitto_property_add_int32(&properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, owner_.expiry_s_);
      const int code = mosquitto_publish_v5(handle_, &id, topic.c_str(), static_cast<int>(text.size()), text.data(),
                                            static_cast<int>(owner_.config_.qos), retained, properties);
      mosquitto_property_free_all(&properties);
      if (code != MOSQ_ERR_SUCCESS) return fmt::format("publishing to {} failed: {}", topic, mosquitto_strerror(code));
      for (int i = 0; i < kPatience; ++i) {
        run.check_stop();
        if (acknowledged_.count(id) > 0) return {};
        if (refusal_ != 0) return fmt::format("the broker refused a message to {} (reason {})", topic, refusal_);
        const int loop = mosquitto_loop(handle_, kLoop_ms, 1);
        if (acknowledged_.count(id) > 0) return {};
        if (loop != MOSQ_ERR_SUCCESS) return fmt::format("the connection broke: {}", mosquitto_strerror(loop));
      }
      return "the broker did not acknowledge a message in time";
    }

   private:
    const MqttPublisher& owner_;
    mosquitto* handle_ = nullptr;
    int connected_ = 0;
    int refusal_ = 0;
    std::set<int> acknowledged_;
  };

  /// The state of each zone that a message tells of, retained for who comes later. It expires when heartbeats stop to
  /// renew it: an old "none" must not stand for ever. MQTT 3.1.1 has no expiry, and gets no states.
  std::string retain_states(Client& client, const Parcel& parcel, const Run& run) const {
    if (config_.state_topic.empty() || config_.version != 5) return {};
    const nlohmann::json message = nlohmann::json::parse(parcel.envelope, nullptr, false);
    if (message.is_discarded()) return {};
    std::vector<nlohmann::json> states;
    if (message.contains("states")) {
      for (const auto& s : message["states"]) {
        states.push_back({{"zone_id", s["name"]}, {"level", s["level"]}, {"health", s["health"]}, {"newest", s["newest"]}});
      }
    } else if (message.contains("zone_id") && !message.contains("target_id")) {
      states.push_back({{"zone_id", message["zone_id"]},
                        {"level", message["level"]},
                        {"health", message["health"]},
                        {"newest", message["event_time"]}});
    }
    for (nlohmann::json& state : states) {
      state["schema"] = "highwall.state/1";
      state["mine_no"] = mine_no_;
      state["seq"] = parcel.seq;
      state["published_time"] = message.value("published_time", std::string());
      state["status"] = message.value("status", std::string());
      const std::string error = client.publish(topic_of(config_.state_topic, state["zone_id"]), state.dump(), run, true);
      if (!error.empty()) return error;
    }
    return {};
  }

  PublisherConfig config_;
  std::string mine_no_;
  std::string password_;
  std::uint32_t expiry_s_ = 0;
};

}  // namespace

std::unique_ptr<Publisher> make_mqtt_publisher(const PublisherConfig& config, const std::string& mine_no,
                                               const std::string& password, double heartbeat_h) {
  return std::make_unique<MqttPublisher>(config, mine_no, password, heartbeat_h);
}

}  // namespace highwall
