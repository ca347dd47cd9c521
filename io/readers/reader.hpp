#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/epoch.hpp"
#include "core/options.hpp"
#include "core/run.hpp"

namespace highwall {

class MappedFile;

/// A file in memory: readers see bytes only, so that they can be tested and fuzzed without a disk.
struct Input {
  std::string name;  ///< As the user named it; goes into messages.
  std::string_view bytes;
  const MappedFile* file = nullptr;  ///< Where the bytes are looked at on the disk instead.
};

/// What a reader must be told because its format leaves it open.
struct ReadOptions {
  std::string format = "auto";
  std::string kind = "auto";
  std::string sign = "auto";
  std::string unit = "auto";
  std::string time_zone = "auto";
  std::string crs = "file";
  std::string vertical = "file";
  std::string units = "metres";
  std::vector<double> origin_m;
  std::vector<double> box;
  double resolution = 0.0;
  std::string channels = "all";
  std::vector<std::string> instant{"gps_time", "header_date"};
  std::string target = "stem";
  std::string time_column;
  std::string time_pattern;
  std::string displacement_column;
  std::string sigma_column;
  std::string target_column;
  std::string x_column;
  std::string y_column;
  std::string height_column;
  std::string east_column;
  std::string north_column;
  std::string up_column;
  std::vector<double> reference_llh;
  std::vector<double> no_data;
  std::string start;
  double interval_s = 0.0;
  std::string value = "auto";
  std::string angle = "rad";
  std::string zero = "auto";
  double wavelength_mm = 0.0;
  double max_rejected_share = 0.5;
  bool strict = false;

