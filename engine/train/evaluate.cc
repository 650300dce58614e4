#include "colonnade/evaluate.h"

#include <cmath>

#include "colonnade/error.h"
#include "engine/model/inference.h"
#include "kernels/loss.h"
#include "kernels/softmax.h"

namespace colonnade {
namespace {

double Ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

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

double WeightOf(const Dataset& data, size_t example) {
  return data.weights().empty() ? 1.0 : static_cast<double>(data.weights()[example]);
}

Evaluation EvaluateNumbers(const Model& model, const Dataset& data, int threads) {
  const std::vector<float> predictions = model.Values(data, threads);
  const std::span<const float> targets = data.targets();
  double weight = 0;
  double mean = 0;
  double squared = 0;
  double absolute = 0;
  for (size_t e = 0; e < data.examples(); ++e) {
    const double w = WeightOf(data, e);
    const double r = static_cast<double>(predictions[e]) - static_cast<double>(targets[e]);
    weight += w;
    mean += w * static_cast<double>(targets[e]);
    squared += w * r * r;
    absolute += w * std::abs(r);
  }
  mean /= weight;
  double variation = 0;
  for (size_t e = 0; e < data.examples(); ++e) {
    const double r = static_cast<double>(targets[e]) - mean;
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

Evaluation Evaluate(const Model& model, const Dataset& data, int threads) {
  if (!data.labelled()) throw Error(ErrorCode::kBadData, "data: no labels to evaluate against");
  if (data.regression() != model.regression()) {
    throw Error(ErrorCode::kBadData,
                model.regression()
                    ? "data: found classes, expected numbers (as the model predicts)"
                    : "data: found numbers, expected classes (as the model predicts)");
  }
  if (model.regression()) return EvaluateNumbers(model, data, threads);
  const size_t classes = ClassesOf(model.shape());
  std::vector<uint32_t> predictions(data.examples());
  std::vector<float> losses(data.examples());
  for (const uint32_t label : data.labels()) {
    if (label >= classes) {
      throw Error(ErrorCode::kBadData, "data: found class index " + std::to_string(label) +
                                           ", expected one below " + std::to_string(classes) +
                                           " (as the model has classes)");
    }
  }

  Execution execution(threads);
  ForEachLogits(model.storage(), data, execution, [&](size_t first, kernels::Matrix z) {
    const uint32_t* labels = data.labels().data() + first;
    StoreClasses(model.shape(), z, predictions.data() + first);
    if (model.shape().output == OutputKind::kSigmoid) {
      kernels::SigmoidCrossEntropy(z, labels, nullptr, 1.0f, losses.data() + first);
    } else {
      kernels::SoftmaxCrossEntropy(z, labels, 1.0f, losses.data() + first);
    }
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
  for (const Counts& c : counts) result.per_class.push_back(MetricsOf(c));
  result.macro.support = data.examples();
  for (const ClassMetrics& k : result.per_class) {
    result.macro.precision += k.precision / static_cast<double>(classes);
    result.macro.recall += k.recall / static_cast<double>(classes);
    result.macro.f1 += k.f1 / static_cast<double>(classes);
  }
  return result;
}

}  // namespace colonnade
