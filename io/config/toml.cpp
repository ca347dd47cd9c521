#include "io/config/toml.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include "core/error.hpp"
#include "io/durable/durable.hpp"

namespace highwall {
namespace {

constexpr std::uintmax_t kLargestConfigBytes = 16U << 20U;

std::string place(const std::string& name, const toml::source_region& region) {
  return fmt::format("{}:{}:{}", name, region.begin.line, region.begin.column);
}

std::string date_text(const toml::date& d) { return fmt::format("{:04}-{:02}-{:02}", d.year, d.month, d.day); }

std::string date_time_text(const toml::date_time& t) {
  std::string text = fmt::format("{}T{:02}:{:02}:{:02}", date_text(t.date), t.time.hour, t.time.minute, t.time.second);
  if (t.time.nanosecond != 0) text += fmt::format(".{:09}", t.time.nanosecond);
  if (!t.offset) return text;
  const int minutes = t.offset->minutes;
  if (minutes == 0) return text + "Z";
  return text + fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', std::abs(minutes) / 60, std::abs(minutes) % 60);
}

TomlValue convert(const toml::node& node, const std::string& name) {
  TomlValue out;
  out.where = place(name, node.source());
  if (const auto* table = node.as_table()) {
    TomlTable entries;
    for (const auto& [key, child] : *table) entries.emplace(key.str(), convert(child, name));
    out.value = std::move(entries);
  } else if (const auto* array = node.as_array()) {
    TomlArray entries;
    for (const auto& child : *array) entries.push_back(convert(child, name));
    out.value = std::move(entries);
  } else if (const auto* text = node.as_string()) {
    out.value = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.value = integer->get();
  } else if (const auto* real = node.as_floating_point()) {
    out.value = real->get();
  } else if (const auto* boolean = node.as_boolean()) {
    out.value = boolean->get();
  } else if (const auto* day = node.as_date()) {
    out.value = date_text(day->get());
  } else if (const auto* moment = node.as_date_time()) {
    out.value = date_time_text(moment->get());
  } else {
    throw Error(ErrorKind::config, "a time of day without a date means nothing here", out.where);
  }
  return out;
}

}  // namespace

TomlValue parse_toml(std::string_view text, const std::string& name) {
  try {
    return convert(toml::parse(text, name), name);
  } catch (const toml::parse_error& e) {
    throw Error(ErrorKind::config, std::string(e.description()), place(name, e.source()));
  }
}

std::string load_config_text(const std::filesystem::path& path) {
  return read_whole(path, ErrorKind::config, kLargestConfigBytes);
}

TomlValue load_toml(const std::filesystem::path& path) { return parse_toml(load_config_text(path), path.string()); }

OptionValue to_option_value(const TomlValue& value) {
  if (const auto* b = std::get_if<bool>(&value.value)) return *b;
  if (const auto* i = std::get_if<std::int64_t>(&value.value)) return *i;
  if (const auto* d = std::get_if<double>(&value.value)) return *d;
  if (const auto* s = std::get_if<std::string>(&value.value)) return *s;
  const auto* array = std::get_if<TomlArray>(&value.value);
  if (array == nullptr) throw Error(ErrorKind::config, "a table stands where a value is wanted", value.where);
  std::vector<double> numbers;
  std::vector<std::string> texts;
  for (const TomlValue& entry : *array) {
    if (const auto* i = std::get_if<std::int64_t>(&entry.value)) {
      numbers.push_back(static_cast<double>(*i));
    } else if (const auto* d = std::get_if<double>(&entry.value)) {
      numbers.push_back(*d);
    } else if (const auto* s = std::get_if<std::string>(&entry.value)) {
      texts.push_back(*s);
    } else {
      throw Error(ErrorKind::config, "a flat list of numbers or of texts is wanted", entry.where);
    }
  }
  if (!numbers.empty() && !texts.empty()) {
    throw Error(ErrorKind::config, "numbers and texts are mixed in one list", value.where);
  }
  if (!texts.empty()) return texts;
  return numbers;
}

TableReader::TableReader(const TomlValue& value, std::string name)
    : table_(std::get_if<TomlTable>(&value.value)), name_(std::move(name)), where_(value.where) {
  if (table_ == nullptr) throw Error(ErrorKind::config, name_ + " must be a table", where_);
}

const TomlValue* TableReader::find(std::string_view key) {
  asked_.emplace(key);
  const auto found = table_->find(key);
  return found == table_->end() ? nullptr : &found->second;
}

const TomlValue& TableReader::require(std::string_view key) {
  const TomlValue* value = find(key);
  if (value == nullptr) {
    throw Error(ErrorKind::config, fmt::format("{} lacks the key \"{}\"", name_, key), where_);
  }
  return *value;
}

const TomlArray& TableReader::tables(std::string_view key) {
  static const TomlArray kNone;
  const TomlValue* value = find(key);
  if (value == nullptr) return kNone;
  const auto* array = std::get_if<TomlArray>(&value->value);
  if (array == nullptr) {
    throw Error(ErrorKind::config, fmt::format("\"{}\" must be written as [[{}]]", key, key), value->where);
  }
  return *array;
}

void TableReader::finish() const {
  for (const auto& [key, value] : *table_) {
    if (asked_.count(key) > 0) continue;
    const std::string near = nearest_word(key, {asked_.begin(), asked_.end()});
    throw Error(ErrorKind::config, fmt::format("unknown key \"{}\" in {}", key, name_), value.where,
                near.empty() ? fmt::format("known: {}", fmt::join(asked_, ", ")) : fmt::format("did you mean \"{}\"?", near));
  }
}

std::vector<double> numbers_of(const TomlValue& value, std::size_t count, std::string_view key) {
  const OptionValue option = to_option_value(value);
  const auto* list = std::get_if<std::vector<double>>(&option);
  if (list == nullptr || list->size() != count) {
    throw Error(ErrorKind::config, fmt::format("{} must be a list of {} numbers", key, count), value.where);
  }
  return *list;
}

}  // namespace highwall
