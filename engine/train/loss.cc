#include "engine/train/loss.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "colonnade/error.h"
#include "kernels/loss.h"
#include "kernels/softmax.h"

namespace colonnade {
namespace {

[[noreturn]] void Fail(const std::string& message) {
  throw Error(ErrorCode::kInvalidArgument, message);
}

bool IsForTargets(Loss loss) { return loss == Loss::kSquared || loss == Loss::kHuber; }

// One weight per class as the options have them: n / (classes · n_k) for balance, as in
// scikit-learn; none where all are 1.
std::vector<double> ClassWeights(const TrainOptions& options, const Dataset& data) {
  if (!options.balance_classes) return options.class_weights;
  std::vector<double> weights(data.classes());
  for (const uint32_t label : data.labels()) ++weights[label];
  const double mean = static_cast<double>(data.examples()) / static_cast<double>(weights.size());
  // A class without examples has no weight that could matter.
  for (double& weight : weights) weight = weight > 0 ? mean / weight : 1;
  return weights;
}

}  // namespace

const char* Name(Loss loss) {
  switch (loss) {
    case Loss::kAuto:
      return "auto";
    case Loss::kCrossEntropy:
      return "cross-entropy";
    case Loss::kBinaryCrossEntropy:
      return "bce";
    case Loss::kSquared:
      return "squared";
    case Loss::kHuber:
      return "huber";
  }
  return "";
}

void CheckLossOptions(const TrainOptions& options) {
  const auto require = [](bool good, const char* option, double found, const char* expected) {
    if (!good) Fail(fmt::format("{}: found {}, expected {}", option, found, expected));
  };
  require(options.label_smoothing >= 0 && options.label_smoothing < 1, "label smoothing",
          options.label_smoothing, "a number in [0, 1)");
  require(options.huber_delta >= 1e-6 && options.huber_delta <= 1e6, "huber delta",
          options.huber_delta, "a number from 1e-6 to 1e6");
  bool positive = options.class_weights.empty();
  for (const double weight : options.class_weights) {
    require(weight >= 0 && weight <= 1e6, "class weights", weight, "numbers from 0 to 1e6");
    positive = positive || weight > 0;
  }
  if (!positive) Fail("class weights: found only 0, expected one above 0");
  if (options.balance_classes && !options.class_weights.empty()) {
    Fail("class weights: found some with balanced classes, expected one or the other");
  }
  const bool for_classes = options.loss == Loss::kCrossEntropy || options.loss == Loss::kAuto;
  if (options.label_smoothing > 0 && !for_classes) {
    Fail(fmt::format("label smoothing: found {} with the loss {}, expected the loss cross-entropy",
                     options.label_smoothing, Name(options.loss)));
  }
  if (IsForTargets(options.loss) && (options.balance_classes || !options.class_weights.empty())) {
    Fail(fmt::format("class weights: found some with the loss {}, expected a loss for classes",
                     Name(options.loss)));
  }
}

Loss ResolveLoss(const TrainOptions& options, const Dataset& data) {
  Loss loss = options.loss;
  if (data.regression()) {
    if (loss == Loss::kAuto) loss = Loss::kSquared;
    if (!IsForTargets(loss)) {
      Fail(fmt::format("loss: found {} for a label column of numbers, expected squared or huber",
                       Name(loss)));
    }
    if (options.label_smoothing > 0) {
      Fail(fmt::format("label smoothing: found {} for a label column of numbers, expected 0",
                       options.label_smoothing));
    }
    if (options.balance_classes || !options.class_weights.empty()) {
      Fail("class weights: found some for a label column of numbers, expected classes");
    }
    return loss;
  }
  if (loss == Loss::kAuto) loss = Loss::kCrossEntropy;
  if (IsForTargets(loss)) {
    Fail(fmt::format("loss: found {} for a label column of classes, expected cross-entropy or bce",
                     Name(loss)));
  }
  if (loss == Loss::kBinaryCrossEntropy && data.classes() != 2) {
    Fail(fmt::format("loss: found bce for {} classes, expected 2 classes", data.classes()));
  }
  if (!options.class_weights.empty() && options.class_weights.size() != data.classes()) {
    Fail(fmt::format("class weights: found {}, expected {}, one per class",
                     options.class_weights.size(), data.classes()));
  }
  return loss;
}

TargetScaling FitTargets(const TrainOptions& options, const Dataset& data) {
  if (!data.regression() || !options.standardize_targets) return {};
  const std::span<const float> weights = data.weights();
  const auto weight = [&](size_t e) {
    return weights.empty() ? 1.0 : static_cast<double>(weights[e]);
  };
  double total = 0;
  double mean = 0;
  for (size_t e = 0; e < data.examples(); ++e) {
    total += weight(e);
    mean += weight(e) * static_cast<double>(data.targets()[e]);
  }
  mean /= total;
  double variance = 0;
  for (size_t e = 0; e < data.examples(); ++e) {
    const double r = static_cast<double>(data.targets()[e]) - mean;
    variance += weight(e) * r * r;
  }
  const auto deviation = static_cast<float>(std::sqrt(variance / total));
  // Targets that are all the same, or so small that their scale has no reciprocal, stay unscaled.
  const bool usable = std::isfinite(deviation) && deviation > 1e-30f;
  return {.offset = static_cast<float>(mean), .scale = usable ? deviation : 1.0f};
}

LossFunction::LossFunction(const TrainOptions& options, const Dataset& data,
                           const TargetScaling& target)
    : data_(data),
      loss_(ResolveLoss(options, data)),
      target_(target),
      huber_delta_(static_cast<float>(options.huber_delta)),
      smoothing_(static_cast<float>(options.label_smoothing)),
      class_weights_(AlignedBuffer<float>::Zeroed(kernels::PaddedRows(data.classes()))) {
  const std::vector<double> weights = ClassWeights(options, data);
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
  if (!IsForTargets(loss_)) return Classify(z, indices, first, scale, losses);
  float* const targets = targets_.data() + first;
  for (size_t c = 0; c < z.cols; ++c) {
    targets[c] = (data_.targets()[indices[c]] - target_.offset) / target_.scale;
  }
  if (loss_ == Loss::kSquared) {
    kernels::SquaredError(z, targets, weights, scale, losses);
  } else {
    kernels::HuberError(z, targets, huber_delta_, weights, scale, losses);
  }
  return 0;
}

size_t LossFunction::Classify(kernels::Matrix z, const uint32_t* indices, size_t first, float scale,
                              float* losses) {
  const std::span<const uint32_t> all = data_.labels();
  uint32_t* const labels = labels_.data() + first;
  for (size_t c = 0; c < z.cols; ++c) labels[c] = all[indices[c]];
  const bool sigmoid = loss_ == Loss::kBinaryCrossEntropy;
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
