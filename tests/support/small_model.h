// SPDX-License-Identifier: Apache-2.0
// A model with every kind of value that a file might not bring back.
#ifndef COLONNADE_TESTS_SUPPORT_SMALL_MODEL_H_
#define COLONNADE_TESTS_SUPPORT_SMALL_MODEL_H_

#include <limits>
#include <string>
#include <vector>

#include "colonnade/model.h"

namespace colonnade::test {

inline constexpr float kDenormal = 1e-45f;
inline constexpr float kLargest = std::numeric_limits<float>::max();

// 2-3-2.
NetworkShape SmallShape();
const std::vector<LayerParameters>& SmallParameters();
Model SmallModel();

// Its file.
const std::string& SmallFile();

bool SameBits(const std::vector<float>& a, const std::vector<float>& b);
bool SameModel(const Model& a, const Model& b);

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_SMALL_MODEL_H_
