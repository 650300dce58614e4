// SPDX-License-Identifier: Apache-2.0
#include "engine/train/targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "colonnade/error.h"
#include "engine/data/target_scaling.h"
#include "engine/model/inference.h"
#include "engine/train/ranking.h"

namespace colonnade {
namespace {

// How far above the training targets a logarithm is believed, in standard deviations.
constexpr float kHeadroom = 0.25f;

// Of the mean, which is then 1.
TargetScaling FitLogarithm(const TrainOptions& options, const Dataset& data) {
  double weight = 0;
  double sum = 0;
  double highest = 0;
  for (size_t e = 0; e < data.examples(); ++e) {
    weight += WeightOf(data, e);
    sum += WeightOf(data, e) * data.TargetOf(e);
    highest = std::max(highest, data.TargetOf(e));
  }
  TargetScaling fit = {.transform = TargetTransform::kLog};
  if (options.target_scale == TargetScale::kNone || sum <= 0) return fit;
  fit.offset = static_cast<float>(std::log(sum / weight));
  // No rate is believed that is more than twice the largest number.
  fit.ceiling = static_cast<float>(std::log(2 * highest)) - fit.offset;
  return fit;
}

TargetScaling Fit(const TrainOptions& options, const Dataset& data) {
  TargetScaling fit;
  switch (options.target_scale) {
    case TargetScale::kNone:
      return fit;
    case TargetScale::kAuto:
    case TargetScale::kStandard:
      break;
    case TargetScale::kLog:
      fit.transform = TargetTransform::kLog1p;
      break;
    case TargetScale::kQuantile:
      fit.transform = TargetTransform::kQuantile;
      fit.knots = TargetKnots(data);
      break;
  }
  double total = 0;
  double mean = 0;
  float highest = -std::numeric_limits<float>::infinity();
  for (size_t e = 0; e < data.examples(); ++e) {
    const float target = Transformed(fit, data, e);
    total += WeightOf(data, e);
    mean += WeightOf(data, e) * static_cast<double>(target);
    highest = std::max(highest, target);
  }
  mean /= total;
  double variance = 0;
  for (size_t e = 0; e < data.examples(); ++e) {
    const double r = static_cast<double>(Transformed(fit, data, e)) - mean;
    variance += WeightOf(data, e) * r * r;
  }
  const auto deviation = static_cast<float>(std::sqrt(variance / total));
  // Targets that are all the same, or so small that their scale has no reciprocal, stay unscaled.
  const bool usable = std::isfinite(deviation) && deviation > 1e-30f;
  fit.offset = static_cast<float>(mean);
  fit.scale = usable ? deviation : 1.0f;
  if (fit.transform == TargetTransform::kLog1p) {
    fit.ceiling = (highest - fit.offset) / fit.scale + kHeadroom;
  }
  return fit;
}

}  // namespace

TargetScaling FitTargets(const TrainOptions& options, const Dataset& data) {
  if (!data.regression()) return {};
  TargetScaling fit =
      options.loss == Loss::kPoisson ? FitLogarithm(options, data) : Fit(options, data);
  fit.levels = LevelsOf(options);
  return fit;
}

void CheckTargets(const TargetScaling& scaling, const Dataset& data) {
  const bool log = scaling.transform == TargetTransform::kLog1p;
  if (!log && scaling.transform != TargetTransform::kLog) return;
  for (size_t e = 0; e < data.examples(); ++e) {
    const double target = data.TargetOf(e);
    if (log ? target > -1 : target >= 0) continue;
    const std::string found = fmt::format("the number {} to predict (example {})", target, e);
    throw Error(ErrorCode::kInvalidArgument,
                {.subject = log ? "target-scale" : "loss",
                 .found = fmt::format("{} with {}", log ? "log" : "poisson", found),
                 .expected = log ? "numbers above -1" : "numbers from 0 on",
                 .advice = log ? "`target-scale` standard takes any" : "the others take any"});
  }
}

std::vector<float> LevelsOf(const TrainOptions& options) {
  if (options.loss != Loss::kQuantile) return {};
  return {options.quantiles.begin(), options.quantiles.end()};
}

float FitSmearing(const Model::Storage& model, const Dataset& data, Execution& execution) {
  std::vector<float> outputs(data.examples());
  ForEachLogits(model, data, execution,
                [&](size_t first, kernels::Matrix z) { StoreLogits(z, outputs.data() + first); });
  const TargetScaling& target = model.target;
  double weight = 0;
  double sum = 0;
  for (size_t e = 0; e < data.examples(); ++e) {
    const float output = target.offset + target.scale * std::min(outputs[e], target.ceiling);
    const auto residual = static_cast<double>(Transformed(target, data, e) - output);
    weight += WeightOf(data, e);
    sum += WeightOf(data, e) * std::exp(residual);
  }
  const auto smearing = static_cast<float>(std::log(sum / weight));
  return std::isfinite(smearing) ? smearing : 0.0f;
}

}  // namespace colonnade
