// SPDX-License-Identifier: Apache-2.0
#include "engine/train/ensemble.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/files.h"
#include "colonnade/split.h"
#include "engine/model/initialization.h"
#include "engine/runtime/execution.h"
#include "engine/train/evaluate.h"
#include "engine/train/run.h"
#include "engine/train/side_by_side.h"

namespace colonnade {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<Split> Folds(const Dataset& data, const TrainOptions& options) {
  try {
    return SplitFolds(data, options.ensemble, options.seed);
  } catch (const Error& error) {
    ErrorDetails details = error.details();
    if (details.subject == "folds") details.subject = "ensemble";
    throw Error(error.code(), std::move(details));
  }
}

// Trains the members side by side, each on one thread as long as there are as many left as threads.
class EnsembleRun {
 public:
  EnsembleRun(const Dataset& data, const TrainOptions& options,
              const std::optional<Checkpoint>& checkpoint);
  TrainResult Run();

 private:
  // A network, and how far it is.
  struct Member {
    Dataset data;
    std::optional<Dataset> validation;
    size_t step = 0;
    size_t steps = 0;  // planned
    size_t examples = 0;
    double next_report = 0;  // in its own seconds
    std::optional<TrainResult> result = {};
  };

  void AddMembers(const Dataset& data);
  void Resume(const Checkpoint& checkpoint);
  void TrainOne(size_t member, int threads);
  // Returns whether to go on.
  bool Report(size_t member, const Progress& progress);
  void Keep(size_t member, std::string_view bytes);
  double Seconds() const;
  TrainResult Finish();

  const TrainOptions options_;  // of TrainOptions::Resolve()
  const size_t threads_;
  std::shared_ptr<Model::Storage> fit_;
  std::vector<Member> members_;
  double share_ = 1;   // of the seconds, for each
  Identity identity_;  // only with a checkpoint
  size_t resumed_step_ = 0;
  double seconds_before_ = 0;
  Clock::time_point begin_;

