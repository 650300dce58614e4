// SPDX-License-Identifier: Apache-2.0
// One training step.
#ifndef COLONNADE_ENGINE_TRAIN_STEP_H_
#define COLONNADE_ENGINE_TRAIN_STEP_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/data/augment.h"
#include "engine/data/scaling.h"
#include "engine/model/passes.h"
#include "engine/model/storage.h"
#include "engine/runtime/execution.h"
#include "engine/train/batch_loss.h"
#include "engine/train/loss.h"
#include "engine/train/optimizer.h"
#include "engine/train/plan.h"
#include "engine/train/profiler.h"
#include "engine/train/update.h"

namespace colonnade {

struct StepSettings {
  static constexpr size_t kMaxChunk = 1024;

  size_t batch_size = 1;  // the largest batch that will be asked for
  // Examples of it that are worked on at a time; with batch normalisation, those whose statistics
  // are taken together.
  size_t chunk_size = kMaxChunk;
  double clip_norm = 0;  // the most that the norm of its gradient may be; 0: anything
  // With Zeros::kSparse, all batches are 0, 1, … data.examples() - 1.
  Zeros zeros = Zeros::kAuto;
  Precision precision = Precision::kF32;
  DropoutSettings dropout = {};
  Augmentation augment = {};
  uint64_t augment_seed = 0;
};

// The workspace of a training run, sized once, and the step that works in it.
//
// Phase A takes the examples through the network, forward and backward: Plan says what threads do
// between its barriers. Phase B is parallel over blocks of weights: ParameterUpdate. Batches of
// more than chunk_size columns go through both in chunks, the gradients accumulating over the
// chunks in order, which gives the same bits as one chunk would (in f32); memory stays bounded.
// With SparseExamples, which leave out the gathering, chunks are larger.
class TrainingStep {
 public:
  // Keeps references to all but the settings and the loss. `profiler` may be null. Without a loss,
  // it is the cross-entropy.
  TrainingStep(const NetworkShape& shape, const Dataset& data, const Scaling& scaling,
               const StepSettings& settings, std::vector<DenseParameters>& parameters,
               OptimizerState& optimizer, Execution& execution, Profiler* profiler = nullptr,
               std::optional<LossFunction> loss = {});

  // Examples are changed from here on as they are in that epoch.
  void BeginEpoch(size_t epoch) {
    if (augmented_) augmented_->BeginEpoch(epoch);
  }

  // One step on the examples of that index; at least one. measure_gradient: whether the gradient's
  // norm is wanted. Allocates nothing.
  BatchLoss Run(std::span<const uint32_t> indices, double learning_rate,
                bool measure_gradient = false);

  // Whether the first layer leaves out products with zero.
  bool skips_zeros() const { return passes_->skips_zeros(); }

  // Whether it has SparseExamples.
  bool sparse() const { return sparse_ != nullptr; }

 private:
  // One chunk of a batch.
  struct Chunk {
    std::span<const uint32_t> indices;
    float loss_scale;  // of the gradient: one over the sum of the weights of the whole batch
  };

  void PhaseA(const Chunk& chunk);
  void Compute(const Stage& stage, const Block& block, const Chunk& chunk, size_t worker,
               PhaseTimer& timer);
  void AddCorrect(size_t columns, double& sum);

  std::vector<DenseParameters>& parameters_;
  OptimizerState& optimizer_;
  Execution& execution_;
  Profiler* profiler_;

  std::optional<AugmentedBatch> augmented_;
  const Dataset& read_;  // what the passes read: that, or the data
  BatchReader reader_;
  std::unique_ptr<SparseExamples> sparse_;  // or null
  std::unique_ptr<Passes> passes_;
  Plan plan_;  // of phase A
  LossFunction loss_;
  std::vector<float> losses_;              // of the chunk
  std::vector<size_t> correct_;            // of the chunk, per worker
  std::optional<ParameterUpdate> update_;  // phase B
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_STEP_H_
