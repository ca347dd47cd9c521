#pragma once

#include <hdf5.h>

#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/interferogram.hpp"

namespace highwall {

/// A dataset of floats, whole. Plain HDF5 calls: the tests of closures do not lean on a reader of ours.
inline std::vector<float> hdf5_floats(const std::string& file, const char* name) {
  const hid_t f = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t d = H5Dopen2(f, name, H5P_DEFAULT);
  const hid_t s = H5Dget_space(d);
  std::vector<float> out(static_cast<std::size_t>(H5Sget_simple_extent_npoints(s)));
  const herr_t ok = H5Dread(d, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, out.data());
  H5Sclose(s);
  H5Dclose(d);
  H5Fclose(f);
  if (ok < 0) throw std::runtime_error(file + ": cannot read " + name);
  return out;
}

/// Dates (yyyymmdd) of the pairs of an ifgramStack.h5.
inline std::vector<std::string> hdf5_dates(const std::string& file) {
  const hid_t f = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t d = H5Dopen2(f, "date", H5P_DEFAULT);
  const hid_t s = H5Dget_space(d);
  const hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, 8);
  H5Tset_strpad(text, H5T_STR_NULLPAD);
  const auto n = static_cast<std::size_t>(H5Sget_simple_extent_npoints(s));
  std::string bytes(8 * n, ' ');
  const herr_t ok = H5Dread(d, text, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data());
  H5Tclose(text);
  H5Sclose(s);
  H5Dclose(d);
  H5Fclose(f);
  if (ok < 0) throw std::runtime_error(file + ": cannot read date");
  std::vector<std::string> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(bytes.substr(8 * i, 8));
  return out;
}

/// The stack of `synthetic_mintpy_small`, its phases referenced to pixel (5, 5) as they lie in the file.
inline InterferogramStack mintpy_small(const std::string& file) {
  const std::vector<std::string> dates = hdf5_dates(file);
  std::map<std::string, std::size_t> index;
  for (const std::string& date : dates) index[date] = 0;
  InterferogramNetwork network;
  for (auto& [date, i] : index) {
    i = network.instants.size();
    network.instants.push_back(
        *parse_iso8601(date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 2) + "T00:00:00Z"));
  }
  for (std::size_t p = 0; 2 * p < dates.size(); ++p) {
    network.pairs.push_back({index[dates[2 * p]], index[dates[2 * p + 1]], dates[2 * p] + "_" + dates[2 * p + 1]});
  }
  network.geometry.rows = network.geometry.cols = 60;
  network.wavelength_m = 0.05546576;
  network.metres_per_radian = -network.wavelength_m / (4.0 * 3.14159265358979323846);
  network.looks = 7.0;
  network.reference = {5, 5};
  network.processor = "mintpy";
  std::vector<float> phase = hdf5_floats(file, "unwrapPhase");
  for (float& v : phase) {
    if (v == 0.0F) v = std::numeric_limits<float>::quiet_NaN();
  }
  // The reference pixel is zero by its meaning, not by lack of data.
  for (std::size_t p = 0; p < network.pairs.size(); ++p) phase[p * 3600 + 5 * 60 + 5] = 0.0F;
  return {network, std::move(phase), hdf5_floats(file, "coherence")};
}

}  // namespace highwall
