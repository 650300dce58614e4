#include <algorithm>

#include "engine/model/forward.h"
#include "engine/model/kernel_names.h"
#include "engine/model/passes.h"
#include "kernels/gemm.h"
#include "kernels/sparse.h"

namespace colonnade {
namespace {

class F32Passes final : public Passes {
 public:
  F32Passes(const NetworkShape& shape, const BatchReader& reader,
            const std::vector<DenseParameters>& parameters, size_t columns, Zeros zeros,
            const SparseExamples* sparse)
      : shape_(shape),
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
    if (layer == 0 && sparse_ != nullptr) {
      const DenseParameters& parameters = parameters_.front();
      return kernels::ForwardSparse(
          parameters.weight.view(), sparse_->Examples(TileOf(block.first_column)),
          parameters.bias.view().data, KernelActivation(shape_.layers.front().activation),
          activations_.at(1).Columns(block.first_column, block.columns));
    }
    ForwardLayer(shape_, parameters_, activations_, layer, block);
  }

  kernels::Matrix logits() override { return activations_.logits(); }

  void TakeLogitGradient(size_t, size_t) override {}

  void Backward(size_t layer, const Block& block) override {
    const auto part = [&](kernels::Matrix of) {
      return of.Columns(block.first_column, block.columns).Rows(block.first_row, block.rows);
    };
    kernels::InputGradient(transposed_[layer].view().Rows(block.first_row, block.rows),
                           Gradient(layer).Columns(block.first_column, block.columns),
                           KernelActivation(shape_.layers[layer - 1].activation),
                           part(activations_.at(layer)), part(Gradient(layer - 1)));
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
    kernels::BiasGradient(Gradient(layer).Columns(0, columns), output, db);
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
  std::vector<OwnedMatrix> gradients_;   // of the hidden layers; the last one's replace the logits
  std::vector<OwnedMatrix> transposed_;  // weights, inputs × outputs
};

}  // namespace

std::unique_ptr<Passes> MakeF32Passes(const NetworkShape& shape, const BatchReader& reader,
                                      const std::vector<DenseParameters>& parameters,
                                      size_t columns, Zeros zeros, const SparseExamples* sparse) {
  return std::make_unique<F32Passes>(shape, reader, parameters, columns, zeros, sparse);
}

}  // namespace colonnade
