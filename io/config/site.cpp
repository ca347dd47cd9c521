#include "io/config/site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <deque>
#include <initializer_list>
#include <set>

#include "core/error.hpp"
#include "core/printable.hpp"
#include "io/config/toml.hpp"
#include "io/crs/crs.hpp"
#include "io/feeds/feed.hpp"

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

/// The numbers of a night are metres: a site in degrees or feet would mix them. Takes a compound CRS apart.
void check_frame(Frame& frame, const std::string& where) {
  if (frame.is_local()) return;
  const CrsInfo info = describe_crs(frame.crs, where);
  if (info.geographic || info.horizontal_unit_m != 1.0) {
    throw Error(ErrorKind::config, fmt::format("the site's crs \"{}\" does not count in metres", frame.crs.substr(0, 60)), where,
                "name a projected CRS in metres; files in other units are converted");
  }
  if (info.has_vertical) {
    if (!frame.vertical.empty() && !same_vertical(frame.vertical, info.vertical)) {
      throw Error(ErrorKind::config, fmt::format("crs has the heights {}, vertical says {}", info.vertical, frame.vertical),
                  where, "name one of them");
    }
    frame.crs = info.crs;
    frame.vertical = info.vertical;
  }
  const bool in_metres = frame.vertical.empty() || vertical_unit_of(frame.vertical).value_or(1.0) == 1.0;
  if (!in_metres || (info.has_vertical && info.vertical_unit_m != 1.0)) {
    throw Error(ErrorKind::config, fmt::format("the site's heights \"{}\" are not in metres", frame.vertical), where,
                "name the vertical CRS in metres; files in other units are converted");
  }
}

