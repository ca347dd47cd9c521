#include "io/config/site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "core/error.hpp"
#include "io/config/toml.hpp"

namespace highwall {
namespace {

constexpr std::string_view kSchema = "highwall.site/1";

std::string text_of(const TomlValue& value, std::string_view key) {
  const auto* text = std::get_if<std::string>(&value.value);
  if (text == nullptr) throw Error(ErrorKind::config, fmt::format("{} must be a text", key), value.where);
  return *text;
}

Instant instant_of(const std::string& text, const std::string& where) {
  const auto t = parse_iso8601(text, false);
  if (!t) {
    throw Error(ErrorKind::config, fmt::format("\"{}\" is not an instant with its zone", text), where,
                "write it as 2025-08-13T00:00:00Z or with an offset such as +08:00");
  }
  return *t;
}

template <class Section>
void read_section(TableReader& top, std::string_view key, Section& section) {
  const TomlValue* value = top.find(key);
  if (value == nullptr) {
    validate(section, top.where());
    return;
  }
  TableReader reader(*value, fmt::format("[{}]", key));
  reader.read_into(section);
  reader.finish();
}

void read_frame(TableReader& top, Site& site) {
  const TomlValue* value = top.find("frame");
  if (value == nullptr) return;
  TableReader reader(*value, "[frame]");
  site.frame.crs = text_of(reader.require("crs"), "crs");
  if (const TomlValue* vertical = reader.find("vertical")) {
    site.frame.vertical = text_of(*vertical, "vertical");
  }
  if (const TomlValue* origin = reader.find("origin_m")) {
    const auto o = numbers_of(*origin, 3, "origin_m");
    site.frame.origin_m = {o[0], o[1], o[2]};
  }
  if (const TomlValue* box = reader.find("box_m")) {
    const auto* rows = std::get_if<TomlArray>(&box->value);
    if (rows == nullptr || rows->size() != 2) {
      throw Error(ErrorKind::config, "box_m must be [[x, y, z], [x, y, z]]: lowest and highest corner",
                  box->where);
    }
    const auto low = numbers_of((*rows)[0], 3, "box_m");
    const auto high = numbers_of((*rows)[1], 3, "box_m");
    for (std::size_t i = 0; i < 3; ++i) {
      if (!(low[i] < high[i])) {
        throw Error(ErrorKind::config, "the first corner of box_m must lie below the second", box->where);
      }
      site.box_min_m[i] = low[i];
      site.box_max_m[i] = high[i];
    }
  }
  reader.finish();
}

SourceConfig read_source(const TomlValue& value) {
  SourceConfig source;
  source.where = value.where;
  TableReader reader(value, "[[source]]");
  reader.read_into(source);
  if (const TomlValue* columns = reader.find("columns")) {
    TableReader columns_reader(*columns, "[source.columns]");
    columns_reader.read_into(source.columns);
    columns_reader.finish();
  }
  reader.finish();
  for (std::size_t i = 0; i + 1 < source.quiet.size(); i += 2) {
    const Instant from = instant_of(source.quiet[i], value.where);
    const Instant to = instant_of(source.quiet[i + 1], value.where);
    if (!(from < to)) throw Error(ErrorKind::config, "a quiet period ends before it starts", value.where);
    source.quiet_periods.push_back({from, to});
  }
  if (!source.time_zone.empty()) TimeZone::of(source.time_zone);
  return source;
}

ZoneConfig read_zone(const TomlValue& value) {
  ZoneConfig zone;
  zone.where = value.where;
  TableReader reader(value, "[[zone]]");
  reader.read_into(zone);
  if (const TomlValue* quorum = reader.find("quorum")) {
    TableReader q(*quorum, "quorum");
    if (const TomlValue* targets = q.find("targets")) {
      const OptionValue v = to_option_value(*targets);
      const auto* n = std::get_if<std::int64_t>(&v);
      if (n == nullptr || *n < 1) {
        throw Error(ErrorKind::config, "quorum.targets must be a whole number of at least 1", targets->where);
      }
      zone.quorum_targets = *n;
    }
    if (const TomlValue* area = q.find("area_m2")) {
      const OptionValue v = to_option_value(*area);
      double a = 0.0;
      if (!detail::read(v, a) || !(a > 0.0)) {
        throw Error(ErrorKind::config, "quorum.area_m2 must be a number above 0", area->where);
      }
      zone.quorum_area_m2 = a;
    }
    q.finish();
  }
  reader.finish();
  return zone;
}

PublishConfig read_publish(const TomlValue& value) {
  PublishConfig publish;
  TableReader reader(value, "[publish]");
  reader.read_into(publish);
  for (const TomlValue& entry : reader.tables("to")) {
    PublisherConfig to;
    TableReader r(entry, "[[publish.to]]");
    r.read_into(to);
    r.finish();
    const bool twice = std::any_of(publish.to.begin(), publish.to.end(),
                                   [&](const PublisherConfig& p) { return p.name == to.name; });
    if (twice) throw Error(ErrorKind::config, fmt::format("publisher \"{}\" is named twice", to.name), entry.where);
    publish.to.push_back(std::move(to));
  }
  reader.finish();
  return publish;
}

void read_calculate(TableReader& top, Site& site) {
  const TomlValue* value = top.find("calculate");
  if (value == nullptr) return;
  const auto* table = std::get_if<TomlTable>(&value->value);
  if (table == nullptr) throw Error(ErrorKind::config, "[calculate] must be a table", value->where);
  for (const auto& [algorithm, options] : *table) {
    const auto* entries = std::get_if<TomlTable>(&options.value);
    if (entries == nullptr) {
      throw Error(ErrorKind::config, fmt::format("{} must be a table of options", algorithm), options.where);
    }
    for (const auto& [name, entry] : *entries) {
      site.calculate[algorithm].push_back({name, to_option_value(entry), entry.where});
    }
  }
}

void read_output(TableReader& top, Site& site) {
  const TomlValue* value = top.find("output");
  if (value == nullptr) return;
  TableReader reader(*value, "[output]");
  if (const TomlValue* products = reader.find("products")) {
    site.products.clear();
    if (!detail::read(to_option_value(*products), site.products)) {
      throw Error(ErrorKind::config, "products must be a list of texts", products->where);
    }
    const std::vector<std::string> known{"geotiff", "gpkg", "geojson", "csv", "hdf5", "png"};
    for (const std::string& p : site.products) {
      if (std::find(known.begin(), known.end(), p) != known.end()) continue;
      throw Error(ErrorKind::config, fmt::format("unknown product \"{}\"", p), products->where,
                  fmt::format("known: {}", fmt::join(known, ", ")));
    }
  }
  reader.finish();
}

template <class T>
void require_unique_ids(const std::vector<T>& entries, std::string_view what) {
  std::set<std::string> seen;
  for (const T& entry : entries) {
    if (!seen.insert(entry.id).second) {
      throw Error(ErrorKind::config, fmt::format("{} \"{}\" is defined twice", what, entry.id), entry.where);
    }
    const bool plain = std::all_of(entry.id.begin(), entry.id.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '_' || c == '.' || c > 0x7f;
    });
    if (!plain) {
      throw Error(ErrorKind::config, fmt::format("the id \"{}\" is used in file names", entry.id), entry.where,
                  "use letters, digits, '_' and '.' only");
    }
  }
}

void check_references(const Site& site) {
  require_unique_ids(site.sources, "source");
  require_unique_ids(site.zones, "zone");
  for (const SourceConfig& source : site.sources) {
    if (!source.zone.empty() && site.zone(source.zone) == nullptr) {
      std::vector<std::string> ids;
      for (const ZoneConfig& z : site.zones) ids.push_back(z.id);
      const std::string near = nearest_word(source.zone, ids);
      throw Error(ErrorKind::config,
                  fmt::format("source \"{}\" names the zone \"{}\", which is not defined", source.id,
                              source.zone),
                  source.where, near.empty() ? std::string() : fmt::format("did you mean \"{}\"?", near));
    }
  }
}

}  // namespace

