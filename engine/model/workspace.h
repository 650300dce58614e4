// SPDX-License-Identifier: Apache-2.0
// The memory in which a thread runs a trained model.
#ifndef COLONNADE_ENGINE_MODEL_WORKSPACE_H_
#define COLONNADE_ENGINE_MODEL_WORKSPACE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "colonnade/network.h"
#include "engine/runtime/aligned.h"

namespace colonnade {

// Grows when asked for more, never shrinks.
class Workspace {
 public:
  // Examples that go through the network together: enough for the matrix products to reuse the
  // weights, few enough for what the layers give to stay in a core's cache.
  static constexpr size_t kBlock = 128;

  // Grows to what blocks of so many examples need.
  void Reserve(const NetworkShape& shape, size_t columns, size_t members) {
    Inputs(0, shape.inputs(), columns);
    Nonzeros(shape.inputs(), columns);
    Indices(0, columns);
    for (size_t l = 0; l < shape.layers.size(); ++l) {
      Inputs(l + 1, shape.layers[l].outputs, columns);
    }
    if (members == 1) return;
    for (size_t l = 0; l < shape.layers.size(); ++l) {
      InputsOfMember(l + 1, shape.layers[l].outputs, columns);
    }
    if (shape.output == OutputKind::kLinear) {
      Outputs(members, columns);
    } else {
      Outputs(std::max<size_t>(shape.outputs(), 2), columns * members);
    }
  }

  // The inputs of layer `l`. Layers of equal parity share memory, because none needs more than its
  // inputs and outputs.
  kernels::Matrix Inputs(size_t l, size_t rows, size_t columns) {
    const size_t stride = ColumnStride(rows, sizeof(float));
    return {Grown(values_[l % 2], stride * columns), rows, columns, stride};
  }

  // Those of a layer behind the first, beside Inputs(0, …), which the next member takes, too.
  kernels::Matrix InputsOfMember(size_t l, size_t rows, size_t columns) {
    const size_t stride = ColumnStride(rows, sizeof(float));
    return {Grown(values_[1 + l % 2], stride * columns), rows, columns, stride};
  }

  // What all members give.
  kernels::Matrix Outputs(size_t rows, size_t columns) {
    const size_t stride = ColumnStride(rows, sizeof(float));
    return {Grown(outputs_, stride * columns), rows, columns, stride};
  }

  kernels::Nonzeros Nonzeros(size_t rows, size_t columns) {
    const size_t words = kernels::NonzeroWords(rows);
    return {Grown(nonzeros_, words * columns), words, columns, words};
  }

  // Consecutive numbers from `first` on.
  const uint32_t* Indices(size_t first, size_t count) {
    uint32_t* indices = Grown(indices_, count);
    std::iota(indices, indices + count, static_cast<uint32_t>(first));
    return indices;
  }

 private:
  template <class T>
  static T* Grown(AlignedBuffer<T>& buffer, size_t size) {
    if (buffer.size() < size) buffer = AlignedBuffer<T>(size);
    return buffer.data();
  }

  AlignedBuffer<float> values_[3];
  AlignedBuffer<float> outputs_;
  AlignedBuffer<uint64_t> nonzeros_;
  AlignedBuffer<uint32_t> indices_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_MODEL_WORKSPACE_H_
