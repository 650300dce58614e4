#ifndef COLONNADE_ENGINE_TRAIN_SCHEDULE_H_
#define COLONNADE_ENGINE_TRAIN_SCHEDULE_H_

#include <cstddef>

#include "colonnade/train.h"

namespace colonnade {

// The learning rate of step `step` (from 0) of `steps`. kCosine is rate · (1 + cos(π step / steps))
// / 2: Loshchilov and Hutter, "SGDR", ICLR 2017, eq. 5, without restarts.
double LearningRate(Schedule schedule, double rate, size_t step, size_t steps);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_SCHEDULE_H_
