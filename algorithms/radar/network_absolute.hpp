#pragma once

#include <vector>

#include "algorithms/radar/network_exact.hpp"

namespace highwall {

/// Moves the phases of one pixel's instants to where the sum of |residual| x root of weight is least. They must start at any
/// solution; the first instant of what hangs together stays where it is.
///
/// That is the dual of a flow of least cost through the network, solved as by the network simplex (Ahuja, Magnanti and Orlin
/// 1993, ISBN 0-13-617549-X, chapter 11): residuals are zero along a spanning tree; the part of the tree behind a pair is shifted
/// to the weighted median of what the pairs across the cut ask for, as long as that takes something off. Exact after finitely
/// many steps. Where several solutions are as good, one of them, always the same.
void least_absolute(const NetworkPlan& plan, const PixelPairs& pairs, std::vector<double>& phase_rad);

}  // namespace highwall
