#include "cli/train_report.h"

#include <fmt/format.h>

#include "cli/learning_options.h"
#include "cli/loss_options.h"
#include "colonnade/machine.h"
#include "colonnade/version.h"

namespace colonnade::cli {

const char* Name(Initialization init) { return init == Initialization::kHe ? "he" : "uniform"; }

const char* Name(Precision precision) { return precision == Precision::kF32 ? "f32" : "bf16"; }

namespace {

// As --activation has them.
std::string ActivationNames(const TrainOptions& options) {
  if (options.activations.empty()) return Name(options.activation);
  std::string names;
  for (const Activation activation : options.activations) {
    if (!names.empty()) names += ',';
    names += Name(activation);
  }
  return names;
}

// Numbers have no accuracy but other metrics.
Json MetricsJson(double loss, double accuracy, const std::optional<Evaluation>& evaluation) {
  Json metrics = {{"loss", loss}, {"accuracy", accuracy}};
  if (evaluation && evaluation->regression) {
    metrics["accuracy"] = Json();
    metrics.update(RegressionJson(*evaluation->regression));
  }
  return metrics;
}

}  // namespace

Json TrainReport::ToJson() const {
  const Model& model = result.model;
  const Schema& schema = model.schema();
  const double per_second =
      result.seconds > 0 ? static_cast<double>(result.epochs * train_examples) / result.seconds : 0;
  Json training = {{"epochs", result.epochs}, {"steps", result.steps}, {"batch_size", batch_size}};
  AddLossReport(options, model, training);
  AddLearningReport(options, training);
  training["init"] = Name(options.init);
  training["scale"] = model.scaling().method;
  training["seed"] = options.seed;
  training["precision"] = Name(options.precision);
  return {{"command", "train"},
          {"version", Version()},
          {"data",
           {{"train_examples", train_examples},
            {"test_examples", test ? Json(test->examples) : Json()},
            {"features", schema.features},
            {"classes", schema.classes.size()}}},
          {"network",
           {{"layers", model.shape().Widths()},
            {"activation", ActivationNames(options)},
            {"parameters", model.shape().parameters()}}},
          {"training", training},
          {"train", MetricsJson(result.loss, result.accuracy, train)},
          {"validation", Json()},
          {"test", test ? MetricsJson(test->loss, test->accuracy, test) : Json()},
          {"seconds",
           {{"load", load_seconds},
            {"train", result.seconds},
            {"evaluate", evaluate_seconds},
            {"save", save_seconds},
            {"total", total_seconds}}},
          {"examples_per_second", per_second},
          {"parameters_hash", model.ParametersHash()},
          {"machine", {{"threads", result.threads}, {"simd", SimdTarget()}}},
          {"output", output}};
}

std::string TrainReport::ToText() const {
  std::string text;
  if (train && train->regression) {
    text = "train  " + RegressionText(*train->regression) + "\n";
    if (test) text += "test   " + RegressionText(*test->regression) + "\n";
  } else {
    text = fmt::format("train  accuracy {:.4f}  loss {:.4f}  (last epoch, as it trained)\n",
                       result.accuracy, result.loss);
    if (test) {
      text += fmt::format("test   accuracy {:.4f}  loss {:.4f}  ({} of {} right)\n", test->accuracy,
                          test->loss, WithCommas(test->correct), WithCommas(test->examples));
    }
  }
  text += fmt::format("model  {}\n", output);
  return text;
}

}  // namespace colonnade::cli
