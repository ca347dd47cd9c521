// PLY point clouds: ASCII, binary little and big endian; any vertex properties; other elements skipped.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>

#include "io/readers/bytes.hpp"
#include "io/readers/cloud_builder.hpp"
#include "io/readers/field_table.hpp"
#include "io/readers/reader.hpp"
#include "io/readers/text.hpp"

namespace highwall {
namespace {

struct Property {
  std::string name;
  FieldType type = FieldType::f4;
  bool list = false;
  FieldType count_type = FieldType::u1;
};
struct Element {
  std::string name;
  std::uint64_t count = 0;
  std::vector<Property> properties;
};
struct Header {
  std::string format;
  std::vector<Element> elements;
  std::size_t data = 0;
  std::uint64_t lines = 0;
};

std::optional<FieldType> type_of(std::string_view word) {
  static const std::map<std::string_view, FieldType> kTypes{
      {"char", FieldType::i1},  {"int8", FieldType::i1},    {"uchar", FieldType::u1},  {"uint8", FieldType::u1},
      {"short", FieldType::i2}, {"int16", FieldType::i2},   {"ushort", FieldType::u2}, {"uint16", FieldType::u2},
      {"int", FieldType::i4},   {"int32", FieldType::i4},   {"uint", FieldType::u4},   {"uint32", FieldType::u4},
      {"float", FieldType::f4}, {"float32", FieldType::f4}, {"double", FieldType::f8}, {"float64", FieldType::f8},
      {"int64", FieldType::i8}, {"uint64", FieldType::u8}};
  const auto found = kTypes.find(word);
  return found == kTypes.end() ? std::nullopt : std::optional(found->second);
}

[[noreturn]] void refuse(const Input& input, std::uint64_t line, const std::string& message) {
  throw Error(ErrorKind::input, message, fmt::format("{}:{}", input.name, line));
}

Header read_header(const Input& input) {
  Header header;
  Lines lines(input.bytes);
  std::string_view line;
  std::vector<std::string_view> f;
  while (lines.next(line)) {
    split_blanks(line, f);
    if (f.empty() || f[0] == "comment" || f[0] == "obj_info" || f[0] == "ply") continue;
    if (f[0] == "format" && f.size() >= 2) {
      header.format = std::string(f[1]);
    } else if (f[0] == "element" && f.size() == 3) {
      const auto count = to_integer(f[2]);
      if (!count || *count < 0) refuse(input, lines.number(), "the number of elements cannot be read");
      for (const Element& other : header.elements) {
        if (other.name == f[1]) refuse(input, lines.number(), fmt::format("the element \"{}\" stands twice", f[1]));
      }
      header.elements.push_back({std::string(f[1]), static_cast<std::uint64_t>(*count), {}});
    } else if (f[0] == "property" && !header.elements.empty()) {
      const bool list = f.size() == 5 && f[1] == "list";
      const auto type = f.size() >= 3 ? type_of(list ? f[3] : f[1]) : std::nullopt;
      const auto count_type = list ? type_of(f[2]) : std::optional(FieldType::u1);
      if (!type || !count_type || (!list && f.size() != 3))
        refuse(input, lines.number(), fmt::format("the property \"{}\" cannot be understood", line));
      if (header.elements.back().properties.size() >= kMostColumns) {
        refuse(input, lines.number(), fmt::format("more than {} properties an element", kMostColumns));
      }
      header.elements.back().properties.push_back({std::string(f.back()), *type, list, *count_type});
    } else if (f[0] == "end_header") {
      header.data = std::min(lines.offset(), input.bytes.size());
      header.lines = lines.number();
      return header;
    } else {
      refuse(input, lines.number(), fmt::format("\"{}\" is no line of a PLY header", line.substr(0, 60)));
    }
    if (lines.number() > 10000) break;
  }
  refuse(input, lines.number(), "the header does not end");
}

double number_at(const Bytes& bytes, std::size_t at, FieldType type, bool swap) {
  FieldColumn one("", type);
  one.push_raw(bytes.at(at, size_of(type)).data(), swap);
  return one.at(0);
}

/// Bytes of one element's row, lists included.
std::size_t row_bytes(const Bytes& bytes, std::size_t at, const Element& element, bool swap) {
  std::size_t end = at;
  for (const Property& p : element.properties) {
    if (!p.list) {
      end += size_of(p.type);
      continue;
    }
    const double n = number_at(bytes, end, p.count_type, swap);
    end += size_of(p.count_type);
    if (!(n >= 0.0 && n <= static_cast<double>(bytes.size()))) bytes.at(bytes.size(), 1);
    end += static_cast<std::size_t>(n) * size_of(p.type);
  }
  return end - at;
}

void read_binary(const Input& input, const Header& header, std::vector<FieldColumn>& columns, Report& report, const Run& run) {
  const bool swap = header.format == "binary_big_endian";
  const Bytes bytes(input.bytes, input.name);
  std::size_t at = header.data;
  for (const Element& element : header.elements) {
    const bool vertices = element.name == "vertex";
    std::size_t least = 0;
    for (const Property& p : element.properties) least += p.list ? size_of(p.count_type) : size_of(p.type);
    if (least > 0 && element.count > (bytes.size() - std::min(at, bytes.size())) / least) {
      throw Error(ErrorKind::input,
                  fmt::format("the header claims {} rows of \"{}\", more than the file holds", element.count, element.name),
                  input.name, "the file is cut off");
    }
    if (least == 0) continue;
    for (FieldColumn& c : columns) {
      if (vertices) c.reserve(element.count);
    }
    for (std::uint64_t i = 0; i < element.count; ++i) {
      if (i % 65536 == 0) run.check_stop();
      const std::size_t length = row_bytes(bytes, at, element, swap);
      const char* row = bytes.at(at, length).data();
      if (vertices) {
        std::size_t offset = 0;
        std::size_t column = 0;
        for (const Property& p : element.properties) {
          if (p.list) {
            const double n = number_at(bytes, at + offset, p.count_type, swap);
            offset += size_of(p.count_type) + static_cast<std::size_t>(n) * size_of(p.type);
          } else {
            columns[column++].push_raw(row + offset, swap);
            offset += size_of(p.type);
          }
        }
        ++report.accepted;
      }
      at += length;
    }
    if (vertices) return;
  }
}

void read_ascii(const Input& input, const Header& header, std::vector<FieldColumn>& columns, Report& report, const Run& run) {
  Lines lines(input.bytes.substr(header.data));
  std::string_view line;
  std::vector<std::string_view> f;
  for (const Element& element : header.elements) {
    for (std::uint64_t i = 0; i < element.count; ++i) {
      if (i % 65536 == 0) run.check_stop();
      bool more = false;
      while ((more = lines.next(line)) && trim(line).empty()) {
      }
      if (!more) {
        throw Error(ErrorKind::input,
                    fmt::format("the header claims {} rows of \"{}\", the file has {}", element.count, element.name, i),
                    fmt::format("{}:{}", input.name, header.lines + lines.number()), "the file is cut off");
      }
      if (element.name != "vertex") continue;
      split_blanks(line, f);
      std::vector<double> row;
      std::size_t at = 0;
      bool good = true;
      for (const Property& p : element.properties) {
        const auto v = at < f.size() ? to_number(f[at]) : std::nullopt;
        good = good && v.has_value();
        ++at;
        if (p.list) {
          at += good ? static_cast<std::size_t>(std::max(0.0, std::min(*v, 1e6))) : 0;
        } else if (good) {
          row.push_back(*v);
        }
      }
      if (!good) {
        report.reject(header.lines + lines.number(), "a property is missing or not a number");
        continue;
      }
      for (std::size_t c = 0; c < columns.size(); ++c) columns[c].push(row[c]);
      ++report.accepted;
    }
    if (element.name == "vertex") return;
  }
}

int sniff(std::string_view head, std::string_view) { return head.substr(0, 3) == "ply" ? 100 : 0; }

Reading read(const Input& input, const ReadOptions& options, const Run& run) {
  Reading reading;
  Report& report = reading.report;
  report.source = input.name;
  const Header header = read_header(input);
  std::vector<FieldColumn> columns;
  for (const Element& element : header.elements) {
    if (element.name != "vertex") continue;
    for (const Property& p : element.properties) {
      if (!p.list) columns.emplace_back(p.name, p.type);
    }
    break;
  }
  if (columns.empty()) throw Error(ErrorKind::input, "the header names no \"vertex\" with coordinates", input.name);
  if (header.format == "ascii") {
    read_ascii(input, header, columns, report, run);
  } else if (header.format == "binary_little_endian" || header.format == "binary_big_endian") {
    read_binary(input, header, columns, report, run);
  } else {
    throw Error(ErrorKind::input, fmt::format("the PLY format \"{}\" is not known", header.format), input.name);
  }
  reading.data = cloud_of_columns(std::move(columns), input, options, run, report);
  return reading;
}

}  // namespace

extern const Reader ply_reader;
const Reader ply_reader{"ply", "PLY, ASCII and binary", ".ply", sniff, read};

}  // namespace highwall