std::filesystem::path Site::resolve(const std::string& relative) const {
  const std::filesystem::path path(relative);
  return path.is_absolute() ? path : (root / path).lexically_normal();
}

const SourceConfig& Site::source(std::string_view id) const {
  for (const SourceConfig& s : sources) {
    if (s.id == id) return s;
  }
  throw Error(ErrorKind::config, fmt::format("no [[source]] has the id \"{}\"", id), file.string());
}

const ZoneConfig* Site::zone(std::string_view id) const {
  for (const ZoneConfig& z : zones) {
    if (z.id == id) return &z;
  }
  return nullptr;
}

Site parse_site(std::string_view text, const std::filesystem::path& file) {
  const TomlValue document = parse_toml(text, file.string());
  Site site;
  site.file = file;
  site.root = std::filesystem::absolute(file).parent_path();
  site.text = std::string(text);
  TableReader top(document, "site.toml");
  const TomlValue& schema = top.require("schema");
  if (text_of(schema, "schema") != kSchema) {
    throw Error(ErrorKind::config, fmt::format("this program reads schema \"{}\"", kSchema), schema.where);
  }
  read_section(top, "mine", site.mine);
  TimeZone::of(site.mine.time_zone);
  read_frame(top, site);
  read_section(top, "paths", site.paths);
  for (const TomlValue& v : top.tables("source")) site.sources.push_back(read_source(v));
  for (const TomlValue& v : top.tables("zone")) site.zones.push_back(read_zone(v));
  for (const TomlValue& v : top.tables("event")) {
    EventConfig event;
    TableReader reader(v, "[[event]]");
    reader.read_into(event);
    reader.finish();
    event.instant = instant_of(event.at, v.where);
    site.events.push_back(std::move(event));
  }
  if (const TomlValue* policy = top.find("policy")) {
    TableReader reader(*policy, "[policy]");
    if (const TomlValue* name = reader.find("file")) site.policy_file = site.resolve(text_of(*name, "file"));
    reader.finish();
  }
  read_calculate(top, site);
  read_output(top, site);
  if (const TomlValue* publish = top.find("publish")) site.publish = read_publish(*publish);
  top.finish();
  check_references(site);
  return site;
}

Site read_site(const std::filesystem::path& file) {
  return parse_site(load_config_text(file), file);
}

}  // namespace highwall
