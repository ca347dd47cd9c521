#include "io/archive/epoch_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.hpp"
#include "core/version.hpp"
#include "io/archive/h5.hpp"
#include "io/durable/digest.hpp"

namespace highwall {
namespace {

constexpr const char* kSchema = "highwall.epoch/1";
constexpr std::size_t kMostProvenance = 100;

// ---- content digest: the same bytes whatever the version of the file format ----

void feed(Sha256& sha, const std::string& text) { sha.add(fmt::format("{}:{};", text.size(), text)); }

template <class T>
void feed_values(Sha256& sha, const char* name, const T* values, std::size_t n) {
  feed(sha, fmt::format("{}[{}]", name, n));
  sha.add({reinterpret_cast<const char*>(values), n * sizeof(T)});
}
template <class T>
void feed_values(Sha256& sha, const char* name, const std::vector<T>& values) {
  feed_values(sha, name, values.data(), values.size());
}

void feed_frame(Sha256& sha, const Frame& frame) {
  feed(sha, frame.crs);
  feed(sha, frame.vertical);
  feed_values(sha, "origin", frame.origin_m.data(), 3);
}

void feed_cloud(Sha256& sha, const PointCloud& cloud) {
  feed_frame(sha, cloud.frame);
  feed_values(sha, "xyz", cloud.xyz.data(), static_cast<std::size_t>(cloud.xyz.size()));
  for (const auto& [name, channel] : cloud.channels) {
    std::visit([&, &key = name](const auto& values) { feed_values(sha, key.c_str(), values); }, channel);
  }
}

void feed_series(Sha256& sha, const TimeSeries& s) {
  feed(sha, s.target);
  feed(sha, std::string(name_of(s.kind)));
  for (const std::string& c : s.components) feed(sha, c);
  feed_values(sha, "time", s.time);
  feed_values(sha, "value", s.value_m);
  feed_values(sha, "sigma", s.sigma_m);
  feed_values(sha, "flags", s.flags);
}

void feed_stack(Sha256& sha, const Stack& stack) {
  const GridGeometry& g = stack.geometry();
  feed_frame(sha, g.frame);
  feed(sha, fmt::format("{}x{}", g.rows, g.cols));
  feed_values(sha, "affine", g.affine.data(), 6);
  if (stack.is_polar()) {
    feed_values(sha, "range", stack.range_m);
    feed_values(sha, "azimuth", stack.azimuth_rad);
    feed(sha, fmt::format("{} {}", stack.increments ? "increment" : "cumulative", stack.wavelength_m));
  }
  for (std::size_t e = 0; e < stack.epochs(); ++e) feed_values(sha, "values", stack.at(e).data(), stack.cells());
}

// ---- writing ----

void write_frame(hid_t at, const Frame& frame) {
  h5::write_text(at, "crs", frame.crs);
  h5::write_text(at, "vertical", frame.vertical);
  h5::write_numbers(at, "origin_m", {frame.origin_m.begin(), frame.origin_m.end()});
  h5::write_numbers(at, "coordinate_epoch_year", {frame.epoch_year});
}

Frame read_frame(hid_t at, const std::string& file) {
  Frame frame;
  frame.crs = h5::read_text(at, "crs", file);
  frame.vertical = h5::read_text(at, "vertical", file);
  const auto origin = h5::read_numbers(at, "origin_m", file);
  if (origin.size() != 3) throw Error(ErrorKind::storage, "origin_m has not three numbers", file);
  frame.origin_m = {origin[0], origin[1], origin[2]};
  const auto year = h5::read_numbers(at, "coordinate_epoch_year", file);
  frame.epoch_year = year.empty() ? 0.0 : year[0];
  return frame;
}

void write_points(hid_t at, const std::string& name, const Points& points, const std::string& unit) {
  h5::write_data(at, name, points.data(), {static_cast<hsize_t>(points.rows()), 3}, unit);
}

Points read_points(hid_t at, const std::string& name, const std::string& file) {
  const auto shape = h5::shape_of(at, name, file);
  if (shape.size() != 2 || shape[1] != 3) throw Error(ErrorKind::storage, name + " is not N x 3", file);
  h5::require_stored(at, name, file);  // Before memory is taken for what the shape claims.
  Points points(static_cast<Eigen::Index>(shape[0]), 3);
  h5::read_data_into(at, name, file, points.data(), static_cast<std::size_t>(points.size()));
  return points;
}

void write_cloud(hid_t at, const PointCloud& cloud) {
  write_frame(at, cloud.frame);
  write_points(at, "xyz", cloud.xyz, "m");
  const h5::Handle group = h5::make_group(at, "channels");
  for (const auto& [name, channel] : cloud.channels) {
    std::visit(
        [&, &key = name](const auto& values) {
          h5::write_data(group.get(), key, values.data(), {static_cast<hsize_t>(values.size())}, "");
        },
        channel);
  }
}

Channel read_channel(hid_t group, const std::string& name, const std::string& file) {
  const std::string type = h5::element_type(group, name, file);
  if (type == "i1") return h5::read_data<std::int8_t>(group, name, file);
  if (type == "u1") return h5::read_data<std::uint8_t>(group, name, file);
  if (type == "i2") return h5::read_data<std::int16_t>(group, name, file);
  if (type == "u2") return h5::read_data<std::uint16_t>(group, name, file);
  if (type == "i4") return h5::read_data<std::int32_t>(group, name, file);
  if (type == "u4") return h5::read_data<std::uint32_t>(group, name, file);
  if (type == "i8") return h5::read_data<std::int64_t>(group, name, file);
  if (type == "u8") return h5::read_data<std::uint64_t>(group, name, file);
  if (type == "f4") return h5::read_data<float>(group, name, file);
  return h5::read_data<double>(group, name, file);
}

PointCloud read_cloud(hid_t at, const std::string& file) {
  PointCloud cloud;
  cloud.frame = read_frame(at, file);
  cloud.xyz = read_points(at, "xyz", file);
  const h5::Handle group = h5::open_group(at, "channels", file);
  for (const std::string& name : h5::children(group.get())) {
    cloud.channels.emplace(name, read_channel(group.get(), name, file));
  }
  return cloud;
}

std::vector<std::int64_t> nanoseconds(const std::vector<Instant>& instants) {
  std::vector<std::int64_t> ns;
  for (const Instant t : instants) ns.push_back(t.ns);
  return ns;
}
std::vector<Instant> instants(const std::vector<std::int64_t>& ns) {
  std::vector<Instant> out;
  for (const std::int64_t t : ns) out.push_back({t});
  return out;
}

constexpr const char* kTimeUnit = "nanoseconds since 1970-01-01T00:00:00Z";

void write_series(hid_t at, const TimeSeries& s) {
  write_frame(at, s.frame);
  h5::write_text(at, "target", s.target);
  h5::write_text(at, "sensor_kind", std::string(name_of(s.kind)));
  h5::write_text(at, "meaning", s.meaning == SeriesMeaning::position ? "position" : "displacement");
  h5::write_text(at, "components", fmt::format("{}", fmt::join(s.components, ",")));
  if (s.origin_ecef_m) h5::write_numbers(at, "origin_ecef_m", {s.origin_ecef_m->begin(), s.origin_ecef_m->end()});
  if (s.position_m) h5::write_numbers(at, "position_m", {s.position_m->begin(), s.position_m->end()});
  if (s.line_of_sight.known()) {
    const auto& u = s.line_of_sight.unit;
    h5::write_numbers(at, "line_of_sight_to_sensor", {u.x(), u.y(), u.z()});
  }
  const hsize_t n = s.size();
  const hsize_t k = s.width();
  const auto time = nanoseconds(s.time);
  h5::write_data(at, "time", time.data(), {n}, kTimeUnit);
  if (!s.time_dejittered.empty()) {
    const auto clock = nanoseconds(s.time_dejittered);
    h5::write_data(at, "time_dejittered", clock.data(), {n}, kTimeUnit);
  }
  h5::write_data(at, "value", s.value_m.data(), {n, k}, "m");
  h5::write_data(at, "sigma", s.sigma_m.data(), {n, k}, "m");
  if (!s.covariance_m2.empty()) h5::write_data(at, "covariance", s.covariance_m2.data(), {n, 3}, "m2");
  h5::write_data(at, "flags", s.flags.data(), {n}, "bits");
}

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == ',') {
      out.emplace_back();
    } else {
      out.back().push_back(c);
    }
  }
  return out;
}

