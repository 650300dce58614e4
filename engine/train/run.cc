// SPDX-License-Identifier: Apache-2.0
#include "engine/train/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "colonnade/error.h"
#include "colonnade/files.h"
#include "colonnade/split.h"
#include "engine/model/initialization.h"
#include "engine/train/nonzero_lists.h"

namespace colonnade {
namespace {

size_t StepsPerEpoch(const TrainOptions& options, const Dataset& data) {
  const size_t batch = options.ExamplesPerStep(data.examples());
  return (data.examples() + batch - 1) / batch;
}

// Throws where options and data do not go together, in ways that a network alone cannot tell.
void Check(const TrainOptions& options, const Dataset& data, const NetworkShape& shape) {
  if (options.validation_data) RequireMatch("validation data", *options.validation_data, shape);
  if (options.early_stopping > 0 && !options.validation_data) {
    throw Error(ErrorCode::kInvalidArgument,
                ErrorDetails{.subject = "early-stopping",
                             .found = fmt::to_string(options.early_stopping),
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

}  // namespace

void CheckTraining(const Dataset& data, const TrainOptions& options) {
  const TrainOptions resolved = options.Resolve(data);
  Check(resolved, data, resolved.ShapeFor(data));
}

TrainingRun::TrainingRun(const Dataset& data, const TrainOptions& given)
    : data_(data), options_(given.Resolve(data)), learner_(data, options_) {
  const TrainOptions& options = options_;
  Check(options, data, learner_.model->shape);
  if (options.early_stopping > 0) best_ = ZeroParameters(learner_.model->shape);
  const size_t steps_per_epoch = StepsPerEpoch(options, data);
  progress_.epochs = options.EpochsFor(data.examples());
  progress_.steps = progress_.epochs * steps_per_epoch;
  schedule_.emplace(options, progress_.epochs, steps_per_epoch);
  if (!options.checkpoint.empty()) RequireWritable(options.checkpoint);
  if (Keeps() || !options.resume_from.empty()) {
    identity_ = Identify(data, learner_.model->shape, options);
  }
  if (!options.resume_from.empty()) {
    Resume(Checkpoint(options.resume_from, "resume_from"));
  } else if (options.resume) {
    ResumeFromFile();
  }
  if (options.profile) {
    profiler_.emplace(learner_.model->shape, options.precision, learner_.execution, profile_);
  }
  begin_ = Clock::now();
  const bool lists = learner_.batch == data.examples() && progress_.steps >= kNonzeroListSteps;
  loop_.emplace(options, data, learner_, lists ? Zeros::kSparse : Zeros::kAuto,
                profiler_ ? &*profiler_ : nullptr);
}

void TrainingRun::ResumeFromFile() {
  std::error_code ignored;  // what cannot be looked at cannot be read either, and that is told
  if (std::filesystem::status(options_.checkpoint, ignored).type() ==
      std::filesystem::file_type::not_found) {
    return;
  }
  Resume(Checkpoint::Load(options_.checkpoint));
}

void TrainingRun::Resume(const Checkpoint& checkpoint) {
  const auto as_there = [&](const Identity& identity) {
    return checkpoint.version() == 1 ? AsVersion1(identity) : identity;
  };
  Identity expected = identity_;
  // One of fewer epochs goes on, by the schedule of the longer training from here.
  if (const size_t epochs = checkpoint.epochs(); epochs > 0 && epochs < progress_.epochs) {
    for (auto& [option, text] : expected) {
      if (option == "epochs") text = fmt::to_string(epochs);
    }
  }
  checkpoint.RequireIdentity(as_there(expected), as_there(DefaultIdentity()));
  state_ = checkpoint.state();
  if (state_.end == StopReason::kEpochs && state_.epoch < progress_.epochs) state_.end.reset();
  const size_t steps_per_epoch = progress_.steps / progress_.epochs;
  const bool between_batches =
      state_.in_epoch < data_.examples() && state_.in_epoch % learner_.batch == 0;
  if (!between_batches || state_.epoch > progress_.epochs ||
      (state_.best_epoch > 0 && best_.empty()) ||
      state_.step != state_.epoch * steps_per_epoch + state_.in_epoch / learner_.batch) {
    throw Error(ErrorCode::kBadModel,
                {.file = checkpoint.name(), .found = "a place that this training does not have"});
  }
  checkpoint.Read(Tensors());
  learner_.optimizer.set_steps(state_.step);
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
void TrainingRun::RequireFinite() const {
  RequireFiniteParameters(state_.step, progress_.learning_rate, learner_.model->layers);
}

void TrainingRun::Save() {
  RequireFinite();
  if (!options_.checkpoint.empty()) {
    SaveCheckpoint(options_.checkpoint, identity_, state_, Tensors());
  }
  if (options_.on_checkpoint) {
    options_.on_checkpoint(CheckpointBytes(identity_, state_, Tensors()));
  }
}

TrainResult TrainingRun::Run() {
  learner_.execution.Run([&] {
    while (!state_.end && !stopped_) Epoch();
  });
  return Finish();
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
  if (!state_.end && options_.max_seconds > 0 &&
      state_.seconds * (1 + 1 / static_cast<double>(state_.step)) > options_.max_seconds) {
    state_.end = StopReason::kMaxSeconds;
  }
  progress_.validation = validation ? &*validation : nullptr;
  if (options_.on_progress && !options_.on_progress(progress_)) stopped_ = true;
  if (CheckpointIsDue()) Save();
}

// Returns how well the validation data are predicted, if there are any.
std::optional<Evaluation> TrainingRun::EndEpoch() {
  const std::vector<DenseParameters>& layers = learner_.model->layers;
  ++state_.epoch;
  state_.in_epoch = 0;
  if (options_.measure_norms) progress_.parameter_norm = ParameterNorm(layers);
  std::optional<Evaluation> validation;
  if (options_.validation_data) {
    validation = Evaluate(Model(learner_.model), *options_.validation_data, options_.threads);
  }
  if (options_.early_stopping > 0 && validation->loss < state_.best_loss) {
    state_.best_loss = validation->loss;
    state_.best_epoch = state_.epoch;
    CopyParameters(layers, best_);
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
  if (options_.max_seconds == 0) return step;
  // The last step that a schedule knows is that before the end.
  const double passed = state_.seconds / options_.max_seconds;
  return std::clamp(passed * static_cast<double>(progress_.steps), step,
                    static_cast<double>(progress_.steps - 1));
}

TrainResult TrainingRun::Finish() {
  std::vector<DenseParameters>& layers = learner_.model->layers;
  const bool choose = state_.best_epoch > 0 && state_.end != StopReason::kTargetAccuracy;
  if (choose) CopyParameters(best_, layers);
  RequireFinite();
  const double session_seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  if (profiler_) profiler_->Finish(begin_, session_seconds, loop_->skips_zeros());
  TrainResult result{.model = Model(learner_.model),
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

TrainResult Train(const Dataset& data, const TrainOptions& options) {
  if (options.validation == 0) return TrainingRun(data, options).Run();
  options.Check();
  Split split = SplitStratified(data, options.validation, options.seed);
  TrainOptions on_part = options;
  on_part.validation = 0;
  on_part.validation_data = std::move(split.validation);
  TrainResult result = TrainingRun(split.train, on_part).Run();
  result.options.validation = options.validation;
  result.options.validation_data.reset();
  return result;
}

}  // namespace colonnade
