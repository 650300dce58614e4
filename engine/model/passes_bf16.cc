// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "engine/model/bf16_matrices.h"
#include "engine/model/kernel_names.h"
#include "engine/model/passes.h"
#include "kernels/bf16.h"

namespace colonnade {
namespace {

using kernels::PairsOf;

// Where a block lies in a matrix.
kernels::Bf16Result BlockOf(OwnedBf16& of, const Block& block) {
  const kernels::Bf16Result columns = of.Columns(block.first_column, block.columns);
  return {columns.columns.Rows(block.first_row, block.rows),
          columns.pairs.Rows(block.first_row, block.rows)};
}

// What Read() applies: nothing, where the first layer scales its sums instead.
Scaling ReaderScaling(const Scaling& scaling, bool in_first_layer) {
  Scaling result = scaling;
  if (in_first_layer) std::fill(result.scale.begin(), result.scale.end(), 1.0f);
  return result;
}

class Bf16Passes final : public Passes {
 public:
  Bf16Passes(const NetworkShape& shape, const Dataset& data, const Scaling& scaling,
             const std::vector<DenseParameters>& parameters, size_t columns,
             const DropoutSettings& dropout)
      : Passes(dropout),
        shape_(shape),
        parameters_(parameters),
        common_scale_(CommonScale(data, scaling)),
        reader_(data, ReaderScaling(scaling, common_scale_ != 0)),
        logits_(shape.outputs(), columns) {
    for (size_t l = 0; l < shape.layers.size(); ++l) {
      const Layer& layer = shape.layers[l];
      activations_.emplace_back(layer.inputs, columns);
      gradients_.emplace_back(layer.outputs, columns);
      const bool wide = IsWide(l);
      kept_.emplace_back(layer.outputs, wide ? columns : 0);
      wide_gradients_.emplace_back(layer.outputs, wide ? columns : 0);
      zero_.emplace_back(layer.outputs, wide ? 1 : 0);
      weights_.emplace_back(layer.outputs, layer.inputs);
      // The first layer needs no gradient of its inputs.
      transposed_.emplace_back(layer.inputs, l == 0 ? 0 : layer.outputs);
      Bf16Passes::TakeWeights({l, 0, layer.inputs, 0, layer.outputs});
    }
  }

  size_t columns() const override { return logits_.cols(); }

  bool skips_zeros() override { return false; }

  void Read(const uint32_t* indices, size_t first, size_t count) override {
    reader_.Read(indices, activations_.front().Columns(first, count));
  }

  void Forward(size_t layer, const Block& block) override {
    const auto weights = weights_[layer].view().Rows(block.first_row, block.rows);
    const auto inputs = activations_[layer].Columns(block.first_column, block.columns).columns;
    const float* bias = parameters_[layer].bias.view().data + block.first_row;
    const Activation activation = shape_.layers[layer].activation;
    const auto block_of = [&](OwnedMatrix& of) { return BlockOf(of.view(), block); };
    if (layer + 1 == shape_.layers.size()) {
      kernels::Bf16Forward(weights, inputs, InputScale(layer), bias, KernelActivation(activation),
                           block_of(logits_));
    } else if (!IsWide(layer)) {
      kernels::Bf16Forward(weights, inputs, InputScale(layer), bias, KernelActivation(activation),
                           BlockOf(activations_[layer + 1], block));
    } else {
      // In f32, in the memory of the gradient where kept_ must stay as it is.
      const kernels::Matrix kept = block_of(kept_[layer]);
      const kernels::Matrix scratch = block_of(wide_gradients_[layer]);
      kernels::Matrix values = kept;
      kernels::Bf16Forward(weights, inputs, InputScale(layer), bias, KernelActivation(activation),
                           kept);
      if (const auto f = KernelNonlinearity(activation)) {
        if (kernels::DerivativeTakesInput(*f)) values = scratch;
        kernels::Apply(*f, kept, values);
      }
      if (drops()) {
        Drop(layer, block, values, scratch);
        values = scratch;
      }
      kernels::RoundToBf16(values, BlockOf(activations_[layer + 1], block));
    }
  }

  kernels::Matrix logits() override { return logits_.view(); }

  void TakeLogitGradient(size_t first, size_t count) override {
    kernels::RoundToBf16(logits_.view().Columns(first, count),
                         gradients_.back().Columns(first, count));
  }

