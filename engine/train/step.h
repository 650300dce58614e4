// One training step.
#ifndef COLONNADE_ENGINE_TRAIN_STEP_H_
#define COLONNADE_ENGINE_TRAIN_STEP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/data/scaling.h"
#include "engine/model/passes.h"
#include "engine/model/storage.h"
#include "engine/runtime/execution.h"
#include "engine/train/loss.h"
#include "engine/train/optimizer.h"
#include "engine/train/profiler.h"
#include "engine/train/update.h"

namespace colonnade {

// What a step learned about its batch before it changed the parameters.
struct BatchLoss {
  double loss = 0;           // sum over the batch, each example times its weight
  double loss_weight = 0;    // sum of these weights; without any, how many examples there are
  double correct = 0;        // weight of the examples whose most probable class is their label
  double weight = 0;         // of all, not counting weights of classes
  double gradient_norm = 0;  // of the mean loss, before clipping; 0 where it was not asked for

  // Of examples that all weigh nothing: 0.
  double MeanLoss() const { return loss_weight > 0 ? loss / loss_weight : loss; }
  double Accuracy() const { return weight > 0 ? correct / weight : 0; }
};

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
};

// The workspace of a training run, sized once, and the step that works in it.
//
// Phase A is parallel over blocks of batch columns: gather, forward, loss, backward; a thread takes
// its columns through all layers. Where there are fewer columns than keep all threads busy, the
// layers come one after the other, each parallel over columns and rows. Phase B is parallel over
// blocks of weights: ParameterUpdate. Batches of more than chunk_size columns
// go through both in chunks, the gradients accumulating over the chunks in order, which gives the
// same bits as one chunk would (in f32); memory stays bounded. With SparseExamples, which leave out
// the gathering, chunks are larger, and their tiles are the tasks of phase A. A layer with batch
// normalisation needs all columns of a chunk before any of them can go on: there phase A is cut, by
// a parallel region over the rows of the layer, forward and backward.
class TrainingStep {
 public:
  // Keeps references to all but the settings and the loss. `profiler` may be null. Without a loss,
  // it is the cross-entropy.
  TrainingStep(const NetworkShape& shape, const Dataset& data, const Scaling& scaling,
               const StepSettings& settings, std::vector<DenseParameters>& parameters,
               OptimizerState& optimizer, Execution& execution, Profiler* profiler = nullptr,
               std::optional<LossFunction> loss = {});

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
  void AfterFirstLayer(const Chunk& chunk, size_t task, size_t first, size_t count,
                       PhaseTimer& timer);
  void PhaseALayerByLayer(const Chunk& chunk);
  void PhaseABetweenNorms(const Chunk& chunk);
  void BackwardToNorm(size_t layer, size_t first, size_t count, PhaseTimer& timer);
  void Normalize(const Chunk& chunk, size_t layer);
  void NormalizeBackward(const Chunk& chunk, size_t layer);
  void Read(const Chunk& chunk, size_t first, size_t count);
  void Loss(const Chunk& chunk, size_t task, size_t first, size_t count);
  template <class F>
  void ForEachBlock(size_t columns, size_t rows, Phase phase, size_t layer, const F& f);
  template <class F>
  void ForEachColumns(size_t columns, const F& f);
  template <class F>
  void ForEachRows(size_t rows, const F& f);
  size_t TaskColumns(size_t columns) const;

  const NetworkShape& shape_;
  std::vector<DenseParameters>& parameters_;
  OptimizerState& optimizer_;
  Execution& execution_;
  Profiler* profiler_;

  BatchReader reader_;
  std::unique_ptr<SparseExamples> sparse_;  // or null
  std::unique_ptr<Passes> passes_;
  LossFunction loss_;
  std::vector<float> losses_;              // of the chunk
  std::vector<size_t> correct_;            // per task of phase A
  std::optional<ParameterUpdate> update_;  // phase B
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_STEP_H_