  static void describe(auto& d) {
    using O = ReadOptions;
    d.field(&O::format, "format", "", anything(), "Reader's name, or auto: by the content");
    std::vector<std::string> kinds = sensor_kind_words();
    kinds.insert(kinds.begin(), "auto");
    d.field(&O::kind, "kind", "", one_of(std::move(kinds)), "Kind of instrument; auto: what the format is used for");
    d.field(&O::sign, "sign", "", one_of({"auto", "toward_negative", "toward_positive"}),
            "Sign of movement towards the sensor in the file; auto: as the file says, else toward_positive");
    d.field(&O::unit, "unit", "", one_of({"auto", "m", "cm", "mm"}), "Unit of displacement; auto: as the file says, else m");
    d.field(&O::time_zone, "time_zone", "", anything(), "IANA zone of stamps without one; auto: as the file says, else UTC");
    d.field(&O::crs, "crs", "", anything(),
            "file, local (a frame of its own, in the unit that the file tells), or the CRS of the coordinates as PROJ reads it");
    d.field(&O::vertical, "vertical", "", anything(), "file, or the vertical CRS");
    d.field(&O::units, "units", "", one_of({"metres", "source"}),
            "metres: other length units are converted; source: numbers stay as in the file");
    d.field(&O::origin_m, "origin_m", "m", anything(),
            "World coordinates of the local origin; empty: the cloud's minimum, rounded down to 1000 m");
    d.field(&O::box, "box", "", anything(),
            "Clouds and points in a CSV: only those with xmin <= x <= xmax, ymin <= y <= ymax, as xmin,ymin,xmax,ymax in the "
            "file's own CRS and unit; "
            "a COPC file is read only there");
    d.field(&O::resolution, "resolution", "", at_least(0),
            "COPC: as many levels as give this spacing of points, in the file's own unit; 0: all");
    d.field(&O::channels, "channels", "", one_of({"all", "none"}),
            "Clouds: all attributes, or none; LAZ of point formats 6 to 10 then decompresses coordinates only");
    d.field(&O::instant, "instant", "", anything(),
            "Rules for a cloud's time, first that works: filename:PATTERN, gps_time, header_date");
    d.field(&O::target, "target", "", anything(), "Name of the target; stem: the file's stem");
    d.field(&O::time_column, "time_column", "", anything(), "Generic CSV: column of the time");
    d.field(
        &O::time_pattern, "time_pattern", "", anything(),
        "Generic CSV: pattern of the time, or of the names of date columns, such as %d-%m-%Y %H:%M; empty: ISO 8601 or YYYYMMDD");
    d.field(&O::displacement_column, "displacement_column", "", anything(), "Generic CSV: column of the displacement");
    d.field(&O::sigma_column, "sigma_column", "", anything(), "Generic CSV: column of its sigma");
    d.field(&O::target_column, "target_column", "", anything(), "Generic CSV: column of the target");
    d.field(&O::x_column, "x_column", "", anything(), "Points in a CSV: column of the coordinate to the east");
    d.field(&O::y_column, "y_column", "", anything(), "Points in a CSV: column of the coordinate to the north");
    d.field(&O::height_column, "height_column", "", anything(), "Points in a CSV: column of the height");
    d.field(&O::east_column, "east_column", "", anything(), "Generic CSV: column of the east component");
    d.field(&O::north_column, "north_column", "", anything(), "Generic CSV: column of the north component");
    d.field(&O::up_column, "up_column", "", anything(), "Generic CSV: column of the up component");
    d.field(&O::reference_llh, "reference_llh", "deg, deg, m", anything(),
            "GNSS: latitude, longitude and ellipsoidal height of the zero; empty: the file's reference, "
            "else the first position (strict: rounded to 0.01 degrees and 100 m, so that later files share it)");
    d.field(&O::no_data, "no_data", "", anything(),
            "Numbers that stand for a missing displacement, in the file's unit; -999, -9999 and the like are known where no "
            "other value comes near them");
    d.field(
        &O::start, "start", "", anything(),
        "Scans of a radar: ISO 8601 time, with its zone, of the scan whose name ends with the number 0, with interval_s; where "
        "the names hold a time, an instant rule filename:PATTERN tells it instead");
    d.field(&O::interval_s, "interval_s", "s", at_least(0), "Scans of a radar: usual time from scan to scan; 0: not known");
    d.field(
        &O::value, "value", "", one_of({"auto", "increment", "cumulative"}),
        "Scans of a radar: motion since the scan before, or since the first; auto: as the format is used, increment for S-SAR");
    d.field(&O::angle, "angle", "", one_of({"rad", "deg"}), "Scans of a radar: unit of the azimuths in DiffImage files");
    d.field(&O::zero, "zero", "", one_of({"auto", "data", "no_data"}),
            "Scans of a radar: what a value of exactly 0 is; auto: data where it is rare, else it must be given");
    d.field(&O::wavelength_mm, "wavelength_mm", "mm", at_least(0),
            "Scans of a radar: wavelength, by which wraps are found; 0: not known");
    d.field(&O::max_rejected_share, "max_rejected_share", "", between(0, 1), "A file with a larger share of bad rows is refused");
    d.field(&O::strict, "strict", "", anything(), "What the format leaves open is an error, not an assumption");
    d.require([](const O& o) { return o.origin_m.empty() || o.origin_m.size() == 3; }, "origin_m must have three numbers");
    d.require([](const O& o) { return o.start.empty() || o.interval_s > 0.0; }, "start needs interval_s");
    d.require([](const O& o) { return o.box.empty() || (o.box.size() == 4 && o.box[0] <= o.box[2] && o.box[1] <= o.box[3]); },
              "box must have four numbers: xmin, ymin, xmax, ymax");
    d.require([](const O& o) { return o.reference_llh.empty() || o.reference_llh.size() == 3; },
              "reference_llh must have three numbers: latitude, longitude, height");
  }
};

/// One file format.
struct Reader {
  std::string_view name;
  std::string_view description;
  std::string_view suffixes;  ///< ".las .laz": a hint when two readers like the content.
  /// How sure the reader is that the file is its own, 0 to 100, from the first 4 KiB and the name.
  int (*sniff)(std::string_view head, std::string_view file_name);
  /// @throws Error(input) for a file that cannot be used, Error(config) for what must be told.
  Reading (*read)(const Input& input, const ReadOptions& options, const Run& run);
};

/// Every reader, in the order of io/readers/CMakeLists.txt.
std::span<const Reader* const> all_readers();

/// The reader called `format`, or with "auto" the surest by content (the suffix decides ties).
/// @throws Error(input) when none knows the content, Error(config) for an unknown name.
const Reader& choose_reader(const Input& input, const std::string& format);

/// The whole file. @throws Error(input) naming the path: missing, a folder, empty, unreadable.
std::string load_file(const std::filesystem::path& path);

/// Loads the file, finds its reader and reads it.
/// @throws Error(input) also when the share of bad rows exceeds options.max_rejected_share.
Reading read_file(const std::filesystem::path& path, const ReadOptions& options, const Run& run);
/// The same for bytes that are in memory already.
Reading read_input(const Input& input, const ReadOptions& options, const Run& run);

/// Local origin for a cloud: options.origin_m, or the minimum rounded down to 1000 m.
std::array<double, 3> local_origin(const ReadOptions& options, const std::array<double, 3>& minimum);

/// Tells the assumption in the report, or throws when options.strict.
/// @throws Error(config) naming the key to set.
void assume(const ReadOptions& options, Report& report, std::string_view key, std::string_view assumption);

/// "m", "cm" or "mm" for a unit as files write it ("mm", "Metres", "millimeters"); else "".
std::string length_unit(std::string_view text);
/// Metres per unit ("m", "cm", "mm") of options.unit; `from_file` wins when the file names its unit.
/// @throws Error(input) when the file names what is no length.
double metres_per_unit(const ReadOptions& options, std::string_view from_file, Report& report);
/// +1 or -1: factor that makes movement towards the sensor positive.
double sign_factor(const ReadOptions& options, Report& report);
/// Zone of stamps without a zone of their own.
TimeZone stamp_zone(const ReadOptions& options, Report& report);
/// The kind asked for, or what the format is used for.
SensorKind kind_or(const ReadOptions& options, SensorKind usual);
/// Target's name by options.target and the file's stem.
std::string target_name(const ReadOptions& options, const Input& input);

}  // namespace highwall
