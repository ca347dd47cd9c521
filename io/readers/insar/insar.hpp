#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/interferogram.hpp"
#include "core/options.hpp"
#include "core/report.hpp"
#include "core/run.hpp"

namespace highwall {

/// What the files of a stack of interferograms may leave open.
struct InsarOptions {
  std::string sign = "auto";
  double wavelength_m = 0.0;
  std::string crs = "file";
  std::string corner = "centre";
  double looks = 0.0;
  std::string no_data = "auto";
  std::string phase = "auto";
  std::string coherence = "auto";

  static void describe(auto& d) {
    using O = InsarOptions;
    d.field(&O::sign, "sign", "", one_of({"auto", "toward_negative", "toward_positive"}),
            "What movement towards the sensor makes of the phase; auto: as the processor is known to write it, "
            "else it must be told");
    d.field(&O::wavelength_m, "wavelength_m", "m", between(0, 10),
            "Wavelength of the radar; 0: as the files tell, or the processor's only satellite has");
    d.field(&O::crs, "crs", "", anything(), "file, local (a frame of its own), or the CRS of the coordinates as PROJ reads it");
    d.field(&O::corner, "corner", "", one_of({"centre", "outer"}),
            "GAMMA: what corner_lat, corner_lon, corner_north and corner_east are of the first pixel");
    d.field(&O::looks, "looks", "", at_least(0), "Independent looks of the coherence; 0: as the files tell, else not known");
    d.field(&O::no_data, "no_data", "rad", anything(),
            "Phases that stand for a missing one, with commas between; auto: 0, and what the file names; none: only the latter, "
            "and what is no number");
    d.field(&O::phase, "phase", "", anything(),
            "Names of the files of unwrapped phase, with * and ?; auto: by tags, then by names");
    d.field(&O::coherence, "coherence", "", anything(), "The same for coherence; none: without");
  }
};

/// Opens a stack of interferograms of any size; its pixels are read by rows when they are asked for.
///
/// `paths` are files, folders (with what lies below them) and text lists of files, whose entries are found by name beside the
/// list. Known by content and name: GeoTIFF (as PyRate, dolphin, HyP3 and LiCSAR name and tag them), GAMMA, ROI_PAC, ISCE2,
/// NISAR GUNW, and MintPy's ifgramStack.h5. Rasters that differ by whole rows or columns are cut to what all have.
/// Phase that is 0 is no data, in ISCE2 also where the amplitude is; at the reference pixel that a MintPy stack names it is 0.
/// Pairs whose first acquisition is the later one are turned round. What is assumed is told in the report.
/// @throws Error(input) naming the file, and line or byte, that cannot be used; Error(config) for what must be told
std::unique_ptr<InterferogramSource> open_interferograms(std::span<const std::filesystem::path> paths,
                                                         const InsarOptions& options, Report& report, const Run& run);

}  // namespace highwall