void read_frame(TableReader& top, Site& site) {
  const TomlValue* value = top.find("frame");
  if (value == nullptr) return;
  TableReader reader(*value, "[frame]");
  reader.require("crs");
  FrameConfig frame;
  reader.read_into(frame);
  site.frame.crs = frame.crs;
  site.frame.vertical = frame.vertical;
  std::copy(frame.origin_m.begin(), frame.origin_m.end(), site.frame.origin_m.begin());
  check_frame(site.frame, value->where);
  if (const TomlValue* box = reader.find("box_m")) {
    const auto* rows = std::get_if<TomlArray>(&box->value);
    if (rows == nullptr || rows->size() != 2) {
      throw Error(ErrorKind::config, "box_m must be [[x, y, z], [x, y, z]]: lowest and highest corner", box->where);
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

constexpr std::string_view kColumn = "_column";

/// Reader options that no key of [[source]] sets: the night does, or [source.columns].
bool is_not_a_key(const std::string& name) { return name == "origin_m" || name == "strict" || name.ends_with(kColumn); }

void read_columns(const TomlValue& value, ReadOptions& options) {
  TableReader reader(value, "[source.columns]");
  for (const OptionSpec& spec : list_options<ReadOptions>()) {
    if (!spec.name.ends_with(kColumn)) continue;
    const TomlValue* name = reader.find(spec.name.substr(0, spec.name.size() - kColumn.size()));
    if (name != nullptr) set_option(options, spec.name, to_option_value(*name), name->where);
  }
  reader.finish();
}

/// Texts that go into messages and topics. @throws Error(config) with the line of one with control characters.
void refuse_control_characters(TableReader& reader, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    const TomlValue* value = reader.find(key);
    if (value == nullptr) continue;
    const std::string text = text_of(*value, key);
    if (!has_control_characters(text)) continue;
    throw Error(ErrorKind::config, fmt::format("{} = \"{}\" holds a control character", key, printable(text)), value->where,
                "leave it out: the text goes into messages and topics");
  }
}

SourceConfig read_source(const TomlValue& value, const MineConfig& mine) {
  SourceConfig source;
  source.where = value.where;
  TableReader reader(value, "[[source]]");
  reader.read_into(source);
  reader.read_into<ReadOptions>(source, is_not_a_key);
  if (const TomlValue* columns = reader.find("columns")) read_columns(*columns, source);
  reader.finish();
  if (source.kind == "auto") throw Error(ErrorKind::config, "a [[source]] needs a kind", value.where);
  if (source.units == "source" && source.crs != "local") {
    throw Error(ErrorKind::config, "units = \"source\" is for a source in a frame of its own", value.where,
                "set crs = \"local\", or leave units out");
  }
  if (source.format != "auto") choose_reader({source.where, {}}, source.format);
  if (source.time_zone == "auto") source.time_zone = mine.time_zone;
  for (std::size_t i = 0; i + 1 < source.quiet.size(); i += 2) {
    const Instant from = instant_of(source.quiet[i], value.where);
    const Instant to = instant_of(source.quiet[i + 1], value.where);
    if (!(from < to)) throw Error(ErrorKind::config, "a quiet period ends before it starts", value.where);
    source.quiet_periods.push_back({from, to});
  }
  TimeZone::of(source.time_zone);
  return source;
}

ZoneConfig read_zone(const TomlValue& value) {
  ZoneConfig zone;
  zone.where = value.where;
  TableReader reader(value, "[[zone]]");
  reader.read_into(zone);
  refuse_control_characters(reader, {"id", "slope"});
  if (const TomlValue* quorum = reader.find("quorum")) {
    TableReader q(*quorum, "quorum");
    q.read_into(zone.quorum);
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
    refuse_control_characters(r, {"name", "topic", "state_topic"});
    r.finish();
    feed_of(to.format);
    const bool twice =
        std::any_of(publish.to.begin(), publish.to.end(), [&](const PublisherConfig& p) { return p.name == to.name; });
    if (twice) throw Error(ErrorKind::config, fmt::format("publisher \"{}\" is named twice", to.name), entry.where);
    if (!target_name_defect(to.name).empty()) {
      throw Error(ErrorKind::config, fmt::format("the publisher's name \"{}\" cannot name a folder", printable(to.name)),
                  entry.where, "take 1 to 200 bytes of UTF-8 without '/' and control characters");
    }
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

template <class T>
void require_unique_ids(const std::vector<T>& entries, std::string_view what) {
  std::set<std::string> seen;
  for (const T& entry : entries) {
    if (!seen.insert(entry.id).second) {
      throw Error(ErrorKind::config, fmt::format("{} \"{}\" is defined twice", what, entry.id), entry.where);
    }
    const bool plain = std::all_of(entry.id.begin(), entry.id.end(),
                                   [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.' || c > 0x7f; });
    if (!plain) {
      throw Error(ErrorKind::config, fmt::format("the id \"{}\" is used in file names", entry.id), entry.where,
                  "use letters, digits, '_' and '.' only");
    }
  }
}

void require_zone(const Site& site, const std::string& zone, const std::string& who, const std::string& where) {
  if (zone.empty() || site.zone(zone) != nullptr) return;
  std::vector<std::string> ids;
  for (const ZoneConfig& z : site.zones) ids.push_back(z.id);
  const std::string near = nearest_word(zone, ids);
  throw Error(ErrorKind::config, fmt::format("{} names the zone \"{}\", which is not defined", who, zone), where,
              near.empty() ? std::string() : fmt::format("did you mean \"{}\"?", near));
}

/// The path without links. Unlike weakly_canonical it follows a link whose end does not exist yet: before the first
/// night most folders do not. A circle of links stays as it is: nothing can be written through it.
std::filesystem::path without_links(const std::filesystem::path& path) {
  constexpr int kMostLinks = 40;  // as Linux
  std::error_code failed;
  const std::filesystem::path whole = std::filesystem::absolute(path, failed);
  if (failed) return path;
  std::filesystem::path done = whole.root_path();
  std::deque<std::filesystem::path> ahead;
  for (const auto& part : whole.relative_path()) ahead.push_back(part);
  for (int links = 0; !ahead.empty();) {
    const std::filesystem::path part = std::move(ahead.front());
    ahead.pop_front();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      done = done.parent_path();
      continue;
    }
    const std::filesystem::path end = std::filesystem::read_symlink(done / part, failed);
    if (failed) {  // no link
      done /= part;
      continue;
    }
    if (++links > kMostLinks) return whole;
    if (end.is_absolute()) done = end.root_path();
    const std::filesystem::path rest = end.relative_path();
    ahead.insert(ahead.begin(), rest.begin(), rest.end());
  }
  return done;
}

/// A folder's place without links; ends with a slash, so that one that starts with it lies within it.
std::string real_folder(const std::filesystem::path& path) { return (without_links(path) / "").lexically_normal().string(); }

/// The drop folder is the mine's own: nothing is written there.
void check_drop_is_read_only(const Site& site) {
  const std::string drop = real_folder(site.resolve(site.paths.drop));
  std::vector<std::pair<std::string, std::string>> written{{"archive", site.paths.archive}, {"output", site.paths.output}};
  for (const PublisherConfig& to : site.publish.to) {
    if (!to.dir.empty()) written.emplace_back("publisher " + to.name, to.dir);
  }
  for (const auto& [what, path] : written) {
    if (!real_folder(site.resolve(path)).starts_with(drop)) continue;
    throw Error(ErrorKind::config, fmt::format("{} = \"{}\" lies in the drop folder, which is read only", what, path),
                site.file.string());
  }
}

/// The archive's files are its own, and nothing else is written among them or above them.
void check_archive_is_apart(const Site& site) {
  const auto folder = [&](const std::string& path) { return real_folder(site.resolve(path)); };
  const std::string archive = folder(site.paths.archive);
  std::vector<std::pair<std::string, std::string>> others{{"output", site.paths.output}};
  for (const PublisherConfig& to : site.publish.to) {
    if (!to.dir.empty()) others.emplace_back("publisher " + to.name, to.dir);
  }
  for (const auto& [what, path] : others) {
    const bool inside = folder(path).starts_with(archive);
    if (!inside && !archive.starts_with(folder(path))) continue;
    throw Error(ErrorKind::config,
                inside ? fmt::format("{} = \"{}\" lies in the archive, which keeps its own files only", what, path)
                       : fmt::format("archive = \"{}\" lies in {} = \"{}\": it needs a folder of its own", site.paths.archive,
                                     what, path),
                site.file.string());
  }
}

void check_references(const Site& site) {
  require_unique_ids(site.sources, "source");
  require_unique_ids(site.zones, "zone");
  check_drop_is_read_only(site);
  check_archive_is_apart(site);
  for (const EventConfig& event : site.events) require_zone(site, event.zone, "an event", event.where);
  for (const ZoneConfig& zone : site.zones) {
    if (zone.id == "heartbeat") {
      throw Error(ErrorKind::config, "\"heartbeat\" cannot be a zone: it is the stream of the heartbeats", zone.where,
                  "name it otherwise");
    }
  }
  for (const SourceConfig& source : site.sources) {
    require_zone(site, source.zone, fmt::format("source \"{}\"", source.id), source.where);
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
  if (const TomlValue* mine = top.find("mine")) {
    TableReader reader(*mine, "[mine]");
    refuse_control_characters(reader, {"no", "name"});
  }
  TimeZone::of(site.mine.time_zone);
  read_frame(top, site);
  read_section(top, "paths", site.paths);
  read_section(top, "archive", site.archive);
  for (const TomlValue& v : top.tables("source")) site.sources.push_back(read_source(v, site.mine));
  for (const TomlValue& v : top.tables("zone")) site.zones.push_back(read_zone(v));
  for (const TomlValue& v : top.tables("event")) {
    EventConfig event;
    TableReader reader(v, "[[event]]");
    reader.read_into(event);
    reader.finish();
    event.instant = instant_of(event.at, v.where);
    event.where = v.where;
    site.events.push_back(std::move(event));
  }
  if (const TomlValue* policy = top.find("policy")) {
    TableReader reader(*policy, "[policy]");
    if (const TomlValue* name = reader.find("file")) site.policy_file = site.resolve(text_of(*name, "file"));
    reader.finish();
  }
  read_calculate(top, site);
  read_section(top, "output", site.output);
  if (const TomlValue* publish = top.find("publish")) site.publish = read_publish(*publish);
  top.finish();
  check_references(site);
  return site;
}

std::string site_keys_text() {
  std::vector<OptionSpec> source = list_options<SourceConfig>();
  std::vector<OptionSpec> columns;
  for (OptionSpec spec : list_options<ReadOptions>()) {
    if (spec.name.ends_with(kColumn)) {
      spec.name.resize(spec.name.size() - kColumn.size());
      columns.push_back(std::move(spec));
    } else if (!is_not_a_key(spec.name)) {
      source.push_back(std::move(spec));
    }
  }
  return fmt::format("schema = \"{}\"\n", kSchema) + "[mine]\n" + help_text(list_options<MineConfig>()) + "[frame]\n" +
         help_text(list_options<FrameConfig>()) +
         "  box_m = [[x, y, z], [x, y, z]]     [m] Lowest and highest plausible local coordinates; a cloud mostly outside is set "
         "aside\n" +
         "[paths]\n" + help_text(list_options<PathsConfig>()) + "[archive]\n" + help_text(list_options<ArchiveConfig>()) +
         "[[source]]\n" + help_text(source) + "[source.columns]\n" + help_text(columns) + "[[zone]]\n" +
         help_text(list_options<ZoneConfig>()) + "  quorum = {\n" + help_text(list_options<QuorumConfig>()) + "  }\n[[event]]\n" +
         help_text(list_options<EventConfig>()) +
         "[policy]\n  file = \"\"                          Policy page with the thresholds; empty: the one that ships\n" +
         "[output]\n" + help_text(list_options<OutputConfig>()) + "[publish]\n" + help_text(list_options<PublishConfig>()) +
         "[[publish.to]]\n" + help_text(list_options<PublisherConfig>());
}

Site read_site(const std::filesystem::path& file) { return parse_site(load_config_text(file), file); }

}  // namespace highwall
