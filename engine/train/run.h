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

// Keeps a reference to the data.
class TrainingRun {
 public:
  TrainingRun(const Dataset& data, const TrainOptions& options);
  TrainResult Run();

 private:
  using Clock = std::chrono::steady_clock;

  void Epoch();
  void Step();
  std::optional<Evaluation> EndEpoch();
  double ScheduleStep() const;
  void ResumeFromFile();
  void Resume(const Checkpoint& checkpoint);
  bool Keeps() const;
  bool CheckpointIsDue() const;
  void RequireFinite() const;
  void Save();
  std::vector<OptimizerState::Tensor> Tensors();
  TrainResult Finish();

  const Dataset& data_;
  const TrainOptions options_;  // of TrainOptions::Resolve()
  Learner learner_;
  Profile profile_;  // only where it is asked for
  std::optional<Profiler> profiler_;
  std::optional<RateSchedule> schedule_;
  std::optional<EpochLoop> loop_;
  std::vector<DenseParameters> best_;  // only with early stopping

  RunState state_;
  Identity identity_;     // only with a checkpoint
  bool stopped_ = false;  // by the callback
  Progress progress_;     // what the callback sees
  Clock::time_point begin_;
  double seconds_before_ = 0;  // of the sessions before this one
  double epoch_began_ = 0;     // in RunState::seconds
  size_t epoch_skipped_ = 0;   // examples of the epoch that an earlier session did
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_RUN_H_
