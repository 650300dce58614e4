// SPDX-License-Identifier: Apache-2.0
// Quantiles of features as the kernels want them.
#ifndef COLONNADE_ENGINE_DATA_RANKS_H_
#define COLONNADE_ENGINE_DATA_RANKS_H_

#include <cstddef>
#include <span>
#include <vector>

#include "engine/runtime/aligned.h"
#include "kernels/encode.h"

namespace colonnade {

// Of a feature.
inline constexpr size_t kMostQuantiles = 1000;

// The memory of kernels::Ranks.
class RankTables {
 public:
  RankTables() = default;

  // Scaling::quantiles; there may be none at all.
  explicit RankTables(std::span<const std::vector<float>> quantiles);

  // Of memory that does not move when the owner does.
  const kernels::Ranks& view() const { return view_; }

 private:
  // Those of a feature, from number `place` on. Returns how many knots they are.
  size_t Fill(std::span<const float> quantiles, size_t place);

  kernels::Ranks view_;
  AlignedBuffer<int32_t> first_, last_;
  AlignedBuffer<float> knot_, at_, below_, above_, slope_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_RANKS_H_
