#include <fmt/format.h>

#include <cstdio>

#include "algorithms/catalog.hpp"
#include "algorithms/warn/criterion.hpp"
#include "bindings/cli/commands.hpp"
#include "io/config/policy.hpp"
#include "io/config/site.hpp"
#include "io/feeds/feed.hpp"
#include "io/readers/reader.hpp"

namespace highwall::cli {
namespace {

std::string algorithms_text(bool of_night_only) {
  std::string text;
  for (const Algorithm& a : all_algorithms()) {
    if (of_night_only && !a.in_night) continue;
    text += fmt::format("{}: {}\n{}", a.name, a.sentence, help_text(a.options()));
  }
  return text;
}

template <class Table>
std::string table_text(const Table& table, const char* title) {
  std::string text = fmt::format("{}\n", title);
  for (const auto* entry : table) text += fmt::format("  {:<14} {}\n", entry->name, entry->description);
  return text;
}

std::string topic_text(const std::string& topic) {
  if (topic == "algorithms") return algorithms_text(false);
  if (topic == "readers") return table_text(all_readers(), "Readers, for format:");
  if (topic == "message") return std::string(envelope_schema_text());
  if (topic == "policy") {
    std::string text = policy_keys_text() + "families\n";
    for (const Criterion* c : all_criterions())
      text += fmt::format("  {:<14} {} (threshold in {}; takes {})\n", c->family, c->description, c->units, c->parameters);
    return text;
  }
  return site_keys_text() + table_text(all_feeds(), "formats of [[publish.to]]") +
         "[calculate]: tables of options, e.g. m3c2 = { normal_radius_m = 1.0 }; the night's m3c2 begins with lod = \"welch\" "
         "and\nmin_points = 4, its vectors with a patch_radius_m of half of patches.size_m\n" +
         algorithms_text(true);
}

}  // namespace

void add_help_command(CLI::App& app) {
  auto* command = app.add_subcommand(
      "help", "Every key of site.toml and of a policy, every algorithm and reader, the JSON Schema of a message");
  command->footer("Example: highwall help site");
  auto topic = std::make_shared<std::string>("site");
  command->add_option("topic", *topic, "site, policy, algorithms, readers or message")
      ->check(CLI::IsMember({"site", "policy", "algorithms", "readers", "message"}));
  command->callback([=] {
    const std::string text = topic_text(*topic);
    std::fwrite(text.data(), 1, text.size(), stdout);
  });
}

}  // namespace highwall::cli
