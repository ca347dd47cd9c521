// PCD 0.7 (and earlier) of the Point Cloud Library: ascii, binary and binary_compressed.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "io/readers/bytes.hpp"
#include "io/readers/cloud_builder.hpp"
#include "io/readers/field_table.hpp"
#include "io/readers/reader.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

struct Field {
  std::string name;
  FieldType type = FieldType::f4;
  std::size_t count = 1;
};
struct Header {
  std::vector<Field> fields;
  std::uint64_t points = 0;
  std::string data;
  std::size_t offset = 0;
  std::uint64_t lines = 0;
};

[[noreturn]] void refuse(const Input& input, std::uint64_t line, const std::string& message) {
  throw Error(ErrorKind::input, message, fmt::format("{}:{}", input.name, line));
}

std::optional<FieldType> type_of(char kind, long long size) {
  if (kind == 'F') return size == 4 ? std::optional(FieldType::f4) : size == 8 ? std::optional(FieldType::f8) : std::nullopt;
  const bool is_signed = kind == 'I';
  if (!is_signed && kind != 'U') return std::nullopt;
  if (size == 1) return is_signed ? FieldType::i1 : FieldType::u1;
  if (size == 2) return is_signed ? FieldType::i2 : FieldType::u2;
  if (size == 4) return is_signed ? FieldType::i4 : FieldType::u4;
  if (size == 8) return is_signed ? FieldType::i8 : FieldType::u8;
  return std::nullopt;
}

Header read_header(const Input& input) {
  Header header;
  std::vector<long long> sizes;
  std::vector<char> kinds;
  std::vector<std::string> names;
  std::vector<long long> counts;
  std::uint64_t width = 0;
  std::uint64_t height = 1;
  Lines lines(input.bytes);
  std::string_view line;
  std::vector<std::string_view> f;
  const auto integers = [&](std::vector<long long>& out) {
    for (std::size_t i = 1; i < f.size(); ++i) {
      const auto v = to_integer(f[i]);
      if (!v || *v < 0) refuse(input, lines.number(), fmt::format("\"{}\" is not a count", f[i]));
      out.push_back(*v);
    }
  };
  while (lines.next(line)) {
    split_blanks(line, f);
    if (f.empty() || f[0][0] == '#') continue;
    std::vector<long long> one;
    if (f[0] == "FIELDS" || f[0] == "COLUMNS") {
      names.assign(f.begin() + 1, f.end());
    } else if (f[0] == "SIZE") {
      integers(sizes);
    } else if (f[0] == "TYPE") {
      for (std::size_t i = 1; i < f.size(); ++i) kinds.push_back(f[i][0]);
    } else if (f[0] == "COUNT") {
      integers(counts);
    } else if (f[0] == "WIDTH" || f[0] == "HEIGHT" || f[0] == "POINTS") {
      integers(one);
      if (one.size() != 1) refuse(input, lines.number(), "one number is wanted");
      (f[0] == "WIDTH" ? width : f[0] == "HEIGHT" ? height : header.points) = static_cast<std::uint64_t>(one[0]);
    } else if (f[0] == "DATA" && f.size() == 2) {
      header.data = std::string(f[1]);
      header.offset = std::min(lines.offset(), input.bytes.size());
      header.lines = lines.number();
      break;
    } else if (f[0] != "VERSION" && f[0] != "VIEWPOINT") {
      refuse(input, lines.number(), fmt::format("\"{}\" is no line of a PCD header", line.substr(0, 60)));
    }
    if (lines.number() > 100) break;
  }
  if (header.data.empty()) refuse(input, lines.number(), "the header has no DATA line");
  const bool sized = width > 0 && height > 0;
  if (header.points > 0 && sized && (width > header.points || header.points / width != height || header.points % width != 0)) {
    refuse(input, header.lines, fmt::format("POINTS {} is not WIDTH {} times HEIGHT {}", header.points, width, height));
  }
  if (header.points == 0 && height != 0 && width <= input.bytes.size() / std::max<std::uint64_t>(1, height))
    header.points = width * height;
  if (counts.empty()) counts.assign(names.size(), 1);
  if (names.empty() || sizes.size() != names.size() || kinds.size() != names.size() || counts.size() != names.size()) {
    refuse(input, header.lines, "FIELDS, SIZE, TYPE and COUNT do not fit together");
  }
  std::size_t columns = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto type = type_of(kinds[i], sizes[i]);
    if (names[i] != "_") columns += static_cast<std::size_t>(std::min<long long>(counts[i], kMostColumns + 1));
    if (columns > kMostColumns) {
      refuse(input, header.lines, fmt::format("FIELDS and COUNT ask for more than {} numbers a point", kMostColumns));
    }
    if (!type || counts[i] > 100000)
      refuse(input, header.lines, fmt::format("the field \"{}\" has an impossible type or count", names[i]));
    header.fields.push_back({names[i], *type, static_cast<std::size_t>(counts[i])});
  }
  return header;
}

