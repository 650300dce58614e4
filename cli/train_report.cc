#include "cli/train_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/learning_options.h"
#include "cli/loss_options.h"
#include "cli/stopping_options.h"
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

// As --batch-norm has it.
std::string BatchNormNames(const NetworkShape& shape) {
  std::string names;
  for (size_t l = 0; l + 1 < shape.layers.size(); ++l) {
    if (!names.empty()) names += ',';
    names += shape.layers[l].batch_norm ? "on" : "off";
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

Json MetricsJson(const std::optional<Evaluation>& evaluation) {
  if (!evaluation) return {};
  return MetricsJson(evaluation->loss, evaluation->accuracy, evaluation);
}

}  // namespace

std::string EvaluationLine(const char* name, const Evaluation& e) {
  if (e.regression) return fmt::format("{:<6} {}\n", name, RegressionText(*e.regression));
  return fmt::format("{:<6} accuracy {:.4f}  loss {:.4f}  ({} of {} right)\n", name, e.accuracy,
                     e.loss, WithCommas(e.correct), WithCommas(e.examples));
}

void TrainReport::Measure(const Dataset& data, const std::optional<Dataset>& test_data,
                          int threads) {
  if (test_data) test = Evaluate(result.model, *test_data, threads);
  if (data.regression()) train = Evaluate(result.model, data, threads);
}

Json TrainReport::ToJson() const {
  const Model& model = result.model;
  const Schema& schema = model.schema();
  const double per_second =
      result.seconds > 0 ? static_cast<double>(result.epochs * train_examples) / result.seconds : 0;
  Json training = {{"epochs", result.epochs}, {"steps", result.steps}, {"batch_size", batch_size}};
  AddLossReport(options, model, training);
  AddLearningReport(options, training);
  if (options.dropout > 0) training["dropout"] = options.dropout;
  training["init"] = Name(options.init);
  training["scale"] = model.scaling().method;
  training["seed"] = options.seed;
  training["precision"] = Name(options.precision);
  training["stopped_by"] = Name(result.reason);
  training["best_epoch"] = result.best_epoch > 0 ? Json(result.best_epoch) : Json();
  training["resumed_step"] = result.resumed_step > 0 ? Json(result.resumed_step) : Json();
  Json network = {{"layers", model.shape().Widths()},
                  {"activation", ActivationNames(options)},
                  {"parameters", model.shape().parameters()}};
  if (model.shape().batch_norm()) network["batch_norm"] = BatchNormNames(model.shape());
  const std::optional<Evaluation>& validation = result.validation;
  return {{"command", "train"},
          {"version", Version()},
          {"data",
           {{"train_examples", train_examples},
            {"validation_examples", validation ? Json(validation->examples) : Json()},
            {"test_examples", test ? Json(test->examples) : Json()},
            {"features", schema.features},
            {"classes", schema.classes.size()}}},
          {"network", network},
          {"training", training},
          {"train", MetricsJson(result.loss, result.accuracy, train)},
          {"validation", MetricsJson(validation)},
          {"test", MetricsJson(test)},
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
  std::string text =
      train ? EvaluationLine("train", *train)
            : fmt::format("train  accuracy {:.4f}  loss {:.4f}  (last epoch, as it trained)\n",
                          result.accuracy, result.loss);
  if (result.validation) text += EvaluationLine("valid", *result.validation);
  if (test) text += EvaluationLine("test", *test);
  if (result.reason != StopReason::kEpochs) {
    text += fmt::format("stopped by {} after epoch {}\n", Name(result.reason), result.epochs);
  }
  if (result.best_epoch > 0) {
    text += fmt::format("the model is that of epoch {}, which has the lowest validation loss\n",
                        result.best_epoch);
  }
  text += fmt::format("model  {}\n", output);
  return text;
}

TrainReport ReportOf(const TrainOptions& options, const TrainResult& result, const Dataset& train) {
  const size_t batch_size = options.batch_size;
  return {
      .options = options,
      .result = result,
      .train_examples = train.examples(),
      .batch_size = batch_size == 0 ? train.examples() : std::min(batch_size, train.examples())};
}

void AddProvenance(const TrainFlags& flags, const TrainReport& report, const Dataset& train,
                   Model& model) {
  const Json json = report.ToJson();
  Json data = json["data"];
  data["train_file"] = flags.train;
  data["train_hash"] = train.Hash();
  if (!flags.test.empty()) data["test_file"] = flags.test;
  if (!flags.stopping.validation_file.empty()) {
    data["validation_file"] = flags.stopping.validation_file;
  }
  if (!flags.stopping.start.empty()) data["start_file"] = flags.stopping.start;
  model.SetProvenance("version", Json(Version()).dump());
  model.SetProvenance("data", data.dump(-1, ' ', false, Json::error_handler_t::replace));
  model.SetProvenance("training", json["training"].dump());
  model.SetProvenance(
      "metrics",
      Json{{"train", json["train"]}, {"validation", json["validation"]}, {"test", json["test"]}}
          .dump());
}

}  // namespace colonnade::cli
