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

// PyTorch's losses (kQuantile: scikit-learn's), as means over the examples, weighted where they
// have weights.
enum class Loss {
  kAuto,                // cross-entropy for classes, squared error for numbers
  kCrossEntropy,        // of the softmax of one output per class
  kBinaryCrossEntropy,  // of the sigmoid of a single output, for two classes
  kSquared,             // (prediction − target)²
  kHuber,               // r² / 2 where r = |prediction − target| ≤ δ, else δ · (r − δ / 2)
  // Of numbers from 0 on such as counts: that of a Poisson distribution whose mean has the output
  // as its logarithm; predictions are the mean.
  kPoisson,
  // The mean over some levels τ of (target − q) · (τ − [target < q]), each with an output of its
  // own: q is the number below which the target is with probability τ.
  kQuantile,
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
    {Loss::kPoisson, "poisson", true, OutputKind::kLinear, {}},
    {Loss::kQuantile, "quantile", true, OutputKind::kLinear, {"quantiles"}},
};
constexpr std::span<const LossRow> NamesOf(Loss) { return kLosses; }

// How regression targets are scaled for the training; predictions are in the units of the data.
enum class TargetScale {
  kAuto,      // kStandard; with heavy tails what predicts best of that, kLog and kQuantile
  kStandard,  // to mean 0 and variance 1; the model keeps the scaling
  kNone,
  kLog,       // log(1 + y), and that to mean 0 and variance 1; for y above -1
  kQuantile,  // the normal score of y among the targets, and that to mean 0 and variance 1
};

inline constexpr NameRow<TargetScale> kTargetScales[] = {{TargetScale::kAuto, "auto"},
                                                         {TargetScale::kStandard, "standard"},
                                                         {TargetScale::kNone, "none"},
                                                         {TargetScale::kLog, "log"},
                                                         {TargetScale::kQuantile, "quantile"}};
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