/// LZF decompression, with every length held against both buffers.
std::string lzf_decompress(std::string_view in, std::size_t out_size, const Input& input) {
  std::string out;
  out.reserve(out_size);
  const auto damaged = [&]() -> Error { return Error(ErrorKind::input, "the compressed data are damaged", input.name); };
  std::size_t i = 0;
  while (i < in.size()) {
    const auto control = static_cast<unsigned char>(in[i++]);
    if (control < 32) {
      const std::size_t length = control + 1U;
      if (i + length > in.size() || out.size() + length > out_size) throw damaged();
      out.append(in.substr(i, length));
      i += length;
      continue;
    }
    std::size_t length = control >> 5U;
    std::size_t distance = (control & 31U) << 8U;
    if (length == 7) {
      if (i >= in.size()) throw damaged();
      length += static_cast<unsigned char>(in[i++]);
    }
    if (i >= in.size()) throw damaged();
    distance += static_cast<unsigned char>(in[i++]) + 1U;
    length += 2;
    if (distance > out.size() || out.size() + length > out_size) throw damaged();
    for (std::size_t k = 0; k < length; ++k) out.push_back(out[out.size() - distance]);
  }
  if (out.size() != out_size) throw damaged();
  return out;
}

std::vector<FieldColumn> columns_of(const Header& header) {
  std::vector<FieldColumn> columns;
  for (const Field& field : header.fields) {
    if (field.name == "_") continue;  // padding
    for (std::size_t k = 0; k < field.count; ++k) {
      columns.emplace_back(field.count == 1 ? field.name : fmt::format("{}[{}]", field.name, k), field.type);
    }
  }
  return columns;
}

std::size_t point_bytes(const Header& header) {
  return std::accumulate(header.fields.begin(), header.fields.end(), std::size_t{0},
                         [](std::size_t sum, const Field& f) { return sum + f.count * size_of(f.type); });
}

void claim(const Input& input, const Header& header, std::size_t room) {
  const std::size_t bytes = point_bytes(header);
  if (bytes == 0 || header.points > room / bytes) {
    throw Error(
        ErrorKind::input,
        fmt::format("the header claims {} points of {} bytes, the file has {} bytes for them", header.points, bytes, room),
        input.name, "the file is cut off");
  }
}

void read_binary(const Input& input, const Header& header, std::vector<FieldColumn>& columns, const Run& run) {
  claim(input, header, input.bytes.size() - header.offset);
  const char* p = input.bytes.data() + header.offset;
  for (std::uint64_t i = 0; i < header.points; ++i) {
    if (i % 65536 == 0) run.check_stop();
    std::size_t column = 0;
    for (const Field& field : header.fields) {
      for (std::size_t k = 0; k < field.count; ++k, p += size_of(field.type)) {
        if (field.name != "_") columns[column++].push_raw(p, false);
      }
    }
  }
}

void read_compressed(const Input& input, const Header& header, std::vector<FieldColumn>& columns) {
  const Bytes bytes(input.bytes, input.name);
  const auto packed = bytes.get<std::uint32_t>(header.offset);
  const auto unpacked = bytes.get<std::uint32_t>(header.offset + 4);
  const std::string_view data = bytes.at(header.offset + 8, packed);
  // LZF packs 264 bytes into 3 at the best.
  if (unpacked / 100 > packed) throw Error(ErrorKind::input, "the compressed data claim an impossible size", input.name);
  const std::string plain = lzf_decompress(data, unpacked, input);
  claim(input, header, plain.size());
  const char* p = plain.data();  // field by field, all points of one together
  std::size_t column = 0;
  for (const Field& field : header.fields) {
    const std::size_t first = column;
    if (field.name != "_") column += field.count;
    for (std::uint64_t i = 0; i < header.points; ++i) {
      for (std::size_t k = 0; k < field.count; ++k, p += size_of(field.type)) {
        if (field.name != "_") columns[first + k].push_raw(p, false);
      }
    }
  }
}

void read_ascii(const Input& input, const Header& header, std::vector<FieldColumn>& columns, Report& report, const Run& run) {
  Lines lines(input.bytes.substr(header.offset));
  std::string_view line;
  std::vector<std::string_view> f;
  while (lines.next(line)) {
    pulse(lines, run);
    if (trim(line).empty()) continue;
    split_blanks(line, f);
    std::vector<double> row;
    for (const auto field : f) {
      const auto v = to_number(field);
      if (!v) break;
      row.push_back(*v);
    }
    if (row.size() != columns.size()) {
      report.reject(header.lines + lines.number(), fmt::format("{} numbers, {} are wanted", row.size(), columns.size()));
      continue;
    }
    for (std::size_t c = 0; c < columns.size(); ++c) columns[c].push(row[c]);
  }
  if (!columns.empty() && columns[0].size() + report.rejected < header.points) {
    throw Error(ErrorKind::input, fmt::format("the header claims {} points, the file has {}", header.points, columns[0].size()),
                input.name, "the file is cut off");
  }
}

int sniff(std::string_view head, std::string_view) {
  const bool begins = head.substr(0, 5) == "# .PC" || head.substr(0, 7) == "VERSION";
  return begins && head.find("FIELDS") != std::string_view::npos ? 98 : begins ? 60 : 0;
}

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  Report& report = reading.report;
  report.source = input.name;
  const Header header = read_header(input);
  std::vector<FieldColumn> columns = columns_of(header);
  if (header.data == "ascii") {
    read_ascii(input, header, columns, report, run);
  } else if (header.data == "binary") {
    read_binary(input, header, columns, run);
  } else if (header.data == "binary_compressed") {
    read_compressed(input, header, columns);
  } else {
    throw Error(ErrorKind::input, fmt::format("DATA {} is not known", header.data), input.name);
  }
  report.accepted = columns.empty() ? 0 : columns[0].size();
  reading.data = cloud_of_columns(std::move(columns), input, options, run, report);
  return reading;
}

}  // namespace

extern const Reader pcd_reader;
const Reader pcd_reader{"pcd", "PCD of the Point Cloud Library", ".pcd", sniff, read};

}  // namespace highwall
