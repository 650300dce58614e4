// One training step.
#ifndef COLONNADE_ENGINE_TRAIN_STEP_H_
#define COLONNADE_ENGINE_TRAIN_STEP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/data/scaling.h"
#include "engine/model/passes.h"
#include "engine/model/storage.h"
#include "engine/runtime/execution.h"
#include "engine/train/optimizer.h"
#include "engine/train/profiler.h"

namespace colonnade {

// What a step learned about its batch before it changed the parameters.
struct BatchLoss {
  double loss = 0;     // sum over the batch
  size_t correct = 0;  // examples whose most probable class is their label
};

// The workspace of a training run, sized once, and the step that works in it.
//
// Phase A is parallel over blocks of batch columns: gather, forward, loss, backward; a thread takes
// its columns through all layers. Where there are fewer columns than keep all threads busy, the
// layers come one after the other, each parallel over columns and rows. Phase B is parallel over
// blocks of weights: weight gradient, optimizer. Batches of more than kMaxColumns columns go
// through both in chunks, the gradients accumulating over the chunks in order, which gives the same
// bits as one chunk would; memory stays bounded. With SparseExamples, which leave out the
// gathering, chunks are larger, and their tiles are the tasks of phase A.
class TrainingStep {
 public:
  static constexpr size_t kMaxColumns = 1024;

  // Keeps references to all of them. `batch_size` is the largest batch that will be asked for; with
  // Zeros::kSparse, all batches are 0, 1, … data.examples() - 1.
  // `profiler` may be null.
  TrainingStep(const NetworkShape& shape, const Dataset& data, const Scaling& scaling,
               size_t batch_size, std::vector<DenseParameters>& parameters,
               OptimizerState& optimizer, Execution& execution, Zeros zeros = Zeros::kAuto,
               Precision precision = Precision::kF32, Profiler* profiler = nullptr);

  // One step on the examples of that index. Allocates nothing.
  BatchLoss Run(std::span<const uint32_t> indices, double learning_rate);

  // Whether the first layer leaves out products with zero.
  bool skips_zeros() const { return passes_->skips_zeros(); }

  // Whether it has SparseExamples.
  bool sparse() const { return sparse_ != nullptr; }

 private:
  // One chunk of a batch.
  struct Chunk {
    std::span<const uint32_t> indices;
    size_t batch_size;
    bool is_first, is_last;
  };

  void PhaseA(const Chunk& chunk);
  void PhaseALayerByLayer(const Chunk& chunk);
  void PhaseB(const Chunk& chunk);
  void Read(const Chunk& chunk, size_t first, size_t count);
  void Loss(const Chunk& chunk, size_t task, size_t first, size_t count);
  void Update(const WeightBlock& block, size_t worker, const Chunk& chunk, PhaseTimer& timer);
  template <class F>
  void ForEachBlock(size_t columns, size_t rows, Phase phase, size_t layer, const F& f);
  size_t TaskColumns(size_t columns) const;

  const NetworkShape& shape_;
  const Dataset& data_;
  std::vector<DenseParameters>& parameters_;
  OptimizerState& optimizer_;
  Execution& execution_;
  Profiler* profiler_;

  BatchReader reader_;
  std::unique_ptr<SparseExamples> sparse_;  // or null
  std::unique_ptr<Passes> passes_;
  std::vector<uint32_t> labels_;  // of the chunk
  std::vector<float> losses_;     // of the chunk
  std::vector<size_t> correct_;   // per task of phase A
  std::vector<WeightBlock> blocks_;
  std::vector<OwnedMatrix> scratch_;  // per worker: a block's gradient on its way to the update
  std::vector<DenseParameters> gradients_;  // only if batches take several chunks
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_STEP_H_
