// LAS, LAZ and COPC files of any size, block by block.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "core/error.hpp"
#include "core/parallel.hpp"
#include "io/durable/mapped_file.hpp"
#include "io/readers/cloud_builder.hpp"
#include "io/readers/las_parts.hpp"
#include "io/readers/las_points.hpp"
#include "io/readers/point_stream.hpp"

namespace highwall {
namespace {

constexpr std::size_t kHeadBytes = 227;
constexpr double kInfinite = std::numeric_limits<double>::infinity();

struct Extent {
  std::array<double, 3> low{kInfinite, kInfinite, kInfinite};
  std::array<double, 3> high{-kInfinite, -kInfinite, -kInfinite};
  double farthest = 0.0;

  void add(const Extent& other) {
    for (std::size_t c = 0; c < 3; ++c) {
      low[c] = std::min(low[c], other.low[c]);
      high[c] = std::max(high[c], other.high[c]);
    }
    farthest = std::max(farthest, other.farthest);
  }
};

class LasStream : public PointStream {
 public:
  LasStream(const std::filesystem::path& path, const ReadOptions& options, const Run& run)
      : name_(path.string()), file_(path), bytes_(file_.bytes(), name_, &file_) {
    report_.source = name_;
    report_.format = "las";
    header_ = read_las_header(bytes_, name_, option_of_unit(options), report_);
    if (header_.compressed) {
      laz_.emplace(bytes_, header_, name_, report_);
      file_.release();
      parts_ = parts_of_chunks(*laz_, laz_->chunks(), {false, false});
    } else {
      parts_ = parts_of_records(header_, bytes_);
    }
    report_.accepted = seen_.size = parts_.points;
    if (las_has_waves(header_.point_format)) report_.warn("wave packets are left out");
    WorldPoints world;
    world.crs = header_.crs;
    world.horizontal_unit_m = header_.horizontal_unit_m;
    world.vertical_unit_m = header_.vertical_unit_m;
    Placement placement = placement_of(world, options, report_);
    const Extent extent = look_through(run);
    settle_origin(placement, extent.low, extent.farthest, options, name_);
    factor_ = placement.factor;
    seen_.frame = placement.frame;
    // Rounding keeps the order of numbers: the least of the local ones is that of the least.
    for (std::size_t c = 0; c < 3; ++c) {
      seen_.low[c] = local(extent.low[c], c);
      seen_.high[c] = local(extent.high[c], c);
      for (Eigen::Index k = 0; k < seen_.sample.rows(); ++k) {
        double& v = seen_.sample(k, static_cast<Eigen::Index>(c));
        v = local(v, c);
      }
    }
  }

  void visit(const Sink& sink, const Run& run, std::string_view step) const override {
    visit_world(
        [&](std::size_t first, Points& block) {
          for_blocks(
              static_cast<std::size_t>(block.rows()),
              [&](const Block& part) {
                for (std::size_t k = 3 * part.begin; k < 3 * part.end; ++k) block.data()[k] = local(block.data()[k], k % 3);
              },
              run, {}, 8192);
          sink(first, PointsView(block, seen_.frame));
        },
        run, step);
  }

 private:
  double local(double v, std::size_t c) const { return v * factor_[c] - seen_.frame.origin_m[c]; }

  Extent look_through(const Run& run) {
    Extent all;
    const std::size_t step = std::max<std::size_t>(1, seen_.size / kSamples);
    std::vector<double> sample;
    visit_world(
        [&](std::size_t first, Points& block) {
          const auto n = static_cast<std::size_t>(block.rows());
          all.add(reduce_blocks(
              n, Extent{},
              [&](const Block& part) {
                Extent e;
                for (std::size_t i = part.begin; i < part.end; ++i) {
                  for (std::size_t c = 0; c < 3; ++c) {
                    const double v = block.data()[3 * i + c];
                    e.low[c] = std::min(e.low[c], v);
                    e.high[c] = std::max(e.high[c], v);
                  }
                }
                for (std::size_t c = 0; c < 3; ++c) e.farthest = std::max({e.farthest, std::abs(e.low[c]), std::abs(e.high[c])});
                return e;
              },
              [](Extent& a, Extent&& b) { a.add(b); }, run, {}, 8192));
          for (std::size_t i = (first + step - 1) / step * step; i < first + n; i += step) {
            sample.insert(sample.end(), block.data() + 3 * (i - first), block.data() + 3 * (i - first) + 3);
          }
        },
        run, "look through");
    seen_.sample = Eigen::Map<const Points>(sample.data(), static_cast<Eigen::Index>(sample.size() / 3), 3);
    return all;
  }

