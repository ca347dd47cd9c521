// NISAR GUNW: one pair a file, geocoded, HDF5.
#include <fmt/format.h>

#include <cmath>

#include "core/error.hpp"
#include "io/readers/insar/formats.hpp"
#include "io/readers/insar/geometry.hpp"
#include "io/readers/insar/h5_product.hpp"
#include "io/readers/insar/names.hpp"
#include "io/readers/text.hpp"

namespace highwall::insar {
namespace {

constexpr double kSpeedOfLight = 299792458.0;
const std::string kRoot = "science/LSAR/";

/// A plane of a file that is opened again when its turn comes: a stack has thousands of such files.
class ReopenedPixels final : public Pixels {
 public:
  using Opened = Pool<const Pixels>;

  ReopenedPixels(std::filesystem::path path, std::string data, std::shared_ptr<Opened> pool, std::size_t row_block)
      : path_(std::move(path)), data_(std::move(data)), pool_(std::move(pool)), row_block_(row_block) {}

  std::size_t row_block() const noexcept override { return row_block_; }
  void read(const Window& window, float* to) const override {
    const auto pixels = pool_->get(path_.string() + ":" + data_,
                                   [this] { return planes_of(std::make_shared<const H5Product>(path_), data_, {0}).front(); });
    pixels->read(window, to);
  }

 private:
  std::filesystem::path path_;
  std::string data_;
  std::shared_ptr<Opened> pool_;
  std::size_t row_block_;
};

Stamp start_of(const H5Product& file, const char* which) {
  const std::string path = kRoot + "identification/" + which;
  const std::vector<std::string> texts = file.texts(path);
  // NISAR writes nanoseconds, which ISO 8601 allows.
  const auto stamp = texts.size() == 1 ? parse_stamp(texts[0]) : std::nullopt;
  if (!stamp) file.fail(fmt::format("{} is no instant", path));
  return *stamp;
}

/// Group of the unwrapped interferogram of one polarisation; "" = there is none.
std::string interferogram_of(const H5Product& file, Report& report) {
  const std::string grids = kRoot + "GUNW/grids/frequencyA/";
  std::string found;
  for (const char* group : {"unwrappedInterferogram/", "interferogram/"}) {
    for (const char* polarisation : {"HH/", "VV/", "HV/", "VH/"}) {
      const std::string path = grids + group + polarisation;
      if (!file.has(path + "unwrappedPhase")) continue;
      if (found.empty()) {
        found = path;
      } else {
        report.warn(fmt::format("{}: {} is used, {} is passed over", file.path().string(), found, path));
      }
    }
  }
  return found;
}

/// Coordinates of pixel centres, evenly spaced: outer edge and step.
std::array<double, 2> axis_of(const H5Product& file, const std::string& path, std::size_t size) {
  const std::vector<double> at = file.numbers(path);
  if (at.size() != size || size < 2) file.fail(fmt::format("{} has {} values for {} pixels", path, at.size(), size));
  const double step = (at.back() - at.front()) / static_cast<double>(size - 1);
  for (std::size_t i = 0; i < size; ++i) {
    if (!(std::abs(at[i] - at.front() - step * static_cast<double>(i)) < 0.05 * std::abs(step))) {
      file.fail(fmt::format("{} is not evenly spaced at {}", path, i));
    }
  }
  return {at.front() - 0.5 * step, step};
}

std::string crs_of(const H5Product& file, const std::string& group) {
  const std::string path = group + "projection";
  if (!file.has(path)) return {};
  auto code = file.number_attribute("epsg_code", path);
  if (!code) {
    const std::vector<double> value = file.numbers(path, 1);
    if (value.size() == 1) code = value[0];
  }
  return code && *code > 0.0 ? fmt::format("EPSG:{}", static_cast<long long>(*code)) : "";
}

}  // namespace

std::string look_gunw(const std::shared_ptr<const H5Product>& file, Look& look) {
  const std::string group = interferogram_of(*file, look.report);
  if (group.empty()) return "this GUNW product holds no unwrappedPhase in grids/frequencyA";
  const Stamp first = start_of(*file, "referenceZeroDopplerStartTime");
  const Stamp second = start_of(*file, "secondaryZeroDopplerStartTime");
  const H5Product::Data phase = file->open(group + "unwrappedPhase");
  if (phase.shape.size() != 2) file->fail(group + "unwrappedPhase has not two dimensions");
  // Coordinates lie beside the data, or once above the polarisations.
  const std::string above = group.substr(0, group.find_last_of('/', group.size() - 2) + 1);
  const std::string axes = file->has(group + "xCoordinates") ? group : above;
  Layer layer;
  layer.first = first.at;
  layer.second = second.at;
  layer.has_clock = first.has_clock && second.has_clock;
  layer.processor = "nisar";
  layer.geometry.rows = phase.shape[0];
  layer.geometry.cols = phase.shape[1];
  layer.placed = true;
  const auto x = axis_of(*file, axes + "xCoordinates", phase.shape[1]);
  const auto y = axis_of(*file, axes + "yCoordinates", phase.shape[0]);
  layer.geometry.affine = {x[0], x[1], 0.0, y[0], 0.0, y[1]};
  layer.geometry.frame.crs = crs_of(*file, axes);
  const std::string frequency = kRoot + "GUNW/grids/frequencyA/centerFrequency";
  if (file->has(frequency)) {
    const std::vector<double> value = file->numbers(frequency, 1);
    if (value.size() == 1 && value[0] > 0.0) layer.wavelength_m = kSpeedOfLight / value[0];
  }
  if (!look.planes) look.planes = std::make_shared<Pool<const Pixels>>(kMostOpenFiles);
  for (const Role role : {Role::phase, Role::coherence}) {
    const std::string data = group + (role == Role::phase ? "unwrappedPhase" : "coherenceMagnitude");
    if (role == Role::coherence && (look.options.coherence == "none" || !file->has(data))) continue;
    const auto pixels = planes_of(file, data, {0}).front();
    if (role == Role::coherence && file->open(data).shape != phase.shape) file->fail(data + " has another shape than the phase");
    layer.name = file->path().string() + ":" + data;
    layer.role = role;
    layer.pixels = std::make_shared<const ReopenedPixels>(file->path(), data, look.planes, pixels->row_block());
    look.layers.push_back(layer);
  }
  return {};
}

}  // namespace highwall::insar
