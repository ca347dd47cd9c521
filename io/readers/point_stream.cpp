#include "io/readers/point_stream.hpp"

#include <algorithm>
#include <limits>

#include "io/durable/bucket_file.hpp"

namespace highwall {
namespace {

class SpilledStream : public PointStream {
 public:
  SpilledStream(PointCloud&& cloud, const Report& report, const std::filesystem::path& scratch)
      : file_(scratch, cloud.size() / kBlockPoints + 1, 0) {
    report_ = report;
    seen_.frame = cloud.frame;
    seen_.size = cloud.size();
    seen_.low.fill(std::numeric_limits<double>::infinity());
    seen_.high.fill(-std::numeric_limits<double>::infinity());
    const std::size_t step = std::max<std::size_t>(1, cloud.size() / kSamples);
    seen_.sample.resize(static_cast<Eigen::Index>((cloud.size() + step - 1) / step), 3);
    for (std::size_t i = 0; i < cloud.size(); ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      if (i % step == 0) seen_.sample.row(static_cast<Eigen::Index>(i / step)) = cloud.xyz.row(row);
      for (std::size_t c = 0; c < 3; ++c) {
        const double v = cloud.xyz(row, static_cast<Eigen::Index>(c));
        seen_.low[c] = std::min(seen_.low[c], v);
        seen_.high[c] = std::max(seen_.high[c], v);
      }
    }
    for (std::size_t first = 0; first < cloud.size(); first += kBlockPoints) {
      const std::size_t n = std::min(kBlockPoints, cloud.size() - first);
      file_.append(first / kBlockPoints, {reinterpret_cast<const char*>(cloud.xyz.data() + 3 * first), n * 3 * sizeof(double)});
    }
    cloud = {};
  }

  void visit(const Sink& sink, const Run& run, std::string_view step) const override {
    Points block;
    for (std::size_t first = 0; first < seen_.size; first += kBlockPoints) {
      run.check_stop();
      block.resize(static_cast<Eigen::Index>(std::min(kBlockPoints, seen_.size - first)), 3);
      file_.read(first / kBlockPoints, reinterpret_cast<char*>(block.data()), run);
      sink(first, PointsView(block, seen_.frame));
      run.progress(step, std::min(seen_.size, first + kBlockPoints), seen_.size);
    }
  }

 private:
  BucketFile file_;
};

}  // namespace

std::unique_ptr<PointStream> spill_points(PointCloud&& cloud, const Report& report, const std::filesystem::path& scratch,
                                          const Run& run) {
  run.check_stop();
  return std::make_unique<SpilledStream>(std::move(cloud), report, scratch);
}

}  // namespace highwall
