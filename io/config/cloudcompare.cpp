#include "io/config/cloudcompare.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>

#include "core/error.hpp"
#include "io/durable/durable.hpp"

namespace highwall {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;
constexpr double kMostScales = 1000.0;

struct Entry {
  std::string value;
  std::string where;
};

/// The keys of the file, with the line that each stands in.
class Keys {
 public:
  Keys(const std::string& text, const std::string& file) : file_(file) {
    std::size_t line = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      std::string row = text.substr(at, end - at);
      at = end + 1;
      ++line;
      if (row.ends_with('\r')) row.pop_back();
      const std::size_t equals = row.find('=');
      if (row.empty() || row[0] == '[' || row[0] == ';' || row[0] == '#') continue;
      const std::string where = fmt::format("{}:{}", file, line);
      if (equals == std::string::npos) throw Error(ErrorKind::input, "this line is no KEY=VALUE", where);
      entries_[row.substr(0, equals)] = {row.substr(equals + 1), where};
    }
    if (!entries_.contains("M3C2VER")) {
      throw Error(ErrorKind::input, "this is no M3C2 parameter file of CloudCompare: M3C2VER is missing", file,
                  "save the parameters in CloudCompare's M3C2 dialog");
    }
  }

  const std::string& where(const std::string& key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? file_ : found->second.where;
  }
  double number(const std::string& key, double otherwise) const {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return otherwise;
    double value = 0.0;
    const std::string& text = found->second.value;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
      throw Error(ErrorKind::input, fmt::format("{} = \"{}\" is not a number", key, text), found->second.where);
    }
    return value;
  }
  bool flag(const std::string& key) const {
    const auto found = entries_.find(key);
    return found != entries_.end() && (found->second.value == "true" || found->second.value == "1");
  }

 private:
  std::string file_;
  std::map<std::string, Entry> entries_;
};

/// Which side normals turn to: +X, -X, +Y, -Y, +Z, -Z in CloudCompare's order.
std::vector<double> side_of(int code, const Keys& keys) {
  if (code < 0 || code > 5) {
    throw Error(ErrorKind::config,
                fmt::format("NormalPreferedOri = {}: normals towards a barycentre, an origin or a sensor", code),
                keys.where("NormalPreferedOri"), "choose an axis in the file, or give --scanner-m");
  }
  std::vector<double> up(3, 0.0);
  up[static_cast<std::size_t>(code / 2)] = code % 2 == 0 ? 1.0 : -1.0;
  return up;
}

}  // namespace

CloudCompareM3c2 read_cloudcompare_m3c2(const std::filesystem::path& path) {
  const std::string text = read_whole(path, ErrorKind::input, kMostBytes);
  const Keys keys(text, path.string());
  CloudCompareM3c2 out;
  const auto give = [&](const char* name, const char* key, OptionValue value) {
    out.options.push_back({name, std::move(value), keys.where(key)});
  };
  const auto refuse = [&](const char* key, const char* what, const char* todo) {
    throw Error(ErrorKind::config, fmt::format("{}: {}", key, what), keys.where(key), todo);
  };
  give("normal_radius_m", "NormalScale", 0.5 * keys.number("NormalScale", 2.0));
  give("cylinder_radius_m", "SearchScale", 0.5 * keys.number("SearchScale", 1.0));
  give("half_length_m", "SearchDepth", keys.number("SearchDepth", 3.0));
  give("up", "NormalPreferedOri", side_of(static_cast<int>(keys.number("NormalPreferedOri", 4.0)), keys));
  switch (static_cast<int>(keys.number("NormalMode", 0.0))) {
    case 0:
      break;
    case 2: {
      const double first = keys.number("NormalMinScale", 0.0);
      const double last = keys.number("NormalMaxScale", 0.0);
      const double step = keys.number("NormalStep", 0.0);
      if (!(first > 0.0) || !(last >= first) || !(step > 0.0) || (last - first) / step > kMostScales) {
        refuse("NormalMinScale", "the scales do not run from a smallest to a largest",
               "mend NormalMinScale, NormalStep, NormalMaxScale");
      }
      std::vector<double> radii;
      for (int k = 0; first + k * step <= last * (1.0 + 1e-9); ++k) radii.push_back(0.5 * (first + k * step));
      give("normal_radii_m", "NormalMinScale", radii);
      break;
    }
    case 3:
      give("normals", "NormalMode", std::string("vertical"));
      break;
    case 4:
      give("normals", "NormalMode", std::string("horizontal"));
      break;
    default:
      refuse("NormalMode", "normals that come with the clouds", "choose NormalMode 0, 2, 3 or 4, or give normals from Python");
  }
  if (keys.flag("PositiveSearchOnly")) refuse("PositiveSearchOnly", "search in one direction only", "set it to false");
  if (keys.flag("UsePrecisionMaps")) refuse("UsePrecisionMaps", "precision maps", "set it to false, or see --lod ep");
  if (keys.flag("RegistrationErrorEnabled")) {
    give("registration_error_m", "RegistrationError", keys.number("RegistrationError", 0.0));
  }
  if (keys.flag("UseMedian")) give("statistic", "UseMedian", std::string("median"));
  if (keys.flag("UseMinPoints4Stat")) {
    give("min_points", "MinPoints4Stat", static_cast<std::int64_t>(std::max(2.0, keys.number("MinPoints4Stat", 5.0))));
  }
  give("progressive", "UseSinglePass4Depth", !keys.flag("UseSinglePass4Depth"));
  if (keys.flag("SubsampleEnabled")) {
    out.notes.push_back(keys.where("SubsampleEnabled") + ": core points are not thinned here, give them with --cores");
  }
  if (keys.flag("NormalUseCorePoints")) {
    out.notes.push_back(keys.where("NormalUseCorePoints") + ": normals are fitted to the first cloud, not to the core points");
  }
  return out;
}

}  // namespace highwall
