// SPDX-License-Identifier: Apache-2.0
// Several networks as one model.
#ifndef COLONNADE_ENGINE_TRAIN_ENSEMBLE_H_
#define COLONNADE_ENGINE_TRAIN_ENSEMBLE_H_

#include "colonnade/dataset.h"
#include "colonnade/train.h"

namespace colonnade {

// Train() where TrainOptions::ensemble is above 1 and validation 0. The options are those of
// ForData().
TrainResult TrainEnsemble(const Dataset& data, const TrainOptions& options);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_ENSEMBLE_H_