std::optional<std::array<double, 3>> read_triple(hid_t at, const std::string& name, const std::string& file) {
  if (!h5::has_attribute(at, name)) return std::nullopt;
  const auto v = h5::read_numbers(at, name, file);
  if (v.size() != 3) throw Error(ErrorKind::storage, name + " has not three numbers", file);
  return std::array<double, 3>{v[0], v[1], v[2]};
}

TimeSeries read_series(hid_t at, const std::string& file) {
  TimeSeries s;
  s.frame = read_frame(at, file);
  s.target = h5::read_text(at, "target", file);
  s.kind = parse_sensor_kind(h5::read_text(at, "sensor_kind", file)).value_or(SensorKind::unknown);
  s.meaning = h5::read_text(at, "meaning", file) == "position" ? SeriesMeaning::position : SeriesMeaning::displacement;
  s.components = words(h5::read_text(at, "components", file));
  s.origin_ecef_m = read_triple(at, "origin_ecef_m", file);
  s.position_m = read_triple(at, "position_m", file);
  if (const auto u = read_triple(at, "line_of_sight_to_sensor", file)) {
    s.line_of_sight.unit = {(*u)[0], (*u)[1], (*u)[2]};
  }
  s.time = instants(h5::read_data<std::int64_t>(at, "time", file));
  if (h5::has_data(at, "time_dejittered")) {
    s.time_dejittered = instants(h5::read_data<std::int64_t>(at, "time_dejittered", file));
  }
  s.value_m = h5::read_data<double>(at, "value", file);
  s.sigma_m = h5::read_data<double>(at, "sigma", file);
  if (h5::has_data(at, "covariance")) s.covariance_m2 = h5::read_data<double>(at, "covariance", file);
  s.flags = h5::read_data<std::uint32_t>(at, "flags", file);
  const std::size_t n = s.size();
  const bool fits = s.value_m.size() == n * s.width() && s.sigma_m.size() == n * s.width() && s.flags.size() == n &&
                    (s.time_dejittered.empty() || s.time_dejittered.size() == n) &&
                    (s.covariance_m2.empty() || s.covariance_m2.size() == 3 * n);
  if (!fits) throw Error(ErrorKind::storage, "the columns of a series differ in length", file);
  return s;
}

