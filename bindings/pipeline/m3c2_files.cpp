#include "bindings/pipeline/m3c2_files.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>

#include "algorithms/compare/m3c2_tiles.hpp"
#include "bindings/pipeline/bare.hpp"
#include "bindings/pipeline/field_buckets.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "io/crs/crs.hpp"
#include "io/durable/bucket_file.hpp"
#include "io/durable/durable.hpp"
#include "io/readers/point_stream.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPointBytes = 3 * sizeof(double);
constexpr std::size_t kCoreBytes = sizeof(std::uint64_t) + kPointBytes;
constexpr std::size_t kSortBlock = 16384;
constexpr double kOfTiles = 0.4;    // Of the memory, for the tile that is measured.
constexpr double kOfFar = 0.1;      // For points far from all others.
constexpr double kOfBuffers = 0.1;  // For what waits to be written.
constexpr double kOfReading = 0.7;  // For a file that cannot be read in blocks.
constexpr double kBytesAFarPoint = 64.0;
constexpr double kBytesATextPoint = 12.0;  // No format has shorter points.

/// A cloud, and what tiles must know of the whole of it.
struct Side {
  std::shared_ptr<PointStream> stream;
  CellLayout layout;
  std::vector<std::uint32_t> counts;  ///< By square of the grid.
  Points far_points;
  std::shared_ptr<const CellIndex> far;
};

ReadOptions read_options(const M3c2Files& files) {
  ReadOptions read;
  read.units = files.units;
  read.channels = "none";  // Distances need places only.
  read.instant.clear();
  return read;
}

CloudSummary summary_of(const PointStream::Seen& seen) {
  CloudSummary out;
  out.size = seen.size;
  for (std::size_t c = 0; c < 3; ++c) {
    out.low[static_cast<Eigen::Index>(c)] = seen.low[c];
    out.high[static_cast<Eigen::Index>(c)] = seen.high[c];
  }
  for (Eigen::Index k = 0; k < seen.sample.rows(); ++k) out.sample.push_back(seen.sample.row(k).transpose());
  return out;
}

class TiledM3c2 {
 public:
  TiledM3c2(const M3c2Files& files, const M3c2Options& options, const Run& run, const std::function<void(const Report&)>& tell)
      : files_(files),
        options_(options),
        run_(run),
        tell_(tell),
        search_(m3c2_search(options)),
        format_(field_format(files.output)) {
    memory_ = static_cast<double>(files.memory_bytes > 0 ? files.memory_bytes : half_of_memory());
    scratch_ = files.scratch;
    if (scratch_.empty()) scratch_ = is_stream(files.output) ? fs::temp_directory_path() : files.output.parent_path();
    if (scratch_.empty()) scratch_ = ".";
    if (!fs::is_directory(scratch_)) throw Error(ErrorKind::config, "this is not a folder", "--scratch", scratch_.string());
  }

  M3c2Outcome operator()() {
    validate(options_, "m3c2");
    static_cast<void>(FieldStream(format_, "m"));  // Refuses what is written whole before any work.
    open();
    count();
    cut();
    require_room();
    sort();
    FieldBuckets rows(scratch_, cores_->seen().size, buffer(cores_->seen().size / FieldStream::kPartRows + 1), options_);
    measure(rows);
    M3c2Outcome outcome =
        rows.write(files_.output, format_, unit_of(files_, before_.stream->seen().frame), before_.stream->seen().frame, run_);
    outcome.tiles = tiles_.size();
    return outcome;
  }

 private:
  std::size_t buffer(std::size_t buckets) const {
    const double share = kOfBuffers / 3.0 * memory_ / static_cast<double>(std::max<std::size_t>(1, buckets));
    return static_cast<std::size_t>(std::clamp(share, 4096.0, 1048576.0));
  }

