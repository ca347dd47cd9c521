#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

namespace highwall {

/// A folder for the running test, of this process only, so that two builds can be tested side by side. It does not exist
/// yet; who makes it removes it.
inline std::filesystem::path test_folder() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  std::string name = std::string("highwall-") + test->test_suite_name() + "-" + test->name() + "-" + std::to_string(::getpid());
  std::replace(name.begin(), name.end(), '/', '_');
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / name;
  std::filesystem::remove_all(folder);
  return folder;
}

}  // namespace highwall
