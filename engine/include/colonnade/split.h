// SPDX-License-Identifier: Apache-2.0
// Setting examples aside.
#ifndef COLONNADE_SPLIT_H_
#define COLONNADE_SPLIT_H_

#include <cstddef>
#include <cstdint>
#include <string>
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
// `seed` alone, and on what comes next.
//
// Where the data have groups, examples of a group stay together, and fractions are as near as that
// allows. Where they have times, nothing is drawn: the last examples by time are set aside, and
// those of one time stay together.
//
// Throws kInvalidArgument where `fraction` is not in (0, 1), or for groups and times at once,
// kBadData where it leaves one part empty.
[[nodiscard]] Split SplitStratified(const Dataset& data, double fraction, uint64_t seed = 0);

// For cross-validation: deals the examples out at random into `folds` parts, each class evenly (to
// within one example, the parts as wholes likewise), also where a class has fewer examples than
// there are folds. Split i has part i for validation and all others to train on, in the order of
// `data`, whose values they share. The result depends on the labels, `folds` and `seed` alone, and
// on what comes next.
//
// Where the data have groups, examples of a group stay together, and each class is dealt as evenly
// as that allows (scikit-learn: StratifiedGroupKFold). Where they have times, nothing is drawn:
// in the order of time, the data are cut into folds + 1 parts, those of one time together; split i
// has part i + 1 for validation and all before it, and nothing after it, to train on (scikit-learn:
// TimeSeriesSplit).
//
// Throws kInvalidArgument for fewer than 2 folds, for more than there are examples, or groups, or
// than any class has examples, as many as there are times, and for groups and times at once.
[[nodiscard]] std::vector<Split> SplitFolds(const Dataset& data, size_t folds, uint64_t seed = 0);

// What a person should know of a split of these data into so many folds, or by SplitStratified()
// (0), a line each: a class that is too rare to be on both sides. Nothing, mostly.
[[nodiscard]] std::vector<std::string> SplitNotes(const Dataset& data, size_t folds = 0);

}  // namespace colonnade

#endif  // COLONNADE_SPLIT_H_
