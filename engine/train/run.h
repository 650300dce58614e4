// SPDX-License-Identifier: Apache-2.0
// One training from start to end.
#ifndef COLONNADE_ENGINE_TRAIN_RUN_H_
#define COLONNADE_ENGINE_TRAIN_RUN_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "colonnade/train.h"
#include "engine/train/checkpoint.h"
#include "engine/train/identity.h"
#include "engine/train/learner.h"
#include "engine/train/loop.h"
#include "engine/train/profiler.h"
#include "engine/train/schedule.h"

namespace colonnade {

// Throws what a training throws for options and data that do not go together; for whoever wants to
// know before others have begun. Memory and files are not looked at.
void CheckTraining(const Dataset& data, const TrainOptions& options);

// The checkpoint that the options say to go on from, if there is one.
std::optional<Checkpoint> FindCheckpoint(const TrainOptions& options);

// TrainOptions::Resolve(), and the scale of the targets decided: as `checkpoint` has it, if any.
TrainOptions InForce(const TrainOptions& given, const Dataset& data,
                     const std::optional<Checkpoint>& checkpoint);

// Throws where a checkpoint is not of the training of this identity, which has so many epochs. One
// of fewer epochs goes on, by the schedule of the longer training from there.
void RequireSameTraining(const Checkpoint& checkpoint, Identity identity, size_t epochs);

// Trains a single network. Keeps a reference to the data.
class TrainingRun {
 public:
  // of: null for a model that stands alone.
  TrainingRun(const Dataset& data, const TrainOptions& options, const Membership* of = nullptr);
  TrainResult Run();

  // Run() in pieces, with the same bits: trains on until so many epochs are done, or it has ended;
  // tells at any such place how well the model as it is does on other data; and at the last one
  // gives the result, after which there is no training on.
  void RunTo(size_t epoch);
  [[nodiscard]] Evaluation Measure(const Dataset& data, size_t top_k = 0);
  TrainResult Finish();

  const TrainOptions& options() const { return options_; }  // in force
  size_t epochs() const { return state_.epoch; }            // done
  size_t steps() const { return state_.step; }              // likewise
  bool ended() const { return state_.end.has_value(); }

 private:
  using Clock = std::chrono::steady_clock;

  void Epoch();
  void Step();
  std::optional<Evaluation> EndEpoch();
  double ScheduleStep() const;
  void Resume(const Checkpoint& checkpoint);
  bool Keeps() const;
  bool CheckpointIsDue() const;
  void RequireFinite(const Model::Storage& model) const;
  void Save();
  std::vector<OptimizerState::Tensor> Tensors();

  const Dataset& data_;
  std::optional<Checkpoint> checkpoint_;  // to go on from, until that is done
  const TrainOptions options_;            // in force
  const double max_seconds_;              // its own of them
  Learner learner_;
  Profile profile_;  // only where it is asked for
  std::optional<Profiler> profiler_;
  std::optional<RateSchedule> schedule_;
  std::optional<EpochLoop> loop_;
  std::vector<DenseParameters> best_;  // only with early stopping; of what is evaluated

  RunState state_;
  Identity identity_;     // only with a checkpoint
  bool stopped_ = false;  // by the callback
  Progress progress_;     // what the callback sees
  Clock::time_point begin_;
  std::optional<Clock::time_point> paused_;  // when RunTo() came to its end
  double seconds_before_ = 0;                // of the sessions before this one
  double epoch_began_ = 0;                   // in RunState::seconds
  size_t epoch_skipped_ = 0;                 // examples of the epoch that an earlier session did
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_RUN_H_
