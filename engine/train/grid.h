// SPDX-License-Identifier: Apache-2.0
// Values of an axis, of a grid or of a space.
#ifndef COLONNADE_ENGINE_TRAIN_GRID_H_
#define COLONNADE_ENGINE_TRAIN_GRID_H_

#include <string>

#include "colonnade/options.h"

namespace colonnade {

// The option that an axis is about. Throws kInvalidArgument, `axes` ("grid") being the subject,
// where it is not one of training.
const Option& RequireAxisOption(const char* axes, const std::string& name);

// Sets an option to a value of an axis, which has '+' in lists for ','.
void SetAxisValue(TrainOptions& options, const Option& option, std::string value);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_GRID_H_
