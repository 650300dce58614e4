// SPDX-License-Identifier: Apache-2.0
#include "kernels/batch_norm.h"

#include <cmath>
#include <vector>

#include "engine/model/storage.h"

namespace colonnade {

DenseParameters FoldBatchNorm(const DenseParameters& layer) {
  const kernels::ConstMatrix weight = layer.weight.view();
  DenseParameters folded({.inputs = weight.cols, .outputs = weight.rows});
  std::vector<double> factors(weight.rows);
  for (size_t r = 0; r < weight.rows; ++r) {
    const auto at = [&](const OwnedMatrix& of) { return static_cast<double>(of.view().data[r]); };
    const double variance = at(layer.running_variance) + double{kernels::kBatchNormEpsilon};
    factors[r] = at(layer.gamma) / std::sqrt(variance);
    folded.bias.view().data[r] =
        static_cast<float>(at(layer.bias) - at(layer.running_mean) * factors[r]);
  }
  for (size_t c = 0; c < weight.cols; ++c) {
    for (size_t r = 0; r < weight.rows; ++r) {
      folded.weight.view().Column(c)[r] =
          static_cast<float>(factors[r] * static_cast<double>(weight.Column(c)[r]));
    }
  }
  return folded;
}

}  // namespace colonnade