  /// Coordinates as they are in the file, in blocks.
  template <class Visit>
  void visit_world(const Visit& visit, const Run& run, std::string_view step) const {
    Points block;
    std::size_t part = 0;
    while (part < parts_.count) {
      run.check_stop();
      file_.require_unchanged();
      std::size_t end = part + 1;
      while (end < parts_.count && parts_.first[end + 1] - parts_.first[part] <= kBlockPoints) ++end;
      const std::size_t first = parts_.first[part];
      const std::size_t n = parts_.first[end] - first;
      if (n <= kBlockPoints && parts_.believable) {
        block.resize(static_cast<Eigen::Index>(n), 3);
        for_blocks(
            end - part,
            [&](const Block& some) {
              for (std::size_t k = some.begin; k < some.end; ++k) {
                parts_.read(part + k, [&](const char* records, std::size_t count, std::size_t at) {
                  fill(records, count, block.data() + 3 * (at - first));
                });
              }
            },
            run, {}, 1);
        visit(first, block);
      } else {
        for (std::size_t k = part; k < end; ++k) visit_as_they_come(k, visit, run);
      }
      run.progress(step, parts_.first[end], parts_.points);
      part = end;
    }
  }

  /// A part that is too long for a block, or may hold less than it claims: room is made as its points come.
  template <class Visit>
  void visit_as_they_come(std::size_t part, const Visit& visit, const Run& run) const {
    std::vector<double> waiting;
    std::size_t first = parts_.first[part];
    const auto flush = [&] {
      if (waiting.empty()) return;
      run.check_stop();
      Points block = Eigen::Map<const Points>(waiting.data(), static_cast<Eigen::Index>(waiting.size() / 3), 3);
      visit(first, block);
      first += waiting.size() / 3;
      waiting.clear();
    };
    parts_.read(part, [&](const char* records, std::size_t count, std::size_t) {
      if (waiting.size() / 3 + count > kBlockPoints) flush();
      waiting.resize(waiting.size() + 3 * count);
      fill(records, count, waiting.data() + waiting.size() - 3 * count);
    });
    flush();
  }

  void fill(const char* records, std::size_t n, double* to) const {
    for (std::size_t i = 0; i < n; ++i) {
      const char* record = records + i * header_.record_length;
      for (std::size_t c = 0; c < 3; ++c) {
        to[3 * i + c] = load_as<std::int32_t>(record + 4 * c) * header_.scale[c] + header_.offset[c];
      }
    }
  }

  std::string name_;
  MappedFile file_;
  Bytes bytes_;
  LasHeader header_;
  std::optional<LazPoints> laz_;
  LasParts parts_;
  std::array<double, 3> factor_{1.0, 1.0, 1.0};
};

}  // namespace

bool can_stream(const std::filesystem::path& path) { return MappedFile(path).bytes().substr(0, 4) == "LASF"; }

std::size_t points_claimed(const std::filesystem::path& path) {
  const MappedFile file(path);
  const Bytes bytes(file.bytes().substr(0, 375), path.string());
  if (!bytes.has(0, kHeadBytes)) return 0;  // The reader says what is wrong.
  const bool large = bytes.get<std::uint8_t>(25) >= 4 && bytes.has(0, 255);
  const std::uint64_t count = large ? bytes.get<std::uint64_t>(247) : 0;
  return static_cast<std::size_t>(count != 0 ? count : bytes.get<std::uint32_t>(107));
}

std::unique_ptr<PointStream> open_points(const std::filesystem::path& path, const ReadOptions& options, const Run& run) {
  validate(options, path.string());
  return std::make_unique<LasStream>(path, options, run);
}

}  // namespace highwall
