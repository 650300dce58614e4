// SPDX-License-Identifier: Apache-2.0
#include "engine/train/orthogonalize.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/gemm.h"
#include "kernels/optimizer.h"

namespace colonnade {
namespace {

constexpr int kSteps = 5;
constexpr float kA = 3.4445F;
constexpr float kB = -4.7750F;
constexpr float kC = 2.0315F;
constexpr double kLeastNorm = 1e-7;

kernels::Matrix Part(OwnedMatrix& of, size_t rows, size_t cols) {
  return of.view().Columns(0, cols).Rows(0, rows);
}

// to = m · mᵀ. Its own transpose to the bit, so that half of it is computed, and the rest copied.
// finish(first, block): what is done before that to the block from row and column `first` on.
template <class Finish>
void MultiplyByTranspose(kernels::ConstMatrix m, kernels::Matrix to, Execution& execution,
                         const Finish& finish) {
  ForEachColumnBlock(m.rows, execution, [&](size_t first, size_t count) {
    const size_t rows = m.rows - first;
    const kernels::Matrix lower = to.Columns(first, count).Rows(first, rows);
    kernels::WeightGradient(m.Rows(first, rows), m.Rows(first, count), kernels::Output::kOverwrite,
                            lower);
    finish(first, lower);
    if (rows == count) return;
    kernels::Transpose(lower.Rows(count, rows - count),
                       to.Columns(first + count, rows - count).Rows(first, count));
  });
}

}  // namespace

void Orthogonalizer::Reserve(size_t rows, size_t cols) {
  const size_t across = std::max(std::min(rows, cols), gram_.rows());
  const size_t along = std::max(std::max(rows, cols), product_.cols());
  gram_ = OwnedMatrix(across, across);
  polynomial_ = OwnedMatrix(across, across);
  product_ = OwnedMatrix(across, along);
  lying_ = OwnedMatrix(across, along);
  zero_ = OwnedMatrix(across, 1);
  squares_.resize(along);
}

void Orthogonalizer::Run(kernels::Matrix matrix, Execution& execution) {
  const bool tall = matrix.rows > matrix.cols;
  const kernels::Matrix x = tall ? Part(lying_, matrix.cols, matrix.rows) : matrix;
  if (tall) {
    ForEachColumnBlock(matrix.cols, execution, [&](size_t first, size_t count) {
      kernels::Transpose(matrix.Columns(first, count), x.Rows(first, count));
    });
  }
  Normalize(x, execution);
  for (int step = 0; step < kSteps; ++step) Step(x, execution);
  if (tall) {
    ForEachColumnBlock(x.cols, execution, [&](size_t first, size_t count) {
      kernels::Transpose(x.Columns(first, count), matrix.Rows(first, count));
    });
  }
}

void Orthogonalizer::Normalize(kernels::Matrix x, Execution& execution) {
  ForEachColumnBlock(x.cols, execution, [&](size_t first, size_t count) {
    kernels::SquaresOfColumns(x.Columns(first, count), squares_.data() + first);
  });
  const double sum =
      std::accumulate(squares_.begin(), squares_.begin() + static_cast<ptrdiff_t>(x.cols), 0.0);
  const auto factor = static_cast<float>(1 / std::max(std::sqrt(sum), kLeastNorm));
  ForEachColumnBlock(x.cols, execution, [&](size_t first, size_t count) {
    kernels::ScaleGradient(x.Columns(first, count), factor);
  });
}

// With the gram matrix g = x xᵀ: x ← a · x + (b · g + c · g²) x.
void Orthogonalizer::Step(kernels::Matrix x, Execution& execution) {
  const kernels::Matrix gram = Part(gram_, x.rows, x.rows);
  const kernels::Matrix polynomial = Part(polynomial_, x.rows, x.rows);
  const kernels::Matrix product = Part(product_, x.rows, x.cols);
  MultiplyByTranspose(x, gram, execution, [](size_t, kernels::Matrix) {});
  MultiplyByTranspose(gram, polynomial, execution, [&](size_t first, kernels::Matrix square) {
    kernels::Combine(kB, gram.Columns(first, square.cols).Rows(first, square.rows), kC, square,
                     square);
  });
  ForEachColumnBlock(x.cols, execution, [&](size_t first, size_t count) {
    const kernels::Matrix block = x.Columns(first, count);
    const kernels::Matrix change = product.Columns(first, count);
    kernels::Forward(polynomial, block, zero_.view().data, kernels::Activation::kIdentity, change);
    kernels::Combine(kA, block, 1, change, block);
  });
}

}  // namespace colonnade