void write_vectors(hid_t at, const std::string& name, const std::vector<Eigen::Vector3d>& vectors, const std::string& unit) {
  Points points(static_cast<Eigen::Index>(vectors.size()), 3);
  for (std::size_t i = 0; i < vectors.size(); ++i) points.row(static_cast<Eigen::Index>(i)) = vectors[i].transpose();
  write_points(at, name, points, unit);
}

std::vector<Eigen::Vector3d> read_vectors(hid_t at, const std::string& name, const std::string& file) {
  std::vector<Eigen::Vector3d> vectors;
  if (!h5::has_data(at, name)) return vectors;
  const Points points = read_points(at, name, file);
  for (Eigen::Index i = 0; i < points.rows(); ++i) vectors.emplace_back(points.row(i).transpose());
  return vectors;
}

constexpr const char* kTowards = "m towards the sensor";

/// Scans of a radar come in single precision: half of the bytes, where that loses nothing.
void write_polar(hid_t at, const Stack& stack) {
  const GridGeometry& g = stack.geometry();
  const std::size_t n = stack.epochs() * stack.cells();
  const double* values = n == 0 ? nullptr : stack.at(0).data();
  std::vector<float> single(n);
  bool exact = true;
  for (std::size_t i = 0; i < n; ++i) {
    single[i] = static_cast<float>(values[i]);
    exact = exact && (static_cast<double>(single[i]) == values[i] || std::isnan(values[i]));
  }
  const std::vector<hsize_t> shape{stack.epochs(), g.rows, g.cols};
  if (exact) {
    h5::write_data(at, "displacement", single.data(), shape, kTowards);
  } else {
    h5::write_data(at, "displacement", values, shape, kTowards);
  }
  h5::write_data(at, "range", stack.range_m.data(), {stack.range_m.size()}, "m");
  h5::write_data(at, "azimuth", stack.azimuth_rad.data(), {stack.azimuth_rad.size()}, "rad");
  h5::write_text(at, "value", stack.increments ? "increment" : "cumulative");
  h5::write_numbers(at, "wavelength_m", {stack.wavelength_m});
}

