#include "io/durable/durable.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "io/config/toml.hpp"
#include "io/readers/reader.hpp"
#include "tests/support/folder.hpp"

namespace highwall {
namespace {

namespace fs = std::filesystem;

class DurableTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = test_folder();
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }
  /// Runs `act` in a child with a fault planted. @return true when it was killed or threw
  static bool broken(const std::string& plan, const std::function<void()>& act) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setenv("HIGHWALL_FAULT", plan.c_str(), 1);
      try {
        act();
      } catch (const Error&) {
        std::_Exit(3);
      }
      std::_Exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) || WEXITSTATUS(status) == 3;
  }
  /// A file that claims so many bytes and takes no disk.
  fs::path sparse(const std::string& name, std::uintmax_t bytes) const {
    const fs::path path = root_ / name;
    { const std::ofstream made(path); }
    fs::resize_file(path, bytes);
    return path;
  }

  fs::path root_;
};

ErrorKind kind_of_failure(const std::function<void()>& act, std::string* message = nullptr) {
  try {
    act();
  } catch (const Error& e) {
    if (message != nullptr) *message = e.what();
    return e.kind();
  }
  return ErrorKind::internal;
}

TEST_F(DurableTest, ReadsWhatWasWritten) {
  std::string bytes(3U << 20U, 'x');
  bytes += "and a little more";
  bytes[1U << 20U] = '\0';
  write_whole(root_ / "a", bytes);
  EXPECT_EQ(read_whole(root_ / "a"), bytes);
  write_whole(root_ / "b", "");
  EXPECT_EQ(read_whole(root_ / "b"), "");
  EXPECT_THROW(write_whole(root_ / "a", "x", IfExists::fail), Error);
  EXPECT_EQ(read_whole(root_ / "a"), bytes);
}

TEST_F(DurableTest, AFileOfAHundredGigabytesIsRefusedBeforeItIsRead) {
  const fs::path huge = sparse("huge.las", std::uintmax_t{100} << 30U);
  std::string message;
  EXPECT_EQ(kind_of_failure([&] { load_file(huge); }, &message), ErrorKind::input);
  EXPECT_NE(message.find("102400 MB"), std::string::npos) << message;
  EXPECT_NE(message.find("huge.las"), std::string::npos) << message;
  EXPECT_EQ(kind_of_failure([&] { read_whole(huge); }), ErrorKind::storage);
  EXPECT_EQ(kind_of_failure([&] { load_config_text(sparse("site.toml", (16U << 20U) + 1)); }), ErrorKind::config);
  EXPECT_EQ(load_config_text(sparse("just.toml", 16U << 20U)).size(), 16U << 20U);
}

TEST_F(DurableTest, WhatIsNoFileIsNamedAndNeverWaitedFor) {
  ASSERT_EQ(::mkfifo((root_ / "pipe.csv").c_str(), 0644), 0);
  EXPECT_EQ(kind_of_failure([&] { load_file(root_ / "pipe.csv"); }), ErrorKind::input);
  EXPECT_EQ(kind_of_failure([&] { load_file(root_); }), ErrorKind::input);
  EXPECT_EQ(kind_of_failure([&] { load_file(root_ / "none"); }), ErrorKind::input);
  EXPECT_EQ(kind_of_failure([&] { load_file(sparse("empty", 0)); }), ErrorKind::input);
  EXPECT_EQ(kind_of_failure([&] { read_whole(root_ / "none"); }), ErrorKind::storage);
  EXPECT_EQ(kind_of_failure([&] { load_config_text(root_ / "none"); }), ErrorKind::config);
}

TEST_F(DurableTest, CrcIsThatOfTheStandard) { EXPECT_EQ(crc32c("123456789"), 0xe3069283U); }  // RFC 3720, B.4

class LineLogTest : public DurableTest {
 protected:
  fs::path log() const { return root_ / "a.log"; }
};

TEST_F(LineLogTest, KeepsLinesInOrder) {
  LineLog log(this->log());
  EXPECT_FALSE(fs::exists(this->log()));
  for (const char* text : {"one", "two|with a bar", ""}) log.append(text);
  EXPECT_EQ(LineLog::read(this->log()), (std::vector<std::string>{"one", "two|with a bar", ""}));
  EXPECT_EQ(kind_of_failure([&] { log.append("two\nlines"); }), ErrorKind::internal);
  EXPECT_EQ(LineLog::read(this->log()).size(), 3U);
}

