#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "algorithms/surface/pieces.hpp"
#include "core/displacement.hpp"
#include "core/options.hpp"
#include "core/polygon.hpp"
#include "core/run.hpp"

namespace highwall {

/// What happened at a place between two epochs; see classify_change().
enum class ChangeClass : std::uint8_t {
  none,             ///< Measured, within the detection limit.
  deformation,      ///< Beyond the limit, and nothing else for certain.
  rockfall_source,  ///< Rock that has gone, with what fell lying below.
  deposit,          ///< What fell.
  mined,            ///< Dug or blasted.
  moving_object,    ///< Vehicle, machine, person, dust: there in one epoch only.
  occluded,         ///< Not seen in the second epoch, and no sign that it has gone.
  unknown,          ///< Not measured: no normal, no limit, not seen in the first epoch. Not calm.
};
inline constexpr std::size_t kChangeClasses = 8;

std::string_view name_of(ChangeClass c) noexcept;

/// What a place's class rests on.
enum class ChangeEvidence : std::uint8_t {
  within_limit,  ///< |distance| <= its limit: both calibrated where they are, else classic.
  beyond_limit,  ///< |distance| > its limit.
  behind,        ///< The second epoch sees new ground behind the old surface, beyond the cylinder.
  in_front,      ///< It sees something new in front of it, beyond the cylinder.
  ray_free,      ///< The scanner looks through the old surface at what lies behind.
  ray_blocked,   ///< Something nearer stands in the scanner's line of sight.
  no_return,     ///< Nothing was seen there, and nothing in the way; or the scanner's place is not known.
  no_value,      ///< Neither distance nor limit.
};

std::string_view name_of(ChangeEvidence e) noexcept;

/// Options of classify_change().
struct ClassOptions {
  double reach_m = 30.0;
  double search_radius_m = 0.5;
  double new_m = 0.0;
  double spacing_m = 0.0;
  double least_object_m2 = 2.0;
  double face_deg = 40.0;
  double level_deg = 20.0;
  double rockfall_depth_m = 0.3;
  double fall_angle_deg = 25.0;
  double sideways_deg = 60.0;
  double least_deposit = 0.15;
  double most_deposit = 3.0;
  double mined_depth_m = 2.0;
  double mined_level_m2 = 15.0;
  double event_depth_m = 0.5;
  double object_length_m = 20.0;
  double object_height_m = 12.0;
  double object_low_m = 0.8;
  double isolated_share = 0.7;
  double dust_spread_m = 1.0;
  double dust_ratio = 5.0;
  double ray_deg = 0.0;
  double ray_margin_m = 1.0;

