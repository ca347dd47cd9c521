#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/run.hpp"

namespace highwall {

/// Walks over the lines of a text: LF, CRLF or CR-less last line, without the line end, a UTF-8 mark
/// at the start skipped.
class Lines {
 public:
  explicit Lines(std::string_view text);
  /// The next line; false at the end. number() then tells its number, from 1.
  /// @throws Error(input) with where = "line N" for a line that no table has (beyond 1 MiB): its fields would fill the memory.
  bool next(std::string_view& line);
  std::uint64_t number() const noexcept { return number_; }
  /// Bytes from the start of the text to the start of the line that comes next.
  std::size_t offset() const noexcept { return position_; }
  std::size_t bytes() const noexcept { return text_.size(); }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
  std::uint64_t number_ = 0;
};

/// Once in a while on the way through a long text: looks for a stop and tells how far it is.
/// @throws Error(cancelled)
void pulse(const Lines& lines, const Run& run);

std::string_view trim(std::string_view text);
std::string lower(std::string_view text);
/// Fields between separators; double quotes may hold a separator, "" within them is one quote.
std::vector<std::string> split(std::string_view line, char separator);
/// Fields between runs of blanks and tabs. Views into the line.
void split_blanks(std::string_view line, std::vector<std::string_view>& fields);

/// The whole text as a number; nullopt for anything else. "nan" and "inf" are numbers, "" is not.
std::optional<double> to_number(std::string_view text);
/// The same, with a comma as the decimal mark.
std::optional<double> to_number_with_comma(std::string_view text);
std::optional<long long> to_integer(std::string_view text);

/// "displacement_mm" -> {"displacement", "mm"}; "disp [cm]", "位移(mm)" and "位移（毫米）" likewise.
std::pair<std::string, std::string> name_and_unit(std::string_view field);

/// Separator of a table: ';', tab, ',' or '|' by the first lines, ' ' when there is none of them.
char guess_separator(std::string_view head);
/// True for bytes that no text has (zero bytes, control characters).
bool looks_binary(std::string_view head);

/// How a person tells what the columns of a generic table are.
inline constexpr std::string_view kColumnMapHint =
    "name the columns as the header does: --time-column and --displacement-column (or --east-column, --north-column, "
    "--up-column), "
    "with --sigma-column and --target-column where they are there; in site.toml [source.columns] with time = \"...\", "
    "displacement = \"...\"; --unit (unit) tells the unit";

/// A number of a file in metres. Never -0, which a turned sign would make of a target at rest.
inline double scaled(double value, double metres_per_value) { return value * metres_per_value + 0.0; }

}  // namespace highwall