  std::shared_ptr<PointStream> open(const fs::path& path, const ReadOptions& read) {
    std::shared_ptr<PointStream> stream;
    if (can_stream(path)) {
      stream = open_points(path, read, run_);
      tell_(stream->report());
      return stream;
    }
    const double needed = static_cast<double>(fs::file_size(path)) * (1.0 + 2.0 * kPointBytes / kBytesATextPoint);
    if (needed > kOfReading * memory_) {
      throw Error(
          ErrorKind::input,
          fmt::format("a file of this format is read whole, which may take {:.2f} GB of {:.2f} GB", needed / 1e9, memory_ / 1e9),
          path.string(),
          fmt::format("convert it to LAS or LAZ, which are read in blocks, or allow at least {:.0f}MB with --memory",
                      std::ceil(needed / kOfReading / 1e6)));
    }
    Report report;
    PointCloud cloud = read_cloud(path, read, report, run_);
    tell_(report);
    return spill_points(std::move(cloud), report, scratch_, run_);
  }

  void open() {
    ReadOptions read = read_options(files_);
    before_.stream = open(files_.before, read);
    const Frame& frame = before_.stream->seen().frame;
    read.origin_m.assign(frame.origin_m.begin(), frame.origin_m.end());
    after_.stream = open(files_.after, read);
    cores_ = files_.cores.empty() ? before_.stream : open(files_.cores, read);
    for (const auto& [stream, what] :
         {std::pair{after_.stream, "m3c2, the two clouds"}, {cores_, "m3c2, cloud and core points"}}) {
      const Frame& own = stream->seen().frame;
      if (!own.is_local()) require_same(frame, own, what);  // Plain text carries no CRS.
    }
  }

  void count() {
    for (Side* side : {&before_, &after_}) {
      side->layout = cell_layout(summary_of(side->stream->seen()), search_.cell_m, search_.reach_m);
    }
    grid_ = TileGrid(before_.layout, after_.layout, 4.0 * search_.cell_m);
    core_counts_.assign(grid_.size(), 0);
    const bool shared = cores_ == before_.stream;
    count(before_, shared ? &core_counts_ : nullptr);
    count(after_, nullptr);
    if (!shared) {
      cores_->visit([&](std::size_t, const PointsView& block) { count_block(block, core_counts_); }, run_, "count core points");
    }
  }

  void count_block(const PointsView& block, std::vector<std::uint32_t>& counts) const {
    for_blocks(
        block.size(),
        [&](const Block& part) {
          for (std::size_t i = part.begin; i < part.end; ++i) {
            std::atomic_ref(counts[grid_.square_of(block.data() + 3 * i)]).fetch_add(1, std::memory_order_relaxed);
          }
        },
        run_, {}, kSortBlock);
  }

  void count(Side& side, std::vector<std::uint32_t>* cores) {
    side.counts.assign(grid_.size(), 0);
    std::vector<double> far;
    side.stream->visit(
        [&](std::size_t, const PointsView& block) {
          if (cores != nullptr) count_block(block, *cores);
          if (side.layout.all_near) {
            count_block(block, side.counts);
            return;
          }
          std::vector<std::vector<double>> parts(block.size() / kSortBlock + 1);
          for_blocks(
              block.size(),
              [&](const Block& part) {
                for (std::size_t i = part.begin; i < part.end; ++i) {
                  const double* p = block.data() + 3 * i;
                  if (side.layout.is_near(p)) {
                    std::atomic_ref(side.counts[grid_.square_of(p)]).fetch_add(1, std::memory_order_relaxed);
                  } else {
                    parts[part.index].insert(parts[part.index].end(), p, p + 3);
                  }
                }
              },
              run_, {}, kSortBlock);
          for (const auto& part : parts) far.insert(far.end(), part.begin(), part.end());
          require_few_far(far.size() / 3, side);
        },
        run_, "count points");
    if (far.empty()) return;
    side.far_points = Eigen::Map<const Points>(far.data(), static_cast<Eigen::Index>(far.size() / 3), 3);
    side.far = std::make_shared<const CellIndex>(PointsView(side.far_points), side.layout.cell_m, search_.reach_m, run_);
  }

