// SPDX-License-Identifier: Apache-2.0
// Which scale suits numbers to predict.
#ifndef COLONNADE_ENGINE_TRAIN_TARGET_CHOICE_H_
#define COLONNADE_ENGINE_TRAIN_TARGET_CHOICE_H_

#include "colonnade/train.h"

namespace colonnade {

// Whether few of the numbers make much of their variance: a hundredth of the examples more than a
// quarter. (Of a normal distribution they make 9 %.)
bool HasHeavyTails(const Dataset& data);

// What TargetScale::kAuto means: kStandard without heavy tails. With them, what predicts best in
// cross-validation of a small network on some of the data, of kStandard, kLog (of numbers from 0
// on) and kQuantile; for Loss::kQuantile the last, since quantiles of scores are scores of
// quantiles. It depends on the data, `loss`, `scale` and `seed`.
TargetScale ChooseTargetScale(const TrainOptions& options, const Dataset& data);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_TARGET_CHOICE_H_
