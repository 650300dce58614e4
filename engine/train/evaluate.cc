#include "colonnade/evaluate.h"

#include "colonnade/error.h"
#include "engine/model/inference.h"
#include "kernels/softmax.h"

namespace colonnade {
namespace {

double Ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

// How often a class is true, predicted, and both.
struct Counts {
  size_t truth = 0;
  size_t predicted = 0;
  size_t hits = 0;
};

ClassMetrics MetricsOf(const Counts& counts) {
  const auto hits = static_cast<double>(counts.hits);
  return {.support = counts.truth,
          .precision = Ratio(hits, static_cast<double>(counts.predicted)),
          .recall = Ratio(hits, static_cast<double>(counts.truth)),
          .f1 = Ratio(2 * hits, static_cast<double>(counts.truth + counts.predicted))};
}

}  // namespace

Evaluation Evaluate(const Model& model, const Dataset& data, int threads) {
  if (!data.labelled()) throw Error(ErrorCode::kBadData, "data: no labels to evaluate against");
  const size_t classes = model.shape().outputs();
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
    kernels::ArgMax(z, predictions.data() + first);
    kernels::SoftmaxCrossEntropy(z, data.labels().data() + first, 1.0f, losses.data() + first);
  });

  Evaluation result;
  result.examples = data.examples();
  result.classes = classes;
  if (classes <= kMaxConfusionClasses) result.confusion.assign(classes * classes, 0);
  std::vector<Counts> counts(classes);
  double loss = 0;  // in the order of the examples, so that threads change nothing
  for (size_t e = 0; e < data.examples(); ++e) {
    loss += static_cast<double>(losses[e]);
    const size_t truth = data.labels()[e];
    const size_t prediction = predictions[e];
    if (!result.confusion.empty()) ++result.confusion[truth * classes + prediction];
    ++counts[truth].truth;
    ++counts[prediction].predicted;
    if (truth == prediction) {
      ++counts[truth].hits;
      ++result.correct;
    }
  }
  const auto examples = static_cast<double>(data.examples());
  result.loss = Ratio(loss, examples);
  result.accuracy = Ratio(static_cast<double>(result.correct), examples);
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
