#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "algorithms/radar/area_alarms.hpp"
#include "algorithms/radar/state_bytes.hpp"
#include "algorithms/radar/velocity_stream.hpp"

namespace highwall {

/// A sum over the bytes of what a stream and its alarms tell.
class StreamDigest {
 public:
  void add(const VelocityScan& scan) {
    add_values(scan.displacement_m);
    add_values(scan.flags);
    add_values(scan.aliased);
    for (const WindowVelocity& w : scan.windows) {
      add_values(w.velocity_m_per_day);
      add_values(w.sigma_m_per_day);
      add_values(w.z);
      add_values(w.acceleration_m_per_day2);
      add_values(w.motion);
      add_values(w.reason);
    }
  }
  void add(const std::vector<AreaAlarm>& alarms) {
    for (const AreaAlarm& a : alarms) {
      add_values(a.cells);
      const std::int64_t numbers[] = {a.id, a.first.ns, a.raised.ns, a.cleared.ns, static_cast<std::int64_t>(a.kind)};
      add(std::string_view(reinterpret_cast<const char*>(numbers), sizeof numbers));
    }
  }
  void add(std::string_view bytes) { sum_ = (sum_ ^ checksum_of(bytes)) * 0x9e3779b97f4a7c15ULL; }
  std::uint64_t sum() const noexcept { return sum_; }

 private:
  template <class T>
  void add_values(const std::vector<T>& values) {
    add(std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)));
  }
  std::uint64_t sum_ = 0;
};

}  // namespace highwall
