// SPDX-License-Identifier: Apache-2.0
// Options for tests of single pieces.
#ifndef COLONNADE_TESTS_SUPPORT_PLAIN_OPTIONS_H_
#define COLONNADE_TESTS_SUPPORT_PLAIN_OPTIONS_H_

#include "colonnade/train.h"

namespace colonnade::test {

// Nothing follows the data but the loss, the rate and the number of epochs: momentum, and all that
// helps models of tables switched off.
inline TrainOptions PlainOptions() {
  TrainOptions options;
  options.hidden = {192};
  options.activation = Activation::kRelu;
  options.dropout = 0;
  options.scale = Scale::kStandard;
  options.embed = Embedding::kNone;
  options.embed_pieces = kPieces;
  options.ema = 0;
  options.target_scale = TargetScale::kStandard;
  options.batch_size = 96;
  options.optimizer = Optimizer::kMomentum;
  options.ensemble = 1;
  options.ensemble_by = EnsembleBy::kSeeds;
  options.validation = 0.0;
  options.early_stopping = 0;
  return options;
}

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_PLAIN_OPTIONS_H_
