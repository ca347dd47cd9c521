#pragma once

#include <vector>

#include "io/readers/insar/geometry.hpp"
#include "io/readers/insar/layers.hpp"

namespace highwall::insar {

/// Rasters that are read when their rows are asked for, one of phase and at most one of coherence a pair.
class RasterStack final : public InterferogramSource {
 public:
  struct Raster {
    std::string name;
    std::shared_ptr<const Pixels> pixels;
    float scale = 1.0F;
    Shift shift;
  };
  struct Rules {
    std::vector<float> no_data;  ///< Phases that stand for a missing one.
    bool zero_is_missing = true;
  };

  /// `coherence` is empty, or has a raster for each pair. @throws Error as require_valid()
  RasterStack(InterferogramNetwork network, std::vector<Raster> phase, std::vector<Raster> coherence, Rules rules,
              const Run& run);

  const InterferogramNetwork& network() const noexcept override { return network_; }
  void read_rows(std::size_t begin, std::size_t end, std::span<float> phase, std::span<float> coherence) const override;
  std::size_t row_block() const noexcept override { return row_block_; }

 private:
  void read_phase(std::size_t pair, std::size_t begin, std::size_t end, float* to) const;
  void read_coherence(std::size_t pair, std::size_t begin, std::size_t end, float* to) const;

  InterferogramNetwork network_;
  std::vector<Raster> phase_;
  std::vector<Raster> coherence_;
  Rules rules_;
  Run run_;
  std::size_t row_block_ = 1;
};

}  // namespace highwall::insar
