// SPDX-License-Identifier: Apache-2.0
#include "colonnade/evaluate.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

#include "colonnade/error.h"
#include "engine/model/inference.h"
#include "engine/train/ranking.h"
#include "kernels/loss.h"
#include "kernels/softmax.h"

namespace colonnade {
namespace {

// How often a class is true, predicted, and both, each example with its weight.
struct Counts {
  size_t support = 0;
  double truth = 0;
  double predicted = 0;
  double hits = 0;
};

ClassMetrics MetricsOf(const Counts& counts) {
  return {.support = counts.support,
          .precision = Ratio(counts.hits, counts.predicted),
          .recall = Ratio(counts.hits, counts.truth),
          .f1 = Ratio(2 * counts.hits, counts.truth + counts.predicted)};
}

void AddFraction(const ClassMetrics& of, double fraction, ClassMetrics& mean) {
  mean.precision += fraction * of.precision;
  mean.recall += fraction * of.recall;
  mean.f1 += fraction * of.f1;
}

// Throws unless the data have what the model predicts.
void CheckLabels(const Model& model, const Dataset& data) {
  const auto fail = [](const std::string& found, const std::string& expected) {
    throw Error(ErrorCode::kBadData,
                ErrorDetails{.subject = "data", .found = found, .expected = expected});
  };
  if (!data.labelled()) {
    throw Error(ErrorCode::kBadData,
                ErrorDetails{.subject = "data", .problem = "no labels to evaluate against"});
  }
  if (data.regression() != model.regression()) {
    fail(model.regression() ? "classes" : "numbers", model.regression()
                                                         ? "numbers (as the model predicts)"
                                                         : "classes (as the model predicts)");
  }
  if (model.regression()) return;
  const size_t classes = ClassesOf(model.shape());
  for (const uint32_t label : data.labels()) {
    if (label < classes) continue;
    fail(fmt::format("class index {}", label),
         fmt::format("one below {} (as the model has classes)", classes));
  }
}

Evaluation EvaluateNumbers(const Model& model, const Dataset& data, int threads) {
  const std::vector<double> predictions = model.Values(data, threads);
  double weight = 0;
  double mean = 0;
  double squared = 0;
  double absolute = 0;
  for (size_t e = 0; e < data.examples(); ++e) {
    const double w = WeightOf(data, e);
    const double r = predictions[e] - data.TargetOf(e);
    weight += w;
    mean += w * data.TargetOf(e);
    squared += w * r * r;
    absolute += w * std::abs(r);
  }
  mean /= weight;
  double variation = 0;
  for (size_t e = 0; e < data.examples(); ++e) {
    const double r = data.TargetOf(e) - mean;
    variation += WeightOf(data, e) * r * r;
  }
  RegressionMetrics metrics;
  metrics.rmse = std::sqrt(squared / weight);
  metrics.mae = absolute / weight;
  metrics.r2 = variation > 0 ? 1 - squared / variation : squared > 0 ? 0 : 1;
  Evaluation result;
  result.examples = data.examples();
  result.loss = squared / weight;
  result.regression = metrics;
  return result;
}

}  // namespace

Evaluation Evaluate(const Model& model, const Dataset& data, const EvaluateOptions& options) {
  CheckLabels(model, data);
  if (model.regression()) return EvaluateNumbers(model, data, options.threads);
  const NetworkShape& shape = model.shape();
  const size_t classes = ClassesOf(shape);
  std::vector<uint32_t> predictions(data.examples());
  std::vector<float> losses(data.examples());
  std::vector<float> probabilities(options.top_k > 0 ? data.examples() * classes : 0);
  Execution execution(options.threads);
  ForEachLogits(model.storage(), data, execution, [&](size_t first, kernels::Matrix z) {
    const uint32_t* const labels = data.labels().data() + first;
    float* const to = probabilities.data() + first * classes;
    StoreClasses(shape, z, predictions.data() + first);
    if (options.top_k > 0) StoreLogits(z, to);  // the loss will replace them
    if (shape.output == OutputKind::kSigmoid) {
      kernels::SigmoidCrossEntropy(z, labels, nullptr, 1.0f, losses.data() + first);
    } else {
      kernels::SoftmaxCrossEntropy(z, labels, 1.0f, losses.data() + first);
    }
    if (options.top_k == 0) return;
    LoadLogits(to, z);
    StoreProbabilities(shape, z, to);
  });

  Evaluation result;
  result.examples = data.examples();
  result.classes = classes;
  if (classes <= kMaxConfusionClasses) result.confusion.assign(classes * classes, 0);
  std::vector<Counts> counts(classes);
  double loss = 0;  // in the order of the examples, so that threads change nothing
  double weight = 0;
  double correct = 0;
  for (size_t e = 0; e < data.examples(); ++e) {
    const double w = WeightOf(data, e);
    weight += w;
    loss += w * static_cast<double>(losses[e]);
    const size_t truth = data.labels()[e];
    const size_t prediction = predictions[e];
    if (!result.confusion.empty()) ++result.confusion[truth * classes + prediction];
    ++counts[truth].support;
    counts[truth].truth += w;
    counts[prediction].predicted += w;
    if (truth == prediction) {
      counts[truth].hits += w;
      correct += w;
      ++result.correct;
    }
  }
  result.loss = Ratio(loss, weight);
  result.accuracy = Ratio(correct, weight);
  result.macro.support = data.examples();
  result.weighted.support = data.examples();
  for (const Counts& c : counts) {
    const ClassMetrics& of_class = result.per_class.emplace_back(MetricsOf(c));
    AddFraction(of_class, 1 / static_cast<double>(classes), result.macro);
    AddFraction(of_class, Ratio(c.truth, weight), result.weighted);
  }
  if (options.top_k > 0) result.ranking = RankingOf(data, probabilities, classes, options.top_k);
  return result;
}

}  // namespace colonnade
