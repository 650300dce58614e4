// SPDX-License-Identifier: Apache-2.0
// The direction of a matrix: its singular vectors without its singular values, nearly.
#ifndef COLONNADE_ENGINE_TRAIN_ORTHOGONALIZE_H_
#define COLONNADE_ENGINE_TRAIN_ORTHOGONALIZE_H_

#include <vector>

#include "engine/runtime/aligned.h"
#include "engine/runtime/execution.h"
#include "kernels/matrix.h"

namespace colonnade {

// Makes u · s' · vᵀ of a matrix u · s · vᵀ, most of s' being between 0.7 and 1.2: five steps of
//
//   x ← 3.4445 · x − 4.7750 · x xᵀ x + 2.0315 · (x xᵀ)² x
//
// from the matrix over its Frobenius norm (Jordan et al. 2024, "Muon: an optimizer for hidden
// layers in neural networks"). In f32, by the products of kernels/gemm.h: the same bits for any
// number of threads.
class Orthogonalizer {
 public:
  // Makes room for matrices of that size, besides those of the calls before.
  void Reserve(size_t rows, size_t cols);

  // For a matrix that there is room for. Allocates nothing.
  void Run(kernels::Matrix matrix, Execution& execution);

 private:
  void Normalize(kernels::Matrix x, Execution& execution);
  void Step(kernels::Matrix x, Execution& execution);

  OwnedMatrix gram_, polynomial_;  // short × short side
  OwnedMatrix product_;            // short × long
  OwnedMatrix lying_;              // likewise: a matrix with more rows than columns, transposed
  OwnedMatrix zero_;               // a column
  std::vector<float> squares_;     // of each column
};

// Calls f(first, count) for blocks of so many columns, in parallel: whole register tiles, and whole
// cache lines where the columns become rows.
template <class F>
void ForEachColumnBlock(size_t columns, Execution& execution, const F& f) {
  constexpr size_t kBlock = 48;
  execution.ForEach((columns + kBlock - 1) / kBlock, [&](size_t task, size_t) {
    const size_t first = task * kBlock;
    f(first, columns - first < kBlock ? columns - first : kBlock);
  });
}

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_ORTHOGONALIZE_H_
