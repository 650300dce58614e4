// SPDX-License-Identifier: Apache-2.0
#include "engine/train/loop.h"

#include <algorithm>
#include <numeric>

#include "engine/data/scaling.h"
#include "engine/data/storage.h"
#include "engine/data/target_scaling.h"
#include "engine/runtime/random.h"

namespace colonnade {
namespace {

StepSettings Settings(const TrainOptions& options, size_t examples_per_step, Zeros zeros) {
  StepSettings settings = SettingsOf(options, examples_per_step);
  settings.zeros = zeros;
  return settings;
}

}  // namespace

EpochLoop::EpochLoop(const TrainOptions& options, const Dataset& data, Learner& learner,
                     Zeros zeros, Profiler* profiler)
    : data_(data),
      seed_(options.seed),
      batch_(options.ExamplesPerStep(data.examples())),
      order_(data.examples()),
      step_(learner.model->shape, data,
            Rebased(learner.model->scaling, learner.model->schema, data.schema()),
            Settings(options, batch_, zeros), learner.model->layers, learner.optimizer,
            learner.execution, profiler,
            LossFunction(options, data,
                         Rebased(learner.model->target, learner.model->schema, data.schema()))) {
  std::iota(order_.begin(), order_.end(), 0u);
}

void EpochLoop::BeginEpoch(size_t epoch, size_t done, const BatchLoss& sum) {
  done_ = done;
  sum_ = sum;
  step_.BeginEpoch(epoch);
  if (batch_ >= order_.size()) return;
  data_.storage().WillRead(Access::kAtRandom);  // an evaluation may have advised otherwise
  Random(seed_, RandomStream::kShuffle, static_cast<uint32_t>(epoch)).Permutation(order_);
}

BatchLoss EpochLoop::Step(double learning_rate, bool measure_gradient) {
  const size_t count = std::min(batch_, order_.size() - done_);
  const BatchLoss loss = step_.Run({order_.data() + done_, count}, learning_rate, measure_gradient);
  done_ += count;
  sum_ += loss;
  return loss;
}

}  // namespace colonnade
