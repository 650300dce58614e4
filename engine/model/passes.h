// SPDX-License-Identifier: Apache-2.0
// The arithmetic of a training step on one batch: forward, backward, weight gradients.
#ifndef COLONNADE_ENGINE_MODEL_PASSES_H_
#define COLONNADE_ENGINE_MODEL_PASSES_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/data/scaling.h"
#include "engine/data/sparse_examples.h"
#include "engine/model/storage.h"
#include "kernels/gemm.h"

namespace colonnade {

// Part of a result: columns [first_column, first_column + columns) of a batch, rows [first_row,
// first_row + rows) of a layer. first_row is a multiple of kPadFloats, first_column is even.
struct Block {
  size_t first_column, columns;
  size_t first_row, rows;
};

inline kernels::Matrix BlockOf(kernels::Matrix of, const Block& block) {
  return of.Columns(block.first_column, block.columns).Rows(block.first_row, block.rows);
}

// Columns [first, first + count) of the inputs of a layer's weights, and rows of its outputs, as in
// Block; `first` is a multiple of kPadFloats.
struct WeightBlock {
  size_t layer;
  size_t first, count;
  size_t first_row, rows;
};

// What the first layer does about inputs that are zero. The bits of the result are the same.
enum class Zeros {
  kAuto,  // what is faster, by the density of the data
  kSkip,
  kMultiply,
  kSparse,  // for many batches that are all of the data in its order: keep the nonzeros once, where
            // data and network suit that, else as kAuto
};

// Dropout of the hidden layers' outputs.
struct DropoutSettings {
  double probability = 0;  // [0, 1); 0: none
  uint64_t seed = 0;
};

// Where dropout is: the step, from 1, and the place of column 0 in the batch.
struct DropoutPlace {
  uint32_t step = 0;
  uint32_t first_column = 0;
};

// The matrices of a batch and what is computed with them, in one precision. Matrices are sized once
// for the largest batch. Calls for disjoint blocks of the same result may run at the same time;
// each function says what it needs to be complete. What only batch normalisation needs has an empty
// default, for passes without it.
class Passes {
 public:
  virtual ~Passes() = default;

  // The largest batch.
  virtual size_t columns() const = 0;

  // Whether the first layer leaves out products with zero.
  virtual bool skips_zeros() = 0;

  // To be called before the first Read() of a batch, alone, with the index of its first example.
  virtual void Begin(uint32_t /*first_example*/) {}

  // To be called before the first Forward() of a batch, alone.
  void SetDropoutPlace(const DropoutPlace& place) { dropout_place_ = place; }

  // Fills columns [first, first + count) of the inputs with examples indices[0 .. count).
  virtual void Read(const uint32_t* indices, size_t first, size_t count) = 0;

  // The block of what `layer` gives; needs all rows of what it takes, in these columns. Of a layer
  // with batch normalisation, only the product: Normalize() does the rest.
  virtual void Forward(size_t layer, const Block& block) = 0;

  // The rest of the forward pass of a layer with batch normalisation, for rows [first_row,
  // first_row + rows), as in Block, given their products of all columns [0, columns).
  // parameters: the layer's, of which it updates the running statistics.
  virtual void Normalize(size_t /*layer*/, size_t /*columns*/, size_t /*first_row*/,
                         size_t /*rows*/, DenseParameters& /*parameters*/) {}

  // What the last layer gives, in f32. The loss replaces it by its gradient.
  virtual kernels::Matrix logits() = 0;

  // To be called once the loss has written the gradient of columns [first, first + count).
  virtual void TakeLogitGradient(size_t first, size_t count) = 0;

  // The block of the gradient with respect to the pre-activations of `layer` - 1, given that of all
  // rows of `layer` ≥ 1 in these columns. Where `layer` - 1 has batch normalisation, that with
  // respect to what its activation takes, and NormalizeBackward(layer - 1) does the rest.
  virtual void Backward(size_t layer, const Block& block) = 0;

  // For rows as in Normalize(), the gradients with respect to the products of a layer with batch
  // normalisation, and to its gamma and bias.
  virtual void NormalizeBackward(size_t /*layer*/, size_t /*columns*/, size_t /*first_row*/,
                                 size_t /*rows*/) {}

  // The gradient of a block of weights over the first `columns` columns, or its sum with what is
  // there. dw: block.rows × block.count. Needs the backward pass of these columns. `next`: what the
  // caller reads then.
  virtual void WeightGradient(const WeightBlock& block, size_t columns, kernels::Output output,
                              kernels::Matrix dw, const kernels::ReadNext& next) = 0;

  // The same for the bias of `layer`, and for its gamma, if it has batch normalisation.
  virtual void BiasGradient(size_t layer, size_t columns, kernels::Output output, float* db) = 0;
  virtual void GammaGradient(size_t /*layer*/, kernels::Output /*output*/, float* /*dgamma*/) {}

  // To be called when a block of the weights has changed.
  virtual void TakeWeights(const WeightBlock& block) = 0;

 protected:
  explicit Passes(const DropoutSettings& dropout) : dropout_(dropout) {}

  bool drops() const { return dropout_.probability > 0; }

  // Zeros what is dropped of a block of what `layer` gives, or of its gradient, and scales the
  // rest.
  void Drop(size_t layer, const Block& block, kernels::ConstMatrix from, kernels::Matrix to) const;

 private:
  DropoutSettings dropout_;
  DropoutPlace dropout_place_;
};

// Everything in f32. References to shape, reader and parameters are kept. sparse: what the reader
// reads, or null. If it is there, batches consist of examples that follow each other, begin with a
// tile and are read as they are; blocks of columns are whole tiles (but for the last of all), those
// of the first layer's weights its blocks of features; and there is no batch normalisation.
std::unique_ptr<Passes> MakeF32Passes(const NetworkShape& shape, const BatchReader& reader,
                                      const std::vector<DenseParameters>& parameters,
                                      size_t columns, Zeros zeros, const SparseExamples* sparse,
                                      const DropoutSettings& dropout = {});

// Factors of the products in bf16, sums in f32. Pixels are not scaled but taken as they are, which
// is exact, and the first layer scales its sums. References to shape, data and parameters are kept.
// The shape is one without batch normalisation.
std::unique_ptr<Passes> MakeBf16Passes(const NetworkShape& shape, const Dataset& data,
                                       const Scaling& scaling,
                                       const std::vector<DenseParameters>& parameters,
                                       size_t columns, const DropoutSettings& dropout = {});

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_MODEL_PASSES_H_
