#include "algorithms/catalog.hpp"

#include <fmt/format.h>

#include <array>

#include "algorithms/align/piecewise.hpp"
#include "algorithms/align/stable_ground.hpp"
#include "algorithms/compare/calibrated.hpp"
#include "algorithms/compare/m3c2.hpp"
#include "algorithms/compare/patch_motion.hpp"
#include "algorithms/radar/decompose.hpp"
#include "algorithms/radar/frozen_maps.hpp"
#include "algorithms/radar/network_inversion.hpp"
#include "algorithms/radar/patch_line_of_sight.hpp"
#include "algorithms/radar/percent_deformation.hpp"
#include "algorithms/radar/scan_geometry.hpp"
#include "algorithms/radar/velocity_map.hpp"
#include "algorithms/radar/velocity_stream.hpp"
#include "algorithms/series/clean.hpp"
#include "algorithms/series/freeze.hpp"
#include "algorithms/series/midas.hpp"
#include "algorithms/series/noise.hpp"
#include "algorithms/series/rate.hpp"
#include "algorithms/series/shared_jump.hpp"
#include "algorithms/surface/change_class.hpp"
#include "algorithms/surface/raster.hpp"
#include "algorithms/surface/volumes.hpp"
#include "algorithms/vectors/vectors.hpp"
#include "core/error.hpp"
#include "core/stack_scans.hpp"