TEST_F(LineLogTest, ALineTornAtAnyByteIsCutAndTheNextIsWhole) {
  {
    LineLog log(this->log());
    log.append("one");
    log.append("two");
  }
  const std::string whole = read_whole(log());
  const std::size_t first = whole.find('\n') + 1;
  for (std::size_t n = first; n < whole.size(); ++n) {
    std::ofstream(log(), std::ios::binary) << whole.substr(0, n);
    EXPECT_EQ(LineLog::read(log()), std::vector<std::string>{"one"});
    LineLog(log()).append("three");
    EXPECT_EQ(LineLog::read(log()), (std::vector<std::string>{"one", "three"})) << n;
  }
}

TEST_F(LineLogTest, AFlippedBitBeforeTheLastLineIsAnError) {
  {
    LineLog log(this->log());
    for (const char* text : {"one", "two", "three"}) log.append(text);
  }
  const std::string whole = read_whole(log());
  // The line end before the last line is left out: without it the two look like one torn line (verify tells then).
  const std::size_t last = whole.rfind("three") - 1;
  for (std::size_t at = 0; at < last; ++at) {
    std::string bad = whole;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    std::ofstream(log(), std::ios::binary) << bad;
    EXPECT_EQ(kind_of_failure([&] { LineLog::read(log()); }), ErrorKind::storage) << at;
    EXPECT_EQ(kind_of_failure([&] { const LineLog opened(log()); }), ErrorKind::storage) << at;
  }
}

TEST_F(LineLogTest, TwoWritersDoNotTearEachOthersLines) {
  LineLog a(log());
  LineLog b(log());
  for (int i = 0; i < 20; ++i) {
    a.append("a" + std::to_string(i));
    b.append("b" + std::to_string(i));
  }
  const auto lines = LineLog::read(log());
  ASSERT_EQ(lines.size(), 40U);
  EXPECT_EQ(lines[38], "a19");
  EXPECT_EQ(lines[39], "b19");
}

TEST_F(LineLogTest, AFailedAppendLeavesTheLogAsBeforeAndTheNextWorks) {
  LineLog(log()).append("one");
  for (const char* action : {"EIO", "ENOSPC"}) {
    EXPECT_TRUE(broken(std::string("log_after_write:") + action + ":1", [&] {
      LineLog log(this->log());
      try {
        log.append("lost");
      } catch (const Error&) {
        log.append("two");  // The same log goes on after the error.
        throw;
      }
    }));
  }
  EXPECT_EQ(LineLog::read(log()), (std::vector<std::string>{"one", "two", "two"}));
}

TEST_F(LineLogTest, AKilledAppendIsWholeOrAbsent) {
  LineLog(log()).append("one");
  EXPECT_TRUE(broken("log_after_write:kill:1", [&] { LineLog(log()).append("two"); }));
  LineLog(log()).append("three");
  const auto lines = LineLog::read(log());
  EXPECT_EQ(lines.front(), "one");
  EXPECT_EQ(lines.back(), "three");
}

TEST_F(DurableTest, EveryFaultLeavesTheOldFileOrTheNewOne) {
  for (const char* point : {"after_write", "before_fsync", "fsync_fails", "before_rename", "after_rename", "before_dirsync"}) {
    for (const char* action : {"kill", "EIO", "ENOSPC"}) {
      write_whole(root_ / "a", "old");
      const std::string plan = std::string(point) + ":" + action + ":1";
      EXPECT_TRUE(broken(plan, [&] { write_whole(root_ / "a", "new and longer"); })) << plan;
      const std::string now = read_whole(root_ / "a");
      const bool renamed = std::string(point) == "after_rename" || std::string(point) == "before_dirsync";
      EXPECT_EQ(now, renamed ? "new and longer" : "old") << plan;
      EXPECT_LE(sweep_temporary_files(root_), std::string(action) == "kill" && !renamed ? 1U : 0U) << plan;
    }
  }
}

}  // namespace
}  // namespace highwall
