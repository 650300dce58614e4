// SPDX-License-Identifier: Apache-2.0
// Between the numbers of a table and those that a network learns.
#ifndef COLONNADE_ENGINE_DATA_TARGET_SCALING_H_
#define COLONNADE_ENGINE_DATA_TARGET_SCALING_H_

#include <cstddef>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/scaling.h"

namespace colonnade {

// The target of an example as it is learned; where the loss takes the logarithm, what it takes it
// of.
float Learned(const TargetScaling& scaling, const Dataset& data, size_t example);

// The same but for offset and scale.
float Transformed(const TargetScaling& scaling, const Dataset& data, size_t example);

// Such of any number of the table.
double TransformedValue(const TargetScaling& scaling, const Schema& schema, double value);

// The number of the table that an output stands for.
double ValueOf(const TargetScaling& scaling, const Schema& schema, float output);

// A scaling that was fitted to data with the offset of the schema `from`, for data with that of
// `to`.
TargetScaling Rebased(TargetScaling scaling, const Schema& from, const Schema& to);

// TargetScaling::knots for the targets: as many as there are, at most 1000 (scikit-learn:
// QuantileTransformer).
std::vector<float> TargetKnots(const Dataset& data);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_TARGET_SCALING_H_
