#include <fmt/format.h>

#include "bindings/cli/options.hpp"
#include "bindings/cli/output.hpp"
#include "bindings/cli/radar_commands.hpp"
#include "bindings/pipeline/export_series.hpp"
#include "io/readers/reader.hpp"

namespace highwall::cli {

void add_radar_export_command(CLI::App& radar, Session& session) {
  auto* command =
      radar.add_subcommand("export", "Write displacement series as GeoTIFF, COG or a table of points, for other programs");
  command->footer(
      "Maps: one file a date in a folder, and geometry/line_of_sight.tif. Table: as EGMS has it, with the column crs.\n"
      "Example: highwall radar export stack/timeseries.h5 --as cog -o maps");
  auto file = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>();
  command->add_option("series", *file, "timeseries.h5, cum.h5, a GeoTIFF of several dates, or a table of points")->required();
  command->add_option("-o,--output", *out, "Folder of the maps, or CSV")->required();
  auto options = std::make_shared<OptionFlags<ExportOptions>>(*command);
  auto read = std::make_shared<OptionFlags<ReadOptions>>(*command, std::vector<std::string>{}, "Reading");
  command->callback([=, &session] {
    const ExportOptions wanted = options->get();
    const ReadOptions reading = read->get();
    check_output(*out, {*file});
    const Reading got = read_file(*file, reading, session.run);
    tell(session, got.report);
    const ExportedSeries done = export_series(*out, got.data, wanted, session.run);
    print(fmt::format("{} dates, {} points with a value, {} files\n", done.dates, done.points, done.files));
    tell(session, "radar export", {{"files", std::to_string(done.files)}, {"output", *out}});
    if (done.points == 0) session.exit_code = kWithFindings;
  });
}

}  // namespace highwall::cli