  std::atomic<bool> stopped_ = false;
  std::mutex reporting_;        // guards what members say of themselves, and:
  std::exception_ptr failure_;  // of the first of those that failed
  size_t failed_ = 0;
  std::mutex keeping_;                    // guards:
  std::vector<std::string> checkpoints_;  // the newest of each member; empty where it has none
};

EnsembleRun::EnsembleRun(const Dataset& data, const TrainOptions& options,
                         const std::optional<Checkpoint>& checkpoint)
    : options_(InForce(options, data, checkpoint)), threads_(Execution(options.threads).threads()) {
  CheckTraining(data, options_);
  fit_ = FitModel(data, options_);
  AddMembers(data);
  const size_t at_once = std::min(threads_, members_.size());
  RequireMemory(fit_->shape, options_, at_once);
  const size_t rounds = (members_.size() + at_once - 1) / at_once;
  share_ = 1 / static_cast<double>(rounds);
  if (!options_.checkpoint.empty()) RequireWritable(options_.checkpoint);
  if (!options_.checkpoint.empty() || options_.on_checkpoint || checkpoint) {
    identity_ = Identify(data, fit_->shape, options_);
  }
  if (checkpoint) Resume(*checkpoint);
  begin_ = Clock::now();
}

void EnsembleRun::AddMembers(const Dataset& data) {
  if (options_.HasFolds()) {
    for (Split& split : Folds(data, options_)) {
      members_.push_back(
          {.data = std::move(split.train), .validation = std::move(split.validation)});
    }
  } else {
    members_.assign(options_.ensemble, {.data = data, .validation = options_.validation_data});
  }
  for (Member& member : members_) {
    const size_t examples = member.data.examples();
    const size_t batch = options_.ExamplesPerStep(examples);
    member.steps = options_.epochs * ((examples + batch - 1) / batch);
  }
  checkpoints_.resize(members_.size());
}

void EnsembleRun::Resume(const Checkpoint& checkpoint) {
  RequireSameTraining(checkpoint, identity_, options_.epochs);
  seconds_before_ = checkpoint.state().seconds;
  checkpoints_ = checkpoint.Members(members_.size());
  for (size_t m = 0; m < members_.size(); ++m) {
    if (checkpoints_[m].empty()) continue;
    members_[m].step = Checkpoint(checkpoints_[m], checkpoint.name()).state().step;
    resumed_step_ += members_[m].step;
  }
}

double EnsembleRun::Seconds() const {
  return seconds_before_ + std::chrono::duration<double>(Clock::now() - begin_).count();
}

TrainResult EnsembleRun::Run() {
  // Those that would leave threads idle share all of them.
  const size_t together = members_.size() - members_.size() % std::min(threads_, members_.size());
  const auto train = [&](size_t first, size_t count) {
    if (count == 0) return;
    TrainSideBySide(count, options_.threads, 0,
                    [&](size_t i, int threads) { TrainOne(first + i, threads); });
  };
  train(0, together);
  train(together, members_.size() - together);
  if (failure_) std::rethrow_exception(failure_);
  return Finish();
}

void EnsembleRun::TrainOne(size_t index, int threads) {
  if (stopped_) return;
  Member& member = members_[index];
  TrainOptions options = options_;
  options.seed += index;
  options.ensemble = 1;
  options.validation_data = member.validation;
  options.threads = threads;
  options.on_progress = [&](const Progress& progress) { return Report(index, progress); };
  options.checkpoint.clear();
  options.resume = false;
  options.resume_from = checkpoints_[index];  // which only this thread changes
  options.on_checkpoint = {};
  if (!options_.checkpoint.empty() || options_.on_checkpoint) {
    options.on_checkpoint = [&](std::string_view bytes) { Keep(index, bytes); };
  }
  if (options.start && options.start->members() > 1) options.start = options.start->Member(index);
  const Membership membership{.fit = *fit_, .share = share_};
  try {
    member.result = TrainingRun(member.data, options, &membership).Run();
    const std::scoped_lock lock(reporting_);
    if (!member.result->stopped) member.steps = member.step = member.result->steps;
  } catch (...) {
    stopped_ = true;
    const std::scoped_lock lock(reporting_);
    if (failure_ && failed_ < index) return;
    failure_ = std::current_exception();
    failed_ = index;
  }
}

bool EnsembleRun::Report(size_t index, const Progress& progress) {
  Member& member = members_[index];
  if (!progress.epoch_done && progress.seconds < member.next_report) return !stopped_;
  member.next_report = progress.seconds + kReportSeconds;
  const std::scoped_lock lock(reporting_);
  member.step = progress.step;
  member.examples = progress.examples;
  // An epoch that ends meanwhile is told: a checkpoint may have it.
  if (!options_.on_progress || (stopped_ && !progress.epoch_done)) return !stopped_;
  Progress whole = progress;
  whole.step = whole.steps = whole.examples = 0;
  for (const Member& of : members_) {
    whole.step += of.step;
    whole.steps += of.steps;
    whole.examples += of.examples;
  }
  whole.seconds = Seconds();
  whole.resumed_step = resumed_step_;
  whole.member = index + 1;
  whole.members = members_.size();
  if (!options_.on_progress(whole)) stopped_ = true;
  return !stopped_;
}

void EnsembleRun::Keep(size_t index, std::string_view bytes) {
  const std::scoped_lock lock(keeping_);
  checkpoints_[index] = bytes;
  RunState state;
  state.seconds = Seconds();
  const std::span<const std::string> all = checkpoints_;
  if (!options_.checkpoint.empty()) {
    SaveEnsembleCheckpoint(options_.checkpoint, identity_, state, all);
  }
  if (options_.on_checkpoint) {
    options_.on_checkpoint(EnsembleCheckpointBytes(identity_, state, all));
  }
}

TrainResult EnsembleRun::Finish() {
  auto model = std::make_shared<Model::Storage>();
  model->shape = fit_->shape;
  model->scaling = fit_->scaling;
  model->schema = fit_->schema;
  model->target = fit_->target;
  std::vector<Model> networks;
  std::vector<Dataset> unseen;
  std::vector<MemberResult> results;
  bool stopped = false;
  double smearing = 0;
  for (size_t m = 0; m < members_.size(); ++m) {
    const std::optional<TrainResult>& result = members_[m].result;
    stopped |= !result || result->stopped;
    if (!result) continue;
    std::vector<DenseParameters> layers = ZeroParameters(model->shape);
    CopyParameters(result->model.storage().layers, layers);
    for (DenseParameters& layer : layers) model->layers.push_back(std::move(layer));
    networks.push_back(result->model);
    smearing += static_cast<double>(result->model.target_scaling().smearing);
    if (members_[m].validation) unseen.push_back(*members_[m].validation);
    results.push_back({.member = m,
                       .reason = result->reason,
                       .epochs = result->epochs,
                       .steps = result->steps,
                       .loss = result->loss,
                       .accuracy = result->accuracy,
                       .best_epoch = result->best_epoch,
                       .validation = result->validation});
  }
  if (!networks.empty()) {
    model->target.smearing = static_cast<float>(smearing / static_cast<double>(networks.size()));
  }
  TrainResult whole{.model = Model(std::move(model)), .options = options_};
  whole.options.scale = whole.model.scaling().method;
  whole.options.on_progress = {};  // what they refer to may be gone
  whole.options.on_checkpoint = {};
  for (const MemberResult& of : results) {
    if (whole.reason == StopReason::kEpochs) whole.reason = of.reason;
    whole.epochs += of.epochs;
    whole.steps += of.steps;
    whole.loss += of.loss / static_cast<double>(results.size());
    whole.accuracy += of.accuracy / static_cast<double>(results.size());
  }
  if (stopped) whole.reason = StopReason::kCallback;
  whole.stopped = stopped;
  whole.resumed_step = resumed_step_;
  whole.seconds = Seconds();
  whole.threads = static_cast<int>(threads_);
  whole.members = std::move(results);
  if (options_.validation_data) {
    whole.validation = Evaluate(whole.model, *options_.validation_data, options_.threads);
  } else if (options_.HasFolds()) {
    whole.validation = EvaluateTogether(networks, unseen, options_.threads);
    whole.out_of_fold = true;
  }
  return whole;
}

}  // namespace

TrainResult TrainEnsemble(const Dataset& data, const TrainOptions& options) {
  return EnsembleRun(data, options, FindCheckpoint(options)).Run();
}

}  // namespace colonnade
