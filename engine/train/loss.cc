// SPDX-License-Identifier: Apache-2.0
#include "engine/train/loss.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>

#include "colonnade/error.h"
#include "colonnade/options.h"
#include "engine/data/target_scaling.h"
#include "kernels/loss.h"
#include "kernels/softmax.h"

namespace colonnade {
namespace {

bool IsForNumbers(Loss loss) { return RowOf(loss).for_numbers; }

// The losses that can be asked for, for numbers or for classes.
std::string LossesFor(bool numbers) {
  return Alternatives<Loss>(
      [&](const LossRow& row) { return row.value != Loss::kAuto && row.for_numbers == numbers; });
}

// One weight per class as the options have them: n / (classes · n_k) for balance, as in
// scikit-learn; none where all are 1.
std::vector<double> WeightsOfClasses(const TrainOptions& options, const Dataset& data) {
  if (!options.class_weight.balanced) return options.class_weight.values;
  std::vector<double> weights(data.classes());
  for (const uint32_t label : data.labels()) ++weights[label];
  const double mean = static_cast<double>(data.examples()) / static_cast<double>(weights.size());
  // A class without examples has no weight that could matter.
  for (double& weight : weights) weight = weight > 0 ? mean / weight : 1;
  return weights;
}

}  // namespace

void CheckLossOptions(const TrainOptions& options) {
  const ClassWeights& weights = options.class_weight;
  bool positive = weights.values.empty();
  for (const double weight : weights.values) {
    if (!(weight >= 0 && weight <= 1e6)) {
      Reject("class-weight", fmt::format("{}", weight), "numbers from 0 to 1e6");
    }
    positive = positive || weight > 0;
  }
  if (!positive) Reject("class-weight", "only 0", "one above 0");
  if ((weights.balanced ? 1 : 0) + (weights.values.empty() ? 0 : 1) +
          (weights.file.empty() ? 0 : 1) >
      1) {
    Reject("class-weight", "some with balanced classes", "one or the other");
  }
  if (options.label_smoothing > 0 && !Belongs(options, "label-smoothing")) {
    Reject("label-smoothing",
           fmt::format("{} with the loss {}", options.label_smoothing, Name(options.loss)),
           "the loss cross-entropy");
  }
  if (options.quantiles.empty()) Reject("quantiles", "none", "at least one");
  if (const auto fall = std::ranges::adjacent_find(options.quantiles, std::greater_equal());
      fall != options.quantiles.end()) {
    Reject("quantiles", OptionText(options, "quantiles"), "each above the one before");
  }
  if (options.loss == Loss::kPoisson && (options.target_scale == TargetScale::kLog ||
                                         options.target_scale == TargetScale::kQuantile)) {
    Reject("target-scale", fmt::format("{} with the loss poisson", Name(options.target_scale)),
           "auto, standard or none");
  }
  if (IsForNumbers(options.loss) && weights.any()) {
    Reject("class-weight", OptionText(options, "class-weight") + " for numbers",
           "a label column of classes");
  }
}

Loss ResolveLoss(const TrainOptions& options, const Dataset& data) {
  const bool numbers = data.regression();
  Loss loss = options.loss;
  if (loss == Loss::kAuto) loss = numbers ? Loss::kSquared : Loss::kCrossEntropy;
  if (IsForNumbers(loss) != numbers) {
    Reject("loss",
           fmt::format("{} for a label column of {}", Name(loss), numbers ? "numbers" : "classes"),
           LossesFor(numbers));
  }
  if (numbers && options.label_smoothing > 0) {
    Reject("label-smoothing",
           fmt::format("{} for a label column of numbers", options.label_smoothing), "0");
  }
  if (numbers && options.class_weight.any()) {
    Reject("class-weight", OptionText(options, "class-weight") + " for numbers",
           "a label column of classes");
  }
  if (RowOf(loss).output == OutputKind::kSigmoid && data.classes() != 2) {
    Reject("loss", fmt::format("{} for {} classes", Name(loss), data.classes()), "2 classes");
  }
  const size_t weights = options.class_weight.values.size();
  if (weights != 0 && weights != data.classes()) {
    Reject("class-weight", fmt::to_string(weights),
           fmt::format("{}, one per class", data.classes()));
  }
  return loss;
}

LossFunction::LossFunction(const TrainOptions& options, const Dataset& data,
                           const TargetScaling& target)
    : data_(data),
      loss_(ResolveLoss(options, data)),
      target_(target),
      huber_delta_(static_cast<float>(options.huber_delta)),
      smoothing_(static_cast<float>(options.label_smoothing)),
      class_weights_(AlignedBuffer<float>::Zeroed(kernels::PaddedRows(data.classes()))) {
  const std::vector<double> weights = WeightsOfClasses(options, data);
  has_class_weights_ = !weights.empty();
  for (size_t k = 0; k < data.classes(); ++k) {
    class_weights_[k] = has_class_weights_ ? static_cast<float>(weights[k]) : 1.0f;
  }
  soft_ = smoothing_ > 0 || has_class_weights_ || weighted();
}

void LossFunction::Reserve(size_t columns) {
  labels_.resize(columns);
  predictions_.resize(columns);
  targets_.resize(columns);
  weights_.resize(columns);
  hits_.resize(columns);
}

double LossFunction::LossWeight(std::span<const uint32_t> indices) const {
  if (!has_class_weights_) return Weight(indices);
  double sum = 0;
  for (const uint32_t e : indices) {
    const float weight = weighted() ? data_.weights()[e] : 1.0f;
    sum += static_cast<double>(weight) * static_cast<double>(class_weights_[data_.labels()[e]]);
  }
  return sum;
}

double LossFunction::Weight(std::span<const uint32_t> indices) const {
  if (!weighted()) return static_cast<double>(indices.size());
  double sum = 0;
  for (const uint32_t e : indices) sum += static_cast<double>(data_.weights()[e]);
  return sum;
}

size_t LossFunction::Apply(kernels::Matrix z, const uint32_t* indices, size_t first, float scale,
                           float* losses) {
  const float* weights = nullptr;
  if (weighted()) {
    for (size_t c = 0; c < z.cols; ++c) weights_[first + c] = data_.weights()[indices[c]];
    weights = weights_.data() + first;
  }
  if (!IsForNumbers(loss_)) return Classify(z, indices, first, scale, losses);
  float* const targets = targets_.data() + first;
  for (size_t c = 0; c < z.cols; ++c) {
    targets[c] = Learned(target_, data_, indices[c]);
  }
  switch (loss_) {
    case Loss::kSquared:
      kernels::SquaredError(z, targets, weights, scale, losses);
      break;
    case Loss::kHuber:
      kernels::HuberError(z, targets, huber_delta_, weights, scale, losses);
      break;
    case Loss::kPoisson:
      kernels::PoissonError(z, targets, weights, scale, losses);
      break;
    case Loss::kQuantile:
      kernels::QuantileError(z, targets, target_.levels.data(), weights, scale, losses);
      break;
    case Loss::kAuto:
    case Loss::kCrossEntropy:
    case Loss::kBinaryCrossEntropy:
      break;  // Classify()
  }
  return 0;
}

size_t LossFunction::Classify(kernels::Matrix z, const uint32_t* indices, size_t first, float scale,
                              float* losses) {
  const std::span<const uint32_t> all = data_.labels();
  uint32_t* const labels = labels_.data() + first;
  for (size_t c = 0; c < z.cols; ++c) labels[c] = all[indices[c]];
  const bool sigmoid = RowOf(loss_).output == OutputKind::kSigmoid;
  if (!soft_ && !sigmoid) return kernels::SoftmaxCrossEntropy(z, labels, scale, losses);

  uint32_t* const predictions = predictions_.data() + first;
  if (sigmoid) {
    for (size_t c = 0; c < z.cols; ++c) predictions[c] = *z.Column(c) > 0 ? 1 : 0;
  } else {
    kernels::ArgMax(z, predictions);
  }
  size_t correct = 0;
  for (size_t c = 0; c < z.cols; ++c) {
    const bool hit = predictions[c] == labels[c];
    correct += hit ? 1 : 0;
    hits_[first + c] = hit && weighted() ? weights_[first + c] : 0.0f;
  }
  const float* weights = weighted() ? weights_.data() + first : nullptr;
  if (!sigmoid) {
    kernels::SoftCrossEntropy(z, labels, {smoothing_, class_weights_.data()}, weights, scale,
                              losses);
    return correct;
  }
  if (has_class_weights_) {
    for (size_t c = 0; c < z.cols; ++c) {
      const float weight = weighted() ? weights_[first + c] : 1.0f;
      weights_[first + c] = weight * class_weights_[labels[c]];
    }
    weights = weights_.data() + first;
  }
  kernels::SigmoidCrossEntropy(z, labels, weights, scale, losses);
  return correct;
}

}  // namespace colonnade
