// SPDX-License-Identifier: Apache-2.0
// The learning rate over the steps.
#ifndef COLONNADE_SCHEDULE_H_
#define COLONNADE_SCHEDULE_H_

#include <span>

#include "colonnade/names.h"

namespace colonnade {

// Those of torch.optim.lr_scheduler, and two of others, by steps. With n steps, s = 0 … n − 1, and
// the rate r:
enum class Schedule {
  kConstant,     // r
  kStep,         // r, times lr_decay every lr_decay_epochs
  kExponential,  // likewise, but a little at each step
  kCosine,       // r (1 + cos(π s / n)) / 2: half a period, from r down to 0
  kOneCycle,     // by half cosines up from r / 25 in the first 3/10 of the steps, then down to
                 // r / 250,000
  kCosLog,       // r (1 − cos(2π log2(1 + 15 s / n))) / 2: four waves, each about twice as long as
                 // the one before, from 0 up to r and down to 0
  kFlatCosine,   // r for the first half of the steps, then half a cosine down to 0
};

struct ScheduleRow {
  Schedule value;
  const char* name;
  const char* options[3];  // that belong to it and not to all; ends in null
};

inline constexpr ScheduleRow kSchedules[] = {
    {Schedule::kConstant, "constant", {}},
    {Schedule::kStep, "step", {"lr-decay", "lr-decay-epochs"}},
    {Schedule::kExponential, "exponential", {"lr-decay", "lr-decay-epochs"}},
    {Schedule::kCosine, "cosine", {}},
    {Schedule::kOneCycle, "onecycle", {}},
    {Schedule::kCosLog, "coslog", {}},
    {Schedule::kFlatCosine, "flat-cosine", {}},
};
constexpr std::span<const ScheduleRow> NamesOf(Schedule) { return kSchedules; }

}  // namespace colonnade

#endif  // COLONNADE_SCHEDULE_H_
