// SPDX-License-Identifier: Apache-2.0
// Splits by time.
#ifndef COLONNADE_ENGINE_DATA_SPLIT_TIMES_H_
#define COLONNADE_ENGINE_DATA_SPLIT_TIMES_H_

#include <cstddef>
#include <span>
#include <vector>

namespace colonnade {

size_t DistinctTimes(std::span<const double> times);

// The part of each example, from 0, where the examples in the order of time are cut as near as
// possible behind the first cuts[0], cuts[1], … of them (ascending): those of one time stay
// together, and no part is empty, for which there must be more distinct times than cuts.
std::vector<size_t> CutByTime(std::span<const double> times, std::span<const size_t> cuts);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_SPLIT_TIMES_H_
