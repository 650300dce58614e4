// SPDX-License-Identifier: Apache-2.0
#include "engine/train/update.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/model/initialization.h"
#include "kernels/optimizer.h"
#include "kernels/tiles.h"

namespace colonnade {
namespace {

// Weight columns per task: whole register tiles, and whole cache lines of the transposed weights.
constexpr size_t kBlockColumns = std::lcm(kernels::kTileColumns, kernels::kPadFloats);

// Weight rows that a task takes at a time, a strip: their gradient (24 KiB) is still in the L1
// cache when the optimizer reads it. The bits of the gradient's norm depend on it.
constexpr size_t kStripRows = 128;
static_assert(kStripRows % kernels::kMaxTileRows == 0);

size_t Strips(size_t rows) { return (rows + kStripRows - 1) / kStripRows; }

// Calls f(first row, rows) for the strips of so many rows.
template <class F>
void ForEachStrip(size_t rows, const F& f) {
  for (size_t first = 0; first < rows; first += kStripRows) {
    f(first, std::min(kStripRows, rows - first));
  }
}

bool IsFirst(const WeightBlock& block) { return block.first == 0 && block.first_row == 0; }

}  // namespace

ParameterUpdate::ParameterUpdate(const NetworkShape& shape, const Settings& settings,
                                 Passes& passes, std::vector<DenseParameters>& parameters,
                                 OptimizerState& optimizer, Execution& execution,
                                 Profiler* profiler)
    : shape_(shape),
      clip_norm_(settings.clip_norm),
      passes_(passes),
      parameters_(parameters),
      optimizer_(optimizer),
      execution_(execution),
      profiler_(profiler) {
  size_t widest = 0;
  size_t most_columns = 0;
  for (size_t l = 0; l < shape.layers.size(); ++l) {
    const Layer& layer = shape.layers[l];
    const bool other = l == 0 && settings.first_block_columns != 0;
    const size_t each = other ? settings.first_block_columns : kBlockColumns;
    for (size_t first = 0; first < layer.inputs; first += each) {
      blocks_.push_back({l, first, std::min(each, layer.inputs - first), 0, layer.outputs});
    }
    const size_t strips = Strips(layer.outputs);
    squares_.push_back({std::vector<float>(strips * layer.inputs), std::vector<float>(strips),
                        std::vector<float>(layer.batch_norm ? strips : 0)});
    widest = std::max(widest, layer.outputs);
    most_columns = std::max(most_columns, each);
  }
  if (settings.several_chunks || clip_norm_ > 0 || optimizer.takes_whole()) {
    gradients_ = ZeroParameters(shape);
  } else {
    for (size_t w = 0; w < execution.threads(); ++w) {
      // A block's gradient, and that of the bias, or the gamma, in a column of its own.
      scratch_.emplace_back(widest, most_columns + 1);
    }
  }
}

void ParameterUpdate::Deal(const std::function<size_t(const WeightBlock&)>& work) {
  std::sort(blocks_.begin(), blocks_.end(),
            [&](const WeightBlock& a, const WeightBlock& b) { return work(a) > work(b); });
  std::vector<WeightBlock> dealt;
  for (size_t share = 0; share < execution_.threads(); ++share) {
    for (size_t i = share; i < blocks_.size(); i += execution_.threads()) {
      dealt.push_back(blocks_[i]);
    }
  }
  blocks_ = std::move(dealt);
}

void ParameterUpdate::Run(const Chunk& chunk) {
  Chunk what = chunk;
  what.measure = chunk.is_last && (chunk.measure || clip_norm_ > 0);
  ForEachBlock([&](const WeightBlock& block, size_t worker, PhaseTimer& timer) {
    AddGradient(block, worker, what, timer);
  });
  if (!chunk.is_last) return;
  norm_ = what.measure ? Norm() : 0;
  if (clip_norm_ > 0) UpdateClipped();
  if (optimizer_.takes_whole()) UpdateWhole();
}

// Calls f(block, worker, timer) for the strips of all blocks, in parallel.
template <class F>
void ParameterUpdate::ForEachBlock(const F& f) {
  execution_.ForEach(blocks_.size(), [&](size_t task, size_t worker) {
    PhaseTimer timer(profiler_, worker);
    WeightBlock block = blocks_[task];
    ForEachStrip(blocks_[task].rows, [&](size_t first, size_t rows) {
      block.first_row = first;
      block.rows = rows;
      f(block, worker, timer);
    });
  });
}

kernels::Matrix ParameterUpdate::Kept(const WeightBlock& block) {
  return gradients_[block.layer]
      .weight.view()
      .Columns(block.first, block.count)
      .Rows(block.first_row, block.rows);
}

void ParameterUpdate::AddGradient(const WeightBlock& block, size_t worker, const Chunk& chunk,
                                  PhaseTimer& timer) {
  const size_t l = block.layer;
  const auto output = chunk.is_first ? kernels::Output::kOverwrite : kernels::Output::kAccumulate;
  const bool update = chunk.is_last && clip_norm_ == 0;
  const bool update_weight = update && !optimizer_.TakesWhole(l);
  const bool keep = !gradients_.empty();
  const kernels::Matrix gradient =
      keep ? Kept(block) : scratch_[worker].view().Columns(0, block.count).Rows(0, block.rows);
  passes_.WeightGradient(
      block, chunk.columns, output, gradient,
      update_weight ? optimizer_.Reads(block, parameters_[l]) : kernels::ReadNext());
  timer.Done(Phase::kWeightGradient, l);
  if (chunk.measure) Measure(block, gradient);
  if (update_weight) UpdateWeight(block, gradient, timer);
  if (!IsFirst(block)) return;
  const auto place = [&](OwnedMatrix DenseParameters::* matrix) {
    if (keep) return (gradients_[l].*matrix).view();
    const kernels::Matrix scratch = scratch_[worker].view();
    return scratch.Columns(scratch.cols - 1, 1).Rows(0, shape_.layers[l].outputs);
  };
  const kernels::Matrix bias_gradient = place(&DenseParameters::bias);
  passes_.BiasGradient(l, chunk.columns, output, bias_gradient.data);
  timer.Done(Phase::kWeightGradient, l);
  if (chunk.measure) Measure(bias_gradient, squares_[l].bias);
  if (update) UpdateBias(l, bias_gradient, timer);
  if (!shape_.layers[l].batch_norm) return;
  const kernels::Matrix gamma_gradient = place(&DenseParameters::gamma);
  passes_.GammaGradient(l, output, gamma_gradient.data);
  if (chunk.measure) Measure(gamma_gradient, squares_[l].gamma);
  if (update) UpdateGamma(l, gamma_gradient, timer);
}

void ParameterUpdate::UpdateWeight(const WeightBlock& block, kernels::Matrix gradient,
                                   PhaseTimer& timer) {
  optimizer_.UpdateWeight(block, gradient, parameters_[block.layer]);
  passes_.TakeWeights(block);
  timer.Done(Phase::kUpdate, block.layer);
}

void ParameterUpdate::UpdateBias(size_t layer, kernels::Matrix gradient, PhaseTimer& timer) {
  optimizer_.UpdateBias(layer, gradient, parameters_[layer]);
  timer.Done(Phase::kUpdate, layer);
}

void ParameterUpdate::UpdateGamma(size_t layer, kernels::Matrix gradient, PhaseTimer& timer) {
  optimizer_.UpdateGamma(layer, gradient, parameters_[layer]);
  timer.Done(Phase::kUpdate, layer);
}

void ParameterUpdate::Measure(const WeightBlock& block, kernels::ConstMatrix gradient) {
  const size_t strip = block.first_row / kStripRows;
  kernels::SquaresOfColumns(gradient, squares_[block.layer].weight.data() +
                                          strip * shape_.layers[block.layer].inputs + block.first);
}

void ParameterUpdate::Measure(kernels::ConstMatrix gradient, std::vector<float>& squares) {
  ForEachStrip(gradient.rows, [&](size_t first, size_t rows) {
    kernels::SquaresOfColumns(gradient.Rows(first, rows), squares.data() + first / kStripRows);
  });
}

double ParameterUpdate::Norm() const {
  double sum = 0;
  for (const Squares& layer : squares_) {
    for (const std::vector<float>* of : {&layer.weight, &layer.bias, &layer.gamma}) {
      sum = std::accumulate(of->begin(), of->end(), sum);
    }
  }
  return std::sqrt(sum);
}

void ParameterUpdate::UpdateWhole() {
  for (size_t l = 0; l < gradients_.size(); ++l) {
    if (!optimizer_.TakesWhole(l)) continue;
    PhaseTimer timer(profiler_, 0);
    optimizer_.Direct(l, gradients_[l].weight.view(), execution_);
    timer.Done(Phase::kUpdate, l);
  }
  ForEachBlock([&](const WeightBlock& block, size_t, PhaseTimer& timer) {
    if (optimizer_.TakesWhole(block.layer)) UpdateWeight(block, Kept(block), timer);
  });
}

// As torch.nn.utils.clip_grad_norm_ does it.
void ParameterUpdate::UpdateClipped() {
  const auto factor = static_cast<float>(clip_norm_ / (norm_ + 1e-6));
  const auto clip = [&](kernels::Matrix gradient) {
    if (!(factor >= 1)) kernels::ScaleGradient(gradient, factor);
  };
  ForEachBlock([&](const WeightBlock& block, size_t, PhaseTimer& timer) {
    const kernels::Matrix gradient = Kept(block);
    clip(gradient);
    if (!optimizer_.TakesWhole(block.layer)) UpdateWeight(block, gradient, timer);
    if (!IsFirst(block)) return;
    clip(gradients_[block.layer].bias.view());
    UpdateBias(block.layer, gradients_[block.layer].bias.view(), timer);
    if (!shape_.layers[block.layer].batch_norm) return;
    clip(gradients_[block.layer].gamma.view());
    UpdateGamma(block.layer, gradients_[block.layer].gamma.view(), timer);
  });
}

}  // namespace colonnade