  void require_few_far(std::size_t n, const Side& side) const {
    if (kBytesAFarPoint * static_cast<double>(n) <= kOfFar * memory_) return;
    throw Error(ErrorKind::input,
                fmt::format("more than {} points lie far from the bulk of the cloud, which are held beside the tiles", n),
                side.stream->report().source,
                fmt::format("cut the cloud into its parts, or allow more than {:.0f}MB with --memory",
                            std::ceil(kBytesAFarPoint * static_cast<double>(n) / kOfFar / 1e6)));
  }

  void cut() {
    const TileCounts counts{std::move(before_.counts), std::move(after_.counts), std::move(core_counts_)};
    tiles_ = cut_tiles(grid_, counts, before_.layout, after_.layout, search_, {60.0, 260.0, kOfTiles * memory_, kOfTiles});
    before_.counts = after_.counts = core_counts_ = {};
  }

  void require_room() const {
    double needed =
        static_cast<double>(cores_->seen().size) * static_cast<double>(kCoreBytes + FieldBuckets::row_bytes(options_));
    for (const Tile& tile : tiles_) needed += static_cast<double>(kPointBytes) * static_cast<double>(tile.points);
    const auto free = static_cast<double>(free_bytes(scratch_));
    if (needed <= free) return;
    throw Error(ErrorKind::storage,
                fmt::format("the tiles need {:.2f} GB of scratch, {:.2f} GB are free", needed / 1e9, free / 1e9),
                scratch_.string(), "free some disk space there, or name another folder as scratch");
  }

  void sort() {
    sort_side(before_, &Tile::before, bucketed_before_);
    sort_side(after_, &Tile::after, bucketed_after_);
    std::vector<std::uint32_t> tile_of(grid_.size(), 0);
    for (std::size_t t = 0; t < tiles_.size(); ++t) {
      const CellWindow& w = tiles_[t].squares;
      for (std::ptrdiff_t r = w.row0; r < w.row1; ++r) {
        std::fill_n(tile_of.begin() + r * grid_.cols() + w.col0, w.col1 - w.col0, static_cast<std::uint32_t>(t));
      }
    }
    bucketed_cores_.emplace(scratch_, tiles_.size(), buffer(tiles_.size()));
    sort_into(
        *cores_, *bucketed_cores_, true,
        [&](const double* p, const auto& visit) { visit(std::size_t{tile_of[grid_.square_of(p)]}); }, "sort core points");
  }

  void sort_side(const Side& side, CellWindow Tile::*window, std::optional<BucketFile>& buckets) {
    std::vector<CellWindow> windows;
    for (const Tile& tile : tiles_) windows.push_back(tile.*window);
    const TileRouter router(grid_, side.layout, std::move(windows));
    buckets.emplace(scratch_, tiles_.size(), buffer(tiles_.size()));
    sort_into(
        *side.stream, *buckets, false,
        [&](const double* p, const auto& visit) {
          if (side.layout.all_near || side.layout.is_near(p)) router.of(p, visit);
        },
        "sort points");
  }

  /// Each point into the buckets of its tiles, in the cloud's order; with its index before it where that is wanted.
  template <class TilesOf>
  void sort_into(const PointStream& stream, BucketFile& buckets, bool with_index, const TilesOf& tiles_of,
                 std::string_view step) {
    constexpr std::uint32_t kNone = 0xffffffffU;
    using Sorted = std::vector<std::pair<std::size_t, std::string>>;
    stream.visit(
        [&](std::size_t first, const PointsView& block) {
          std::vector<Sorted> parts((block.size() + kSortBlock - 1) / kSortBlock);
          for_blocks(
              parts.size(),
              [&](const Block& some) {
                std::vector<std::uint32_t> place(buckets.buckets(), kNone);
                for (std::size_t k = some.begin; k < some.end; ++k) {
                  Sorted& sorted = parts[k];
                  for (std::size_t i = k * kSortBlock; i < std::min(block.size(), (k + 1) * kSortBlock); ++i) {
                    const double* p = block.data() + 3 * i;
                    tiles_of(p, [&](std::size_t tile) {
                      if (place[tile] == kNone) {
                        place[tile] = static_cast<std::uint32_t>(sorted.size());
                        sorted.emplace_back(tile, std::string());
                      }
                      std::string& bytes = sorted[place[tile]].second;
                      const std::uint64_t index = first + i;
                      if (with_index) bytes.append(reinterpret_cast<const char*>(&index), sizeof index);
                      bytes.append(reinterpret_cast<const char*>(p), kPointBytes);
                    });
                  }
                  for (const auto& [tile, bytes] : sorted) place[tile] = kNone;
                }
              },
              run_, {}, 1);
          std::vector<std::vector<std::string_view>> of_tile(buckets.buckets());
          for (const Sorted& sorted : parts) {
            for (const auto& [tile, bytes] : sorted) of_tile[tile].push_back(bytes);
          }
          for_blocks(
              of_tile.size(),
              [&](const Block& some) {
                for (std::size_t tile = some.begin; tile < some.end; ++tile) {
                  for (const std::string_view bytes : of_tile[tile]) buckets.append(tile, bytes);
                }
              },
              run_, {}, 1);
        },
        run_, step);
  }

