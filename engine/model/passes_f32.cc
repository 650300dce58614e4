// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "engine/model/forward.h"
#include "engine/model/kernel_names.h"
#include "engine/model/passes.h"
#include "kernels/batch_norm.h"
#include "kernels/gemm.h"
#include "kernels/sparse.h"

namespace colonnade {
namespace {

// Whether the backward pass needs what the activation took, and not what it gave.
bool KeepsInput(Activation activation) {
  const auto f = KernelNonlinearity(activation);
  return f && kernels::DerivativeTakesInput(*f);
}

class F32Passes final : public Passes {
 public:
  F32Passes(const NetworkShape& shape, const BatchReader& reader,
            const std::vector<DenseParameters>& parameters, size_t columns, Zeros zeros,
            const SparseExamples* sparse, const DropoutSettings& dropout)
      : Passes(dropout),
        shape_(shape),
        reader_(reader),
        parameters_(parameters),
        sparse_(sparse),
        activations_(shape, columns, sparse == nullptr ? columns : 0) {
    if (zeros == Zeros::kAuto || zeros == Zeros::kSparse) {
      zeros = reader.Density() < kSkipDensity ? Zeros::kSkip : Zeros::kMultiply;
    }
    if (zeros == Zeros::kSkip && sparse == nullptr) activations_.EnableNonzeros();
    transposed_.emplace_back();  // the first layer needs no gradient of its inputs
    for (size_t l = 0; l < shape.layers.size(); ++l) {
      const Layer& layer = shape.layers[l];
      if (l + 1 < shape.layers.size()) gradients_.emplace_back(layer.outputs, columns);
      kept_.emplace_back(layer.outputs, Keeps(l) ? columns : 0);
      norms_.emplace_back(layer, columns);
      if (l == 0) continue;
      transposed_.emplace_back(layer.inputs, layer.outputs);
      kernels::Transpose(parameters[l].weight.view(), transposed_[l].view());
    }
  }

  size_t columns() const override { return activations_.columns(); }

  bool skips_zeros() override {
    return sparse_ != nullptr || activations_.nonzeros().data != nullptr;
  }

  void Begin(uint32_t first_example) override { first_example_ = first_example; }

  void Read(const uint32_t* indices, size_t first, size_t count) override {
    if (sparse_ != nullptr) return;
    const kernels::Nonzeros nonzeros = activations_.nonzeros();
    reader_.Read(indices, activations_.inputs().Columns(first, count),
                 nonzeros.data == nullptr ? nonzeros : nonzeros.Columns(first, count));
  }

  void Forward(size_t layer, const Block& block) override {
    const Activation activation = shape_.layers[layer].activation;
    if (shape_.layers[layer].batch_norm) {
      Norm& norm = norms_[layer];
      return Product(layer, norm.no_bias.view().data, Activation::kIdentity, block,
                     norm.normalized.view());
    }
    Product(layer, parameters_[layer].bias.view().data,
            IsFused(activation) ? activation : Activation::kIdentity, block, Taken(layer));
    Activate(layer, block);
  }

  void Normalize(size_t layer, size_t columns, size_t first_row, size_t rows,
                 DenseParameters& parameters) override {
    const Block block{0, columns, first_row, rows};
    const kernels::Matrix y = BlockOf(Taken(layer), block);
    const auto of_rows = [&](auto& of) { return of.view().data + first_row; };
    kernels::BatchNormForward({.gamma = of_rows(parameters.gamma),
                               .beta = of_rows(parameters.bias),
                               .running_mean = of_rows(parameters.running_mean),
                               .running_variance = of_rows(parameters.running_variance),
                               .inverse_deviation = of_rows(norms_[layer].inverse_deviation)},
                              BlockOf(norms_[layer].normalized.view(), block), y);
    if (shape_.layers[layer].activation == Activation::kRelu) kernels::Relu(y, y);
    Activate(layer, block);
  }

  kernels::Matrix logits() override { return activations_.logits(); }

  void TakeLogitGradient(size_t, size_t) override {}

