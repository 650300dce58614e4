// SPDX-License-Identifier: Apache-2.0
#include "engine/train/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "colonnade/error.h"
#include "colonnade/files.h"
#include "colonnade/split.h"
#include "engine/data/scaling.h"
#include "engine/model/initialization.h"
#include "engine/runtime/option_text.h"
#include "engine/train/ensemble.h"
#include "engine/train/nonzero_lists.h"
#include "engine/train/target_choice.h"
#include "engine/train/targets.h"

namespace colonnade {
namespace {

size_t StepsPerEpoch(const TrainOptions& options, const Dataset& data) {
  const size_t batch = options.ExamplesPerStep(data.examples());
  return (data.examples() + batch - 1) / batch;
}

// Throws where options and data do not go together, in ways that a network alone cannot tell.
void Check(const TrainOptions& options, const Dataset& data, const NetworkShape& shape) {
  if (options.validation_data) {
    RequireMatch("validation data", *options.validation_data, data.features(), shape);
  }
  if (options.early_stopping > 0 && options.validation == 0 && !options.validation_data &&
      !options.HasFolds()) {
    throw Error(ErrorCode::kInvalidArgument,
                ErrorDetails{.subject = "early-stopping",
                             .found = fmt::to_string(*options.early_stopping),
                             .expected = "`validation` data to go with it"});
  }
  const size_t steps = options.EpochsFor(data.examples()) * StepsPerEpoch(options, data);
  if (options.warmup >= steps) {
    throw Error(ErrorCode::kInvalidArgument,
                ErrorDetails{.subject = "warmup",
                             .found = fmt::format("{} steps", options.warmup),
                             .expected = fmt::format("fewer than the {} of this training", steps)});
  }
}

// kAuto, as it was decided before.
TargetScale ScaleOf(const TargetScaling& target) {
  switch (target.transform) {
    case TargetTransform::kNone:
    case TargetTransform::kLog:
      return TargetScale::kStandard;
    case TargetTransform::kLog1p:
      return TargetScale::kLog;
    case TargetTransform::kQuantile:
      return TargetScale::kQuantile;
  }
  __builtin_unreachable();
}

TargetScale ScaleOf(const Checkpoint& checkpoint) {
  const std::string name = checkpoint.Value("target-scale").value_or("");
  return Parse<TargetScale>(name).value_or(TargetScale::kStandard);
}

// What the best epoch has least of. On a scale that flattens heavy tails it is the error there, for
// in the units of the data a few examples decide.
double StoppingLoss(const Evaluation& e) {
  if (!e.regression || !e.regression->learned_squared_error) return e.loss;
  // Validation data may have numbers that have no logarithm.
  const double learned = *e.regression->learned_squared_error;
  return std::isfinite(learned) ? learned : e.loss;
}

}  // namespace

std::optional<Checkpoint> FindCheckpoint(const TrainOptions& options) {
  if (!options.resume_from.empty()) return Checkpoint(options.resume_from, "resume_from");
  if (!options.resume) return {};
  std::error_code ignored;  // what cannot be looked at cannot be read either, and that is told
  if (std::filesystem::status(options.checkpoint, ignored).type() ==
      std::filesystem::file_type::not_found) {
    return {};
  }
  return Checkpoint::Load(options.checkpoint);
}

TrainOptions InForce(const TrainOptions& given, const Dataset& data,
                     const std::optional<Checkpoint>& checkpoint) {
  TrainOptions options = given.Resolve(data);
  if (options.target_scale != TargetScale::kAuto) return options;
  options.target_scale = options.start ? ScaleOf(options.start->target_scaling())
                         : checkpoint  ? ScaleOf(*checkpoint)
                                       : ChooseTargetScale(options, data);
  return options;
}

void CheckTraining(const Dataset& data, const TrainOptions& options) {
  const TrainOptions resolved = options.Resolve(data);
  Check(resolved, data, resolved.ShapeFor(data));
}

void RequireSameTraining(const Checkpoint& checkpoint, Identity identity, size_t epochs) {
  const auto as_there = [&](const Identity& as_here) {
    return checkpoint.version() == 1 ? AsVersion1(as_here) : as_here;
  };
  // One of fewer epochs goes on, by the schedule of the longer training from here.
  const std::string there = checkpoint.Value("epochs").value_or("");
  if (const auto fewer = NumberOf<size_t>(there); fewer && *fewer < epochs) {
    for (auto& [option, text] : identity) {
      if (option == "epochs") text = there;
    }
  }
  checkpoint.RequireIdentity(as_there(identity), as_there(DefaultIdentity()));
}

TrainingRun::TrainingRun(const Dataset& data, const TrainOptions& given, const Membership* of)
    : data_(data),
      checkpoint_(FindCheckpoint(given)),
      options_(InForce(given, data, checkpoint_)),
      max_seconds_(options_.max_seconds * (of == nullptr ? 1 : of->share)),
      learner_(data, options_, of) {
  const TrainOptions& options = options_;
  Check(options, data, learner_.model->shape);
  if (options.early_stopping > 0) best_ = ZeroParameters(learner_.model->shape);
  const size_t steps_per_epoch = StepsPerEpoch(options, data);
  progress_.epochs = options.EpochsFor(data.examples());
  progress_.steps = progress_.epochs * steps_per_epoch;
  progress_.network = &learner_.model->shape;
  schedule_.emplace(options, progress_.epochs, steps_per_epoch);
  if (!options.checkpoint.empty()) RequireWritable(options.checkpoint);
  if (Keeps() || checkpoint_) identity_ = Identify(data, learner_.model->shape, options);
  if (checkpoint_) Resume(*checkpoint_);
  checkpoint_.reset();
  if (options.profile) {
    profiler_.emplace(learner_.model->shape, options.precision, learner_.execution, profile_);
  }
  begin_ = Clock::now();
  const bool lists = learner_.batch == data.examples() && progress_.steps >= kNonzeroListSteps;
  loop_.emplace(options, data, learner_, lists ? Zeros::kSparse : Zeros::kAuto,
                profiler_ ? &*profiler_ : nullptr);
}

void TrainingRun::Resume(const Checkpoint& checkpoint) {
  Identity identity = identity_;
  // Up to version 3, what was not chosen was this for tables.
  if (options_.scale == Scale::kStandard && checkpoint.Value("scale") == "auto" &&
      !LooksLikePixels(data_)) {
    std::ranges::find(identity, "scale", &Identity::value_type::first)->second = "auto";
  }
  RequireSameTraining(checkpoint, std::move(identity), progress_.epochs);
  state_ = checkpoint.state();
  if (state_.end == StopReason::kEpochs && state_.epoch < progress_.epochs) state_.end.reset();
  const size_t steps_per_epoch = progress_.steps / progress_.epochs;
  const bool between_batches =
      state_.in_epoch < data_.examples() && state_.in_epoch % learner_.batch == 0;
  if (!between_batches || state_.epoch > progress_.epochs ||
      (state_.best_epoch > 0 && best_.empty()) ||
      state_.optimizer.size() != learner_.optimizer.Numbers().size() ||
      state_.step != state_.epoch * steps_per_epoch + state_.in_epoch / learner_.batch) {
    throw Error(ErrorCode::kBadModel,
                {.file = checkpoint.name(), .found = "a place that this training does not have"});
  }
  checkpoint.Read(Tensors());
  learner_.optimizer.set_steps(state_.step);
  std::ranges::copy(state_.optimizer, learner_.optimizer.Numbers().begin());
  seconds_before_ = state_.seconds;
  progress_.resumed_step = state_.step;
  progress_.epoch = state_.epoch;
  progress_.step = state_.step;
  progress_.examples = state_.epoch * data_.examples() + state_.in_epoch;
  progress_.loss = state_.sum.MeanLoss();
  progress_.accuracy = data_.regression() ? std::nan("") : state_.sum.Accuracy();
}

// All that a checkpoint holds.
std::vector<OptimizerState::Tensor> TrainingRun::Tensors() {
  std::vector<OptimizerState::Tensor> tensors;
  const auto add = [&](const char* prefix, std::vector<DenseParameters>& layers) {
    for (size_t l = 0; l < layers.size(); ++l) {
      const auto add_part = [&](const ParameterPart& part) {
        const kernels::Matrix values = (layers[l].*part.matrix).view();
        if (values.cols > 0) {
          tensors.push_back({fmt::format("{}.{}.{}", prefix, l, part.name), values});
        }
      };
      for (const ParameterPart& part : kLearnedParts) add_part(part);
      for (const ParameterPart& part : kRunningParts) add_part(part);
    }
  };
  add("parameters", learner_.model->layers);
  for (OptimizerState::Tensor& tensor : learner_.optimizer.Tensors()) {
    tensors.push_back({"optimizer." + tensor.name, tensor.values});
  }
  if (state_.best_epoch > 0) add("best", best_);
  return tensors;
}

// Whether there are checkpoints.
bool TrainingRun::Keeps() const { return !options_.checkpoint.empty() || options_.on_checkpoint; }

bool TrainingRun::CheckpointIsDue() const {
  if (!Keeps()) return false;
  if (state_.end || stopped_) return true;
  const auto due = [](size_t done, size_t every) { return every > 0 && done % every == 0; };
  return due(state_.step, options_.checkpoint_every.steps) ||
         (state_.in_epoch == 0 && due(state_.epoch, options_.checkpoint_every.epochs));
}

// The loss is looked at in every step, and so tells of what the step before did; the last one's
// parameters are looked at here.
void TrainingRun::RequireFinite(const Model::Storage& model) const {
  RequireFiniteParameters(state_.step, progress_.learning_rate, model.layers);
}

void TrainingRun::Save() {
  RequireFinite(*learner_.model);
  const std::span<double> numbers = learner_.optimizer.Numbers();
  state_.optimizer.assign(numbers.begin(), numbers.end());
  if (!options_.checkpoint.empty()) {
    SaveCheckpoint(options_.checkpoint, identity_, state_, Tensors());
  }
  if (options_.on_checkpoint) {
    options_.on_checkpoint(CheckpointBytes(identity_, state_, Tensors()));
  }
}

TrainResult TrainingRun::Run() {
  RunTo(progress_.epochs);
  return Finish();
}

void TrainingRun::RunTo(size_t epoch) {
  if (paused_) begin_ += Clock::now() - *paused_;  // no part of the training
  learner_.execution.Run([&] {
    while (!state_.end && !stopped_ && state_.epoch < epoch) Epoch();
  });
  paused_ = Clock::now();
}

Evaluation TrainingRun::Measure(const Dataset& data, size_t top_k) {
  return Evaluate(Model(learner_.Evaluated()), data, {.threads = options_.threads, .top_k = top_k});
}

void TrainingRun::Epoch() {
  const size_t epoch = state_.epoch;
  loop_->BeginEpoch(epoch, state_.in_epoch, state_.in_epoch > 0 ? state_.sum : BatchLoss());
  epoch_skipped_ = state_.in_epoch;
  epoch_began_ = state_.seconds;
  while (state_.epoch == epoch && !state_.end && !stopped_) Step();
}

void TrainingRun::Step() {
  progress_.learning_rate = schedule_->At(ScheduleStep(), static_cast<double>(progress_.steps));
  const bool measure = options_.measure_norms && loop_->at_last_batch();
  const BatchLoss result = loop_->Step(progress_.learning_rate, measure);
  ++state_.step;
  RequireFiniteLoss(result, state_.step, progress_.learning_rate, learner_.model->layers);
  const size_t count = loop_->done() - state_.in_epoch;
  state_.sum = loop_->sum();
  state_.in_epoch = loop_->done();

  state_.seconds = seconds_before_ + std::chrono::duration<double>(Clock::now() - begin_).count();
  progress_.epoch = state_.epoch + 1;
  progress_.epoch_done = loop_->epoch_done();
  progress_.step = state_.step;
  progress_.examples += count;
  progress_.loss = state_.sum.MeanLoss();
  progress_.accuracy = data_.regression() ? std::nan("") : state_.sum.Accuracy();
  progress_.gradient_norm = result.gradient_norm;
  progress_.seconds = state_.seconds;
  progress_.examples_per_second =
      static_cast<double>(state_.in_epoch - epoch_skipped_) / (state_.seconds - epoch_began_);

  std::optional<Evaluation> validation;
  if (progress_.epoch_done) validation = EndEpoch();
  // Whether one more step, as long as the others, would come too late.
  if (!state_.end && max_seconds_ > 0 &&
      state_.seconds * (1 + 1 / static_cast<double>(state_.step)) > max_seconds_) {
    state_.end = StopReason::kMaxSeconds;
  }
  progress_.validation = validation ? &*validation : nullptr;
  if (options_.on_progress && !options_.on_progress(progress_)) stopped_ = true;
  if (CheckpointIsDue()) Save();
}

// Returns how well the validation data are predicted, if there are any.
std::optional<Evaluation> TrainingRun::EndEpoch() {
  ++state_.epoch;
  state_.in_epoch = 0;
  if (options_.measure_norms) progress_.parameter_norm = ParameterNorm(learner_.model->layers);
  const std::shared_ptr<Model::Storage>& model = learner_.Evaluated();
  std::optional<Evaluation> validation;
  if (options_.validation_data) {
    validation = Measure(*options_.validation_data);
  }
  if (options_.early_stopping > 0 && StoppingLoss(*validation) < state_.best_loss) {
    state_.best_loss = StoppingLoss(*validation);
    state_.best_epoch = state_.epoch;
    CopyParameters(model->layers, best_);
  }
  const double accuracy = validation ? validation->accuracy : progress_.accuracy;
  if (options_.target_accuracy > 0 && accuracy >= options_.target_accuracy) {
    state_.end = StopReason::kTargetAccuracy;
  } else if (options_.early_stopping > 0 &&
             state_.epoch - state_.best_epoch >= options_.early_stopping) {
    state_.end = StopReason::kEarlyStopping;
  } else if (state_.epoch == progress_.epochs) {
    state_.end = StopReason::kEpochs;
  }
  return validation;
}

double TrainingRun::ScheduleStep() const {
  const auto step = static_cast<double>(state_.step);
  if (max_seconds_ == 0) return step;
  // The last step that a schedule knows is that before the end.
  const double passed = state_.seconds / max_seconds_;
  return std::clamp(passed * static_cast<double>(progress_.steps), step,
                    static_cast<double>(progress_.steps - 1));
}

TrainResult TrainingRun::Finish() {
  const std::shared_ptr<Model::Storage>& model = learner_.Evaluated();
  const bool choose = state_.best_epoch > 0 && state_.end != StopReason::kTargetAccuracy;
  if (choose) CopyParameters(best_, model->layers);
  RequireFinite(*model);
  if (model->target.transform == TargetTransform::kLog1p && options_.loss == Loss::kSquared) {
    model->target.smearing = FitSmearing(*model, data_, learner_.execution);
  }
  const double session_seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  if (profiler_) profiler_->Finish(begin_, session_seconds, loop_->skips_zeros());
  TrainResult result{.model = Model(model),
                     .options = options_,
                     .reason = state_.end.value_or(StopReason::kCallback),
                     .epochs = state_.epoch,
                     .steps = state_.step,
                     .resumed_step = progress_.resumed_step,
                     .stopped = !state_.end,
                     .loss = progress_.loss,
                     .accuracy = progress_.accuracy,
                     .seconds = seconds_before_ + session_seconds,
                     .threads = static_cast<int>(learner_.execution.threads()),
                     .best_epoch = choose ? state_.best_epoch : 0,
                     .validation = {},
                     .out_of_fold = false,
                     .members = {},
                     .profile = {}};
  result.options.scale = result.model.scaling().method;
  result.options.on_progress = {};  // what they refer to may be gone
  result.options.on_checkpoint = {};
  if (options_.profile) result.profile = std::move(profile_);
  if (options_.validation_data) {
    result.validation = Evaluate(result.model, *options_.validation_data, options_.threads);
  }
  return result;
}

TrainResult Train(const Dataset& data, const TrainOptions& given) {
  given.Check();
  const TrainOptions options = given.ForData(data);
  const auto train = [](const Dataset& on, const TrainOptions& by) {
    return by.ensemble > 1 ? TrainEnsemble(on, by) : TrainingRun(on, by).Run();
  };
  if (options.validation == 0) return train(data, options);
  Split split = SplitStratified(data, options.validation, options.seed);
  TrainOptions on_part = options;
  on_part.validation = 0.0;
  on_part.validation_data = std::move(split.validation);
  TrainResult result = train(split.train, on_part);
  result.options.validation = options.validation;
  result.options.validation_data.reset();
  return result;
}

}  // namespace colonnade
