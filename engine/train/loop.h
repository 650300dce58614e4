// SPDX-License-Identifier: Apache-2.0
// The loop of every training: epochs of steps.
#ifndef COLONNADE_ENGINE_TRAIN_LOOP_H_
#define COLONNADE_ENGINE_TRAIN_LOOP_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/train.h"
#include "engine/train/batch_loss.h"
#include "engine/train/learner.h"
#include "engine/train/profiler.h"
#include "engine/train/step.h"

namespace colonnade {

// Shuffles the examples of an epoch, takes them through the training step batch by batch, and sums
// up what the steps learn. To be run by the learner's execution:
//
//   for (loop.BeginEpoch(epoch); !loop.epoch_done();) loop.Step(rate);
class EpochLoop {
 public:
  // The options are those of Resolve(); the data are labelled and suit the learner's network. Keeps
  // references to data and learner. zeros: kSparse only where all batches are all of the data.
  EpochLoop(const TrainOptions& options, const Dataset& data, Learner& learner,
            Zeros zeros = Zeros::kAuto, Profiler* profiler = nullptr);

  // Puts the examples into the order of an epoch, from 0, which follows from the seed. To go on in
  // the middle of one: `done` examples, whole batches, gave `sum`.
  void BeginEpoch(size_t epoch, size_t done = 0, const BatchLoss& sum = {});

  // A step on the next batch of the epoch, which has one. Returns what it learned.
  BatchLoss Step(double learning_rate, bool measure_gradient = false);

  // Of this epoch: how many examples are done, whether all are, whether one batch is left, and what
  // its steps have learned.
  size_t done() const { return done_; }
  bool epoch_done() const { return done_ == order_.size(); }
  bool at_last_batch() const { return done_ + batch_ >= order_.size(); }
  const BatchLoss& sum() const { return sum_; }

  size_t steps_per_epoch() const { return (order_.size() + batch_ - 1) / batch_; }
  bool skips_zeros() const { return step_.skips_zeros(); }

 private:
  const Dataset& data_;
  uint64_t seed_;
  size_t batch_;                 // examples per step
  std::vector<uint32_t> order_;  // of the examples in this epoch
  TrainingStep step_;
  size_t done_ = 0;
  BatchLoss sum_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_LOOP_H_
