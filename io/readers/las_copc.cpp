// Cloud Optimized Point Cloud 1.0 (https://copc.io): an octree over the chunks of a LAZ file.
#include "io/readers/las_copc.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace highwall {
namespace {

constexpr std::size_t kEntry = 32;
constexpr std::int32_t kDeepest = 31;

struct Page {
  std::size_t offset = 0;
  std::size_t bytes = 0;
};

class Hierarchy {
 public:
  Hierarchy(const Bytes& bytes, const LasHeader& header, const ReadOptions& options, const std::string& name)
      : bytes_(bytes), header_(header), copc_(*header.copc), options_(options), name_(name) {
    if (options.resolution > 0.0) {
      if (!(copc_.spacing > 0.0) || !std::isfinite(copc_.spacing)) damaged("it tells no spacing of its points");
      deepest_ = std::max(0, static_cast<int>(std::ceil(std::log2(copc_.spacing / options.resolution))));
    }
  }

  /// Nodes that are wanted, in the order of the file.
  std::vector<LazChunk> wanted() {
    pages_ = {page(copc_.root_offset, copc_.root_bytes)};
    for (std::size_t k = 0; k < pages_.size(); ++k) read_page(Page(pages_[k]));
    std::sort(chunks_.begin(), chunks_.end(), [](const LazChunk& a, const LazChunk& b) { return a.offset < b.offset; });
    return std::move(chunks_);
  }
  int deepest() const { return std::min(deepest_, seen_); }

 private:
  [[noreturn]] void damaged(const std::string& what) const {
    throw Error(ErrorKind::input, "the COPC hierarchy is damaged: " + what, name_,
                "read the file whole, without box and resolution");
  }

  Page page(std::uint64_t offset, std::uint64_t length) {
    const auto at = static_cast<std::size_t>(offset);
    if (!bytes_.has(at, static_cast<std::size_t>(length)) || length % kEntry != 0) {
      damaged(fmt::format("a page of {} bytes at byte {} of {}", length, offset, bytes_.size()));
    }
    if (!known_.insert(at).second) damaged(fmt::format("the page at byte {} is there twice", offset));
    return {at, static_cast<std::size_t>(length)};
  }

  bool touches(std::int32_t level, const std::array<std::int32_t, 3>& cell) const {
    if (options_.box.empty()) return true;
    const double size = std::ldexp(2.0 * copc_.half_size, -level);
    for (std::size_t c = 0; c < 2; ++c) {
      // Coordinates are rounded to the scale, so a point may lie that far beyond its node.
      const double low = copc_.centre[c] - copc_.half_size + size * cell[c] - std::abs(header_.scale[c]);
      if (low > options_.box[2 + c] || low + size + 2.0 * std::abs(header_.scale[c]) < options_.box[c]) return false;
    }
    return true;
  }

  void read_page(Page p) {
    for (std::size_t at = p.offset; at < p.offset + p.bytes; at += kEntry) {
      const auto level = bytes_.get<std::int32_t>(at);
      const std::array cell{bytes_.get<std::int32_t>(at + 4), bytes_.get<std::int32_t>(at + 8),
                            bytes_.get<std::int32_t>(at + 12)};
      const auto offset = bytes_.get<std::uint64_t>(at + 16);
      const auto length = bytes_.get<std::int32_t>(at + 24);
      const auto count = bytes_.get<std::int32_t>(at + 28);
      if (level < 0 || level > kDeepest || length < 0 || count < -1) damaged(fmt::format("the entry at byte {} cannot be", at));
      if (level > deepest_ || !touches(level, cell)) continue;
      if (count == -1) {
        pages_.push_back(page(offset, static_cast<std::uint64_t>(length)));
      } else if (count > 0) {
        seen_ = std::max(seen_, static_cast<int>(level));
        const auto points = static_cast<std::uint64_t>(count);
        taken_ += points;
        if (taken_ > header_.point_count) damaged("its nodes hold more points than the header claims");
        chunks_.push_back({static_cast<std::size_t>(offset), static_cast<std::size_t>(length), 0, points, true});
      }
    }
  }

  const Bytes& bytes_;
  const LasHeader& header_;
  const CopcInfo& copc_;
  const ReadOptions& options_;
  const std::string& name_;
  int deepest_ = kDeepest;
  int seen_ = 0;
  std::uint64_t taken_ = 0;
  std::vector<Page> pages_;
  std::set<std::size_t> known_;
  std::vector<LazChunk> chunks_;
};

}  // namespace

std::vector<LazChunk> copc_chunks(const Bytes& bytes, const LasHeader& header, const LazPoints& laz, const ReadOptions& options,
                                  const std::string& name, Report& report) {
  Hierarchy hierarchy(bytes, header, options, name);
  std::vector<LazChunk> chunks = hierarchy.wanted();
  std::uint64_t first = 0;
  for (LazChunk& chunk : chunks) {
    laz.check(chunk);
    chunk.first = first;
    first += chunk.count;
  }
  report.warn(fmt::format("COPC: {} nodes down to level {}, {} of {} points", chunks.size(), hierarchy.deepest(), first,
                          header.point_count));
  return chunks;
}

}  // namespace highwall
