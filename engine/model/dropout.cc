// SPDX-License-Identifier: Apache-2.0
#include "kernels/dropout.h"

#include <algorithm>
#include <cmath>

#include "engine/model/passes.h"
#include "engine/runtime/random.h"

namespace colonnade {

void Passes::Drop(size_t layer, const Block& block, kernels::ConstMatrix from,
                  kernels::Matrix to) const {
  const double p = dropout_.probability;
  const kernels::DropoutMask mask = {
      .seed = dropout_.seed,
      .stream = static_cast<uint32_t>(RandomStream::kDropout),
      .layer = static_cast<uint32_t>(layer),
      .step = dropout_place_.step,
      .threshold = static_cast<uint32_t>(std::min(std::round(p * 0x1p32), 0x1p32 - 1))};
  kernels::Dropout(mask, block.first_row, dropout_place_.first_column + block.first_column,
                   static_cast<float>(1 / (1 - p)), from, to);
}

}  // namespace colonnade
