#include "engine/train/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "colonnade/error.h"
#include "colonnade/files.h"
#include "engine/data/storage.h"
#include "engine/model/initialization.h"
#include "engine/runtime/random.h"

namespace colonnade {
namespace {

// From this many full-batch steps on, keeping the nonzeros of the data pays: it takes as long as
// some of them.
constexpr size_t kSparseSteps = 16;

size_t StepsPerEpoch(const TrainOptions& options, const Dataset& data) {
  const size_t batch = options.ExamplesPerStep(data.examples());
  return (data.examples() + batch - 1) / batch;
}

// Throws where options and data do not go together, in ways that a network alone cannot tell.
void Check(const TrainOptions& options, const Dataset& data, const NetworkShape& shape) {
  if (options.validation != nullptr) {
    CheckFits("validation data", *options.validation, shape);
  }
  if (options.early_stopping > 0 && options.validation == nullptr) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("early stopping: found {}, expected validation data to go with it",
                            options.early_stopping));
  }
  const size_t steps = options.EpochsFor(data.examples()) * StepsPerEpoch(options, data);
  if (options.warmup >= steps) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("warm-up: found {} steps, expected fewer than the {} of this training",
                            options.warmup, steps));
  }
}

}  // namespace

void CheckTraining(const Dataset& data, const TrainOptions& options) {
  const TrainOptions resolved = Resolve(options, data);
  Check(resolved, data, resolved.ShapeFor(data));
}

TrainingRun::TrainingRun(const Dataset& data, const TrainOptions& given)
    : data_(data),
      options_(Resolve(given, data)),
      learner_(data, options_),
      order_(data.examples()) {
  const TrainOptions& options = options_;
  Check(options, data, learner_.model->shape);
  if (options.early_stopping > 0) best_ = ZeroParameters(learner_.model->shape);
  std::iota(order_.begin(), order_.end(), 0u);
  const size_t steps_per_epoch = StepsPerEpoch(options, data);
  progress_.epochs = options.EpochsFor(data.examples());
  progress_.steps = progress_.epochs * steps_per_epoch;
  schedule_.emplace(options, progress_.epochs, steps_per_epoch);
  if (!options.checkpoint.empty()) {
    RequireWritable(options.checkpoint);
    identity_ = Identify(data, learner_.model->shape, options);
    if (options.resume) Resume();
  }
  if (options.profile != nullptr) {
    profiler_.emplace(learner_.model->shape, options.precision, learner_.execution,
                      *options.profile);
  }
  begin_ = Clock::now();
  StepSettings settings = SettingsOf(options, learner_.batch);
  const bool full_batch = learner_.batch == data.examples();
  if (full_batch && progress_.steps >= kSparseSteps) settings.zeros = Zeros::kSparse;
  step_.emplace(learner_.model->shape, data, learner_.model->scaling, settings,
                learner_.model->layers, learner_.optimizer, learner_.execution,
                profiler_ ? &*profiler_ : nullptr,
                LossFunction(options, data, learner_.model->target));
}

void TrainingRun::Resume() {
  std::error_code ignored;  // what cannot be looked at cannot be read either, and that is told
  if (std::filesystem::status(options_.checkpoint, ignored).type() ==
      std::filesystem::file_type::not_found) {
    return;
  }
  const Checkpoint checkpoint = Checkpoint::Load(options_.checkpoint);
  checkpoint.RequireIdentity(identity_);
  state_ = checkpoint.state();
  const size_t steps_per_epoch = progress_.steps / progress_.epochs;
  const bool between_batches =
      state_.in_epoch < data_.examples() && state_.in_epoch % learner_.batch == 0;
  if (!between_batches || state_.epoch > progress_.epochs ||
      (state_.best_epoch > 0 && best_.empty()) ||
      state_.step != state_.epoch * steps_per_epoch + state_.in_epoch / learner_.batch) {
    throw Error(ErrorCode::kBadModel,
                options_.checkpoint.string() + ": found a place that this training does not have");
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

bool TrainingRun::CheckpointIsDue() const {
  if (options_.checkpoint.empty()) return false;
  if (state_.end || stopped_) return true;
  const auto due = [](size_t done, size_t every) { return every > 0 && done % every == 0; };
  return due(state_.step, options_.checkpoint_steps) ||
         (state_.in_epoch == 0 && due(state_.epoch, options_.checkpoint_epochs));
}

// The loss is looked at in every step, and so tells of what the step before did; the last one's
// parameters are looked at here.
void TrainingRun::RequireFinite() const {
  const std::vector<DenseParameters>& layers = learner_.model->layers;
  if (AreFinite(layers)) return;
  ThrowDiverged("a parameter is not finite", state_.step, progress_.learning_rate, layers);
}

void TrainingRun::Save() {
  RequireFinite();
  SaveCheckpoint(options_.checkpoint, identity_, state_, Tensors());
}

TrainResult TrainingRun::Run() {
  learner_.execution.Run([&] {
    while (!state_.end && !stopped_) Epoch();
  });
  return Finish();
}

void TrainingRun::Epoch() {
  if (learner_.batch < data_.examples()) {
    data_.storage().WillRead(Access::kAtRandom);  // an evaluation may have advised otherwise
    Random(options_.seed, RandomStream::kShuffle, static_cast<uint32_t>(state_.epoch))
        .Permutation(order_);
  }
  if (state_.in_epoch == 0) state_.sum = {};
  epoch_skipped_ = state_.in_epoch;
  epoch_began_ = state_.seconds;
  const size_t epoch = state_.epoch;
  while (state_.epoch == epoch && !state_.end && !stopped_) Step();
}

void TrainingRun::Step() {
  const size_t count = std::min(learner_.batch, data_.examples() - state_.in_epoch);
  progress_.learning_rate = schedule_->At(ScheduleStep(), static_cast<double>(progress_.steps));
  const bool measure = options_.measure_norms && state_.in_epoch + count == data_.examples();
  const BatchLoss result =
      step_->Run({order_.data() + state_.in_epoch, count}, progress_.learning_rate, measure);
  progress_.gradient_norm = result.gradient_norm;
  ++state_.step;
  if (!std::isfinite(result.loss)) {
    ThrowDiverged("the loss is not finite", state_.step, progress_.learning_rate,
                  learner_.model->layers);
  }
  state_.sum.loss += result.loss;
  state_.sum.loss_weight += result.loss_weight;
  state_.sum.correct += result.correct;
  state_.sum.weight += result.weight;
  state_.in_epoch += count;

  state_.seconds = seconds_before_ + std::chrono::duration<double>(Clock::now() - begin_).count();
  progress_.epoch = state_.epoch + 1;
  progress_.epoch_done = state_.in_epoch == data_.examples();
  progress_.step = state_.step;
  progress_.examples += count;
  progress_.loss = state_.sum.MeanLoss();
  progress_.accuracy = data_.regression() ? std::nan("") : state_.sum.Accuracy();
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
  if (options_.validation != nullptr) {
    validation = Evaluate(Model(learner_.model), *options_.validation, options_.threads);
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
  if (profiler_) profiler_->Finish(begin_, session_seconds, step_->skips_zeros());
  TrainResult result{.model = Model(learner_.model),
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
                     .validation = {}};
  if (options_.validation != nullptr) {
    result.validation = Evaluate(result.model, *options_.validation, options_.threads);
  }
  return result;
}

}  // namespace colonnade
