#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "colonnade/error.h"
#include "colonnade/train.h"
#include "engine/data/scaling.h"
#include "engine/train/loss.h"
#include "engine/train/run.h"

namespace colonnade {
namespace {

void Require(bool good, const char* option, double found, const char* expected) {
  if (good) return;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{}: found {}, expected {}", option, found, expected));
}

}  // namespace

TrainOptions TrainOptions::Classic() {
  TrainOptions options;
  options.hidden = {10};
  options.init = Initialization::kUniform;
  options.epochs = 1000;
  options.batch_size = 0;
  options.optimizer = Optimizer::kSgd;
  options.learning_rate = 0.05;
  options.schedule = Schedule::kConstant;
  return options;
}

namespace {

NetworkShape Shape(const TrainOptions& options, size_t inputs, size_t outputs) {
  NetworkShape shape =
      options.activations.empty()
          ? NetworkShape::Mlp(inputs, options.hidden, outputs, options.activation)
          : NetworkShape::Mlp(inputs, options.hidden, outputs, options.activations);
  for (size_t l = 0; l < options.hidden.size(); ++l) {
    shape.layers[l].batch_norm =
        options.batch_norms.empty() ? options.batch_norm : options.batch_norms.at(l);
  }
  return shape;
}

void CheckBatchNorm(const TrainOptions& options) {
  const auto fail = [](const std::string& found, const std::string& expected) {
    throw Error(ErrorCode::kInvalidArgument, found + ", expected " + expected);
  };
  const size_t given = options.batch_norms.size();
  if (given != 0 && given != options.hidden.size()) {
    fail(fmt::format("batch norm: found {} values", given),
         fmt::format("one for each of the {} hidden layers", options.hidden.size()));
  }
  if (!options.HasBatchNorm()) return;
  if (options.hidden.empty()) fail("batch norm: found on", "hidden layers to go with it");
  if (options.batch_size == 1) {
    fail("batch size: found 1", "at least 2 with batch normalisation: one example has no variance");
  }
  if (options.precision != Precision::kF32) {
    fail("precision: found bf16", "f32 with batch normalisation");
  }
}

}  // namespace

NetworkShape TrainOptions::ShapeFor(const Dataset& data) const {
  const Loss chosen = ResolveLoss(*this, data);
  const bool per_class = chosen == Loss::kCrossEntropy;
  NetworkShape shape = Shape(*this, data.features(), per_class ? data.classes() : 1);
  shape.output = per_class                             ? OutputKind::kSoftmax
                 : chosen == Loss::kBinaryCrossEntropy ? OutputKind::kSigmoid
                                                       : OutputKind::kLinear;
  return shape;
}

bool TrainOptions::HasBatchNorm() const {
  return batch_norms.empty() ? batch_norm
                             : std::ranges::find(batch_norms, true) != batch_norms.end();
}

size_t TrainOptions::ExamplesPerStep(size_t examples) const {
  if (batch_size == 0 || batch_size >= examples) return examples;
  return std::min(batch_size * accumulate, examples);
}

size_t TrainOptions::EpochsFor(size_t examples) const {
  constexpr size_t kSteps = 2500;
  if (epochs != 0) return epochs;
  const size_t batch = ExamplesPerStep(examples);
  const size_t steps_per_epoch = (examples + batch - 1) / batch;
  return std::clamp<size_t>((kSteps + steps_per_epoch - 1) / steps_per_epoch, 4, 200);
}

double TrainOptions::Rate() const {
  const bool adaptive = optimizer == Optimizer::kAdam || optimizer == Optimizer::kAdamW ||
                        optimizer == Optimizer::kRmsprop;
  // The squared error bends as much more steeply than the cross-entropy as its outputs are larger.
  const bool numbers = loss == Loss::kSquared || loss == Loss::kHuber;
  return learning_rate.value_or(adaptive ? 0.001 : numbers ? 0.003 : 0.15);
}

double TrainOptions::WeightDecay() const {
  return weight_decay.value_or(optimizer == Optimizer::kAdamW ? 0.01 : 0);
}

void TrainOptions::Check() const {
  Require(epochs <= 1'000'000, "epochs", static_cast<double>(epochs), "0 to 1000000");
  const double rate = Rate();
  Require(std::isfinite(rate) && rate > 0 && rate <= 1e6, "learning rate", rate,
          "a number above 0, at most 1000000");
  for (const auto& [option, value] :
       {std::pair{"momentum", momentum}, {"beta1", beta1}, {"beta2", beta2}, {"alpha", alpha}}) {
    Require(value >= 0 && value < 1, option, value, "a number in [0, 1)");
  }
  Require(lr_decay > 0 && lr_decay <= 1, "learning rate decay", lr_decay,
          "a number above 0, at most 1");
  Require(lr_decay_epochs <= 1'000'000, "learning rate decay epochs",
          static_cast<double>(lr_decay_epochs), "0 to 1000000");
  Require(accumulate >= 1 && accumulate <= 1'000'000, "accumulate", static_cast<double>(accumulate),
          "1 to 1000000");
  Require(accumulate == 1 || batch_size != 0, "accumulate", static_cast<double>(accumulate),
          "1 with full batches");
  Require(clip_norm >= 0 && clip_norm <= 1e30, "clip norm", clip_norm,
          "0 (no limit) or a number up to 1e30");
  Require(epsilon >= 1e-30 && epsilon <= 1, "epsilon", epsilon, "a number in [1e-30, 1]");
  Require(WeightDecay() >= 0 && WeightDecay() <= 1e6, "weight decay", WeightDecay(),
          "a number in [0, 1000000]");
  Require(std::isfinite(target_accuracy) && target_accuracy >= 0 && target_accuracy <= 1,
          "target accuracy", target_accuracy, "a fraction above 0, at most 1");
  Require(std::isfinite(max_seconds) && max_seconds >= 0, "max seconds", max_seconds,
          "a number above 0");
  Require(checkpoint_epochs > 0 || checkpoint_steps > 0 || checkpoint.empty(), "checkpoint epochs",
          0, "a number above 0, here or of steps");
  Require(!resume || !checkpoint.empty(), "resume", 1, "a checkpoint to go with it");
  Require(threads >= 0 && threads <= 1024, "threads", threads, "0 to 1024");
  CheckBatchNorm(*this);
  Shape(*this, 1, 1);
  CheckLossOptions(*this);
  Require(dropout >= 0 && dropout < 1, "dropout", dropout, "a number in [0, 1)");
  CheckScalingMethod(scale);
}

TrainResult Train(const Dataset& data, const TrainOptions& options) {
  return TrainingRun(data, options).Run();
}

}  // namespace colonnade
