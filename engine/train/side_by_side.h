// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_ENGINE_TRAIN_SIDE_BY_SIDE_H_
#define COLONNADE_ENGINE_TRAIN_SIDE_BY_SIDE_H_

#include <cstddef>
#include <functional>

namespace colonnade {

// Seconds between two reports of one of several trainings in an epoch.
constexpr double kReportSeconds = 0.05;

// Calls train(i, threads) for i = 0 .. count - 1, `at_once` of them side by side (0: as many as
// there are threads), which share the threads evenly. threads: as in TrainOptions. train must not
// throw.
void TrainSideBySide(size_t count, int threads, size_t at_once,
                     const std::function<void(size_t i, int threads)>& train);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_SIDE_BY_SIDE_H_
