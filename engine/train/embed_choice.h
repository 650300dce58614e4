// SPDX-License-Identifier: Apache-2.0
// Whether pieces of numbers suit a table that is small.
#ifndef COLONNADE_ENGINE_TRAIN_EMBED_CHOICE_H_
#define COLONNADE_ENGINE_TRAIN_EMBED_CHOICE_H_

#include "colonnade/train.h"

namespace colonnade {

// What Embedding::kAuto means for an ensemble by folds whose size does not tell: what is better on
// some of its folds, kNone or kPiecewise, each trained without them. `options`: of
// TrainOptions::Resolve(), with the target scale. The same for any number of threads.
Embedding ChooseEmbedding(const TrainOptions& options, const Dataset& data);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_EMBED_CHOICE_H_
