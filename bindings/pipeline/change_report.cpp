#include "bindings/pipeline/change_report.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "algorithms/surface/raster.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"
#include "core/series.hpp"
#include "io/writers/gis.hpp"

namespace highwall {
namespace {

constexpr std::size_t kMostLines = 12;

std::string number(double v, int digits) { return std::isfinite(v) ? fmt::format("{:.{}f}", v, digits) : "nan"; }

std::string field_of(const std::string& text) {
  const std::string shown = printable(text);
  if (shown.find_first_of(",\"") == std::string::npos) return shown;
  std::string quoted = "\"";
  for (const char c : shown) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

bool within_any(const std::vector<Polygon>& outlines, double x, double y) {
  for (const Polygon& p : outlines) {
    if (p.contains(x, y)) return true;
  }
  return false;
}

/// Marks of stable ground by cell; none where it is not stated.
std::vector<std::uint8_t> stable_cells(const GridGeometry& g, const std::vector<Polygon>& outlines) {
  std::vector<std::uint8_t> marks(outlines.empty() ? 0 : g.cells(), 0);
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const Eigen::Vector2d xy = centre_of(g, i);
    marks[i] = within_any(outlines, xy.x(), xy.y()) ? 1 : 0;
  }
  return marks;
}

std::vector<std::uint8_t> stable_cores(const Points& cores, const std::vector<Polygon>& outlines) {
  std::vector<std::uint8_t> marks(outlines.empty() ? 0 : static_cast<std::size_t>(cores.rows()), 0);
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    marks[i] = within_any(outlines, cores(row, 0), cores(row, 1)) ? 1 : 0;
  }
  return marks;
}

std::string with_error(const Sum& s) { return fmt::format("{:.2f} +- {:.2f}", s.value_m3, s.half95_m3); }
std::string interval(const Sum& s) { return fmt::format("{:.1f} to {:.1f}", s.low_m3(), s.high_m3()); }

std::string rows_text(const char* title, const std::vector<VolumeRow>& rows) {
  if (rows.empty()) return {};
  std::string text = fmt::format("{:<18} {:>20} {:>20} {:>20} {:>24} {:>12} {:>12}\n", title, "loss, m3", "gain, m3", "net, m3",
                                 "net with unseen, m3", "measured, m2", "unseen, m2");
  for (const VolumeRow& r : rows) {
    text += fmt::format("{:<18} {:>20} {:>20} {:>20} {:>24} {:>12.0f} {:>12.0f}\n", printable(r.name), with_error(r.loss),
                        with_error(r.gain), with_error(r.net), interval(r.net), r.measured_m2, r.unmeasured_m2);
  }
  return text;
}

std::string clusters_text(const VolumeTable& table, const Frame& frame) {
  std::string text =
      fmt::format("{:>7} {:<5} {:>20} {:>22} {:>9} {:>8} {:>10} {:>11} {:>8} {:>9}  {}\n", "cluster", "", "volume, m3",
                  "with unseen, m3", "area, m2", "mean, m", "east, m", "north, m", "up, m", "unseen m2", "bench; zones");
  for (std::size_t k = 0; k < std::min(kMostLines, table.clusters.size()); ++k) {
    const ChangeCluster& c = table.clusters[k];
    const auto& o = frame.origin_m;
    text += fmt::format("{:>7} {:<5} {:>20} {:>22} {:>9.1f} {:>8.2f} {:>10.1f} {:>11.1f} {:>8.1f} {:>9.1f}  {}{}{}\n", c.number,
                        c.gain ? "gain" : "loss", with_error(c.volume), interval(c.volume), c.area_m2, c.mean_m,
                        c.place_m.x() + o[0], c.place_m.y() + o[1], c.place_m.z() + o[2], c.unmeasured_m2, c.bench,
                        c.zones.empty() ? "" : "; ", printable(c.zones));
  }
  if (table.clusters.size() > kMostLines) text += fmt::format("  and {} smaller ones\n", table.clusters.size() - kMostLines);
  if (table.clusters.empty()) text += "  none\n";
  return text;
}

}  // namespace

