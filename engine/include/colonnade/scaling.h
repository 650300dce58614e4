// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_SCALING_H_
#define COLONNADE_SCALING_H_

#include <span>
#include <vector>

#include "colonnade/names.h"

namespace colonnade {

// How raw feature values become network inputs, fitted on the training data.
enum class Scale {
  kAuto,    // kUnit for pixels (bytes, most features of which exceed 127 somewhere), else kStandard
  kNone,    // x
  kUnit,    // x / 255
  kMinMax,  // to [0, 1] by the range of each feature
  kStandard,  // to mean 0 and variance 1; a constant feature to 0
};

inline constexpr NameRow<Scale> kScales[] = {{Scale::kAuto, "auto"},
                                             {Scale::kNone, "none"},
                                             {Scale::kUnit, "unit"},
                                             {Scale::kMinMax, "minmax"},
                                             {Scale::kStandard, "standard"}};
constexpr std::span<const NameRow<Scale>> NamesOf(Scale) { return kScales; }

// How raw feature values become network inputs: x ↦ (x − offset) · scale, feature by feature.
struct Scaling {
  Scale method = Scale::kNone;  // what it was fitted by; never kAuto
  std::vector<float> offset;    // one per feature
  std::vector<float> scale;     // likewise

  bool operator==(const Scaling&) const = default;
};

// How outputs of a regression network become predictions: z ↦ offset + scale · z, which of numbers
// y that are learned as log(1 + y) is that logarithm.
struct TargetScaling {
  float offset = 0;
  float scale = 1;  // > 0
  bool log = false;

  bool operator==(const TargetScaling&) const = default;
};

}  // namespace colonnade

#endif  // COLONNADE_SCALING_H_
