// SPDX-License-Identifier: Apache-2.0
#include "engine/data/ranks.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/matrix.h"

namespace colonnade {
namespace {

size_t KnotsOf(std::span<const float> quantiles) {
  size_t knots = quantiles.empty() ? 0 : 1;
  for (size_t q = 1; q < quantiles.size(); ++q) {
    if (quantiles[q] != quantiles[q - 1]) ++knots;
  }
  return knots;
}

}  // namespace

RankTables::RankTables(std::span<const std::vector<float>> quantiles) {
  size_t knots = 0;
  size_t most = 0;
  for (const std::vector<float>& of_feature : quantiles) {
    knots += KnotsOf(of_feature);
    most = std::max(most, KnotsOf(of_feature));
  }
  if (knots == 0) return;
  for (AlignedBuffer<int32_t>* bounds : {&first_, &last_}) {
    *bounds = AlignedBuffer<int32_t>::Zeroed(kernels::PaddedRows(quantiles.size()));
  }
  for (AlignedBuffer<float>* of_knots : {&knot_, &at_, &below_, &above_, &slope_}) {
    *of_knots = AlignedBuffer<float>::Zeroed(knots);
  }
  size_t place = 0;
  for (size_t f = 0; f < quantiles.size(); ++f) {
    const size_t end = place + Fill(quantiles[f], place);
    first_[f] = place == end ? -1 : static_cast<int32_t>(place);
    last_[f] = place == end ? 0 : static_cast<int32_t>(end - 1);
    place = end;
  }
  view_ = {.first = first_.data(),
           .last = last_.data(),
           .reach = static_cast<int32_t>(std::bit_floor(most - 1)),
           .knot = knot_.data(),
           .at = at_.data(),
           .below = below_.data(),
           .above = above_.data(),
           .slope = slope_.data()};
}

size_t RankTables::Fill(std::span<const float> quantiles, size_t place) {
  const size_t size = quantiles.size();
  const auto rank_of = [&](size_t q) {
    return static_cast<double>(q) / static_cast<double>(size - 1);
  };
  size_t knots = 0;
  for (size_t q = 0; q < size; ++knots) {
    size_t end = q + 1;
    while (end < size && quantiles[end] == quantiles[q]) ++end;
    const size_t i = place + knots;
    knot_[i] = quantiles[q];
    const double middle = (rank_of(q) + rank_of(end - 1)) / 2;
    // The least and the greatest are at the ends, however many share them.
    const bool only = q == 0 && end == size;
    const double rank = only ? 0.5 : q == 0 ? 0 : end == size ? 1 : middle;
    at_[i] = static_cast<float>(rank <= 0.5 ? rank : -(1 - rank));
    if (end < size) {
      below_[i] = static_cast<float>(rank_of(end - 1));
      above_[i] = static_cast<float>(1 - rank_of(end));
      const double width = static_cast<double>(quantiles[end]) - static_cast<double>(quantiles[q]);
      const auto slope = static_cast<float>(rank_of(1) / width);
      slope_[i] = std::isnormal(slope) ? slope : 0.0F;
    }
    q = end;
  }
  return knots;
}

}  // namespace colonnade
