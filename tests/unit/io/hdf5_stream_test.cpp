// Large files of results: parts in any order, HDF5 laid out without its values.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/error.hpp"
#include "io/archive/h5.hpp"
#include "io/durable/durable.hpp"
#include "io/durable/placed_file.hpp"
#include "io/writers/hdf5_stream.hpp"
#include "io/writers/mintpy.hpp"
#include "tests/support/scratch_folder.hpp"

namespace highwall {
namespace {

using PlacedFiles = ScratchFolder;

TEST_F(PlacedFiles, HoldsPartsInAnyOrder) {
  {
    PlacedFile file(folder_ / "a", 1000);
    file.write(990, std::string(10, 'z'));
    file.write(3, "abcdefghijklm");
    EXPECT_THROW(file.write(995, "123456"), Error);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "a"));
    file.commit();
  }
  std::string wanted(1000, '\0');
  wanted.replace(990, 10, std::string(10, 'z'));
  wanted.replace(3, 13, "abcdefghijklm");
  EXPECT_EQ(read_whole(folder_ / "a"), wanted);
  { PlacedFile left(folder_ / "b", 10); }
  EXPECT_EQ(files(), 1U);
}

TEST_F(PlacedFiles, SeesWhatDoesNotReadBack) {
  PlacedFile file(folder_ / "a", 100);
  file.write(0, std::string(60, 'x'));
  file.write(50, std::string(10, 'y'));  // Over the first part: no longer what was given.
  EXPECT_THROW(file.commit(), Error);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a"));
}

TEST_F(PlacedFiles, LeavesNothingOnAFullDisk) {
  {
    const SmallFiles full(4096);
    EXPECT_THROW(PlacedFile(folder_ / "a", 100000), Error);
  }
  EXPECT_EQ(files(), 0U);
}

TEST_F(PlacedFiles, Hdf5HasWhatWasStreamed) {
  std::vector<float> cube(5 * 7 * 11), map(7 * 11);
  for (std::size_t i = 0; i < cube.size(); ++i) cube[i] = static_cast<float>(i);
  for (std::size_t i = 0; i < map.size(); ++i) map[i] = -static_cast<float>(i);
  {
    Hdf5Stream file(folder_ / "a.h5", {{"FILE_TYPE", "timeseries"}, {"EMPTY", ""}},
                    {{"cube", {5, 7, 11}, {{"UNIT", "m"}}}, {"map", {7, 11}, {}}}, {{"date", {"20240101", "20240113"}, {}}});
    file.write(1, 40, std::span<const float>(map).subspan(40));
    for (std::size_t k = 5; k-- > 0;) file.write(0, k * 77, std::span<const float>(cube).subspan(k * 77, 77));
    file.write(1, 0, std::span<const float>(map).first(40));
    EXPECT_THROW(file.write(1, 70, map), Error);
    file.commit();
  }
  const std::string bytes = read_whole(folder_ / "a.h5");
  const h5::Image image(bytes, "a.h5");
  EXPECT_EQ(h5::read_data<float>(image.root(), "cube", "a.h5"), cube);
  EXPECT_EQ(h5::read_data<float>(image.root(), "map", "a.h5"), map);
  EXPECT_EQ(h5::shape_of(image.root(), "cube", "a.h5"), (std::vector<hsize_t>{5, 7, 11}));
}

/// A file of 40 GB is laid out in no time and no memory; its values come later.
TEST_F(PlacedFiles, Hdf5OfAnySizeIsLaidOut) {
  Hdf5Stream file(folder_ / "big.h5", {}, {{"timeseries", {1000, 2000, 5000}, {}}}, {});
  const std::vector<float> values(100, 1.0F);
  file.write(0, std::uint64_t{1000} * 2000 * 5000 - 100, values);
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  EXPECT_LT(use.ru_maxrss, 1000000);
}

TEST(MintPyDates, TellTheTimeWhereItDiffers) {
  const auto at = [](const char* text) { return *parse_iso8601(text); };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(mintpy_dates(std::vector{at("2024-01-01T12:34:56Z"), at("2024-01-13T12:34:56Z")}), (Texts{"20240101", "20240113"}));
  EXPECT_EQ(mintpy_dates(std::vector{at("2024-01-01T12:34Z"), at("2024-01-01T12:36Z")}),
            (Texts{"20240101T1234", "20240101T1236"}));
  EXPECT_EQ(mintpy_dates(std::vector{at("2024-01-01T12:34:01Z"), at("2024-01-01T12:34:41Z")}),
            (Texts{"2024-01-01T12:34:01", "2024-01-01T12:34:41"}));
}

}  // namespace
}  // namespace highwall
