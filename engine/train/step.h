// One training step: two parallel regions and nothing between them.
#ifndef COLONNADE_ENGINE_TRAIN_STEP_H_
#define COLONNADE_ENGINE_TRAIN_STEP_H_

#include <cstdint>
#include <span>
#include <vector>

#include "engine/data/scaling.h"
#include "engine/model/backward.h"
#include "engine/model/forward.h"
#include "engine/model/storage.h"
#include "engine/runtime/execution.h"
#include "engine/train/optimizer.h"

namespace colonnade {

// What a step learned about its batch before it changed the parameters.
struct BatchLoss {
  double loss = 0;     // sum over the batch
  size_t correct = 0;  // examples whose most probable class is their label
};

// What the first layer does about inputs that are zero. The bits of the result are the same.
enum class Zeros {
  kAuto,  // what is faster, by the density of the data
  kSkip,
  kMultiply,
};

// The workspace of a training run, sized once, and the step that works in it.
//
// Phase A is parallel over blocks of batch columns: gather, forward, loss, backward. Phase B is
// parallel over blocks of weight columns: weight gradient, optimizer. Batches of more than
// kMaxColumns columns go through both in chunks, the gradients accumulating over the chunks in
// order, which gives the same bits as one chunk would; memory stays bounded.
class TrainingStep {
 public:
  static constexpr size_t kMaxColumns = 1024;

  // Keeps references to all of them. `batch_size` is the largest batch that will be asked for.
  TrainingStep(const NetworkShape& shape, const Dataset& data, const Scaling& scaling,
               size_t batch_size, std::vector<DenseParameters>& parameters,
               OptimizerState& optimizer, Execution& execution, Zeros zeros = Zeros::kAuto);

  // One step on the examples of that index. Allocates nothing.
  BatchLoss Run(std::span<const uint32_t> indices, double learning_rate);

 private:
  // Columns [first, first + count) of the weights of a layer: the unit of work of phase B.
  struct WeightBlock {
    size_t layer;
    size_t first;
    size_t count;
  };

  void ForwardBackward(std::span<const uint32_t> indices, size_t batch_size);
  void UpdateWeights(size_t columns, bool first_chunk, bool last_chunk, double learning_rate);
  void UpdateBlock(const WeightBlock& block, size_t worker, size_t columns, bool first_chunk,
                   bool last_chunk, double learning_rate);

  const NetworkShape& shape_;
  const Dataset& data_;
  std::vector<DenseParameters>& parameters_;
  OptimizerState& optimizer_;
  Execution& execution_;

  BatchReader reader_;
  Activations activations_;
  HiddenGradients hidden_gradients_;
  TransposedWeights transposed_;
  std::vector<uint32_t> labels_;  // of the chunk
  std::vector<float> losses_;     // of the chunk
  std::vector<size_t> correct_;   // per task of phase A
  std::vector<WeightBlock> blocks_;
  std::vector<OwnedMatrix> scratch_;  // per worker: a block's gradient on its way to the update
  std::vector<DenseParameters> gradients_;  // only if batches take several chunks
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_STEP_H_