/// Axes and meaning of a radar's own scans; nothing for maps.
void read_polar(hid_t at, const std::string& file, Stack& stack) {
  if (!h5::has_data(at, "range")) return;
  stack.range_m = h5::read_data<double>(at, "range", file);
  stack.azimuth_rad = h5::read_data<double>(at, "azimuth", file);
  stack.increments = h5::read_text(at, "value", file) == "increment";
  const auto wavelength = h5::read_numbers(at, "wavelength_m", file);
  stack.wavelength_m = wavelength.empty() ? 0.0 : wavelength[0];
  if (stack.range_m.size() != stack.geometry().rows || stack.azimuth_rad.size() != stack.geometry().cols) {
    throw Error(ErrorKind::storage, "the axes of a scan have not its rows and columns", file);
  }
}

void write_stack(hid_t at, const Stack& stack) {
  const GridGeometry& g = stack.geometry();
  write_frame(at, g.frame);
  h5::write_numbers(at, "affine", {g.affine.begin(), g.affine.end()});
  const auto& u = stack.line_of_sight.unit;
  h5::write_numbers(at, "line_of_sight_to_sensor", {u.x(), u.y(), u.z()});
  const auto time = nanoseconds(stack.instants());
  h5::write_data(at, "time", time.data(), {time.size()}, kTimeUnit);
  const double* values = stack.epochs() == 0 ? nullptr : stack.at(0).data();  // One block, epoch after epoch.
  if (stack.is_polar()) {
    write_polar(at, stack);
  } else {
    h5::write_data(at, "displacement", values, {stack.epochs(), g.rows, g.cols}, kTowards);
  }
  if (!stack.line_of_sight_per_cell.empty()) write_vectors(at, "line_of_sight", stack.line_of_sight_per_cell, "");
  if (!stack.cell_position_m.empty()) write_vectors(at, "position", stack.cell_position_m, "m");
}

Stack read_stack(hid_t at, const std::string& source, const std::string& file) {
  GridGeometry g;
  g.frame = read_frame(at, file);
  const auto affine = h5::read_numbers(at, "affine", file);
  if (affine.size() != 6) throw Error(ErrorKind::storage, "affine has not six numbers", file);
  std::copy(affine.begin(), affine.end(), g.affine.begin());
  const auto time = h5::read_data<std::int64_t>(at, "time", file);
  const auto shape = h5::shape_of(at, "displacement", file);
  if (shape.size() != 3 || shape[0] != time.size()) throw Error(ErrorKind::storage, "displacement has the wrong shape", file);
  h5::require_stored(at, "displacement", file);
  g.rows = shape[1];
  g.cols = shape[2];
  Stack stack(g, instants(time));
  if (stack.epochs() > 0) h5::read_data_into(at, "displacement", file, stack.at(0).data(), stack.epochs() * stack.cells());
  const auto u = h5::read_numbers(at, "line_of_sight_to_sensor", file);
  if (u.size() == 3) stack.line_of_sight.unit = {u[0], u[1], u[2]};
  stack.line_of_sight_per_cell = read_vectors(at, "line_of_sight", file);
  stack.cell_position_m = read_vectors(at, "position", file);
  read_polar(at, file, stack);
  stack.source = source;
  return stack;
}

void write_provenance(hid_t at, const std::vector<std::pair<std::string, std::string>>& provenance) {
  std::size_t k = 0;
  for (const auto& [name, value] : provenance) h5::write_text(at, fmt::format("provenance_{:02}_{}", k++, name), value);
  h5::write_numbers(at, "provenance_entries", {static_cast<double>(provenance.size())});
  std::string names;
  for (const auto& [name, value] : provenance) names += (names.empty() ? "" : ",") + name;
  h5::write_text(at, "provenance_names", names);
}

