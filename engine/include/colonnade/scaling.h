#ifndef COLONNADE_SCALING_H_
#define COLONNADE_SCALING_H_

#include <string>
#include <vector>

namespace colonnade {

// How raw feature values become network inputs: x ↦ (x − offset) · scale, feature by feature.
struct Scaling {
  std::string method;         // "none", "unit", "minmax" or "standard"; see TrainOptions::scale
  std::vector<float> offset;  // one per feature
  std::vector<float> scale;   // likewise

  bool operator==(const Scaling&) const = default;
};

// How outputs of a regression network become predictions: z ↦ offset + scale · z.
struct TargetScaling {
  float offset = 0;
  float scale = 1;  // > 0

  bool operator==(const TargetScaling&) const = default;
};

}  // namespace colonnade

#endif  // COLONNADE_SCALING_H_
