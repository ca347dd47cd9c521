#include <cstring>
#include <optional>
#include <vector>

#include "io/readers/point_stream.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/reader_target.hpp"

namespace {

using namespace highwall;

/// Nothing but a refusal as input or configuration may come of a file.
template <class Take>
auto unless_refused(const Take& take) -> std::optional<decltype(take())> {
  try {
    return take();
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::input && e.kind() != ErrorKind::config) std::abort();
    return std::nullopt;
  }
}

std::vector<double> streamed(const std::filesystem::path& path, const ReadOptions& options, const Run& run) {
  const auto stream = open_points(path, options, run);
  std::vector<double> xyz;
  stream->visit(
      [&](std::size_t first, const PointsView& block) {
        if (first != xyz.size() / 3) std::abort();
        xyz.insert(xyz.end(), block.data(), block.data() + 3 * block.size());
      },
      run, {});
  if (xyz.size() != 3 * stream->seen().size) std::abort();
  return xyz;
}

}  // namespace

/// A file that its reader takes, from memory or from the disk, is taken block by block too, with the same bits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const MemoryFile file(data, size);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Run run(1);
  ReadOptions options;
  options.format = "las";
  for (const char* channels : {"none", "all"}) {
    options.channels = channels;
    const auto in_memory = unless_refused([&] { return read_input({"a.laz", bytes}, options, run); });
    const auto on_disk = unless_refused([&] { return read_file(file.path(), options, run); });
    if (in_memory.has_value() != on_disk.has_value()) std::abort();
    const auto blocks = unless_refused([&] { return streamed(file.path(), options, run); });
    if (!in_memory) continue;
    const auto& a = std::get<PointCloud>(in_memory->data).xyz;
    const auto& b = std::get<PointCloud>(on_disk->data).xyz;
    const auto same = [&](std::size_t n, const double* other) {
      return n == static_cast<std::size_t>(a.size()) && (n == 0 || std::memcmp(a.data(), other, n * sizeof(double)) == 0);
    };
    if (!same(static_cast<std::size_t>(b.size()), b.data())) std::abort();
    if (!blocks || !same(blocks->size(), blocks->data())) std::abort();
  }
  static_cast<void>(unless_refused([&] { return points_claimed(file.path()); }));
  return 0;
}
