#include "colonnade/evaluate.h"

#include "colonnade/error.h"
#include "engine/model/inference.h"
#include "kernels/softmax.h"

namespace colonnade {
namespace {

double Ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

// Precision, recall and F1 of every class, from the confusion matrix.
std::vector<ClassMetrics> PerClass(const std::vector<uint64_t>& confusion, size_t classes) {
  std::vector<ClassMetrics> result(classes);
  for (size_t k = 0; k < classes; ++k) {
    uint64_t truth = 0;
    uint64_t predicted = 0;
    for (size_t other = 0; other < classes; ++other) {
      truth += confusion[k * classes + other];
      predicted += confusion[other * classes + k];
    }
    const auto hits = static_cast<double>(confusion[k * classes + k]);
    result[k].support = truth;
    result[k].precision = Ratio(hits, static_cast<double>(predicted));
    result[k].recall = Ratio(hits, static_cast<double>(truth));
    result[k].f1 = Ratio(2 * hits, static_cast<double>(truth + predicted));
  }
  return result;
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
  result.confusion.assign(classes * classes, 0);
  double loss = 0;  // in the order of the examples, so that threads change nothing
  for (size_t e = 0; e < data.examples(); ++e) {
    loss += static_cast<double>(losses[e]);
    ++result.confusion[data.labels()[e] * classes + predictions[e]];
    if (data.labels()[e] == predictions[e]) ++result.correct;
  }
  const auto examples = static_cast<double>(data.examples());
  result.loss = Ratio(loss, examples);
  result.accuracy = Ratio(static_cast<double>(result.correct), examples);
  result.per_class = PerClass(result.confusion, classes);
  result.macro.support = data.examples();
  for (const ClassMetrics& k : result.per_class) {
    result.macro.precision += k.precision / static_cast<double>(classes);
    result.macro.recall += k.recall / static_cast<double>(classes);
    result.macro.f1 += k.f1 / static_cast<double>(classes);
  }
  return result;
}

}  // namespace colonnade