  void Backward(size_t layer, const Block& block) override {
    const auto weights = transposed_[layer].view().Rows(block.first_row, block.rows);
    const auto dz = gradients_[layer].Columns(block.first_column, block.columns).columns;
    const Activation activation = shape_.layers[layer - 1].activation;
    if (!IsWide(layer - 1)) {
      kernels::Bf16InputGradient(weights, dz, KernelActivation(activation),
                                 BlockOf(activations_[layer], block).columns,
                                 BlockOf(gradients_[layer - 1], block));
      return;
    }
    const kernels::Matrix gradient = BlockOf(wide_gradients_[layer - 1].view(), block);
    kernels::Bf16Forward(weights, dz, 1.0f, zero_[layer - 1].view().data,
                         kernels::Activation::kIdentity, gradient);
    const kernels::Matrix kept = BlockOf(kept_[layer - 1].view(), block);
    if (drops()) Drop(layer - 1, block, gradient, gradient);
    if (activation == Activation::kRelu) {
      kernels::ReluGradient(kept, gradient, gradient);
    } else if (const auto f = KernelNonlinearity(activation)) {
      kernels::ApplyGradient(*f, kept, gradient, gradient);
    }
    kernels::RoundToBf16(gradient, BlockOf(gradients_[layer - 1], block));
  }

  void WeightGradient(const WeightBlock& block, size_t columns, kernels::Output output,
                      kernels::Matrix dw, const kernels::ReadNext& next) override {
    const size_t l = block.layer;
    kernels::Bf16WeightGradient(
        gradients_[l].Columns(0, columns).pairs.Rows(block.first_row, block.rows),
        activations_[l].Columns(0, columns).pairs.Rows(block.first, block.count), InputScale(l),
        output, dw, next);
  }

  void BiasGradient(size_t layer, size_t columns, kernels::Output output, float* db) override {
    kernels::Bf16BiasGradient(gradients_[layer].Columns(0, columns).columns, output, db);
  }

  void TakeWeights(const WeightBlock& block) override {
    const kernels::ConstMatrix changed = parameters_[block.layer]
                                             .weight.view()
                                             .Columns(block.first, block.count)
                                             .Rows(block.first_row, block.rows);
    kernels::RoundToBf16Pairs(changed, weights_[block.layer]
                                           .view()
                                           .Columns(block.first / 2, PairsOf(block.count))
                                           .Rows(block.first_row, block.rows));
    if (block.layer == 0) return;
    kernels::RoundToTransposedBf16Pairs(changed,
                                        transposed_[block.layer]
                                            .view()
                                            .Columns(block.first_row / 2, PairsOf(block.rows))
                                            .Rows(block.first, block.count));
  }

 private:
  // Whether a layer's outputs and their gradient pass through f32 matrices, for what the products
  // do not do by themselves.
  bool IsWide(size_t layer) const {
    if (layer + 1 == shape_.layers.size()) return false;
    return drops() || !IsFused(shape_.layers[layer].activation);
  }

  float InputScale(size_t layer) const {
    return layer == 0 && common_scale_ != 0 ? common_scale_ : 1.0f;
  }

  const NetworkShape& shape_;
  const std::vector<DenseParameters>& parameters_;
  float common_scale_;
  BatchReader reader_;
  std::vector<OwnedBf16> activations_;  // what each layer takes
  std::vector<OwnedBf16> gradients_;    // with respect to the pre-activations of each layer
  // Of the hidden layers whose activation the products do not apply, in f32; others without
  // columns:
  std::vector<OwnedMatrix> kept_;            // what the derivative is computed from
  std::vector<OwnedMatrix> wide_gradients_;  // on their way to gradients_
  std::vector<OwnedMatrix> zero_;            // a bias
  std::vector<OwnedPairs> weights_;
  std::vector<OwnedPairs> transposed_;
  OwnedMatrix logits_;  // and then their gradient
};

}  // namespace

std::unique_ptr<Passes> MakeBf16Passes(const NetworkShape& shape, const Dataset& data,
                                       const Scaling& scaling,
                                       const std::vector<DenseParameters>& parameters,
                                       size_t columns, const DropoutSettings& dropout) {
  return std::make_unique<Bf16Passes>(shape, data, scaling, parameters, columns, dropout);
}

}  // namespace colonnade
