#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/options.hpp"

namespace highwall {

struct TomlValue;
using TomlArray = std::vector<TomlValue>;
using TomlTable = std::map<std::string, TomlValue, std::less<>>;

/// One value of a TOML document and the place where it stands. Dates become ISO 8601 text.
struct TomlValue {
  std::variant<bool, std::int64_t, double, std::string, TomlArray, TomlTable> value;
  std::string where;  ///< "site.toml:12:3"
};

/// Parses TOML 1.0 text. `name` is the file's name in messages.
/// @throws Error(config) with line and column.
TomlValue parse_toml(std::string_view text, const std::string& name);
/// The bytes of a configuration file. @throws Error(config) when it is missing or above 16 MB.
std::string load_config_text(const std::filesystem::path& path);
/// Both in one. @throws Error(config)
TomlValue load_toml(const std::filesystem::path& path);

/// Nearest OptionValue of a TOML value (scalars and flat lists).
/// @throws Error(config) for tables and mixed or nested lists.
OptionValue to_option_value(const TomlValue& value);

/// Takes keys out of a table one by one; finish() refuses those that nobody asked for.
class TableReader {
 public:
  /// @throws Error(config) when the value is not a table. `name` ("[mine]") is for messages.
  TableReader(const TomlValue& value, std::string name);

  /// The value of a key, or nullptr.
  const TomlValue* find(std::string_view key);
  /// @throws Error(config) when the key is absent.
  const TomlValue& require(std::string_view key);
  /// Tables of `[[key]]`; a single `[key]` is refused. Empty when absent.
  const TomlArray& tables(std::string_view key);
  const std::string& where() const noexcept { return where_; }

  /// Sets every option of the struct that the table names, but those that `leave_out` is true for.
  template <class Options>
  void read_into(Options& options, bool (*leave_out)(const std::string& name) = nullptr) {
    for (const OptionSpec& spec : list_options<Options>()) {
      if (leave_out != nullptr && leave_out(spec.name)) continue;
      if (const TomlValue* value = find(spec.name)) {
        set_option(options, spec.name, to_option_value(*value), value->where);
      }
    }
    validate(options, where_);
  }

  /// @throws Error(config) naming the first unknown key, its place and the nearest known key.
  void finish() const;

 private:
  const TomlTable* table_;
  std::string name_;
  std::string where_;
  std::set<std::string, std::less<>> asked_;
};

/// List of numbers of exactly `count` entries, e.g. coordinates. @throws Error(config)
std::vector<double> numbers_of(const TomlValue& value, std::size_t count, std::string_view key);

}  // namespace highwall