std::vector<std::pair<std::string, std::string>> read_provenance(hid_t at, const std::string& file) {
  std::vector<std::pair<std::string, std::string>> out;
  const std::string names = h5::read_text(at, "provenance_names", file);
  if (names.empty()) return out;
  std::size_t k = 0;
  for (const std::string& name : words(names)) {
    if (k >= kMostProvenance) break;
    out.emplace_back(name, h5::read_text(at, fmt::format("provenance_{:02}_{}", k++, name), file));
  }
  return out;
}

void write_epoch(hid_t at, const Epoch& epoch) {
  h5::write_text(at, "schema", kSchema);
  h5::write_text(at, "software_version", kVersion);
  h5::write_text(at, "source", epoch.source);
  h5::write_text(at, "instant", to_iso8601(epoch.instant));
  h5::write_text(at, "kind", kind_of(epoch.data));
  h5::write_text(at, "content_sha256", content_digest(epoch));
  write_provenance(at, epoch.provenance);
  const h5::Handle data = h5::make_group(at, "data");
  if (const auto* cloud = std::get_if<PointCloud>(&epoch.data)) {
    write_cloud(data.get(), *cloud);
  } else if (const auto* stack = std::get_if<Stack>(&epoch.data)) {
    write_stack(data.get(), *stack);
  } else {
    const auto& all = std::get<std::vector<TimeSeries>>(epoch.data);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const h5::Handle group = h5::make_group(data.get(), fmt::format("{:06}", i));
      write_series(group.get(), all[i]);
    }
  }
}

/// INSTANT-SOURCE-DIGEST.
std::string epoch_id(const Epoch& epoch, const std::string& digest) {
  return fmt::format("{}-{}-{}", to_compact_iso8601(epoch.instant), epoch.source, digest.substr(0, 8));
}

Epoch read_epoch(hid_t at, const std::string& file, std::string_view id) {
  if (h5::read_text(at, "schema", file) != kSchema) {
    throw Error(ErrorKind::storage, fmt::format("this is not a {} file", kSchema), file);
  }
  Epoch epoch;
  epoch.source = h5::read_text(at, "source", file);
  epoch.instant = parse_iso8601(h5::read_text(at, "instant", file)).value_or(kNoInstant);
  epoch.provenance = read_provenance(at, file);
  const std::string kind = h5::read_text(at, "kind", file);
  const h5::Handle data = h5::open_group(at, "data", file);
  if (kind == "cloud") {
    PointCloud cloud = read_cloud(data.get(), file);
    cloud.instant = epoch.instant;
    epoch.data = std::move(cloud);
  } else if (kind == "scan") {
    epoch.data = read_stack(data.get(), epoch.source, file);
  } else {
    std::vector<TimeSeries> all;
    for (const std::string& name : h5::children(data.get())) {
      const h5::Handle group = h5::open_group(data.get(), name, file);
      all.push_back(read_series(group.get(), file));
    }
    epoch.data = std::move(all);
  }
  const std::string digest = content_digest(epoch);
  if (digest != h5::read_text(at, "content_sha256", file)) {
    throw Error(ErrorKind::storage, "the content does not match its own digest", file, "the file is damaged");
  }
  const std::string holds = epoch_id(epoch, digest);
  if (!id.empty() && id != holds) {
    throw Error(ErrorKind::storage, fmt::format("this is to be epoch {}, but holds {}", id, holds), file,
                "files were swapped or renamed; restore them from a copy");
  }
  return epoch;
}

}  // namespace

std::string kind_of(const Payload& payload) {
  return std::holds_alternative<PointCloud>(payload) ? "cloud" : std::holds_alternative<Stack>(payload) ? "scan" : "series";
}

std::string content_digest(const Epoch& epoch) {
  Sha256 sha;
  feed(sha, epoch.source);
  feed(sha, to_iso8601(epoch.instant));
  feed(sha, kind_of(epoch.data));
  if (const auto* cloud = std::get_if<PointCloud>(&epoch.data)) {
    feed_cloud(sha, *cloud);
  } else if (const auto* stack = std::get_if<Stack>(&epoch.data)) {
    feed_stack(sha, *stack);
  } else {
    for (const TimeSeries& s : std::get<std::vector<TimeSeries>>(epoch.data)) feed_series(sha, s);
  }
  return sha.hex();
}

