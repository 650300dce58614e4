// SPDX-License-Identifier: Apache-2.0
// Splits that keep groups together, and classes as even as that allows.
#ifndef COLONNADE_ENGINE_DATA_SPLIT_GROUPS_H_
#define COLONNADE_ENGINE_DATA_SPLIT_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "colonnade/dataset.h"

namespace colonnade {

size_t CountGroups(const Dataset& data);

// Whether each example is set aside: about `fraction` of every class, all of a group or none; none
// at all where there is one group, or the fraction is less than half an example.
std::vector<char> SetGroupsAside(const Dataset& data, double fraction, uint64_t seed);

// The fold of each example; there must be as many groups as folds, and then every fold has some.
std::vector<size_t> DealGroups(const Dataset& data, size_t folds, uint64_t seed);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_SPLIT_GROUPS_H_