  void measure(FieldBuckets& rows) {
    const Frame& frame = before_.stream->seen().frame;
    std::uint64_t all = 0;
    for (const Tile& tile : tiles_) all += tile.points;
    std::uint64_t done = 0;
    for (std::size_t t = 0; t < tiles_.size(); ++t) {
      run_.check_stop();
      const Points before = points_of(*bucketed_before_, t);
      const Points after = points_of(*bucketed_after_, t);
      std::vector<std::uint64_t> index;
      const Points cores = cores_of(t, index);
      const DisplacementField field = m3c2_part({PointsView(before, frame), before_.layout, tiles_[t].before, before_.far},
                                                {PointsView(after, frame), after_.layout, tiles_[t].after, after_.far},
                                                PointsView(cores, frame), options_, run_);
      rows.add(field, index, run_);
      done += tiles_[t].points;
      run_.progress("m3c2 by tiles", static_cast<std::size_t>(done), static_cast<std::size_t>(all));
    }
    bucketed_before_.reset();
    bucketed_after_.reset();
    bucketed_cores_.reset();
  }

  Points points_of(BucketFile& buckets, std::size_t tile) const {
    Points out(static_cast<Eigen::Index>(buckets.size(tile) / kPointBytes), 3);
    buckets.read(tile, reinterpret_cast<char*>(out.data()), run_);
    buckets.drop(tile);
    return out;
  }

  Points cores_of(std::size_t tile, std::vector<std::uint64_t>& index) {
    std::string bytes(bucketed_cores_->size(tile), '\0');
    bucketed_cores_->read(tile, bytes.data(), run_);
    bucketed_cores_->drop(tile);
    const std::size_t n = bytes.size() / kCoreBytes;
    index.resize(n);
    Points out(static_cast<Eigen::Index>(n), 3);
    for (std::size_t k = 0; k < n; ++k) {
      const char* record = bytes.data() + k * kCoreBytes;
      std::memcpy(&index[k], record, sizeof(std::uint64_t));
      std::memcpy(out.data() + 3 * k, record + sizeof(std::uint64_t), kPointBytes);
    }
    return out;
  }

  const M3c2Files& files_;
  const M3c2Options& options_;
  const Run& run_;
  const std::function<void(const Report&)>& tell_;
  M3c2Search search_;
  std::string format_;
  double memory_ = 0.0;
  fs::path scratch_;
  Side before_, after_;
  std::shared_ptr<PointStream> cores_;
  std::vector<std::uint32_t> core_counts_;
  TileGrid grid_;
  std::vector<Tile> tiles_;
  std::optional<BucketFile> bucketed_before_, bucketed_after_, bucketed_cores_;
};

}  // namespace

std::uint64_t half_of_memory() {
  auto bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::ifstream group("/sys/fs/cgroup/memory.max");
  std::uint64_t most = 0;
  if (group >> most && most > 0) bytes = std::min(bytes, most);  // "max" is no number.
  return bytes / 2;
}

