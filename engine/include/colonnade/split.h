// SPDX-License-Identifier: Apache-2.0
// Setting examples aside.
#ifndef COLONNADE_SPLIT_H_
#define COLONNADE_SPLIT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "colonnade/dataset.h"

namespace colonnade {

// Two datasets that share the values of the one that was split.
struct Split {
  Dataset train;
  Dataset validation;
};

// Sets `fraction` of the examples aside, drawn at random, as near as possible the same fraction of
// every class; a class keeps at least one example in `train`. Both parts keep the order of `data`,
// whose values they share (Dataset::Part()). The result depends on the labels, `fraction` and
// `seed` alone. Throws kInvalidArgument where `fraction` is not in (0, 1), kBadData where it leaves
// one part empty.
[[nodiscard]] Split SplitStratified(const Dataset& data, double fraction, uint64_t seed = 0);

// For cross-validation: deals the examples out at random into `folds` parts, each class evenly (to
// within one example, the parts as wholes likewise). Split i has part i for validation and all
// others to train on, in the order of `data`, whose values they share. The result depends on the
// labels, `folds` and `seed` alone. Throws kInvalidArgument for fewer than 2 folds, or more than
// there are examples, or than there are examples of a class (other than of one that has none).
[[nodiscard]] std::vector<Split> SplitFolds(const Dataset& data, size_t folds, uint64_t seed = 0);

}  // namespace colonnade

#endif  // COLONNADE_SPLIT_H_