  static void describe(auto& d) {
    using O = ClassOptions;
    d.field(&O::reach_m, "reach_m", "m", above(0),
            "So far along the normal ground is looked for where the cylinder has none left");
    d.field(&O::search_radius_m, "search_radius_m", "m", above(0), "Radius of the cylinder that is looked in");
    d.field(&O::new_m, "new_m", "m", at_least(0),
            "A point of one epoch is new when the other has none so near; 0: three times the distance of neighbouring points");
    d.field(&O::spacing_m, "spacing_m", "m", at_least(0), "Distance of neighbouring core points; 0: found");
    d.field(&O::least_object_m2, "least_object_m2", "m2", at_least(0),
            "Smaller clusters are deformation, whatever they look like");
    d.field(&O::face_deg, "face_deg", "degrees", between(1, 90), "From here on ground is a face");
    d.field(&O::level_deg, "level_deg", "degrees", between(1, 89), "Up to here ground is level");
    d.field(&O::rockfall_depth_m, "rockfall_depth_m", "m", above(0),
            "A rockfall source is deeper on average: a face that went into the rock by less may be deformation");
    d.field(&O::fall_angle_deg, "fall_angle_deg", "degrees", between(0, 89),
            "The line from a deposit up to its source is at least so steep (the reach angle of falls, Corominas 1996, "
            "doi:10.1139/t96-005)");
    d.field(&O::sideways_deg, "sideways_deg", "degrees", between(0, 180),
            "and lies in plan within so much of the direction that the source faces");
    d.field(&O::least_deposit, "least_deposit", "", at_least(0), "Volume of a deposit over that of its source, at least");
    d.field(&O::most_deposit, "most_deposit", "", above(0), "The same, at most; broken rock takes a third to a half more room");
    d.field(&O::mined_depth_m, "mined_depth_m", "m", above(0), "Level ground that was dug away lies so much lower");
    d.field(&O::mined_level_m2, "mined_level_m2", "m2", at_least(0), "So much level ground was turned into lower level ground");
    d.field(&O::event_depth_m, "event_depth_m", "m", above(0),
            "Within a declared event a cluster counts as mined from this mean change on; less is deformation there too");
    d.field(&O::object_length_m, "object_length_m", "m", above(0), "An object is no longer in plan");
    d.field(&O::object_height_m, "object_height_m", "m", above(0), "nor higher");
    d.field(&O::object_low_m, "object_low_m", "m", above(0), "and at least so high");
    d.field(&O::isolated_share, "isolated_share", "", between(0, 1), "Share of an object's surroundings that did not change");
    d.field(&O::dust_spread_m, "dust_spread_m", "m", above(0), "New points that scatter more along the normal are on no surface");
    d.field(&O::dust_ratio, "dust_ratio", "", at_least(1), "and so many times more than the first epoch's points there");
    d.field(&O::ray_deg, "ray_deg", "degrees", at_least(0),
            "Points of the second epoch within this angle of the line of sight are on it; 0: 1.5 times the angle between "
            "neighbouring points as the scanner sees them");
    d.field(&O::ray_margin_m, "ray_margin_m", "m", above(0), "They are nearer or farther by at least so much");
  }
};

/// Connected places of one change.
struct ChangeObject {
  ChangeClass value = ChangeClass::deformation;
  bool gain = false;
  double area_m2 = 0.0;
  Sum volume;                                         ///< Along the normals; of what has a value.
  double largest_m = 0.0;                             ///< Change of largest size, with its sign.
  Eigen::Vector3d place_m = Eigen::Vector3d::Zero();  ///< Mean of its places, local.
  double length_m = 0.0;                              ///< Longer side in plan.
  double steep_share = 0.0;
  std::size_t cores = 0;
  std::size_t partner = 0;  ///< Number (from 1) of the deposit of a source, and of the source of a deposit; 0 = none.
  std::string evidence;     ///< In words.
};

/// Class of every core point, and of every connected change.
struct ChangeClasses {
  std::vector<ChangeClass> value;
  std::vector<ChangeEvidence> evidence;
  std::vector<double> change_m;       ///< Along the normal: the field's calibrated distance, else its distance, or what was
                                      ///< found beyond its cylinder; NaN = none.
  std::vector<double> limit_m;        ///< The limit that it was held against; 0 beyond the cylinder.
  std::vector<double> area_m2;        ///< Of surface, of each core point.
  std::vector<std::uint32_t> object;  ///< Number of its ChangeObject, from 1; 0 = none.
  std::vector<ChangeObject> objects;
  std::array<std::size_t, kChangeClasses> count{};  ///< Core points, by class.
};

/// Says what changed at each core point of an M3C2 field.
///
/// A core point without a point of the second epoch in its cylinder is looked for along its normal, among points that are new
/// (the other epoch has none near them): behind the old surface means loss, in front gain. Where the scanner's place is known,
/// points of the second epoch on the line of sight decide the rest: a nearer one in front of the old surface means occluded, one
/// that lies behind the old surface means that it has gone. Connected places of one sign, beyond their limits, are then judged
/// together, in this order; the first rule that holds entirely gives the class:
/// - mined: within a declared event, by event_depth_m on average;
/// - moving object, dust: new points that scatter along the normal as no surface does;
/// - moving object, free: a loss within the sizes of an object that ground of the first epoch touches at its foot at most, and
///   through which the second sees farther than it was wide (a rock that has fallen hung on its wall, and its scar is not deeper
///   than wide);
/// - rockfall source and deposit: a loss deeper than rockfall_depth_m, mostly on faces (a face cannot move into the rock), at
/// three
///   places at least and in more than one row (rims of benches are no source), and a gain below it, not on a face, in the
///   direction that the source faces, under at least the reach angle, of a fitting volume; all gains below a source together
///   hold no more than a deposit may, else none of them fell from it;
/// - moving object: within the sizes of an object; of a gain: on level ground, higher than object_low_m over most of its area,
///   and nothing around it changed; of a loss: what is seen under it is level and the same plain as what lies around it;
/// - mined: a loss that turned level ground into level ground mined_depth_m lower, flush with unchanged ground beside it (a scar
///   is not level, and a block that subsided is not flush);
/// - deformation: everything else beyond its limit. In doubt it is deformation.
///
/// A class is a hint for people: nothing of it may lower or hold back a warning level.
/// @param field    of m3c2(before, after, cores); normals to the side of the scanner
/// @param scanner_m  local place of the second epoch's scanner, nullptr: not known
/// @param events   outlines of declared blasts and digging between the epochs
/// @throws Error(frame) when the frames differ, Error(input) for a cloud that has no ground in common with the field,
///         Error(config) for bad options, Error(cancelled)
ChangeClasses classify_change(const DisplacementField& field, PointsView before, PointsView after,
                              const Eigen::Vector3d* scanner_m, const std::vector<Polygon>& events, const ClassOptions& options,
                              const Run& run);

}  // namespace highwall