namespace highwall {
namespace {

Outcome of_field(DisplacementField f) { return {std::move(f.value_m), std::move(f.reason)}; }

Outcome try_m3c2(const Sample& s, const Run& run) { return of_field(m3c2(s.before, s.after, s.before, {}, run)); }

Outcome try_calibrate(const Sample& s, const Run& run) {
  DisplacementField f = m3c2(s.before, s.after, s.before, {}, run);
  CalibrateOptions options;
  options.least_stable = 10;
  options.most_shift_m = 1.0;
  measure_calibrated(s.before, s.after, f, {}, {}, options, run);
  return {std::move(f.calibrated_m), std::move(f.reason_calibrated)};
}

Outcome try_vectors(const Sample& s, const Run& run) {
  VectorOptions options;
  options.fewest_planes = 20;
  options.least_alike = 0.2;
  options.largest_sigma_m = 1.0;
  DisplacementField f = m3c2(s.before, s.after, s.before, {}, run);
  measure_vectors(s.before, s.after, f, {}, nullptr, options, run);
  Outcome out;
  for (std::size_t i = 0; i < f.size(); ++i) {
    for (Eigen::Index c = 0; c < 3; ++c) {
      out.values.push_back(f.vector_m(static_cast<Eigen::Index>(i), c));
      out.reasons.push_back(f.reason_vector[i]);
    }
  }
  return out;
}

Outcome try_register(const Sample& s, const Run& run) {
  RegisterOptions options;
  options.coarse = "none";
  const Registration r = register_on_stable_ground(s.after, s.before, options, run);
  const Eigen::Matrix4d m = r.transform.matrix();
  return {{m.data(), m.data() + m.size()}, {}};
}

Outcome try_piecewise(const Sample& s, const Run& run) {
  PiecewiseOptions options;
  options.least_patches = 6;
  const Registration r = register_piecewise(s.after, s.before, options, run);
  const Eigen::Matrix4d m = r.transform.matrix();
  return {{m.data(), m.data() + m.size()}, {}};
}

Outcome try_cores(const Sample& s, const Run&) {
  const Points cores = thin_to_cores(s.before, CoreOptions{}.spacing_m);
  return {{cores.data(), cores.data() + cores.size()}, {}};
}

Outcome try_patches(const Sample& s, const Run& run) {
  PatchOptions options;
  options.fewest_cores = 3;
  const DisplacementField field = m3c2(s.before, s.after, s.before, {}, run);
  std::vector<Patch> patches = patch_motion({field}, Instant{}, {1e-3}, everywhere(), options, run);
  for (Patch& p : patch_line_of_sight(s.stack, everywhere(), options, run)) patches.push_back(std::move(p));
  Outcome out;
  for (const Patch& p : patches) out.values.insert(out.values.end(), p.series.value_m.begin(), p.series.value_m.end());
  return out;
}

Outcome try_downslope(const Sample& s, const Run& run) {
  const Surface surface = surface_at(s.before, s.after, {}, run);
  Points places = s.after;
  for (Eigen::Index i = 0; i < places.rows(); ++i) places(i, 2) = surface.height_m[static_cast<std::size_t>(i)];
  const std::vector<double> one(surface.height_m.size(), 1e-3);
  DownslopeField f = downslope(one, one, lines_of_sight(places, {500.0, 0.0, 100.0}), surface.normal, {}, run);
  return {std::move(f.value), std::move(f.reason)};
}

Outcome try_geometry(const Sample& s, const Run& run) {
  ScanGrid grid;
  for (int i = 0; i < 8; ++i) {
    grid.range_m.push_back(100.0 + 20.0 * i);
    grid.azimuth_rad.push_back(-0.2 + 0.05 * i);
  }
  grid.rows = grid.cols = 8;
  RadarStation station;
  station.position_m = {-150.0, 0.0, 50.0};
  station.heading_deg = 90.0;
  const ScanGeometry g = scan_geometry(grid, s.before, station, {}, run);
  Outcome out{{g.area_m2.begin(), g.area_m2.end()}, {}};
  for (const CellSight sight : g.sight)
    out.reasons.push_back(sight == CellSight::seen || sight == CellSight::layover ? Reason::ok : Reason::no_normal);
  return out;
}

Outcome try_invert(const Sample& s, const Run& run) {
  InterferogramNetwork n;
  n.instants = s.stack.instants();
  n.metres_per_radian = 1.0;
  for (std::size_t k = 0; k < n.instants.size(); ++k) {
    for (std::size_t span = 1; span < 3 && k + span < n.instants.size(); ++span) n.pairs.push_back({k, k + span, ""});
  }
  if (n.pairs.empty()) return {};
  std::vector<float> phase;
  for (const Interferogram& p : n.pairs) {
    for (std::size_t c = 0; c < s.stack.cells(); ++c) {
      phase.push_back(static_cast<float>(s.stack.at(p.second)[c] - s.stack.at(p.first)[c]));
    }
  }
  InvertedTile out;
  NetworkInversion(n, std::vector<double>(n.pairs.size(), 0.0), {}).invert({s.stack.cells(), phase, {}}, out, run);
  return {{out.displacement_m.begin(), out.displacement_m.end()}, {}};
}

Outcome try_percent(const Sample& s, const Run&) {
  std::vector<std::uint32_t> cells(s.stack.cells());
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = static_cast<std::uint32_t>(i);
  Outcome out;
  if (s.stack.epochs() == 0) return out;
  for (const PercentSeries& one : percent_deformation(s.stack, cells, s.stack.instants().front(), {})) {
    out.values.push_back(one.reference_m);
    out.values.insert(out.values.end(), one.series.value_m.begin(), one.series.value_m.end());
  }
  return out;
}

Outcome try_surface(const Sample& s, const Run& run) {
  Dem d = dem(s.before, DemOptions{}, run);
  return {std::move(d.height_m), {}};
}

DemDifference try_both(const Sample& s, const Run& run) {
  const std::array<PointsView, 2> clouds{s.before, s.after};
  const GridGeometry g = raster_over(clouds, 1.0);
  DifferenceOptions options;
  options.least_stable = 10;
  return dem_of_difference(dem(s.before, g, {}, run), dem(s.after, g, {}, run), {}, nullptr, options, run);
}

Outcome try_difference(const Sample& s, const Run& run) {
  DemDifference d = try_both(s, run);
  return {std::move(d.difference_m), std::move(d.reason)};
}

Outcome try_volume(const Sample& s, const Run& run) {
  const DisplacementField field = m3c2(s.before, s.after, s.before, {}, run);
  Outcome out;
  for (const VolumeTable& t : {volumes(try_both(s, run), {}, nullptr, {}, run), face_volumes(field, {}, {}, nullptr, {}, run)}) {
    for (const Sum& sum : {t.total.loss, t.total.gain, t.total.net}) {
      out.values.push_back(sum.value_m3);
      out.values.push_back(sum.half95_m3);
    }
  }
  return out;
}

Outcome try_classes(const Sample& s, const Run& run) {
  const DisplacementField field = m3c2(s.before, s.after, s.before, {}, run);
  const Eigen::Vector3d scanner(500.0, 0.0, 100.0);
  const ChangeClasses c = classify_change(field, s.before, s.after, &scanner, {}, {}, run);
  Outcome out;
  for (const ChangeClass one : c.value) out.values.push_back(static_cast<double>(one));
  return out;
}

Outcome try_map(const Sample& s, const Run& run) {
  VelocityMap map = velocity_map(s.stack, {}, {}, {}, {}, run);
  return {std::move(map.velocity_m_per_day), std::move(map.reason)};
}

Outcome try_stream(const Sample& s, const Run& run) {
  Outcome out;
  if (s.stack.epochs() == 0 || s.stack.cells() == 0) return out;
  const StackScans scans(s.stack);
  VelocityStream stream(scans.grid(), scans.value(), {});
  for (std::size_t k = 0; k < scans.size(); ++k) {
    for (const WindowVelocity& w : stream.push(scans.read(k), run).windows) {
      out.values.insert(out.values.end(), w.velocity_m_per_day.begin(), w.velocity_m_per_day.end());
      out.reasons.insert(out.reasons.end(), w.reason.begin(), w.reason.end());
    }
  }
  return out;
}

Outcome try_clean(const Sample& s, const Run&) {
  TimeSeries series = s.series;
  clean(series, {});
  return {{series.flags.begin(), series.flags.end()}, {}};
}

Outcome try_freeze(const Sample& s, const Run&) {
  TimeSeries series = s.series;
  flag_frozen(series, {});
  Stack stack = s.stack;
  const auto maps = blank_frozen(stack, {});
  Outcome out{{series.flags.begin(), series.flags.end()}, {}};
  for (const FrozenMap& map : maps) out.values.push_back(static_cast<double>(map.epoch));
  return out;
}

Outcome try_step(const Sample& s, const Run&) {
  TimeSeries series = s.series;
  if (!series.empty()) absorb_step(series, series.time[series.size() / 2], {});
  return {series.value_m, {}};
}

Outcome try_reference(const Sample& s, const Run&) { return {without_common_mode(s.series, {&s.series}, {}).value_m, {}}; }

Outcome try_shared(const Sample& s, const Run&) {
  TimeSeries series = s.series;
  Outcome out;
  for (const SharedJump& jump : shared_jumps({&s.series, &s.series, &s.series}, {})) {
    flag_returned(series, jump);
    out.values.insert(out.values.end(), jump.jump_m.begin(), jump.jump_m.end());
  }
  out.values.insert(out.values.end(), series.flags.begin(), series.flags.end());
  return out;
}

Outcome try_rate(const Sample& s, const Run& run) {
  Outcome out;
  for (const WindowRate& w : rate(s.series, {}, run)) {
    out.values.insert(out.values.end(), w.velocity_m_per_day.begin(), w.velocity_m_per_day.end());
    out.reasons.insert(out.reasons.end(), w.reason.begin(), w.reason.end());
  }
  return out;
}

Outcome try_noise(const Sample& s, const Run& run) {
  auto rates = rate(s.series, {}, run);
  NoiseModel noise;
  Outcome out;
  for (const Calibration& c : calibrate_on_start(rates, s.series, noise)) out.values.push_back(c.sigma_m_per_day);
  return out;
}

Outcome try_midas(const Sample& s, const Run&) {
  const Trend trend = midas(s.series, {});
  return {{trend.velocity_m_per_day, trend.sigma_m_per_day}, {}};
}

template <class Options>
constexpr Algorithm line(std::string_view name, bool in_night, Outcome (*try_on)(const Sample&, const Run&),
                         std::string_view sentence) {
  return {
      name,  sentence, in_night, &list_options<Options>, [](std::span<const GivenOption> given) { options_from<Options>(given); },
      try_on};
}

// clang-format off
constexpr std::array kAlgorithms{
    line<CoreOptions>("cores", true, try_cores, "One point of the reference cloud a square cell: the places that are compared."),
    line<RegisterOptions>("register", true, try_register, "Rigid registration of a LiDAR epoch on the ground that did not move, moved places dropping out by Tukey's weights; GICP first when far apart (Segal et al. 2009, doi:10.15607/RSS.2009.V.021)."),
    line<PiecewiseOptions>("piecewise", false, try_piecewise, "Rigid registration of a cloud on the patches of another that did not move, which it finds by itself (Yang and Schwieger 2023, doi:10.1515/jag-2022-0031)."),
    line<M3c2Options>("m3c2", true, try_m3c2, "Distances between two clouds along the surface normal (Lague et al. 2013, doi:10.1016/j.isprsjprs.2013.04.009)."),
    line<CalibrateOptions>("calibrate", true, try_calibrate, "Distances that do not book roughness as noise, by generalized least squares over both epochs' points (Cressie 1993, doi:10.1002/9781119115151), with detection limits calibrated on stable ground."),
    line<VectorOptions>("vectors", true, try_vectors, "Displacement in space of the ground about each place, piecewise rigid (Friedli and Wieser 2016) by planes through neighbours (Chen and Medioni 1992, doi:10.1016/0262-8856(92)90066-C), with covariances calibrated on stable ground; moves beyond the reach of the fit by range images."),
    line<PatchOptions>("patches", true, try_patches, "Motion of squares of wall from distances along normals or from radar cells, by robust least squares (Holland and Welsch 1977, doi:10.1080/03610927708827533)."),
    line<DemOptions>("surface", true, try_surface, "Height of the ground by cell, of the plane through the cell's points, with sigma."),
    line<DifferenceOptions>("difference", true, try_difference, "DEM of difference with a detection limit in every cell, calibrated on stable ground (Wheaton et al. 2010, doi:10.1002/esp.1886; Lane et al. 2003, doi:10.1002/esp.483)."),
    line<VolumeOptions>("volume", true, try_volume, "Volumes of change with 95 % errors by cluster, zone and bench, in plan or along normals; errors of neighbours hang together (Rolstad et al. 2009, doi:10.3189/002214309789470950)."),
    line<ClassOptions>("classes", true, try_classes, "What changed between two clouds, place by place: deformation, rockfall source, deposit, mined, moving object, occluded; in doubt deformation."),
    line<MapOptions>("map", true, try_map, "Trailing velocity of every cell of a radar's maps."),
    line<DownslopeOptions>("downslope", true, try_downslope, "Line-of-sight displacement projected on the local direction down the slope (Colesanti and Wasowski 2006, doi:10.1016/j.enggeo.2006.09.013)."),
    line<GeometryOptions>("geometry", true, try_geometry, "Where the polar cells of a slope radar lie on the ground: visibility, layover, true area and line of sight."),
    line<VelocityStreamOptions>("stream", true, try_stream, "Velocity of every cell of a slope radar scan by scan, freed of atmosphere and wraps, with sigma calibrated on cells at rest."),
    line<InversionOptions>("invert", false, try_invert, "Series of displacement from a network of interferograms by weighted least squares (Berardino et al. 2002, doi:10.1109/TGRS.2002.803792)."),
    line<PercentOptions>("percent_deformation", false, try_percent, "The cells of an alarmed area that moved most, and their mean motion, for forecasts (Dick et al. 2015, doi:10.1139/cgj-2014-0028)."),
    line<CleanOptions>("clean", true, try_clean, "Flags blunders from which a series comes back (Hampel 1974, doi:10.1080/01621459.1974.10482962)."),
    line<FreezeOptions>("freeze", true, try_freeze, "Tells samples and maps that a frozen sensor repeats bit for bit, which are no sign of life."),
    line<StepOptions>("step", true, try_step, "Takes a known step, an exchanged antenna, out of a series by the medians on both sides."),
    line<ReferenceOptions>("reference", true, try_reference, "Series relative to a local base or to the common mode of a group (Wdowinski et al. 1997, doi:10.1029/97JB01378)."),
    line<SharedOptions>("shared", true, try_shared, "Jumps that a base or the targets of one instrument share, which wait whether they come back."),
    line<RateOptions>("rate", true, try_rate, "Trailing least-squares velocity in closed windows, in constant time a sample."),
    line<NoiseOptions>("noise", true, try_noise, "Sigma of velocities from quiet periods, or from white and random-walk noise of the first days; never from the residuals of the fit."),
    line<MidasOptions>("midas", false, try_midas, "Robust trend of a series from pairs one period apart (Blewitt et al. 2016, doi:10.1002/2015JB012552)."),
};
// clang-format on

}  // namespace

std::span<const Algorithm> all_algorithms() { return kAlgorithms; }

const Algorithm& algorithm_of(std::string_view name, const std::string& where) {
  std::vector<std::string> names;
  for (const Algorithm& a : kAlgorithms) {
    if (a.name == name) return a;
    names.emplace_back(a.name);
  }
  const std::string near = nearest_word(name, names);
  throw Error(ErrorKind::config, fmt::format("no algorithm is called \"{}\"", name), where,
              near.empty() ? fmt::format("known: {}", fmt::join(names, ", ")) : fmt::format("did you mean \"{}\"?", near));
}

}  // namespace highwall
