// SPDX-License-Identifier: Apache-2.0
// What follows from the table of options inside the engine; colonnade/options.h has the rest.
#ifndef COLONNADE_ENGINE_TRAIN_OPTION_TABLE_H_
#define COLONNADE_ENGINE_TRAIN_OPTION_TABLE_H_

#include "colonnade/train.h"

namespace colonnade {

// Throws kInvalidArgument, the option being the subject, for the first number out of its range.
void CheckRanges(const TrainOptions& options);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_OPTION_TABLE_H_
