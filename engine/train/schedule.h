// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_ENGINE_TRAIN_SCHEDULE_H_
#define COLONNADE_ENGINE_TRAIN_SCHEDULE_H_

#include <cstddef>

#include "colonnade/train.h"

namespace colonnade {

// The learning rate over the steps of a training. With s the step, from 0, and n the number of
// steps, both without those of the warm-up, the rate is `rate` times
//
//   kConstant     1
//   kStep         lr_decay^⌊s / d⌋, d being the steps in lr_decay_epochs (torch StepLR, stepped
//                 each epoch)
//   kExponential  lr_decay^(s / d) (torch ExponentialLR likewise, its gamma lr_decay^(1 / d))
//   kCosine       (1 + cos(π s / n)) / 2: Loshchilov and Hutter, "SGDR", ICLR 2017, eq. 5, without
//                 restarts (torch CosineAnnealingLR)
//   kOneCycle     half cosines from 1/25 up to 1 at s = 0.3 n − 1, and down to 1/250000 at n − 1:
//                 Smith and Topin, "Super-convergence", 2018, as torch OneCycleLR has it by
//                 default, but for the momentum, which stays
//   kCosLog       (1 − cos(2π log2(1 + 15 s / n))) / 2
//   kFlatCosine   (1 + cos(π (max(1, 2s / n) − 1))) / 2
//
// The last two are coslog_4 and flat_cos of Holzmüller et al., "Better by default", NeurIPS 2024. A
// wave of coslog begins at rate 0, and so does the training.
//
// The warm-up comes before it and takes `warmup` steps: step t of it has (t + 1) / (warmup + 1) of
// the first rate that follows (torch LinearLR from 1 / (warmup + 1) on).
class RateSchedule {
 public:
  // Takes of the options what concerns the schedule. They must have passed Check().
  RateSchedule(const TrainOptions& options, size_t epochs, size_t steps_per_epoch);

  // At step `step`, from 0, of `steps`. Both may be fractions, for a training whose length is not
  // known in steps.
  double At(double step, double steps) const;

 private:
  double AfterWarmup(double step, double steps) const;

  Schedule kind_;
  double rate_, warmup_, decay_, decay_steps_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_SCHEDULE_H_
