#include "engine/train/schedule.h"

#include <cmath>
#include <numbers>

namespace colonnade {

double LearningRate(Schedule schedule, double rate, size_t step, size_t steps) {
  if (schedule == Schedule::kConstant) return rate;
  const double progress = static_cast<double>(step) / static_cast<double>(steps);
  return rate * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

}  // namespace colonnade