ChangeReport report_change(PointsView before, PointsView after, const ChangePlaces& places, ChangeSettings settings,
                           const Run& run) {
  ChangeReport out;
  const std::array<PointsView, 2> clouds{before, after};
  const GridGeometry raster = raster_over(clouds, settings.surface.cell_m);
  if (raster.cells() == 0) throw Error(ErrorKind::input, "neither cloud has a point to make a surface of");
  out.before = dem(before, raster, settings.surface, run);
  out.after = dem(after, raster, settings.surface, run);
  out.difference = dem_of_difference(out.before, out.after, stable_cells(raster, places.stable), places.registration,
                                     settings.difference, run);
  out.volumes = volumes(out.difference, places.zones, places.registration, settings.volume, run);
  // Core points as dense as the cells, and one lattice for volumes along normals and for classes.
  if (settings.volume.spacing_m == 0.0) settings.volume.spacing_m = settings.surface.cell_m;
  settings.classes.spacing_m = settings.volume.spacing_m;
  const Points cores = thin_in_space(before, settings.volume.spacing_m);
  const std::vector<std::uint8_t> stable = stable_cores(cores, places.stable);
  out.field = m3c2(before, after, PointsView(cores, before.frame()), settings.m3c2, run);
  out.limits = measure_calibrated(before, after, out.field, stable, settings.m3c2, settings.calibrate, run);
  settings.volume.bench_floors_m = out.volumes.bench_floors_m;
  out.faces = face_volumes(out.field, stable, places.zones, places.registration, settings.volume, run);
  out.classes = classify_change(out.field, before, after, places.scanner_m ? &*places.scanner_m : nullptr, places.events,
                                settings.classes, run);
  return out;
}

std::string clusters_csv(const VolumeTable& table, const Frame& frame) {
  std::string text =
      "cluster,change,volume_m3,volume95_m3,registration95_m3,area_m2,mean_m,largest_m,x_m,y_m,z_m,unmeasured_m2,gap_m3,steep_"
      "share,bench,zones,low_m3,high_m3\n";
  const auto& o = frame.origin_m;
  for (const ChangeCluster& c : table.clusters) {
    text += fmt::format(
        "{},{},{:.3f},{:.3f},{:.3f},{:.2f},{:.4f},{:.4f},{:.3f},{:.3f},{:.3f},{:.2f},{:.3f},{:.3f},{},{},{:.3f},{:.3f}\n",
        c.number, c.gain ? "gain" : "loss", c.volume.value_m3, c.volume.half95_m3, c.volume.registration95_m3, c.area_m2,
        c.mean_m, c.largest_m, c.place_m.x() + o[0], c.place_m.y() + o[1], c.place_m.z() + o[2], c.unmeasured_m2, c.gap_m3,
        c.steep_share, field_of(c.bench), field_of(c.zones), c.volume.low_m3(), c.volume.high_m3());
  }
  return text;
}

std::string volume_rows_csv(const std::vector<VolumeRow>& rows, const VolumeRow& total) {
  std::string text =
      "name,loss_m3,loss95_m3,gain_m3,gain95_m3,net_m3,net95_m3,measured_m2,unmeasured_m2,loss_low_m3,gain_high_m3,net_low_m3,"
      "net_high_m3\n";
  std::vector<VolumeRow> all = rows;
  all.push_back(total);
  for (const VolumeRow& r : all) {
    text +=
        fmt::format("{},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.2f},{:.2f},{:.3f},{:.3f},{:.3f},{:.3f}\n", field_of(r.name),
                    r.loss.value_m3, r.loss.half95_m3, r.gain.value_m3, r.gain.half95_m3, r.net.value_m3, r.net.half95_m3,
                    r.measured_m2, r.unmeasured_m2, r.loss.low_m3(), r.gain.high_m3(), r.net.low_m3(), r.net.high_m3());
  }
  return text;
}

std::string cluster_cells_csv(const DemDifference& d, const VolumeTable& table) {
  std::string text = "x_m,y_m,difference_m,lod95_m,cluster\n";
  const auto& o = d.geometry.frame.origin_m;
  for (std::size_t i = 0; i < d.size(); ++i) {
    if (table.label[i] == 0) continue;
    const Eigen::Vector2d xy = centre_of(d.geometry, i);
    text += fmt::format("{:.3f},{:.3f},{:.4f},{:.4f},{}\n", xy.x() + o[0], xy.y() + o[1], d.difference_m[i], d.lod95_m[i],
                        table.label[i]);
  }
  return text;
}

