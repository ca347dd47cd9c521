#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "io/archive/records.hpp"
#include "io/durable/durable.hpp"
#include "tests/fuzz/memory_file.hpp"

namespace {

/// One log of the bytes' lines, each with the sum that lets it pass as written by us.
std::string log_of(std::string_view bytes) {
  std::string log;
  while (!bytes.empty()) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    log += fmt::format("{}|{:08x}\n", line, highwall::crc32c(line));
    bytes.remove_prefix(std::min(bytes.size(), line.size() + 1));
  }
  return log;
}

template <class Body>
void only_storage_errors(const Body& body) {
  try {
    body();
  } catch (const highwall::Error& e) {
    if (e.kind() != highwall::ErrorKind::storage) std::abort();
  }
}

}  // namespace

/// Records of the archive: a damaged one is an error of storage that names it, whatever it holds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryFile record(data, size);
  only_storage_errors([&] { highwall::read_act(record.path()); });
  only_storage_errors([&] { highwall::read_quarantine_record(record.path()); });

  const std::string log = log_of({reinterpret_cast<const char*>(data), size});
  const MemoryFile journal(reinterpret_cast<const std::uint8_t*>(log.data()), log.size());
  only_storage_errors([&] {
    highwall::JournalState state;
    for (const std::string& line : highwall::LineLog::read(journal.path())) state.take_line(line, "fuzz.log");
  });
  return 0;
}