std::string epoch_id_of(const Epoch& epoch) { return epoch_id(epoch, content_digest(epoch)); }

std::string encode_epoch(const Epoch& epoch) {
  h5::Image image;
  write_epoch(image.root(), epoch);
  return image.bytes();
}

Epoch decode_epoch(std::string_view bytes, const std::string& name, std::string_view id) {
  const h5::Image image(bytes, name);
  return read_epoch(image.root(), name, id);
}

std::string encode_epoch(Epoch&& epoch) {
  h5::Image image;
  write_epoch(image.root(), epoch);
  epoch.data = Payload();  // The image holds it now; its bytes are another copy.
  return image.bytes();
}

SegmentWriter::SegmentWriter() : image_(std::make_unique<h5::Image>()) {
  h5::write_text(image_->root(), "schema", "highwall.segment/1");
}
SegmentWriter::~SegmentWriter() = default;

void SegmentWriter::add(const std::string& id, const Epoch& epoch) {
  const h5::Handle group = h5::make_group(image_->root(), id);
  write_epoch(group.get(), epoch);
}

std::string SegmentWriter::bytes() { return image_->bytes(); }

SegmentReader::SegmentReader(std::string bytes, std::string name)
    : name_(std::move(name)),
      bytes_(std::make_unique<const std::string>(std::move(bytes))),
      image_(std::make_unique<h5::Image>(*bytes_, name_)) {}
SegmentReader::~SegmentReader() = default;
SegmentReader::SegmentReader(SegmentReader&&) noexcept = default;

std::vector<std::string> SegmentReader::ids() const { return h5::children(image_->root()); }

Epoch SegmentReader::read(const std::string& id) const {
  const h5::Handle group = h5::open_group(image_->root(), id, name_);
  return read_epoch(group.get(), name_, id);
}

std::string encode_field(const DisplacementField& f, const std::vector<std::pair<std::string, std::string>>& provenance) {
  h5::Image image;
  const hid_t at = image.root();
  const hsize_t n = f.size();
  h5::write_text(at, "schema", "highwall.field/1");
  h5::write_text(at, "software_version", kVersion);
  h5::write_text(at, "method", f.method);
  h5::write_text(at, "from", to_iso8601(f.from));
  h5::write_text(at, "to", to_iso8601(f.to));
  write_frame(at, f.frame);
  write_provenance(at, provenance);
  write_points(at, "position", f.position_m, "m");
  write_points(at, "direction", f.direction, "");
  h5::write_data(at, "displacement", f.value_m.data(), {n}, "m");
  h5::write_data(at, "sigma", f.sigma_m.data(), {n}, "m");
  h5::write_data(at, "lod95", f.lod95_m.data(), {n}, "m");
  h5::write_data(at, "spread_before", f.spread_before_m.data(), {n}, "m");
  h5::write_data(at, "spread_after", f.spread_after_m.data(), {n}, "m");
  for (const LengthColumn& c : optional_field_columns()) {
    if (!(f.*c.values).empty()) h5::write_data(at, std::string(c.name).c_str(), (f.*c.values).data(), {n}, "m");
  }
  h5::write_data(at, "n_before", f.n_before.data(), {n}, "points");
  h5::write_data(at, "n_after", f.n_after.data(), {n}, "points");
  const auto write_reasons = [&](const char* column, const std::vector<Reason>& reasons) {
    std::vector<std::uint8_t> codes;
    for (const Reason r : reasons) codes.push_back(static_cast<std::uint8_t>(r));
    h5::write_data(at, column, codes.data(), {n}, "code");
  };
  write_reasons("reason", f.reason);
  if (!f.reason_calibrated.empty()) write_reasons("reason_calibrated", f.reason_calibrated);
  if (!f.reason_vector.empty()) {
    write_points(at, "vector", f.vector_m, "m");
    h5::write_data(at, "vector_covariance", f.vector_covariance_m2.data(), {n, 6}, "m2");
    write_reasons("reason_vector", f.reason_vector);
  }
  h5::write_text(at, "reason_codes", reason_codes());
  return image.bytes();
}