std::uint64_t parse_memory(const std::string& text, const std::string& where) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string unit(end, text.data() + text.size());
  std::erase(unit, ' ');
  static const std::map<std::string, double> kUnits{{"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"MiB", 0x1p20}, {"GiB", 0x1p30}};
  const auto found = kUnits.find(unit);
  if (error != std::errc() || found == kUnits.end() || !(value > 0.0) || !(value * found->second < 1e18)) {
    throw Error(ErrorKind::config, fmt::format("\"{}\" is no amount of memory", text), where, "write it as 4GB or 500MB");
  }
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(value * found->second));
}

bool fits_memory(const M3c2Files& files) {
  constexpr double kInMemoryAPoint = 60.0;  // Coordinates, index, and the points that are being sorted into it.
  constexpr double kInMemoryACore = 480.0;  // Place, row, and its text.
  double needed = 0.0;
  double largest = 0.0;
  double first = 0.0;
  const auto add = [&](const fs::path& path, bool core_points) {
    const bool streams = can_stream(path);  // First, because it says what is wrong with a path.
    const auto bytes = static_cast<double>(fs::file_size(path));
    const double n = streams ? static_cast<double>(points_claimed(path)) : bytes / kBytesATextPoint;
    if (needed == 0.0) first = n;
    largest = std::max(largest, bytes);
    needed += n * (core_points ? kInMemoryACore : kInMemoryAPoint);
  };
  for (const fs::path& path : {files.before, files.after}) add(path, false);
  if (files.cores.empty()) {
    needed += first * kInMemoryACore;
  } else {
    add(files.cores, true);
  }
  const std::uint64_t memory = files.memory_bytes > 0 ? files.memory_bytes : half_of_memory();
  return largest <= static_cast<double>(kLargestInputBytes) && needed + largest <= static_cast<double>(memory);
}

M3c2Outcome outcome_of(const DisplacementField& field) {
  M3c2Outcome outcome;
  outcome.core_points = field.size();
  for (const double v : field.value_m) outcome.measured += std::isnan(v) ? 0 : 1;
  for (const Reason reason : field.reason) {
    if (reason != Reason::ok) ++outcome.reasons[reason];
  }
  return outcome;
}

std::string unit_of(const M3c2Files& files, const Frame& frame) { return files.units == "source" ? length_unit_of(frame) : "m"; }

M3c2Clouds load_clouds(const M3c2Files& files, const Run& run, const std::function<void(const Report&)>& tell) {
  M3c2Clouds out;
  ReadOptions read = read_options(files);
  const auto load = [&](const fs::path& path, bool attributes) {
    ReadOptions own = read;
    if (attributes) own.channels = "all";
    Report report;
    PointCloud cloud = read_cloud(path, own, report, run);
    tell(report);
    return cloud;
  };
  out.before = load(files.before, files.core_attributes && files.cores.empty());
  read.origin_m.assign(out.before.frame.origin_m.begin(), out.before.frame.origin_m.end());
  out.after = load(files.after, false);
  out.places = files.cores.empty() ? out.before : load(files.cores, files.core_attributes);
  for (PointCloud* cloud : {&out.after, &out.places}) {
    if (cloud->frame.is_local()) cloud->frame = out.before.frame;
  }
  return out;
}

M3c2Outcome m3c2_by_tiles(const M3c2Files& files, const M3c2Options& options, const Run& run,
                          const std::function<void(const Report&)>& tell) {
  return TiledM3c2(files, options, run, tell)();
}

M3c2Outcome m3c2_files(const M3c2Files& files, const M3c2Options& options, const Run& run,
                       const std::function<void(const Report&)>& tell) {
  for (const auto& input : {files.before, files.after, files.cores}) {
    std::error_code none;
    if (std::filesystem::equivalent(input, files.output, none)) {
      throw Error(ErrorKind::config, "the output is one of the inputs: the scan would be lost", files.output.string(),
                  "give another name");
    }
  }
  if (!fits_memory(files)) return m3c2_by_tiles(files, options, run, tell);
  const M3c2Clouds clouds = load_clouds(files, run, tell);
  const DisplacementField field = m3c2(clouds.before.view(), clouds.after.view(), clouds.places.view(), options, run);
  write_field(files.output, field, unit_of(files, clouds.before.frame), run);
  return outcome_of(field);
}

}  // namespace highwall
