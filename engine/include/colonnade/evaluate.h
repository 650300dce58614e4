// SPDX-License-Identifier: Apache-2.0
// How well a model does on labelled data.
#ifndef COLONNADE_EVALUATE_H_
#define COLONNADE_EVALUATE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/model.h"

namespace colonnade {

// A class against all others. A ratio without cases (0 / 0) is 0, as in scikit-learn. Where the
// data have weights, ratios and means are weighted (scikit-learn's sample_weight), counts are not.
struct ClassMetrics {
  size_t support = 0;    // examples of the class
  double precision = 0;  // of those predicted to be of the class, the fraction that is
  double recall = 0;     // of those of the class, the fraction predicted to be
  double f1 = 0;         // harmonic mean of the two
};

inline constexpr size_t kMaxConfusionClasses = 1024;

// Of a predicted quantile.
struct QuantileMetrics {
  double level = 0;
  double pinball = 0;   // mean pinball loss (scikit-learn: mean_pinball_loss)
  double coverage = 0;  // the fraction of the examples whose number is at most the prediction
};

// Of predicted numbers, in the units of the data, computed in double from the numbers of the table.
// Where quantiles are predicted, of that nearest to the median.
struct RegressionMetrics {
  double rmse = 0;  // root of the mean squared error
  double mae = 0;   // mean absolute error
  // Coefficient of determination: 1 − Σ (y − ŷ)² / Σ (y − mean)². Where all y are equal, 1 if they
  // are predicted exactly, else 0 (scikit-learn's r2_score).
  double r2 = 0;
  // Of a model of Loss::kPoisson (scikit-learn: mean_poisson_deviance).
  std::optional<double> poisson_deviance;
  std::vector<QuantileMetrics> quantiles;  // of a model of Loss::kQuantile
  // Of a model of TargetScale::kLog or kQuantile, but for quantiles: the mean squared error of
  // log(1 + ŷ), or of the normal score of ŷ.
  std::optional<double> learned_squared_error;
};

// How well a classifier's probabilities rank.
struct RankingMetrics {
  size_t k = 0;  // of top_k_accuracy
  // The area under the receiver operating characteristic, equal probabilities counting half. With
  // two classes that of the second one, with more the mean over the classes, each against all
  // others (scikit-learn's roc_auc_score with multi_class="ovr"); classes that no example has, or
  // all, do not count. Nothing if none does.
  std::optional<double> roc_auc;
  // The fraction of the examples whose class is among the k most probable: as many or more other
  // classes that are more probable, or equally so and before it, make it a miss.
  double top_k_accuracy = 0;
};

// All zero, or nothing, but for examples, loss and regression where the model predicts numbers.
struct Evaluation {
  size_t examples = 0;
  size_t correct = 0;
  // Mean cross-entropy, natural logarithm; for numbers the mean squared error, in their units, or
  // the Poisson deviance, or the mean pinball loss over the quantiles.
  double loss = 0;
  double accuracy = 0;  // correct / examples
  size_t classes = 0;
  // classes × classes counts: [truth * classes + prediction]; empty above kMaxConfusionClasses.
  std::vector<uint64_t> confusion;
  std::vector<ClassMetrics> per_class;    // `classes` entries
  ClassMetrics macro;                     // unweighted mean over the classes; support: examples
  ClassMetrics weighted;                  // mean over the classes by how often each is true
  std::optional<RankingMetrics> ranking;  // where EvaluateOptions asked for it
  std::optional<RegressionMetrics> regression;
};

struct EvaluateOptions {
  int threads = 0;  // 0: DefaultThreads(); the result does not depend on it
  // Above 0, a classifier's ranking too, with this k: takes memory for all probabilities, and the
  // time to sort them.
  size_t top_k = 0;
};

// Runs the model over the data once. Throws kBadData where the data have no labels or do not fit
// the model, such as classes where it predicts numbers.
Evaluation Evaluate(const Model& model, const Dataset& data, const EvaluateOptions& options);

inline Evaluation Evaluate(const Model& model, const Dataset& data, int threads = 0) {
  return Evaluate(model, data, EvaluateOptions{.threads = threads});
}

}  // namespace colonnade

#endif  // COLONNADE_EVALUATE_H_