  void Backward(size_t layer, const Block& block) override {
    const Activation activation = shape_.layers[layer - 1].activation;
    const kernels::Matrix gradient = BlockOf(Gradient(layer - 1), block);
    kernels::InputGradient(transposed_[layer].view().Rows(block.first_row, block.rows),
                           Gradient(layer).Columns(block.first_column, block.columns),
                           KernelActivation(activation), BlockOf(activations_.at(layer), block),
                           gradient);
    if (drops()) Drop(layer - 1, block, gradient, gradient);
    const auto f = KernelNonlinearity(activation);
    if (!f) return;
    const kernels::Matrix kept =
        Keeps(layer - 1) ? kept_[layer - 1].view() : activations_.at(layer);
    kernels::ApplyGradient(*f, BlockOf(kept, block), gradient, gradient);
  }

  void NormalizeBackward(size_t layer, size_t columns, size_t first_row, size_t rows) override {
    const Block block{0, columns, first_row, rows};
    const auto of_rows = [&](auto& of) { return of.view().data + first_row; };
    Norm& norm = norms_[layer];
    kernels::BatchNormBackward(of_rows(parameters_[layer].gamma), of_rows(norm.inverse_deviation),
                               BlockOf(norm.normalized.view(), block),
                               BlockOf(Gradient(layer), block), of_rows(norm.dgamma),
                               of_rows(norm.dbeta));
  }

  void WeightGradient(const WeightBlock& block, size_t columns, kernels::Output output,
                      kernels::Matrix dw, const kernels::ReadNext& next) override {
    const kernels::ConstMatrix dz =
        Gradient(block.layer).Columns(0, columns).Rows(block.first_row, block.rows);
    if (block.layer == 0 && sparse_ != nullptr) {
      for (size_t first = 0; first < columns; first += sparse_->tile()) {
        kernels::WeightGradientSparse(
            dz.Columns(first, std::min(sparse_->tile(), columns - first)),
            sparse_->Features(TileOf(first), block.first / SparseExamples::kBlockFeatures),
            first == 0 ? output : kernels::Output::kAccumulate, dw);
      }
      return;
    }
    const kernels::ConstMatrix inputs =
        activations_.at(block.layer).Columns(0, columns).Rows(block.first, block.count);
    if (block.layer == 0 && activations_.nonzeros().data != nullptr) {
      kernels::WeightGradientSkippingZeros(dz, inputs, activations_.nonzeros().Columns(0, columns),
                                           block.first, output, dw);
    } else {
      kernels::WeightGradient(dz, inputs, output, dw, next);
    }
  }

  void BiasGradient(size_t layer, size_t columns, kernels::Output output, float* db) override {
    if (shape_.layers[layer].batch_norm) return Hand(norms_[layer].dbeta, output, db);
    kernels::BiasGradient(Gradient(layer).Columns(0, columns), output, db);
  }

  void GammaGradient(size_t layer, kernels::Output output, float* dgamma) override {
    Hand(norms_[layer].dgamma, output, dgamma);
  }

  void TakeWeights(const WeightBlock& block) override {
    if (block.layer == 0) return;
    const kernels::ConstMatrix changed = parameters_[block.layer].weight.view();
    kernels::Transpose(changed.Columns(block.first, block.count).Rows(block.first_row, block.rows),
                       transposed_[block.layer]
                           .view()
                           .Columns(block.first_row, block.rows)
                           .Rows(block.first, block.count));
  }

 private:
  // Of a layer with batch normalisation; without columns for others.
  struct Norm {
    Norm(const Layer& layer, size_t columns)
        : normalized(layer.outputs, layer.batch_norm ? columns : 0),
          inverse_deviation(layer.outputs, layer.batch_norm ? 1 : 0),
          dgamma(layer.outputs, layer.batch_norm ? 1 : 0),
          dbeta(layer.outputs, layer.batch_norm ? 1 : 0),
          no_bias(layer.outputs, layer.batch_norm ? 1 : 0) {}

