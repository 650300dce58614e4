// SPDX-License-Identifier: Apache-2.0
#include "cli/train_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/config.h"
#include "cli/settings.h"
#include "colonnade/machine.h"
#include "colonnade/version.h"

namespace colonnade::cli {

namespace {

// As --batch-norm has it.
std::string BatchNormNames(const NetworkShape& shape) {
  std::string names;
  for (size_t l = 0; l + 1 < shape.layers.size(); ++l) {
    if (!names.empty()) names += ',';
    names += shape.layers[l].batch_norm ? "on" : "off";
  }
  return names;
}

// The options that the result depends on, as they were in force, and what came of them.
Json TrainingJson(const TrainResult& result, const Dataset& data) {
  const TrainOptions& options = result.options;
  Json json = {{"epochs", result.epochs}, {"steps", result.steps}};
  for (const Option& option : OptionsOf<TrainOptions>()) {
    const OptionInfo& info = option.info;
    if (info.effect != Effect::kResult || !Belongs(options, info.name)) continue;
    const std::string key = info.key == nullptr ? info.Key() : info.key;
    const std::string text = OptionText(options, info.name);
    if (!json.contains(key) && !text.empty()) json[key] = ValueJson(option, text);
  }
  const size_t batch = options.batch_size;
  json["batch_size"] = batch == 0 ? data.examples() : std::min(batch, data.examples());
  json["stopped_by"] = Name(result.reason);
  json["best_epoch"] = result.best_epoch > 0 ? Json(result.best_epoch) : Json();
  json["resumed_step"] = result.resumed_step > 0 ? Json(result.resumed_step) : Json();
  return json;
}

// How many networks there are, and how long those took that ended before their time.
std::string MembersText(const TrainResult& result) {
  if (result.members.empty()) return "";
  size_t early = 0;
  size_t least = result.options.epochs;
  size_t most = 0;
  for (const MemberResult& of : result.members) {
    if (of.reason == StopReason::kEpochs) continue;
    ++early;
    least = std::min(least, of.epochs);
    most = std::max(most, of.epochs);
  }
  std::string text = fmt::format("the model is the mean of {} networks", result.members.size());
  if (early > 0) {
    text +=
        fmt::format(", {} of them stopped by {} after {} epochs", early, Name(result.reason),
                    least == most ? fmt::to_string(most) : fmt::format("{} to {}", least, most));
  }
  return text + "\n";
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

// How the networks of an ensemble came to be.
Json MembersJson(const TrainResult& result) {
  Json members = Json::array();
  for (const MemberResult& of : result.members) {
    members.push_back(Json{{"seed", result.options.seed + of.member},
                           {"epochs", of.epochs},
                           {"steps", of.steps},
                           {"stopped_by", Name(of.reason)},
                           {"best_epoch", of.best_epoch > 0 ? Json(of.best_epoch) : Json()},
                           {"train", MetricsJson(of.loss, of.accuracy, {})},
                           {"validation", MetricsJson(of.validation)}});
  }
  return members;
}

}  // namespace

std::string EvaluationLine(const char* name, const Evaluation& e) {
  if (e.regression) return fmt::format("{:<6} {}\n", name, RegressionText(*e.regression));
  return fmt::format("{:<6} accuracy {:.4f}  loss {:.4f}  ({} of {} right)\n", name, e.accuracy,
                     e.loss, WithCommas(e.correct), WithCommas(e.examples));
}

void TrainReport::Measure(const std::optional<Dataset>& test_data, int threads) {
  if (test_data) test = Evaluate(result.model, *test_data, threads);
  if (data.regression()) train = Evaluate(result.model, data, threads);
}

Json TrainReport::ToJson() const {
  const Model& model = result.model;
  const Schema& schema = model.schema();
  const double per_second =
      result.seconds > 0 ? static_cast<double>(result.epochs * data.examples()) / result.seconds
                         : 0;
  Json network = {{"layers", model.shape().Widths()},
                  {"activation", OptionText(result.options, "activation")},
                  {"parameters", model.shape().parameters()}};
  if (model.members() > 1) network["members"] = model.members();
  if (model.shape().batch_norm()) network["batch_norm"] = BatchNormNames(model.shape());
  Json of_training = MetricsJson(result.loss, result.accuracy, train);
  if (model.target_scaling().transform == TargetTransform::kLog1p) {
    of_training["loss_scale"] = "log";
  } else if (model.target_scaling().transform == TargetTransform::kQuantile) {
    of_training["loss_scale"] = "quantile";
  }
  const std::optional<Evaluation>& validation = result.validation;
  Json of_data = {{"train_examples", data.examples()},
                  {"validation_examples", validation ? Json(validation->examples) : Json()},
                  {"test_examples", test ? Json(test->examples) : Json()},
                  {"features", schema.features},
                  {"classes", schema.classes.size()}};
  AddSummaries(files, of_data);
  Json of_validation = MetricsJson(validation);
  if (result.out_of_fold) of_validation["out_of_fold"] = true;
  Json of_run = TrainingJson(result, data);
  if (!result.members.empty()) of_run["members"] = MembersJson(result);
  return {{"command", "train"},
          {"version", Version()},
          {"data", of_data},
          {"network", network},
          {"training", of_run},
          {"options", OptionsJson(result.options, reading)},
          {"train", of_training},
          {"validation", of_validation},
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
  if (result.out_of_fold) {  // on the line above
    text.insert(text.size() - 1, ", out of fold");
  }
  if (test) text += EvaluationLine("test", *test);
  text += MembersText(result);
  if (result.reason != StopReason::kEpochs && result.members.empty()) {
    text += fmt::format("stopped by {} after epoch {}\n", Name(result.reason), result.epochs);
  }
  if (result.best_epoch > 0) {
    text += fmt::format("the model is that of epoch {}, which has the lowest validation loss\n",
                        result.best_epoch);
  }
  text += fmt::format("model  {}\n", output);
  return text;
}

Model TrainReport::WithProvenance(const TrainFlags& flags) const {
  const Json json = ToJson();
  Json of_data = json["data"];
  of_data["train_file"] = flags.train;
  of_data["train_hash"] = data.Hash();
  if (const auto lines = Lines(data.summary()); !lines.empty()) of_data["lines"] = lines;
  if (!flags.test.empty()) of_data["test_file"] = flags.test;
  if (!flags.validation_file.empty()) of_data["validation_file"] = flags.validation_file;
  if (!flags.start.empty()) of_data["start_file"] = flags.start;
  const auto text = [](const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  const Json metrics = {
      {"train", json["train"]}, {"validation", json["validation"]}, {"test", json["test"]}};
  return result.model.WithProvenance("version", text(Version()))
      .WithProvenance("data", text(of_data))
      .WithProvenance("training", text(json["training"]))
      .WithProvenance("options", text(OptionsJson(result.options, reading, true)))
      .WithProvenance("metrics", text(metrics));
}

}  // namespace colonnade::cli
