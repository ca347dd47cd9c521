#include "io/readers/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/error.hpp"
#include "core/printable.hpp"
#include "io/durable/durable.hpp"
#include "io/durable/mapped_file.hpp"
#include "io/readers/text.hpp"
#include "io/readers/zones.hpp"

namespace highwall {
namespace {

constexpr std::size_t kHeadBytes = 4096;

std::string suffix_of(std::string_view name) {
  std::string suffix = std::filesystem::path(name).extension().string();
  for (char& c : suffix) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return suffix;
}

bool has_suffix(const Reader& reader, const std::string& suffix) {
  if (suffix.empty()) return false;
  const std::string padded = " " + std::string(reader.suffixes) + " ";
  return padded.find(" " + suffix + " ") != std::string::npos;
}

std::vector<std::string> reader_names() {
  std::vector<std::string> names;
  for (const Reader* reader : all_readers()) names.emplace_back(reader->name);
  return names;
}

/// @throws Error(input) for text that is not UTF-8: names and headers in it cannot be understood
void require_utf8_text(const Input& input, std::string_view head) {
  const bool marked = head.substr(0, 2) == "\xFF\xFE" || head.substr(0, 2) == "\xFE\xFF";
  const auto is_zero = [&](std::size_t i) { return i < head.size() && head[i] == '\0'; };
  const bool wide = head.size() >= 8 && ((is_zero(1) && is_zero(3) && is_zero(5) && !is_zero(0) && !is_zero(2)) ||
                                         (is_zero(0) && is_zero(2) && is_zero(4) && !is_zero(1) && !is_zero(3)));
  if (marked || wide) {
    throw Error(ErrorKind::input, "the file is UTF-16 text", input.name, "convert it: iconv -f UTF-16 -t UTF-8 FILE > NEW");
  }
  if (looks_binary(head) || is_utf8(head.substr(0, head.rfind('\n')))) return;
  throw Error(ErrorKind::input, "no reader knows this content, and its text is not UTF-8", input.name,
              "convert it if it is GBK: iconv -f GBK -t UTF-8 FILE > NEW");
}

/// Names go into messages and files, which are UTF-8.
void require_utf8_names(const Reading& reading, const std::string& file) {
  const auto* all = std::get_if<std::vector<TimeSeries>>(&reading.data);
  for (std::size_t i = 0; all != nullptr && i < all->size(); ++i) {
    if (is_utf8((*all)[i].target)) continue;
    throw Error(ErrorKind::input, "the name of a target is not UTF-8 text", file,
                "convert the file if it is GBK: iconv -f GBK -t UTF-8 FILE > NEW");
  }
}

/// Reads, and puts the file's name before the place of an error that only knows its line.
Reading read_with(const Reader& reader, const Input& input, const ReadOptions& options, const Run& run) {
  try {
    return reader.read(input, options, run);
  } catch (const Error& e) {
    if (e.where().rfind("line ", 0) != 0) throw;
    throw Error(e.kind(), e.message(), input.name + ":" + e.where().substr(5), e.hint());
  }
}

}  // namespace

const Reader& choose_reader(const Input& input, const std::string& format) {
  if (format != "auto") {
    for (const Reader* reader : all_readers()) {
      if (reader->name == format) return *reader;
    }
    const std::string near = nearest_word(format, reader_names());
    throw Error(
        ErrorKind::config, fmt::format("no reader is called \"{}\"", format), input.name,
        near.empty() ? fmt::format("known: {}", fmt::join(reader_names(), ", ")) : fmt::format("did you mean \"{}\"?", near));
  }
  const std::string_view head = input.bytes.substr(0, kHeadBytes);
  const std::string suffix = suffix_of(input.name);
  const Reader* best = nullptr;
  int best_score = 0;
  for (const Reader* reader : all_readers()) {
    const int sure = reader->sniff(head, input.name);
    const int score = sure == 0 ? 0 : 2 * sure + (has_suffix(*reader, suffix) ? 1 : 0);
    if (score > best_score) {
      best = reader;
      best_score = score;
    }
  }
  if (best == nullptr && holds_zones(input.bytes)) {
    throw Error(ErrorKind::input, "the file holds outlines of zones, which are no measurements", input.name,
                "`highwall info` lists them; site.toml names them: polygon = \"zones.geojson:NAME\" of a [[zone]], or stable of "
                "a [[source]]");
  }
  if (best == nullptr) {
    require_utf8_text(input, head);
    throw Error(ErrorKind::input, "no reader knows this content", input.name,
                fmt::format("readers: {}; name one with --format if the file is one of them{}{}", fmt::join(reader_names(), ", "),
                            looks_binary(head) ? "" : ". If it is a table of a time and a displacement, ",
                            looks_binary(head) ? "" : kColumnMapHint));
  }
  return *best;
}

std::string load_file(const std::filesystem::path& path) {
  std::string bytes = read_whole(path, ErrorKind::input, kLargestInputBytes);
  if (bytes.empty()) throw Error(ErrorKind::input, "the file is empty", path.string());
  return bytes;
}

Reading read_input(const Input& input, const ReadOptions& options, const Run& run) {
  validate(options, input.name);
  if (input.bytes.empty()) throw Error(ErrorKind::input, "the file is empty", input.name);
  // A column map is the word of a person that this is a generic table.
  const bool mapped = !options.displacement_column.empty() || !options.east_column.empty();
  const bool placed = !options.x_column.empty() || !options.y_column.empty();
  const std::string by_map = mapped ? "series_csv" : placed ? "pixel_csv" : "auto";
  const Reader& reader = choose_reader(input, options.format == "auto" ? by_map : options.format);
  Reading reading = read_with(reader, input, options, run);
  const bool open_end = !looks_binary(input.bytes.substr(0, kHeadBytes)) && input.bytes.back() != '\n';
  const bool hold_back = open_end && options.strict && std::holds_alternative<std::vector<TimeSeries>>(reading.data);
  if (hold_back) {
    const std::size_t end = input.bytes.rfind('\n');
    const std::string_view whole_lines = input.bytes.substr(0, end == std::string_view::npos ? 0 : end + 1);
    reading = read_with(reader, {input.name, whole_lines}, options, run);
  }
  require_utf8_names(reading, input.name);
  Report& report = reading.report;
  report.source = input.name;
  report.format = std::string(reader.name);
  if (open_end && !hold_back) report.warn("the last line has no line end: it may be cut off");
  const double rows = static_cast<double>(report.accepted + report.rejected);
  if (report.rejected > 0 && static_cast<double>(report.rejected) > options.max_rejected_share * rows) {
    const std::string first = report.rows.empty() ? "" : fmt::format("line {}: {}", report.rows[0].line, report.rows[0].reason);
    throw Error(ErrorKind::input,
                fmt::format("{} of {} rows are bad; {}", report.rejected, report.accepted + report.rejected, first), input.name,
                fmt::format("read as {}; is that the right format?", reader.name));
  }
  if (hold_back) {
    // A number that is cut off is another number, and rows are kept for ever.
    const auto line = static_cast<std::uint64_t>(std::count(input.bytes.begin(), input.bytes.end(), '\n')) + 1;
    report.reject(line, "the last line has no end: held back until the file is complete");
  }
  return reading;
}

Reading read_file(const std::filesystem::path& path, const ReadOptions& options, const Run& run) {
  // The points of these files are read where they are wanted, by every thread its own: they are never twice in memory.
  if (const MappedFile file(path); file.bytes().starts_with("LASF") && file.bytes().size() <= kLargestInputBytes) {
    Reading reading = read_input(Input{path.string(), file.bytes(), &file}, options, run);
    file.require_unchanged();
    return reading;
  }
  const std::string bytes = load_file(path);
  return read_input(Input{path.string(), bytes}, options, run);
}

std::array<double, 3> local_origin(const ReadOptions& options, const std::array<double, 3>& minimum) {
  if (options.origin_m.size() == 3) return {options.origin_m[0], options.origin_m[1], options.origin_m[2]};
  std::array<double, 3> origin{};
  for (std::size_t i = 0; i < 3; ++i) {
    origin[i] = std::isfinite(minimum[i]) ? std::floor(minimum[i] / 1000.0) * 1000.0 : 0.0;
  }
  return origin;
}

void assume(const ReadOptions& options, Report& report, std::string_view key, std::string_view assumption) {
  if (options.strict) {
    throw Error(ErrorKind::config, fmt::format("the file leaves \"{}\" open", key), report.source,
                fmt::format("set {} for its source", key));
  }
  report.warn(fmt::format("assumed: {}", assumption));
}

std::string length_unit(std::string_view text) {
  const std::string word = lower(trim(text));
  for (const auto& [unit, stem] : {std::pair{"mm", "millimet"}, std::pair{"cm", "centimet"}, std::pair{"m", "met"}}) {
    const std::string s(stem);
    if (word == unit || word == s + "re" || word == s + "res" || word == s + "er" || word == s + "ers") return unit;
  }
  return {};
}

double metres_per_unit(const ReadOptions& options, std::string_view from_file, Report& report) {
  std::string unit = length_unit(from_file);
  if (unit.empty() && !trim(from_file).empty()) {
    throw Error(ErrorKind::input, fmt::format("the file gives its values in \"{}\", which is no known length", from_file),
                report.source, "displacement comes in m, cm or mm");
  }
  const bool from_option = unit.empty();
  if (from_option) unit = options.unit == "auto" ? "" : options.unit;
  if (unit.empty()) {
    assume(options, report, "unit", "displacement is in metres");
    unit = "m";
  }
  if (!from_option && options.unit != "auto" && options.unit != unit) {
    report.warn(fmt::format("the file says {}, so the option unit = {} is not used", from_file, options.unit));
  }
  return unit == "mm" ? 1e-3 : unit == "cm" ? 1e-2 : 1.0;
}

double sign_factor(const ReadOptions& options, Report& report) {
  if (options.sign == "auto") assume(options, report, "sign", "movement towards the sensor is positive");
  return options.sign == "toward_negative" ? -1.0 : 1.0;
}

TimeZone stamp_zone(const ReadOptions& options, Report& report) {
  if (options.time_zone != "auto") return TimeZone::of(options.time_zone);
  assume(options, report, "time_zone", "time stamps are UTC");
  return TimeZone::utc();
}

SensorKind kind_or(const ReadOptions& options, SensorKind usual) {
  return options.kind == "auto" ? usual : parse_sensor_kind(options.kind).value_or(usual);
}

std::string target_name(const ReadOptions& options, const Input& input) {
  if (!options.target.empty() && options.target != "stem") return options.target;
  return std::filesystem::path(input.name).stem().string();
}

}  // namespace highwall
