// What the result of a training depends on.
#ifndef COLONNADE_ENGINE_TRAIN_IDENTITY_H_
#define COLONNADE_ENGINE_TRAIN_IDENTITY_H_

#include <string>
#include <utility>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/train.h"

namespace colonnade {

// Name and value, as a message shows them. Two trainings with equal identities give the same bits.
using Identity = std::vector<std::pair<std::string, std::string>>;

// A new option that changes the result belongs in here.
Identity Identify(const Dataset& data, const NetworkShape& shape, const TrainOptions& options);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_IDENTITY_H_