std::string classes_csv(const ChangeReport& r) {
  std::string text = "x_m,y_m,z_m,nx,ny,nz,class,evidence,change_m,lod95_m,area_m2,object\n";
  const auto& o = r.field.frame.origin_m;
  for (std::size_t i = 0; i < r.field.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    for (Eigen::Index c = 0; c < 3; ++c) text += number(r.field.position_m(row, c) + o[static_cast<std::size_t>(c)], 3) + ",";
    for (Eigen::Index c = 0; c < 3; ++c) text += number(r.field.direction(row, c), 4) + ",";
    text += fmt::format("{},{},{},{},{},{}\n", name_of(r.classes.value[i]), name_of(r.classes.evidence[i]),
                        number(r.classes.change_m[i], 4), number(r.classes.limit_m[i], 4), number(r.classes.area_m2[i], 3),
                        r.classes.object[i]);
  }
  return text;
}

std::string objects_geojson(const ChangeReport& r) {
  std::vector<std::array<double, 2>> places;
  VectorColumn object{"object", {}, {}}, kind{"class", {}, {}}, change{"change", {}, {}}, volume{"volume_m3", {}, {}},
      error{"volume95_m3", {}, {}}, area{"area_m2", {}, {}}, z{"z_m", {}, {}}, partner{"partner", {}, {}},
      evidence{"evidence", {}, {}};
  for (std::size_t k = 0; k < r.classes.objects.size(); ++k) {
    const ChangeObject& x = r.classes.objects[k];
    places.push_back({x.place_m.x(), x.place_m.y()});
    object.numbers.push_back(static_cast<double>(k + 1));
    kind.texts.emplace_back(name_of(x.value));
    change.texts.emplace_back(x.gain ? "gain" : "loss");
    volume.numbers.push_back(x.volume.value_m3);
    error.numbers.push_back(x.volume.half95_m3);
    area.numbers.push_back(x.area_m2);
    z.numbers.push_back(x.place_m.z() + r.field.frame.origin_m[2]);
    partner.numbers.push_back(x.partner > 0 ? static_cast<double>(x.partner) : kNaN);
    evidence.texts.push_back(x.evidence);
  }
  return places_file("GeoJSON", r.field.frame, places, {object, kind, change, volume, error, area, z, partner, evidence});
}

std::string change_table(const ChangeReport& r) {
  const Frame& frame = r.field.frame;
  std::string text = r.difference.calibration.sentence + "\n" + r.volumes.sentence +
                     "\n\nIn plan (+-: 95 % of what has a value; with unseen: the interval that also holds what the unseen "
                     "ground beside clusters may hold):\n" +
                     clusters_text(r.volumes, frame);
  text += "\n" + rows_text("zone", r.volumes.zones) + rows_text("bench", r.volumes.benches) + rows_text("", {r.volumes.total});
  text += "\nAlong the normals, for steep ground and changes within the cylinders:\n" + r.faces.sentence + "\n" +
          clusters_text(r.faces, frame);
  text += "\nClasses of places, " + r.limits.sentence + ":\n ";
  for (std::size_t k = 0; k < kChangeClasses; ++k) {
    text += fmt::format("{}{} {}", k == 0 ? " " : ", ", name_of(static_cast<ChangeClass>(k)), r.classes.count[k]);
  }
  text += "\n";
  for (std::size_t k = 0; k < r.classes.objects.size(); ++k) {
    const ChangeObject& x = r.classes.objects[k];
    if (x.value == ChangeClass::deformation && x.cores < 8) continue;
    text += fmt::format("  {:>4} {:<15} {:>9.1f} m2 at {:.1f}, {:.1f}, {:.1f}: {}\n", k + 1, name_of(x.value), x.area_m2,
                        x.place_m.x() + frame.origin_m[0], x.place_m.y() + frame.origin_m[1], x.place_m.z() + frame.origin_m[2],
                        x.evidence);
  }
  return text;
}

}  // namespace highwall
