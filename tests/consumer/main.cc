// SPDX-License-Identifier: Apache-2.0
// A program outside the project that uses the installed library as an embedder would: learns the
// exclusive or from memory, breaks off and goes on, chooses options, answers, and learns more.
#include <colonnade/colonnade.h>
#include <kernels/activation.h>
#include <kernels/convert.h>
#include <kernels/gemm.h>
#include <kernels/gemv.h>
#include <kernels/optimizer.h>
#include <kernels/softmax.h>
#include <kernels/targets.h>

#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

static_assert(COLONNADE_VERSION_MAJOR > 0 || COLONNADE_VERSION_MINOR >= 1);

namespace {

const std::vector<float> kValues = {0, 0, 0, 1, 1, 0, 1, 1};  // two of each example

void Require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

colonnade::TrainOptions Options() {
  colonnade::TrainOptions options;
  options.hidden = {16};
  options.epochs = 200;
  options.batch_size = 0;
  colonnade::SetOption(options, "lr", "0.15");
  return options;
}

// What is wrong is told in parts, and the names of options are spelt as the program likes.
void Refuses() {
  try {
    colonnade::TrainOptions options;
    colonnade::SetOption(options, "lr-decay", "2");
  } catch (const colonnade::Error& error) {
    const std::string message =
        error.Message([](std::string_view name) { return "<" + std::string(name) + ">"; });
    Require(error.code() == colonnade::ErrorCode::kInvalidArgument &&
                error.details().subject == "lr-decay" && message.starts_with("<lr-decay>"),
            "an error in parts");
    return;
  }
  Require(false, "an error");
}

// The checkpoint of a training that breaks off stays in memory, and another goes on from it.
colonnade::TrainResult BreaksOffAndGoesOn(const colonnade::Dataset& data) {
  colonnade::TrainOptions options = Options();
  options.validation_data = data;
  options.early_stopping = 100;
  std::string kept;
  options.on_checkpoint = [&](std::string_view bytes) { kept = bytes; };
  options.on_progress = [](const colonnade::Progress& p) { return p.step < 50; };
  Require(colonnade::Train(data, options).stopped, "a break");
  options.on_progress = nullptr;
  options.resume_from = kept;
  const colonnade::TrainResult result = colonnade::Train(data, options);
  Require(result.resumed_step == 50 && result.validation, "to go on");
  Require(result.options.loss == colonnade::Loss::kCrossEntropy, "the loss in force");
  return result;
}

void Selects(const colonnade::Dataset& data) {
  const std::vector<colonnade::GridAxis> axes = {{"hidden", {"none", "16"}}};
  const auto configurations = colonnade::Grid(Options(), axes);
  colonnade::SelectOptions options;
  options.validation_data = data;
  const colonnade::Selection selection = colonnade::Select(data, configurations, options);
  Require(selection.model && selection.ranking.front().configuration == 1, "a hidden layer");
}

// Straight from memory, in one piece and example by example.
void Answers(const colonnade::Model& model, const std::vector<std::string>& labels) {
  const auto copy = colonnade::Model::FromBytes(model.ToBytes());
  Require(copy.ParametersHash() == model.ParametersHash(), "the same model");
  std::vector<uint32_t> classes(labels.size());
  copy.Classes(kValues, classes);
  colonnade::Predictor predictor(model);
  std::vector<float> probabilities(2);
  for (size_t e = 0; e < labels.size(); ++e) {
    Require(model.schema().classes[classes[e]] == labels[e], "the right class");
    predictor.Probabilities(std::span(kValues).subspan(2 * e, 2), probabilities);
    Require(probabilities[classes[e]] > 0.5f, "a high probability");
  }
}

// Further data, as they come.
void LearnsMore(const colonnade::Dataset& data, const colonnade::Model& model) {
  colonnade::TrainOptions options = Options();
  options.StartFrom(model);
  colonnade::Trainer trainer(data, options);
  Require(trainer.Fit(data).accuracy == 1 && trainer.model().shape() == model.shape(), "to learn");
}

void Run() {
  Require(colonnade::kernels::PaddedRows(1) == 16, "a kernel");
  const std::vector<std::string> labels = {"no", "yes", "yes", "no"};
  const auto data = colonnade::Dataset::FromMemory({kValues, 2}, labels);
  Refuses();
  const colonnade::TrainResult result = BreaksOffAndGoesOn(data);
  Selects(data);
  Answers(result.model, labels);
  LearnsMore(data, result.model);
  const colonnade::Evaluation evaluation = colonnade::Evaluate(result.model, data);
  std::printf("colonnade %s: accuracy %.2f, loss %.4f\n", colonnade::Version(), evaluation.accuracy,
              evaluation.loss);
  Require(evaluation.accuracy == 1, "to have learnt");
}

}  // namespace

int main() {
  try {
    Run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "consumer: expected %s\n", error.what());
    return 1;
  }
}
