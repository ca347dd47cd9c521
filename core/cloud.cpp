#include "core/cloud.hpp"

namespace highwall {

std::size_t size_of(const Channel& channel) {
  return std::visit([](const auto& values) { return values.size(); }, channel);
}

double value_at(const Channel& channel, std::size_t i) {
  return std::visit([i](const auto& values) { return static_cast<double>(values.at(i)); }, channel);
}

const Channel* PointCloud::channel(std::string_view name) const {
  const auto found = channels.find(std::string(name));
  return found == channels.end() ? nullptr : &found->second;
}

PointCloud select(const PointCloud& cloud, const std::vector<std::size_t>& indices) {
  PointCloud picked{cloud.frame, cloud.instant, {}, {}};
  picked.xyz.resize(static_cast<Eigen::Index>(indices.size()), 3);
  for (std::size_t k = 0; k < indices.size(); ++k) {
    picked.xyz.row(static_cast<Eigen::Index>(k)) = cloud.xyz.row(static_cast<Eigen::Index>(indices[k]));
  }
  for (const auto& [name, channel] : cloud.channels) {
    std::visit(
        [&, &key = name](const auto& values) {
          std::decay_t<decltype(values)> out;
          out.reserve(indices.size());
          for (const std::size_t i : indices) out.push_back(values.at(i));
          picked.channels.emplace(key, std::move(out));
        },
        channel);
  }
  return picked;
}

}  // namespace highwall
