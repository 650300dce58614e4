// SPDX-License-Identifier: Apache-2.0
// What the result of a training depends on.
#ifndef COLONNADE_ENGINE_TRAIN_IDENTITY_H_
#define COLONNADE_ENGINE_TRAIN_IDENTITY_H_

#include <string>
#include <utility>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/train.h"

namespace colonnade {

// Name and value, as a message shows them. Two trainings with equal identities give the same bits,
// unless one was resumed to more epochs.
using Identity = std::vector<std::pair<std::string, std::string>>;

// Data, network and start, and every option whose entry in colonnade/options.h says that the result
// depends on it. options: those of TrainOptions::Resolve().
Identity Identify(const Dataset& data, const NetworkShape& shape, const TrainOptions& options);

// Those options with their defaults: what a checkpoint counts as made with where it is older than
// an option.
Identity DefaultIdentity();

// An identity as checkpoints of format 1 have it: other names, and numbers in place of some names.
Identity AsVersion1(const Identity& identity);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_IDENTITY_H_
