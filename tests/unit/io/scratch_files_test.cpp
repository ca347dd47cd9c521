// Files of the disk that stand in for memory: buckets, growing results, mapped inputs.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "io/durable/bucket_file.hpp"
#include "io/durable/durable.hpp"
#include "io/durable/growing_file.hpp"
#include "io/durable/mapped_file.hpp"
#include "tests/support/scratch_folder.hpp"

namespace highwall {
namespace {

using ScratchFiles = ScratchFolder;

TEST_F(ScratchFiles, BucketsKeepWhatCameInOrderAndLeaveNoName) {
  for (const std::size_t buffer : {std::size_t{0}, std::size_t{64}, std::size_t{100000}}) {
    BucketFile buckets(folder_, 7, buffer);
    std::vector<std::string> twin(7);
    for (std::size_t k = 0; k < 3000; ++k) {
      const std::string bytes((k * k) % 91, static_cast<char>('a' + k % 26));
      buckets.append(k * 5 % 7, bytes);
      twin[k * 5 % 7] += bytes;
    }
    EXPECT_EQ(files(), 0U);
    for (std::size_t b = 0; b < 7; ++b) {
      ASSERT_EQ(buckets.size(b), twin[b].size());
      std::string back(buckets.size(b), '\0');
      buckets.read(b, back.data(), highwall::Run(2));
      EXPECT_EQ(back, twin[b]) << buffer;
      buckets.drop(b);
      EXPECT_EQ(buckets.size(b), 0U);
    }
  }
}

TEST_F(ScratchFiles, AFullDiskIsAnErrorOfStorageThatSaysWhatToFree) {
  const SmallFiles small(100000);
  BucketFile buckets(folder_, 2, 1000);
  try {
    for (int k = 0; k < 1000; ++k) buckets.append(1, std::string(1000, 'x'));
    FAIL() << "written";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::storage);
    EXPECT_EQ(e.where(), folder_.string());
    EXPECT_NE(e.hint().find("free some disk space"), std::string::npos) << e.hint();
  }
}

TEST_F(ScratchFiles, AGrowingFileAppearsWholeWithItsHead) {
  const std::filesystem::path path = folder_ / "out.bin";
  std::string all = "HEAD.";
  {
    GrowingFile file(path, 5);
    for (std::size_t k = 0; k < 2000; ++k) {
      const std::string bytes(k * 7 % 3001, static_cast<char>(k));
      file.append(bytes);
      all += bytes;
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    file.commit("HEAD.");
  }
  EXPECT_EQ(read_whole(path), all);
  EXPECT_EQ(files(), 1U);
}

TEST_F(ScratchFiles, WithoutCommitTheOldFileStays) {
  const std::filesystem::path path = folder_ / "out.bin";
  write_whole(path, "old");
  { GrowingFile(path).append("new"); }
  EXPECT_EQ(read_whole(path), "old");
  EXPECT_EQ(files(), 1U);
  const SmallFiles small(1000);
  GrowingFile file(path);
  EXPECT_THROW(file.append(std::string(5000, 'x')), Error);
}

TEST_F(ScratchFiles, AMappedFileThatChangesIsAnErrorAndNotTheEnd) {
  const std::filesystem::path path = folder_ / "in.bin";
  write_whole(path, std::string(100000, 'a'));
  const MappedFile file(path);
  EXPECT_EQ(file.bytes().size(), 100000U);
  file.require_unchanged();
  file.release();
  EXPECT_EQ(file.bytes()[99999], 'a');
  std::string some(5000, ' ');
  file.read(95000, some.data(), some.size());
  EXPECT_EQ(some, std::string(5000, 'a'));
  std::filesystem::resize_file(path, 99999);
  EXPECT_THROW(file.read(95000, some.data(), some.size()), Error);
  file.read(94999, some.data(), some.size());
  EXPECT_THROW(file.require_unchanged(), Error);
}

TEST_F(ScratchFiles, WhatCannotBeMappedIsNamed) {
  write_whole(folder_ / "empty", "");
  for (const char* name : {"missing", "empty", "."}) {
    try {
      const MappedFile file(folder_ / name);
      FAIL() << name;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::input) << name;
    }
  }
  EXPECT_THROW(BucketFile(folder_ / "missing", 1, 1), Error);
}

}  // namespace
}  // namespace highwall
