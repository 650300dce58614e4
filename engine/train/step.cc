#include "engine/train/step.h"

#include <algorithm>

#include "engine/model/initialization.h"
#include "kernels/gemm.h"
#include "kernels/softmax.h"

namespace colonnade {
namespace {

// Weight columns per task of phase B: a multiple of the tile width (6) and of a cache line of the
// transposed weights (16), and few enough for a block's gradient to stay in the L2 cache.
constexpr size_t kBlockColumns = 48;

// The fraction of nonzero inputs below which the first layer skips zeros. kernels/README.md has the
// measurement behind it.
constexpr double kSkipDensity = 0.3;

// Batch columns per task of phase A: whole register tiles (6 columns), and two tasks per thread, so
// that a thread that comes late costs half as much.
size_t ColumnsPerTask(size_t columns, size_t threads) {
  constexpr size_t kTile = 6;
  if (threads == 1) return columns;
  return kernels::RoundUp((columns + 2 * threads - 1) / (2 * threads), kTile);
}

}  // namespace

TrainingStep::TrainingStep(const NetworkShape& shape, const Dataset& data, const Scaling& scaling,
                           size_t batch_size, std::vector<DenseParameters>& parameters,
                           OptimizerState& optimizer, Execution& execution, Zeros zeros)
    : shape_(shape),
      data_(data),
      parameters_(parameters),
      optimizer_(optimizer),
      execution_(execution),
      reader_(data, scaling),
      activations_(shape, std::min(batch_size, kMaxColumns)),
      hidden_gradients_(shape, activations_.columns()),
      transposed_(shape),
      labels_(activations_.columns()),
      losses_(activations_.columns()),
      correct_(activations_.columns()) {
  if (zeros == Zeros::kAuto) {
    zeros = reader_.Density() < kSkipDensity ? Zeros::kSkip : Zeros::kMultiply;
  }
  if (zeros == Zeros::kSkip) activations_.EnableNonzeros();
  size_t widest = 0;
  for (size_t l = 0; l < shape.layers.size(); ++l) {
    const Layer& layer = shape.layers[l];
    widest = std::max(widest, layer.outputs);
    for (size_t first = 0; first < layer.inputs; first += kBlockColumns) {
      blocks_.push_back({l, first, std::min(kBlockColumns, layer.inputs - first)});
    }
    if (l > 0) transposed_.Update(l, parameters[l].weight.view(), 0, layer.inputs);
  }
  if (batch_size > kMaxColumns) {
    gradients_ = ZeroParameters(shape);
  } else {
    for (size_t w = 0; w < execution.threads(); ++w)
      scratch_.emplace_back(widest, kBlockColumns + 1);
  }
}

BatchLoss TrainingStep::Run(std::span<const uint32_t> indices, double learning_rate) {
  BatchLoss result;
  const size_t chunk = activations_.columns();
  for (size_t begin = 0; begin < indices.size(); begin += chunk) {
    const size_t columns = std::min(chunk, indices.size() - begin);
    ForwardBackward(indices.subspan(begin, columns), indices.size());
    for (size_t c = 0; c < columns; ++c) result.loss += static_cast<double>(losses_[c]);
    for (const size_t correct : correct_) result.correct += correct;
    UpdateWeights(columns, begin == 0, begin + columns == indices.size(), learning_rate);
  }
  return result;
}

void TrainingStep::ForwardBackward(std::span<const uint32_t> indices, size_t batch_size) {
  const float scale = 1.0f / static_cast<float>(batch_size);
  const size_t block = ColumnsPerTask(indices.size(), execution_.threads());
  const size_t tasks = (indices.size() + block - 1) / block;
  std::fill(correct_.begin(), correct_.end(), 0);
  execution_.ForEach(tasks, [&](size_t task, size_t) {
    const size_t first = task * block;
    const size_t count = std::min(block, indices.size() - first);
    for (size_t c = first; c < first + count; ++c) labels_[c] = data_.labels()[indices[c]];
    const kernels::Nonzeros nonzeros = activations_.nonzeros();
    reader_.Read(indices.data() + first, activations_.inputs().Columns(first, count),
                 nonzeros.data == nullptr ? nonzeros : nonzeros.Columns(first, count));
    ForwardPass(shape_, parameters_, activations_, first, count);
    correct_[task] =
        kernels::SoftmaxCrossEntropy(activations_.logits().Columns(first, count),
                                     labels_.data() + first, scale, losses_.data() + first);
    BackwardPass(shape_, transposed_, activations_, hidden_gradients_, first, count);
  });
}

void TrainingStep::UpdateWeights(size_t columns, bool first_chunk, bool last_chunk,
                                 double learning_rate) {
  execution_.ForEach(blocks_.size(), [&](size_t task, size_t worker) {
    UpdateBlock(blocks_[task], worker, columns, first_chunk, last_chunk, learning_rate);
  });
}

void TrainingStep::UpdateBlock(const WeightBlock& block, size_t worker, size_t columns,
                               bool first_chunk, bool last_chunk, double learning_rate) {
  const size_t l = block.layer;
  const bool is_output = l + 1 == shape_.layers.size();
  const kernels::ConstMatrix dz =
      (is_output ? activations_.logits() : hidden_gradients_.at(l)).Columns(0, columns);
  kernels::ConstMatrix inputs = activations_.at(l).Columns(0, columns);
  inputs.data += block.first;
  inputs.rows = block.count;
  const auto output = first_chunk ? kernels::Output::kOverwrite : kernels::Output::kAccumulate;

  // The gradient goes to memory only where it must outlive the chunk.
  kernels::Matrix weight_gradient;
  kernels::Matrix bias_gradient;
  if (gradients_.empty()) {
    weight_gradient = scratch_[worker].view();
    weight_gradient.rows = dz.rows;
    bias_gradient = weight_gradient.Columns(kBlockColumns, 1);
    weight_gradient = weight_gradient.Columns(0, block.count);
  } else {
    weight_gradient = gradients_[l].weight.view().Columns(block.first, block.count);
    bias_gradient = gradients_[l].bias.view();
  }

  if (l == 0 && activations_.nonzeros().data != nullptr) {
    kernels::WeightGradientSkippingZeros(dz, inputs, activations_.nonzeros().Columns(0, columns),
                                         block.first, output, weight_gradient);
  } else {
    kernels::WeightGradient(dz, inputs, output, weight_gradient);
  }
  if (last_chunk) {
    optimizer_.UpdateWeight(l, block.first, weight_gradient, learning_rate, parameters_[l]);
    if (l > 0) transposed_.Update(l, parameters_[l].weight.view(), block.first, block.count);
  }
  if (block.first == 0) {
    kernels::BiasGradient(dz, output, bias_gradient.data);
    if (last_chunk) optimizer_.UpdateBias(l, bias_gradient, learning_rate, parameters_[l]);
  }
}

}  // namespace colonnade
