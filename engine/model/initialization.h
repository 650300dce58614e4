// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_ENGINE_MODEL_INITIALIZATION_H_
#define COLONNADE_ENGINE_MODEL_INITIALIZATION_H_

#include <cstdint>
#include <span>
#include <vector>

#include "engine/model/storage.h"

namespace colonnade {

// Parameters, and running statistics, that are all zero.
std::vector<DenseParameters> ZeroParameters(const NetworkShape& shape);

// Weights normal with variance 2 / inputs, biases zero: He et al., "Delving deep into rectifiers",
// ICCV 2015, eq. 10. `seed` determines every bit. Gammas are 1, running means 0 and variances 1.
std::vector<DenseParameters> HeParameters(const NetworkShape& shape, uint64_t seed);

// Weights and biases uniform in [-0.5, 0.5); the others as above.
std::vector<DenseParameters> UniformParameters(const NetworkShape& shape, uint64_t seed);

// Both have the same shape.
void CopyParameters(std::span<const DenseParameters> from, std::span<DenseParameters> to);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_MODEL_INITIALIZATION_H_
