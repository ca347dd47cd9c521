// Leica PTX: scans as text, each a header (columns, rows, the scanner's position and axes, a 4 x 4 matrix for row
// vectors) and a line for each shot: x y z intensity [red green blue]; a shot without a return is 0 0 0.
// Described at https://paulbourke.net/dataformats/ptx; the maker has published no specification.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "io/readers/cloud_builder.hpp"
#include "io/readers/reader.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

constexpr std::uint64_t kLeastShot = 6;  // Bytes of the shortest line, "0 0 0\n".

struct Header {
  std::uint64_t shots = 0;
  std::array<double, 16> matrix{};
};

[[noreturn]] void refuse(const std::string& name, std::uint64_t line, const std::string& what) {
  throw Error(ErrorKind::input, what, fmt::format("{}:{}", name, line), "is the file cut off, or another text than PTX?");
}

std::uint64_t count_of(Lines& lines, const std::string& name) {
  std::string_view line;
  if (!lines.next(line)) refuse(name, lines.number(), "the header of a scan is cut off");
  const auto n = to_integer(trim(line));
  if (!n || *n < 0) refuse(name, lines.number(), "the number of columns or rows of a scan is wanted here");
  return static_cast<std::uint64_t>(*n);
}

void numbers_of(Lines& lines, const std::string& name, double* to, std::size_t count) {
  std::string_view line;
  if (!lines.next(line)) refuse(name, lines.number(), "the header of a scan is cut off");
  std::vector<std::string_view> fields;
  split_blanks(line, fields);
  for (std::size_t k = 0; k < count; ++k) {
    const auto v = k < fields.size() && fields.size() == count ? to_number(fields[k]) : std::nullopt;
    if (!v || !std::isfinite(*v))
      refuse(name, lines.number(), fmt::format("{} numbers of a scan's position are wanted here", count));
    to[k] = *v;
  }
}

Header header_of(Lines& lines, const std::string& name) {
  Header header;
  const std::uint64_t columns = count_of(lines, name);
  const std::uint64_t rows = count_of(lines, name);
  std::array<double, 3> ignored{};  // The position and axes are in the matrix, too.
  for (int k = 0; k < 4; ++k) numbers_of(lines, name, ignored.data(), 3);
  for (std::size_t k = 0; k < 4; ++k) numbers_of(lines, name, header.matrix.data() + 4 * k, 4);
  const std::uint64_t room = (lines.bytes() - std::min(lines.offset(), lines.bytes())) / kLeastShot + 1;
  if (columns > 0 && rows > room / columns) {
    refuse(name, lines.number(), fmt::format("{} x {} shots are more than the file can hold", columns, rows));
  }
  header.shots = columns * rows;
  return header;
}

/// What the shots of a file have; the first one decides.
struct Cloud {
  std::vector<double> xyz;
  std::vector<float> intensity;
  std::array<std::vector<std::uint8_t>, 3> colour;
  std::vector<std::uint16_t> scan;
  std::size_t fields = 0;
  std::uint64_t empty = 0;
};

/// One line; "" or what is wrong with it.
std::string take(const std::vector<std::string_view>& fields, const std::array<double, 16>& m, Cloud& cloud) {
  if (fields.size() != 4 && fields.size() != 7) return "4 or 7 numbers are wanted";
  if (cloud.fields == 0) cloud.fields = fields.size();
  if (fields.size() != cloud.fields) return "the shots have different numbers of fields";
  std::array<double, 7> v{};
  for (std::size_t k = 0; k < fields.size(); ++k) {
    const auto number = to_number(fields[k]);
    if (!number || !std::isfinite(*number)) return "a field is not a number";
    v[k] = *number;
  }
  if (v[0] == 0.0 && v[1] == 0.0 && v[2] == 0.0) {
    ++cloud.empty;
    return {};
  }
  for (std::size_t k = 4; k < fields.size(); ++k) {
    if (v[k] < 0.0 || v[k] > 255.0 || v[k] != std::floor(v[k])) return "a colour is not a whole number from 0 to 255";
  }
  for (std::size_t c = 0; c < 3; ++c) cloud.xyz.push_back(v[0] * m[c] + v[1] * m[4 + c] + v[2] * m[8 + c] + m[12 + c]);
  cloud.intensity.push_back(static_cast<float>(v[3]));
  for (std::size_t c = 0; c < 3 && fields.size() == 7; ++c) cloud.colour[c].push_back(static_cast<std::uint8_t>(v[4 + c]));
  return {};
}

int sniff(std::string_view head, std::string_view) {
  if (looks_binary(head)) return 0;
  // Columns, rows, four lines of three numbers, four of four.
  Lines lines(head);
  std::string_view line;
  std::vector<std::string_view> fields;
  for (const unsigned wanted : {1U, 1U, 3U, 3U, 3U, 3U, 4U, 4U, 4U, 4U}) {
    if (!lines.next(line)) return 0;
    split_blanks(line, fields);
    if (fields.size() != wanted) return 0;
    for (const std::string_view field : fields) {
      if (!to_number(field)) return 0;
    }
  }
  return 95;
}

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  Report& report = reading.report;
  report.source = input.name;
  Lines lines(input.bytes);
  Cloud found;
  std::vector<std::string_view> fields;
  std::uint16_t scans = 0;
  const auto is_more = [&] { return lines.offset() < lines.bytes() && !trim(input.bytes.substr(lines.offset())).empty(); };
  while (is_more()) {
    const Header header = header_of(lines, input.name);
    ++scans;
    std::string_view line;
    for (std::uint64_t k = 0; k < header.shots; ++k) {
      pulse(lines, run);
      if (!lines.next(line)) {
        refuse(input.name, lines.number(), fmt::format("scan {} ends after {} of {} shots", scans, k, header.shots));
      }
      split_blanks(line, fields);
      const std::size_t before = found.intensity.size();
      const std::string defect = take(fields, header.matrix, found);
      if (!defect.empty()) report.reject(lines.number(), defect);
      if (found.intensity.size() > before) found.scan.push_back(scans);
    }
  }
  if (scans == 0) throw Error(ErrorKind::input, "the file holds no scan", input.name);
  report.accepted = found.intensity.size();
  if (found.empty > 0) report.warn(fmt::format("{} shots have no return and are left out", found.empty));
  if (scans > 1) report.warn(fmt::format("{} scans are put together; the channel scan tells them apart", scans));
  PointCloud cloud;
  cloud.channels.emplace("intensity", std::move(found.intensity));
  constexpr const char* kColours[] = {"red", "green", "blue"};
  for (std::size_t c = 0; c < 3 && found.fields == 7; ++c) cloud.channels.emplace(kColours[c], std::move(found.colour[c]));
  if (scans > 1) cloud.channels.emplace("scan", std::move(found.scan));
  WorldPoints world;
  world.xyz = Eigen::Map<const Points>(found.xyz.data(), static_cast<Eigen::Index>(found.xyz.size() / 3), 3);
  cloud.instant = find_instant(options, input, kNoInstant, kNoInstant, report);
  place_cloud(std::move(world), options, run, cloud, report);
  reading.data = std::move(cloud);
  return reading;
}

}  // namespace

extern const Reader ptx_reader;
const Reader ptx_reader{"ptx", "Leica PTX scans, with their poses", ".ptx", sniff, read};

}  // namespace highwall
