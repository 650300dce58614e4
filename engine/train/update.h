// SPDX-License-Identifier: Apache-2.0
// Phase B of a training step: the gradients of the parameters, and the optimizer.
#ifndef COLONNADE_ENGINE_TRAIN_UPDATE_H_
#define COLONNADE_ENGINE_TRAIN_UPDATE_H_

#include <functional>
#include <vector>

#include "engine/model/passes.h"
#include "engine/model/storage.h"
#include "engine/runtime/execution.h"
#include "engine/train/optimizer.h"
#include "engine/train/profiler.h"

namespace colonnade {

// Parallel over blocks of weights: the gradient of a block over the whole batch, and the optimizer
// on it while it is in the cache. The gradient goes to memory only where it must outlive that:
// where a batch takes several chunks, over which it accumulates, or where all of it is needed for
// its norm, or by the optimizer, before any of it is used.
class ParameterUpdate {
 public:
  struct Settings {
    size_t first_block_columns;  // of the first layer's weights, per task; 0: as in other layers
    bool several_chunks;         // in a batch
    double clip_norm;            // 0: no limit
  };

  // Keeps references to all but the settings. `profiler` may be null.
  ParameterUpdate(const NetworkShape& shape, const Settings& settings, Passes& passes,
                  std::vector<DenseParameters>& parameters, OptimizerState& optimizer,
                  Execution& execution, Profiler* profiler);

  // Orders the blocks by their work, given that it differs much: parallel loops give each thread a
  // share of blocks that follow each other, until one has nothing left and takes from others, so
  // that each share gets as many heavy blocks, and begins with them. Not during Run().
  void Deal(const std::function<size_t(const WeightBlock&)>& work);

  struct Chunk {
    size_t columns;
    bool is_first, is_last;  // of its batch
    bool measure;            // the norm of the batch's gradient; of interest in its last chunk
  };

  // Adds the gradient of a chunk whose backward pass is done; with the last one of a batch, updates
  // the parameters. Allocates nothing.
  void Run(const Chunk& chunk);

  // √Σ g² over the gradient g of all parameters, for the mean loss of the last batch, before
  // clipping; 0 where it was not asked for. The bits do not depend on the threads, nor on the way
  // the first layer goes.
  double gradient_norm() const { return norm_; }

 private:
  // Sums of squares of a layer's gradient, each over a column of a strip.
  struct Squares {
    std::vector<float> weight;  // strip by strip, in each all columns
    std::vector<float> bias, gamma;
  };

  template <class F>
  void ForEachBlock(const F& f);
  void AddGradient(const WeightBlock& block, size_t worker, const Chunk& chunk, PhaseTimer& timer);
  void UpdateWeight(const WeightBlock& block, kernels::Matrix gradient, PhaseTimer& timer);
  void UpdateBias(size_t layer, kernels::Matrix gradient, PhaseTimer& timer);
  void UpdateGamma(size_t layer, kernels::Matrix gradient, PhaseTimer& timer);
  void Measure(const WeightBlock& block, kernels::ConstMatrix gradient);
  void Measure(kernels::ConstMatrix gradient, std::vector<float>& squares);
  double Norm() const;
  void UpdateClipped();
  void UpdateWhole();
  kernels::Matrix Kept(const WeightBlock& block);

  const NetworkShape& shape_;
  double clip_norm_;
  Passes& passes_;
  std::vector<DenseParameters>& parameters_;
  OptimizerState& optimizer_;
  Execution& execution_;
  Profiler* profiler_;

  std::vector<WeightBlock> blocks_;
  std::vector<OwnedMatrix> scratch_;        // per worker: a block's gradient, if it is not kept
  std::vector<DenseParameters> gradients_;  // if it is
  std::vector<Squares> squares_;            // per layer
  double norm_ = 0;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_UPDATE_H_
