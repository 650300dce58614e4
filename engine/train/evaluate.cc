// SPDX-License-Identifier: Apache-2.0
#include "engine/train/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "engine/data/target_scaling.h"
#include "engine/model/inference.h"
#include "engine/runtime/option_text.h"
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
  if (model.target_scaling().transform == TargetTransform::kLog) {
    for (size_t e = 0; e < data.examples(); ++e) {
      if (data.TargetOf(e) >= 0) continue;
      fail(fmt::format("the number {} (example {})", data.TargetOf(e), e),
           "numbers from 0 on (of a model of the loss poisson)");
    }
  }
  if (model.regression()) return;
  const size_t classes = ClassesOf(model.shape());
  for (const uint32_t label : data.labels()) {
    if (label < classes) continue;
    fail(fmt::format("class index {}", label),
         fmt::format("one below {} (as the model has classes)", classes));
  }
}

// Of a number and its prediction, above 0.
double PoissonDeviance(double y, double mean) {
  return 2 * ((y > 0 ? y * std::log(y / mean) : 0) - y + mean);
}

// What a model says of each example of a dataset.
struct Predicted {
  const Dataset* data;
  std::vector<double> values = {};  // numbers; or else:
  std::vector<uint32_t> classes = {};
  std::vector<float> losses = {};
  std::vector<float> probabilities = {};  // where they are wanted
};

Predicted Predict(const Model& model, const Dataset& data, const EvaluateOptions& options) {
  CheckLabels(model, data);
  Predicted result{.data = &data};
  if (model.regression()) {
    result.values = model.Values(data, options.threads);
    return result;
  }
  const NetworkShape& shape = model.shape();
  const size_t classes = ClassesOf(shape);
  result.classes.resize(data.examples());
  result.losses.resize(data.examples());
  if (options.top_k > 0) result.probabilities.resize(data.examples() * classes);
  Execution execution(options.threads);
  ForEachLogits(model.storage(), data, execution, [&](size_t first, kernels::Matrix z) {
    const uint32_t* const labels = data.labels().data() + first;
    float* const to = options.top_k > 0 ? result.probabilities.data() + first * classes : nullptr;
    float* const losses = result.losses.data() + first;
    StoreClasses(shape, z, result.classes.data() + first);
    if (to != nullptr) StoreLogits(z, to);  // the loss will replace them
    if (shape.output == OutputKind::kSigmoid) {
      kernels::SigmoidCrossEntropy(z, labels, nullptr, 1.0f, losses);
    } else {
      kernels::SoftmaxCrossEntropy(z, labels, 1.0f, losses);
    }
    if (to == nullptr) return;
    LoadLogits(to, z);
    StoreProbabilities(shape, z, to);
  });
  return result;
}

// Calls visit(of, e) for the examples of all, in their order, so that threads change no sum.
template <class Visit>
void ForEachExample(std::span<const Predicted> all, const Visit& visit) {
  for (const Predicted& of : all) {
    for (size_t e = 0; e < of.data->examples(); ++e) visit(of, e);
  }
}

size_t ExamplesOf(std::span<const Predicted> all) {
  size_t examples = 0;
  for (const Predicted& of : all) examples += of.data->examples();
  return examples;
}

std::vector<QuantileMetrics> QuantilesOf(std::span<const Predicted> all,
                                         std::span<const float> levels) {
  std::vector<QuantileMetrics> metrics;
  for (size_t q = 0; q < levels.size(); ++q) {
    // As a person writes it: 0.1, not the double nearest to the float nearest to that.
    const double level = NumberOf<double>(fmt::to_string(levels[q])).value_or(0);
    QuantileMetrics& m = metrics.emplace_back();
    m.level = level;
    double weight = 0;
    ForEachExample(all, [&](const Predicted& of, size_t e) {
      const double w = WeightOf(*of.data, e);
      const double r = of.data->TargetOf(e) - of.values[e * levels.size() + q];
      weight += w;
      m.pinball += w * (r < 0 ? level - 1 : level) * r;
      m.coverage += r <= 0 ? w : 0;
    });
    m.pinball /= weight;
    m.coverage /= weight;
  }
  return metrics;
}

// Which of the predictions of an example stands for it where one is wanted: that nearest to the
// median.
size_t PointOf(std::span<const float> levels) {
  if (levels.size() <= 1) return 0;
  const auto nearest =
      std::ranges::min_element(levels, {}, [](float level) { return std::abs(level - 0.5f); });
  return static_cast<size_t>(nearest - levels.begin());
}

