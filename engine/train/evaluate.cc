#include "colonnade/evaluate.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

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

void AddPart(const ClassMetrics& of, double part, ClassMetrics& mean) {
  mean.precision += part * of.precision;
  mean.recall += part * of.recall;
  mean.f1 += part * of.f1;
}

double WeightOf(const Dataset& data, size_t example) {
  return data.weights().empty() ? 1.0 : static_cast<double>(data.weights()[example]);
}

// Throws unless the data have what the model predicts.
void CheckLabels(const Model& model, const Dataset& data) {
  if (!data.labelled()) throw Error(ErrorCode::kBadData, "data: no labels to evaluate against");
  if (data.regression() != model.regression()) {
    throw Error(ErrorCode::kBadData,
                model.regression()
                    ? "data: found classes, expected numbers (as the model predicts)"
                    : "data: found numbers, expected classes (as the model predicts)");
  }
  if (model.regression()) return;
  const size_t classes = ClassesOf(model.shape());
  for (const uint32_t label : data.labels()) {
    if (label >= classes) {
      throw Error(ErrorCode::kBadData, "data: found class index " + std::to_string(label) +
                                           ", expected one below " + std::to_string(classes) +
                                           " (as the model has classes)");
    }
  }
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

// Of one class against all others: the part of the pairs of an example of the class and one that is
// not in which the former has the higher probability.
std::optional<double> AreaUnderCurve(const Dataset& data, const std::vector<float>& probabilities,
                                     size_t classes, size_t of) {
  const auto probability = [&](uint32_t e) { return probabilities[e * classes + of]; };
  std::vector<uint32_t> order(data.examples());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, {}, probability);
  double in_class = 0;
  double others = 0;  // less probable ones, at first
  double pairs = 0;
  for (size_t begin = 0; begin < order.size();) {
    double equal_in_class = 0;
    double equal_others = 0;
    const float value = probability(order[begin]);
    for (; begin < order.size() && probability(order[begin]) == value; ++begin) {
      const uint32_t e = order[begin];
      (data.labels()[e] == of ? equal_in_class : equal_others) += WeightOf(data, e);
    }
    pairs += equal_in_class * (others + equal_others / 2);
    in_class += equal_in_class;
    others += equal_others;
  }
  if (in_class == 0 || others == 0) return std::nullopt;
  return pairs / (in_class * others);
}

}  // namespace

Evaluation Evaluate(const Model& model, const Dataset& data, int threads) {
  CheckLabels(model, data);
  if (model.regression()) return EvaluateNumbers(model, data, threads);
  const size_t classes = ClassesOf(model.shape());
  std::vector<uint32_t> predictions(data.examples());
  std::vector<float> losses(data.examples());
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
  result.macro.support = data.examples();
  result.weighted.support = data.examples();
  for (const Counts& c : counts) {
    const ClassMetrics& of_class = result.per_class.emplace_back(MetricsOf(c));
    AddPart(of_class, 1 / static_cast<double>(classes), result.macro);
    AddPart(of_class, Ratio(c.truth, weight), result.weighted);
  }
  return result;
}

RankingMetrics EvaluateRanking(const Model& model, const Dataset& data, size_t k, int threads) {
  CheckLabels(model, data);
  if (model.regression()) {
    throw Error(ErrorCode::kBadData, "model: found one that predicts numbers, expected classes");
  }
  const std::vector<float> probabilities = model.Probabilities(data, threads);
  const size_t classes = ClassesOf(model.shape());
  double weight = 0;
  double hits = 0;
  for (size_t e = 0; e < data.examples(); ++e) {
    const float* const p = probabilities.data() + e * classes;
    const size_t truth = data.labels()[e];
    size_t before = 0;
    for (size_t c = 0; c < classes; ++c)
      before += p[c] > p[truth] || (p[c] == p[truth] && c < truth);
    weight += WeightOf(data, e);
    if (before < k) hits += WeightOf(data, e);
  }
  RankingMetrics metrics;
  metrics.top_k_accuracy = Ratio(hits, weight);
  double sum = 0;
  size_t counted = 0;
  for (size_t c = classes == 2 ? 1 : 0; c < classes; ++c) {
    const std::optional<double> area = AreaUnderCurve(data, probabilities, classes, c);
    if (!area) continue;
    sum += *area;
    ++counted;
  }
  if (counted > 0) metrics.roc_auc = sum / static_cast<double>(counted);
  return metrics;
}

}  // namespace colonnade
