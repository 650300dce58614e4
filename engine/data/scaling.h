// SPDX-License-Identifier: Apache-2.0
// How raw feature values become network inputs.
#ifndef COLONNADE_ENGINE_DATA_SCALING_H_
#define COLONNADE_ENGINE_DATA_SCALING_H_

#include "colonnade/dataset.h"
#include "colonnade/scaling.h"
#include "engine/data/ranks.h"
#include "engine/runtime/aligned.h"
#include "kernels/bf16.h"
#include "kernels/encode.h"

namespace colonnade {

// Whether the features are the brightness of pixels rather than ages, counts or bands of light that
// happen to fit into a byte: bytes, in numbers that pictures have (k · k or 3 · k · k, k being at
// least 8), most of those that vary at all reaching from dark into the upper half of the range. The
// first examples tell.
bool LooksLikePixels(const Dataset& data);

// Fits the method to the data, whose values are those of the table less offsets: kNone and kUnit
// are of the table's. A feature that is constant becomes 0. kAuto of either is decided by the data
// alone: by LooksLikePixels(), and no pieces. Of more than 200,000 examples some stand for all
// where ranks are wanted. pieces: of each number, at most; from 2 on.
Scaling FitScaling(Scale method, const Dataset& data, Embedding embedding = Embedding::kNone,
                   size_t pieces = kPieces);

// A scaling that was fitted to data with the offsets of the schema `from`, for data with those of
// `to`.
Scaling Rebased(Scaling scaling, const Schema& from, const Schema& to);

// A Scaling as the kernels want it: aligned, with zeros in the padding.
struct PaddedScaling {
  PaddedScaling() = default;
  explicit PaddedScaling(const Scaling& scaling);

  AlignedBuffer<float> offset;
  AlignedBuffer<float> scale;

  // What Encode() takes, or null where offset and scale are all there is.
  const kernels::Encoding* encoding() const {
    return encoding_.features == 0 ? nullptr : &encoding_;
  }

 private:
  kernels::Encoding encoding_;  // of this memory, which does not move when the owner does
  AlignedBuffer<float> limit_, edge_, slope_, low_, high_, base_;
  AlignedBuffer<int32_t> source_;
  RankTables ranks_;
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

  // Column c of `to` becomes example indices[c]. to: inputs × any number of columns. nonzeros: of
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
  size_t inputs_;   // that an example becomes
  PaddedScaling scaling_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_SCALING_H_