Evaluation EvaluateNumbers(const TargetScaling& target, std::span<const Predicted> all) {
  const size_t each = std::max<size_t>(target.levels.size(), 1);
  const size_t point = PointOf(target.levels);
  double weight = 0;
  double mean = 0;
  double squared = 0;
  double absolute = 0;
  ForEachExample(all, [&](const Predicted& of, size_t e) {
    const double w = WeightOf(*of.data, e);
    const double r = of.values[e * each + point] - of.data->TargetOf(e);
    weight += w;
    mean += w * of.data->TargetOf(e);
    squared += w * r * r;
    absolute += w * std::abs(r);
  });
  mean /= weight;
  double variation = 0;
  ForEachExample(all, [&](const Predicted& of, size_t e) {
    const double r = of.data->TargetOf(e) - mean;
    variation += WeightOf(*of.data, e) * r * r;
  });
  RegressionMetrics metrics;
  metrics.rmse = std::sqrt(squared / weight);
  metrics.mae = absolute / weight;
  metrics.r2 = variation > 0 ? 1 - squared / variation : squared > 0 ? 0 : 1;
  Evaluation result;
  result.examples = ExamplesOf(all);
  result.loss = squared / weight;
  if (target.transform == TargetTransform::kLog) {
    double deviance = 0;
    ForEachExample(all, [&](const Predicted& of, size_t e) {
      deviance += WeightOf(*of.data, e) * PoissonDeviance(of.data->TargetOf(e), of.values[e]);
    });
    metrics.poisson_deviance = result.loss = deviance / weight;
  }
  if (target.levels.empty() && (target.transform == TargetTransform::kLog1p ||
                                target.transform == TargetTransform::kQuantile)) {
    double learned = 0;
    ForEachExample(all, [&](const Predicted& of, size_t e) {
      const auto at = [&](double value) {
        return TransformedValue(target, of.data->schema(), value);
      };
      const double r = at(of.values[e * each + point]) - at(of.data->TargetOf(e));
      learned += WeightOf(*of.data, e) * r * r;
    });
    metrics.learned_squared_error = learned / weight;
  }
  if (!target.levels.empty()) {
    metrics.quantiles = QuantilesOf(all, target.levels);
    result.loss = 0;
    for (const QuantileMetrics& m : metrics.quantiles) result.loss += m.pinball;
    result.loss /= static_cast<double>(metrics.quantiles.size());
  }
  result.regression = std::move(metrics);
  return result;
}

Evaluation EvaluateClasses(std::span<const Predicted> all, size_t classes) {
  Evaluation result;
  result.examples = ExamplesOf(all);
  result.classes = classes;
  if (classes <= kMaxConfusionClasses) result.confusion.assign(classes * classes, 0);
  std::vector<Counts> counts(classes);
  double loss = 0;
  double weight = 0;
  double correct = 0;
  ForEachExample(all, [&](const Predicted& of, size_t e) {
    const double w = WeightOf(*of.data, e);
    weight += w;
    loss += w * static_cast<double>(of.losses[e]);
    const size_t truth = of.data->labels()[e];
    const size_t prediction = of.classes[e];
    if (!result.confusion.empty()) ++result.confusion[truth * classes + prediction];
    ++counts[truth].support;
    counts[truth].truth += w;
    counts[prediction].predicted += w;
    if (truth == prediction) {
      counts[truth].hits += w;
      correct += w;
      ++result.correct;
    }
  });
  result.loss = Ratio(loss, weight);
  result.accuracy = Ratio(correct, weight);
  result.macro.support = result.examples;
  result.weighted.support = result.examples;
  for (const Counts& c : counts) {
    const ClassMetrics& of_class = result.per_class.emplace_back(MetricsOf(c));
    AddFraction(of_class, 1 / static_cast<double>(classes), result.macro);
    AddFraction(of_class, Ratio(c.truth, weight), result.weighted);
  }
  return result;
}

Evaluation EvaluateAll(const Model& model, std::span<const Predicted> all) {
  return model.regression() ? EvaluateNumbers(model.target_scaling(), all)
                            : EvaluateClasses(all, ClassesOf(model.shape()));
}

}  // namespace

Evaluation Evaluate(const Model& model, const Dataset& data, const EvaluateOptions& options) {
  const Predicted predicted = Predict(model, data, options);
  Evaluation result = EvaluateAll(model, {&predicted, 1});
  if (options.top_k > 0 && !model.regression()) {
    result.ranking =
        RankingOf(data, predicted.probabilities, ClassesOf(model.shape()), options.top_k);
  }
  return result;
}

Evaluation EvaluateTogether(std::span<const Model> models, std::span<const Dataset> data,
                            int threads) {
  std::vector<Predicted> all;
  all.reserve(models.size());
  for (size_t m = 0; m < models.size(); ++m) {
    all.push_back(Predict(models[m], data[m], {.threads = threads}));
  }
  return EvaluateAll(models.front(), all);
}

}  // namespace colonnade