std::string field_provenance(std::string_view bytes, const std::string& name, const std::string& key) {
  const h5::Image image(bytes, name);
  for (auto& [entry, value] : read_provenance(image.root(), name)) {
    if (entry == key) return std::move(value);
  }
  return {};
}

DisplacementField decode_field(std::string_view bytes, const std::string& name) {
  const h5::Image image(bytes, name);
  const hid_t at = image.root();
  if (h5::read_text(at, "schema", name) != "highwall.field/1") {
    throw Error(ErrorKind::storage, "this is not a displacement field", name);
  }
  DisplacementField f;
  f.method = h5::read_text(at, "method", name);
  f.from = parse_iso8601(h5::read_text(at, "from", name)).value_or(kNoInstant);
  f.to = parse_iso8601(h5::read_text(at, "to", name)).value_or(kNoInstant);
  f.frame = read_frame(at, name);
  f.position_m = read_points(at, "position", name);
  f.direction = read_points(at, "direction", name);
  f.value_m = h5::read_data<double>(at, "displacement", name);
  f.sigma_m = h5::read_data<double>(at, "sigma", name);
  f.lod95_m = h5::read_data<double>(at, "lod95", name);
  f.spread_before_m = h5::read_data<double>(at, "spread_before", name);
  f.spread_after_m = h5::read_data<double>(at, "spread_after", name);
  const std::vector<std::string> there = h5::children(at);
  for (const LengthColumn& c : optional_field_columns()) {
    const std::string column(c.name);
    if (std::find(there.begin(), there.end(), column) != there.end()) f.*c.values = h5::read_data<double>(at, column, name);
  }
  f.n_before = h5::read_data<std::uint32_t>(at, "n_before", name);
  f.n_after = h5::read_data<std::uint32_t>(at, "n_after", name);
  for (const std::uint8_t r : h5::read_data<std::uint8_t>(at, "reason", name)) f.reason.push_back(static_cast<Reason>(r));
  if (std::find(there.begin(), there.end(), "reason_calibrated") != there.end()) {
    for (const std::uint8_t r : h5::read_data<std::uint8_t>(at, "reason_calibrated", name)) {
      f.reason_calibrated.push_back(static_cast<Reason>(r));
    }
    if (f.reason_calibrated.size() != f.size())
      throw Error(ErrorKind::storage, "the columns of the field differ in length", name);
  }
  if (std::find(there.begin(), there.end(), "reason_vector") != there.end()) {
    f.vector_m = read_points(at, "vector", name);
    const auto shape = h5::shape_of(at, "vector_covariance", name);
    if (shape.size() != 2 || shape[1] != 6) throw Error(ErrorKind::storage, "vector_covariance is not N x 6", name);
    h5::require_stored(at, "vector_covariance", name);
    f.vector_covariance_m2.resize(static_cast<Eigen::Index>(shape[0]), 6);
    h5::read_data_into(at, "vector_covariance", name, f.vector_covariance_m2.data(),
                       static_cast<std::size_t>(f.vector_covariance_m2.size()));
    for (const std::uint8_t r : h5::read_data<std::uint8_t>(at, "reason_vector", name)) {
      f.reason_vector.push_back(static_cast<Reason>(r));
    }
    const auto rows = static_cast<Eigen::Index>(f.size());
    if (f.reason_vector.size() != f.size() || f.vector_m.rows() != rows || f.vector_covariance_m2.rows() != rows) {
      throw Error(ErrorKind::storage, "the columns of the field differ in length", name);
    }
  }
  const std::size_t n = f.size();
  if (f.sigma_m.size() != n || f.lod95_m.size() != n || f.reason.size() != n || f.n_before.size() != n || f.n_after.size() != n ||
      f.spread_before_m.size() != n || f.spread_after_m.size() != n || static_cast<std::size_t>(f.position_m.rows()) != n ||
      static_cast<std::size_t>(f.direction.rows()) != n ||
      std::ranges::any_of(columns_of(f), [&](const LengthColumn& c) { return (f.*c.values).size() != n; })) {
    throw Error(ErrorKind::storage, "the columns of the field differ in length", name);
  }
  return f;
}

}  // namespace highwall