    OwnedMatrix normalized;  // the products, at first
    OwnedMatrix inverse_deviation;
    OwnedMatrix dgamma, dbeta;
    OwnedMatrix no_bias;  // zeros
  };

  static void Hand(const OwnedMatrix& gradient, kernels::Output output, float* to) {
    const float* const from = gradient.view().data;
    const bool add = output == kernels::Output::kAccumulate;
    for (size_t i = 0; i < kernels::PaddedRows(gradient.rows()); ++i) {
      to[i] = add ? to[i] + from[i] : from[i];
    }
  }

  // What the activation of a layer takes. Where nothing is kept, it works in place.
  kernels::Matrix Taken(size_t layer) {
    return Keeps(layer) ? kept_[layer].view() : activations_.at(layer + 1);
  }

  // What is left to do of a block once Taken() is there, fused activations being applied to it.
  void Activate(size_t layer, const Block& block) {
    const Activation activation = shape_.layers[layer].activation;
    const kernels::Matrix z = Taken(layer);
    const kernels::Matrix result = activations_.at(layer + 1);
    kernels::Matrix a = result;
    if (const auto f = KernelNonlinearity(activation)) {
      // What is kept is what the activation takes or, if that is not needed, what it gives.
      if (!KeepsInput(activation)) a = z;
      kernels::Apply(*f, BlockOf(z, block), BlockOf(a, block));
    }
    if (drops() && layer + 1 < shape_.layers.size()) {
      Drop(layer, block, BlockOf(a, block), BlockOf(result, block));
    }
  }

  // Whether kept_ has something of a layer: what the backward pass needs and what the layer gives
  // does not tell, because it is the input, or because dropout changes more than its sign.
  bool Keeps(size_t layer) const {
    const Activation activation = shape_.layers[layer].activation;
    if (layer + 1 == shape_.layers.size() || IsFused(activation)) return false;
    return KeepsInput(activation) || (drops() && activation != Activation::kLeakyRelu);
  }

  // The block of what the layer gives with that activation, one that is fused.
  void Product(size_t layer, const float* bias, Activation activation, const Block& block,
               kernels::Matrix z) {
    const kernels::ConstMatrix weight = parameters_[layer].weight.view();
    if (layer > 0 || sparse_ == nullptr) {
      return ForwardLayer(weight, bias, activation, activations_, layer, block, z);
    }
    const auto columns = [&](kernels::Matrix matrix) {
      return matrix.Columns(block.first_column, block.columns);
    };
    kernels::WriteNext next;
    if (shape_.layers.size() > 1) next = {columns(activations_.at(2)), columns(Gradient(0))};
    kernels::ForwardSparse(weight, sparse_->Examples(TileOf(block.first_column)), bias,
                           KernelActivation(activation), columns(z), next);
  }

  // With respect to the pre-activations of a layer, outputs × columns.
  kernels::Matrix Gradient(size_t layer) {
    return layer < gradients_.size() ? gradients_[layer].view() : activations_.logits();
  }

  // Of a column of the batch.
  size_t TileOf(size_t column) const { return (first_example_ + column) / sparse_->tile(); }

  const NetworkShape& shape_;
  const BatchReader& reader_;
  const std::vector<DenseParameters>& parameters_;
  const SparseExamples* sparse_;
  size_t first_example_ = 0;  // of the batch
  Activations activations_;
  std::vector<OwnedMatrix> kept_;        // see Keeps(); without columns where there is nothing
  std::vector<Norm> norms_;              // per layer
  std::vector<OwnedMatrix> gradients_;   // of the hidden layers; the last one's replace the logits
  std::vector<OwnedMatrix> transposed_;  // weights, inputs × outputs
};

}  // namespace

std::unique_ptr<Passes> MakeF32Passes(const NetworkShape& shape, const BatchReader& reader,
                                      const std::vector<DenseParameters>& parameters,
                                      size_t columns, Zeros zeros, const SparseExamples* sparse,
                                      const DropoutSettings& dropout) {
  return std::make_unique<F32Passes>(shape, reader, parameters, columns, zeros, sparse, dropout);
}

}  // namespace colonnade
