// SPDX-License-Identifier: Apache-2.0
// What training makes small.
#ifndef COLONNADE_LOSS_H_
#define COLONNADE_LOSS_H_

#include <filesystem>
#include <span>
#include <vector>

#include "colonnade/names.h"
#include "colonnade/network.h"

namespace colonnade {

// PyTorch's losses, as means over the examples, weighted where they have weights.
enum class Loss {
  kAuto,                // cross-entropy for classes, squared error for numbers
  kCrossEntropy,        // of the softmax of one output per class
  kBinaryCrossEntropy,  // of the sigmoid of a single output, for two classes
  kSquared,             // (prediction − target)²
  kHuber,               // r² / 2 where r = |prediction − target| ≤ δ, else δ · (r − δ / 2)
};

// What is known about a loss, once.
struct LossRow {
  Loss value;
  const char* name;
  bool for_numbers;        // else for classes
  OutputKind output;       // what the last layer's outputs stand for
  const char* options[3];  // that belong to it and not to all of its kind; ends in null
};

inline constexpr LossRow kLosses[] = {
    {Loss::kAuto, "auto", false, OutputKind::kSoftmax, {"label-smoothing"}},
    {Loss::kCrossEntropy, "cross-entropy", false, OutputKind::kSoftmax, {"label-smoothing"}},
    {Loss::kBinaryCrossEntropy, "bce", false, OutputKind::kSigmoid, {}},
    {Loss::kSquared, "squared", true, OutputKind::kLinear, {}},
    {Loss::kHuber, "huber", true, OutputKind::kLinear, {"huber-delta"}},
};
constexpr std::span<const LossRow> NamesOf(Loss) { return kLosses; }

// How regression targets are scaled for the training; predictions are in the units of the data.
enum class TargetScale {
  kStandard,  // to mean 0 and variance 1; the model keeps the scaling
  kNone,
  kLog,  // log(1 + y), and that to mean 0 and variance 1; for y above -1
};

inline constexpr NameRow<TargetScale> kTargetScales[] = {
    {TargetScale::kStandard, "standard"}, {TargetScale::kNone, "none"}, {TargetScale::kLog, "log"}};
constexpr std::span<const NameRow<TargetScale>> NamesOf(TargetScale) { return kTargetScales; }

// How much the examples of each class count. At most one of these is set; by default all count 1.
struct ClassWeights {
  bool balanced = false;            // n / (classes · examples of the class)
  std::vector<double> values = {};  // one per class, ≥ 0
  std::filesystem::path file = {};  // for ReadClassWeights(), by the names of the classes

  bool any() const { return balanced || !values.empty() || !file.empty(); }
  bool operator==(const ClassWeights&) const = default;
};

}  // namespace colonnade

#endif  // COLONNADE_LOSS_H_
