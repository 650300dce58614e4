// Setting examples aside.
#ifndef COLONNADE_SPLIT_H_
#define COLONNADE_SPLIT_H_

#include <cstdint>

#include "colonnade/dataset.h"

namespace colonnade {

struct Split {
  Dataset train;
  Dataset validation;
};

// Sets `fraction` of the examples aside, drawn at random, as near as possible the same fraction of
// every class; a class keeps at least one example in `train`. Both parts keep the order of `data`,
// whose examples are copied. The result depends on the labels, `fraction` and `seed` alone. Throws
// kInvalidArgument where `fraction` is not in (0, 1), kBadData where it leaves one part empty.
Split SplitStratified(const Dataset& data, double fraction, uint64_t seed = 0);

}  // namespace colonnade

#endif  // COLONNADE_SPLIT_H_
