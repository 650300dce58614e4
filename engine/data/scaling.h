// SPDX-License-Identifier: Apache-2.0
// How raw feature values become network inputs.
#ifndef COLONNADE_ENGINE_DATA_SCALING_H_
#define COLONNADE_ENGINE_DATA_SCALING_H_

#include "colonnade/dataset.h"
#include "colonnade/scaling.h"
#include "engine/runtime/aligned.h"
#include "kernels/bf16.h"

namespace colonnade {

// Fits the method to the data, whose values are those of the table less offsets: kNone and kUnit
// are of the table's. A feature that is constant becomes 0.
Scaling FitScaling(Scale method, const Dataset& data);

// A scaling that was fitted to data with the offsets of the schema `from`, for data with those of
// `to`.
Scaling Rebased(Scaling scaling, const Schema& from, const Schema& to);
TargetScaling Rebased(TargetScaling scaling, const Schema& from, const Schema& to);

// A Scaling as the kernels want it: aligned, with zeros in the padding.
struct PaddedScaling {
  PaddedScaling() = default;
  explicit PaddedScaling(const Scaling& scaling);

  AlignedBuffer<float> offset;
  AlignedBuffer<float> scale;
};

// The fraction of the elements of a matrix with `rows` rows that are not zero.
double Density(kernels::ConstNonzeros nonzeros, size_t rows);

// The scale that all features share, if they are bytes without offset; else 0.
float CommonScale(const Dataset& data, const Scaling& scaling);

// Copies examples into the columns of a batch and scales them on the way.
class BatchReader {
 public:
  // Keeps a reference to `data`.
  BatchReader(const Dataset& data, const Scaling& scaling);

  // Column c of `to` becomes example indices[c]. to: features × any number of columns. nonzeros: of
  // `to`, or with null data if nobody wants them.
  void Read(const uint32_t* indices, kernels::Matrix to, kernels::Nonzeros nonzeros = {}) const;

  // The same, rounded.
  void Read(const uint32_t* indices, const kernels::Bf16Result& to) const;

  // Density() of the first examples.
  double Density() const;

 private:
  // Calls visit(first, count, columns) for consecutive blocks of the `count` examples of `indices`:
  // the columns of the dataset that the examples from `first` on are.
  template <class Visit>
  void ForColumns(const uint32_t* indices, size_t count, const Visit& visit) const;

  // All columns that there are.
  template <class T>
  kernels::View<const T> Stored(const T* values) const {
    return {values, data_.features(), columns_, data_.stride()};
  }

  const Dataset& data_;
  size_t columns_;  // of the memory that `data` has its values in
  PaddedScaling scaling_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_SCALING_H_
