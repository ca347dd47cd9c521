#include <gtest/gtest.h>

#include <cmath>

#include "algorithms/radar/network_inversion.hpp"
#include "algorithms/radar/velocity_fit.hpp"
#include "tests/support/mintpy_stack.hpp"
#include "tests/support/realdata.hpp"

namespace highwall {
namespace {

/// Largest difference over the largest value.
double off(const std::vector<float>& ours, const std::vector<float>& theirs) {
  double difference = 0.0, largest = 0.0;
  EXPECT_EQ(ours.size(), theirs.size());
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    if (!(std::abs(ours[i] - theirs[i]) <= difference)) difference = std::abs(ours[i] - theirs[i]);
    largest = std::max(largest, std::abs(static_cast<double>(theirs[i])));
  }
  return difference / largest;
}

std::vector<float> term(const FittedTile& fit, const std::vector<double>& of, std::size_t t) {
  return {of.begin() + static_cast<std::ptrdiff_t>(t * fit.cells), of.begin() + static_cast<std::ptrdiff_t>((t + 1) * fit.cells)};
}

/// Against what MintPy 1.5.1 wrote of the same stack.
class RealDataNetwork : public ::testing::Test {
 protected:
  void SetUp() override {
    HIGHWALL_NEED_REALDATA();
    folder = (realdata() / "radar/synthetic_mintpy_small/").string();
    const InterferogramStack stack = mintpy_small(folder + "ifgramStack.h5");
    network = stack.network();
    phase.resize(network.pairs.size() * network.cells());
    coherence.resize(phase.size());
    stack.read_rows(0, 60, phase, coherence);
  }
  InvertedTile invert(NetworkWeights weights) const {
    InversionOptions options;
    options.weights = weights;
    InvertedTile out;
    NetworkInversion(network, std::vector<double>(network.pairs.size(), 0.0), options)
        .invert({network.cells(), phase, coherence}, out, highwall::Run(1));
    return out;
  }
  FittedTile fit(const std::vector<float>& series, const VelocityFitOptions& options) const {
    FittedTile out;
    fit_time_model<float>(TimeModel(network.instants, options), network.cells(), series, {}, out, highwall::Run(1));
    return out;
  }
  std::vector<float> theirs(const std::string& file, const char* name) const { return hdf5_floats(folder + file, name); }

  std::string folder;
  InterferogramNetwork network;
  std::vector<float> phase, coherence;
};

TEST_F(RealDataNetwork, IsMintPysWithoutWeights) {
  const InvertedTile out = invert(NetworkWeights::none);
  EXPECT_LT(off(out.displacement_m, theirs("mintpy_ts_no.h5", "timeseries")), 1e-6);
  EXPECT_LT(off(out.temporal_coherence, theirs("mintpy_tcoh_no.h5", "temporalCoherence")), 1e-6);
  EXPECT_NEAR(out.displacement_m[20 * 3600 + 30 * 60 + 30], -0.0018574761,
              4e-8);  // 1e-6 of the largest; MintPy's is single precision.
  EXPECT_NEAR(out.temporal_coherence[30 * 60 + 30], 0.79875004, 1e-6);
  const FittedTile v = fit(out.displacement_m, {});
  EXPECT_LT(off(term(v, v.value, 1), theirs("mintpy_vel_no.h5", "velocity")), 1e-6);
  EXPECT_LT(off(term(v, v.sigma, 1), theirs("mintpy_vel_no.h5", "velocityStd")), 5e-6);
  EXPECT_LT(off(term(v, v.value, 0), theirs("mintpy_vel_no.h5", "intercept")), 5e-6);  // Their design is in single precision.
  EXPECT_LT(off(term(v, v.sigma, 0), theirs("mintpy_vel_no.h5", "interceptStd")), 5e-6);
  EXPECT_LT(off(term(v, v.residual_m, 0), theirs("mintpy_vel_no.h5", "residue")), 5e-6);
}

TEST_F(RealDataNetwork, IsMintPysWeightedByVariance) {
  const InvertedTile out = invert(NetworkWeights::variance);
  EXPECT_LT(off(out.displacement_m, theirs("mintpy_ts_var.h5", "timeseries")), 1e-5);
  EXPECT_LT(off(out.temporal_coherence, theirs("mintpy_tcoh_var.h5", "temporalCoherence")), 1e-5);
  const FittedTile v = fit(out.displacement_m, {});
  EXPECT_LT(off(term(v, v.value, 1), theirs("mintpy_vel_var.h5", "velocity")), 1e-5);
  EXPECT_LT(off(term(v, v.sigma, 1), theirs("mintpy_vel_var.h5", "velocityStd")), 5e-6);
}

TEST_F(RealDataNetwork, FitsAccelerationAndSeasonAsMintPyDoes) {
  VelocityFitOptions options;
  options.polynomial = 2;
  options.periods_years = {1.0};
  const FittedTile v = fit(theirs("mintpy_ts_no.h5", "timeseries"), options);
  const char* file = "mintpy_vel_poly2_annual.h5";
  EXPECT_LT(off(term(v, v.value, 1), theirs(file, "velocity")), 5e-6);
  EXPECT_LT(off(term(v, v.value, 2), theirs(file, "acceleration")), 5e-6);
  // Their inverse of the normal matrix is in single precision: NumPy in double differs from it by 1.8e-5 and 1.7e-5, too.
  EXPECT_LT(off(term(v, v.sigma, 1), theirs(file, "velocityStd")), 2e-5);
  EXPECT_LT(off(term(v, v.sigma, 2), theirs(file, "accelerationStd")), 2e-5);
  std::vector<float> amplitude;
  for (std::size_t c = 0; c < v.cells; ++c)
    amplitude.push_back(static_cast<float>(std::hypot(v.value[3 * v.cells + c], v.value[4 * v.cells + c])));
  EXPECT_LT(off(amplitude, theirs(file, "annualAmplitude")), 5e-6);
}

}  // namespace
}  // namespace highwall
