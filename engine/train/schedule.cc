// SPDX-License-Identifier: Apache-2.0
#include "engine/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace colonnade {
namespace {

// From 1 at progress 0 down to 0 at 1.
double HalfCosine(double progress) { return 0.5 * (1 + std::cos(std::numbers::pi * progress)); }

double CosLog(double progress) {
  return 0.5 * (1 - std::cos(2 * std::numbers::pi * std::log2(1 + 15 * progress)));
}

double OneCycle(double step, double steps) {
  constexpr double kFirst = 1 / 25.0;
  constexpr double kLast = kFirst / 1e4;
  const double peak = 0.3 * steps - 1;
  if (step <= peak) return 1 + (kFirst - 1) * HalfCosine(step / peak);
  return kLast + (1 - kLast) * HalfCosine((step - peak) / (steps - 1 - peak));
}

}  // namespace

RateSchedule::RateSchedule(const TrainOptions& options, size_t epochs, size_t steps_per_epoch)
    : kind_(options.ScheduleInForce()),
      rate_(options.Rate()),
      warmup_(static_cast<double>(options.warmup)),
      decay_(options.lr_decay) {
  const size_t third = (epochs + 2) / 3;
  const size_t decay_epochs = options.lr_decay_epochs == 0 ? third : options.lr_decay_epochs;
  decay_steps_ = static_cast<double>(decay_epochs * steps_per_epoch);
}

double RateSchedule::At(double step, double steps) const {
  if (step >= warmup_) return AfterWarmup(step - warmup_, steps - warmup_);
  return AfterWarmup(0, steps - warmup_) * (step + 1) / (warmup_ + 1);
}

double RateSchedule::AfterWarmup(double step, double steps) const {
  switch (kind_) {
    case Schedule::kConstant:
      return rate_;
    case Schedule::kStep:
      return rate_ * std::pow(decay_, std::floor(step / decay_steps_));
    case Schedule::kExponential:
      return rate_ * std::pow(decay_, step / decay_steps_);
    case Schedule::kCosine:
      return rate_ * HalfCosine(step / steps);
    case Schedule::kOneCycle:
      return rate_ * OneCycle(step, steps);
    case Schedule::kCosLog:
      return rate_ * CosLog(step / steps);
    case Schedule::kFlatCosine:
      return rate_ * HalfCosine(std::max(1.0, 2 * step / steps) - 1);
  }
  return rate_;
}

}  // namespace colonnade
