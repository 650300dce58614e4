// SPDX-License-Identifier: Apache-2.0
#include "colonnade/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "colonnade/train.h"
#include "engine/data/augment.h"
#include "engine/train/loss.h"
#include "engine/train/option_table.h"

namespace colonnade {
TrainOptions TrainOptions::Classic() {
  TrainOptions options;
  options.hidden = {10};
  options.activation = Activation::kRelu;
  options.dropout = 0;
  options.init = Initialization::kUniform;
  options.embed = Embedding::kNone;
  options.epochs = 1000;
  options.batch_size = 0;
  options.optimizer = Optimizer::kSgd;
  options.learning_rate = 0.05;
  options.schedule = Schedule::kConstant;
  options.validation = 0;
  options.early_stopping = 0;
  options.ensemble = 1;
  return options;
}

namespace {

// In the order of the layers.
template <class T>
std::vector<T> Each(const char* option, const char* what, const PerLayer<T>& values,
                    size_t layers) {
  if (!values.Fits(layers)) {
    Reject(option, fmt::format("{} values", values.values().size()),
           fmt::format("one {}, or one for each of the {} hidden layers", what, layers));
  }
  std::vector<T> each;
  each.reserve(layers);
  for (size_t l = 0; l < layers; ++l) each.push_back(values[l]);
  return each;
}

NetworkShape Shape(const TrainOptions& options, size_t inputs, size_t outputs) {
  const size_t layers = options.hidden->size();
  const std::vector<Activation> activations =
      Each("activation", "name", *options.activation, layers);
  const std::vector<bool> norms = Each("batch-norm", "value", options.batch_norm, layers);
  NetworkShape shape = NetworkShape::Mlp(inputs, *options.hidden, outputs, activations);
  for (size_t l = 0; l < layers; ++l) shape.layers[l].batch_norm = norms[l];
  return shape;
}

void CheckBatchNorm(const TrainOptions& options) {
  if (!options.HasBatchNorm()) return;
  if (options.hidden->empty()) Reject("batch-norm", "on", "hidden layers to go with it");
  if (options.batch_size == 1) {
    Reject("batch-size", "1", "at least 2 with batch normalisation: one example has no variance");
  }
  if (options.precision != Precision::kF32) {
    Reject("precision", Name(options.precision), "f32 with batch normalisation");
  }
}

void CheckAveraging(const TrainOptions& options) {
  if (options.optimizer != Optimizer::kScheduleFree) return;
  if (options.ema > 0) {
    Reject("ema", fmt::format("{} with the optimizer schedule-free", *options.ema),
           "0: it averages by itself");
  }
  // The average follows from what is kept only where it has a share in it.
  if (options.beta1 == 0) {
    Reject("beta1", "0 with the optimizer schedule-free", "a number above 0");
  }
}

// A text has no others.
void CheckAugmentation(const Augmentation& augment) {
  if (augment.rotate >= 0 && augment.rotate <= 180) return;
  Reject("augment", fmt::format("rotate:{}", augment.rotate), "degrees from 0 to 180");
}

void CheckData(const Dataset& data) {
  if (!data.labelled()) {
    throw Error(ErrorCode::kBadData,
                ErrorDetails{.subject = "training data", .problem = "no labels"});
  }
  if (data.regression() || data.classes() >= 2) return;
  throw Error(ErrorCode::kBadData,
              {.subject = "training data",
               .found = fmt::format("{} class in the label column", data.classes()),
               .expected = "at least 2"});
}

}  // namespace

NetworkShape TrainOptions::ShapeFor(const Dataset& data) const {
  const OutputKind output = RowOf(ResolveLoss(*this, data)).output;
  const bool per_class = output == OutputKind::kSoftmax;
  const size_t numbers = loss == Loss::kQuantile ? quantiles.size() : 1;
  NetworkShape shape = Shape(*this, data.features(), per_class ? data.classes() : numbers);
  shape.output = output;
  return shape;
}

bool TrainOptions::HasBatchNorm() const {
  return std::ranges::find(batch_norm.values(), true) != batch_norm.values().end();
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

// The squared error bends as much more steeply than the cross-entropy as its outputs are larger.
double TrainOptions::Rate() const {
  const OptimizerRow& row = RowOf(*optimizer);
  return learning_rate.value_or(RowOf(loss).for_numbers ? row.numbers_learning_rate
                                                        : row.learning_rate);
}

double TrainOptions::WeightDecay() const {
  return weight_decay.value_or(RowOf(*optimizer).weight_decay);
}

double TrainOptions::Beta2() const { return beta2.value_or(RowOf(*optimizer).beta2); }

Schedule TrainOptions::ScheduleInForce() const {
  return schedule.value_or(RowOf(*optimizer).schedule);
}

void TrainOptions::Check() const {
  CheckRanges(*this);
  CheckAveraging(*this);
  if (warmup > 0 && ScheduleInForce() == Schedule::kCosLog) {
    Reject("warmup", fmt::format("{} with the schedule coslog", warmup),
           "0: the schedule begins at rate 0 by itself");
  }
  if (accumulate > 1 && batch_size == 0) {
    Reject("accumulate", fmt::to_string(accumulate), "1 with full batches");
  }
  if (validation > 0 && validation_data) {
    Reject("validation", "validation data from elsewhere, too", "one of them");
  }
  if (ensemble == 0) Reject("ensemble", "0", fmt::format("1 to {}", kMaxMembers));
  if (start && start->members() > 1 && ensemble.chosen() && ensemble != start->members()) {
    Reject("start", fmt::format("a model of {} networks", start->members()),
           fmt::format("one of a single network, or of `ensemble` {}", *ensemble));
  }
  if (ensemble > 1 && loss == Loss::kQuantile && quantiles.size() > 1) {
    Reject("ensemble", fmt::format("{} with {} quantiles", *ensemble, quantiles.size()),
           "1, or a single quantile");
  }
  if (profile && ensemble > 1) {
    Reject("profile", "on", "`ensemble` 1 to go with it");
  }
  const bool checkpoints = !checkpoint.empty() || on_checkpoint;
  if (checkpoints && checkpoint_every.epochs == 0 && checkpoint_every.steps == 0) {
    Reject("checkpoint-every", "0", "a number above 0, of epochs or of steps");
  }
  if (resume && checkpoint.empty()) Reject("resume", "on", "a `checkpoint` to go with it");
  CheckBatchNorm(*this);
  CheckAugmentation(augment);
  Shape(*this, 1, 1);
  CheckLossOptions(*this);
}

void TrainOptions::StartFrom(const Model& model) {
  start = model;
  std::vector<size_t> widths;
  std::vector<Activation> activations;
  std::vector<bool> norms;
  const std::vector<Layer>& layers = model.shape().layers;
  for (size_t l = 0; l + 1 < layers.size(); ++l) {
    widths.push_back(layers[l].outputs);
    activations.push_back(layers[l].activation);
    norms.push_back(layers[l].batch_norm);
  }
  hidden = std::move(widths);
  if (hidden->empty()) return;
  activation = std::move(activations);
  batch_norm = std::move(norms);
}

TrainOptions TrainOptions::Resolve(const Dataset& data) const {
  Check();
  CheckData(data);
  if (!augment.none()) RequirePictures(data, augment);
  TrainOptions resolved = ForData(data);
  if (profile && resolved.ensemble > 1) Reject("profile", "on", "`ensemble` 1 to go with it");
  if (!class_weight.file.empty()) {
    if (data.regression()) {
      Reject("class-weight", OptionText(*this, "class-weight") + " for numbers",
             "a label column of classes");
    }
    resolved.class_weight = {.values = ReadClassWeights(class_weight.file, data.schema().classes)};
  }
  resolved.loss = ResolveLoss(resolved, data);
  if (target_scale == TargetScale::kAuto && resolved.loss != Loss::kSquared &&
      resolved.loss != Loss::kQuantile) {
    resolved.target_scale = TargetScale::kStandard;
  }
  resolved.learning_rate = resolved.Rate();
  resolved.weight_decay = resolved.WeightDecay();
  resolved.beta2 = resolved.Beta2();
  resolved.schedule = resolved.ScheduleInForce();
  resolved.epochs = resolved.EpochsFor(data.examples());
  if (target_accuracy > 0 && data.regression()) {
    Reject("target-accuracy", fmt::format("{} for numbers", target_accuracy), "classes");
  }
  if (HasBatchNorm() && data.examples() == 1) {
    throw Error(ErrorCode::kBadData, {.subject = "training data",
                                      .found = "1 example",
                                      .expected = "at least 2 for batch normalisation"});
  }
  return resolved;
}

}  // namespace colonnade
