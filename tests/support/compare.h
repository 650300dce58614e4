// SPDX-License-Identifier: Apache-2.0
// Comparators for results of kernels. compare_test.cc has the wrong inputs that they reject.
#ifndef COLONNADE_TESTS_SUPPORT_COMPARE_H_
#define COLONNADE_TESTS_SUPPORT_COMPARE_H_

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/matrix.h"

namespace colonnade::test {

// A sum in double precision, and the sum of the absolute values of its terms, which is what the
// rounding errors of a computation in f32 are proportional to.
struct Reference {
  double value = 0;
  double magnitude = 0;

  void Add(double term) {
    value += term;
    magnitude += std::fabs(term);
  }
};

// References for the elements of a matrix.
class References {
 public:
  References(size_t rows, size_t cols) : rows_(rows), cols_(cols), values_(rows * cols) {}

  size_t rows() const { return rows_; }
  size_t cols() const { return cols_; }
  Reference& operator()(size_t r, size_t c) { return values_[r + c * rows_]; }
  const Reference& operator()(size_t r, size_t c) const { return values_[r + c * rows_]; }

 private:
  size_t rows_;
  size_t cols_;
  std::vector<Reference> values_;
};

// The error bound of `roundings` successive f32 roundings, relative to a magnitude: n·u / (1 −
// n·u), u = 2^-24. A sum of K products takes 2·K roundings of which at most K + 1 touch any one
// term.
double RelativeBound(size_t roundings);

// Whether each element of `actual` is its reference within RelativeBound(roundings) · magnitude.
// NaN is near NaN only, an infinity near the same infinity only.
//
// Fails, whatever the actual values are, where the comparison would prove little: shapes that
// differ, a relative bound above 2^-10, a magnitude that is below |value| or infinite for a finite
// value, or tolerances so large that zeros would pass for all references though not all are zero.
testing::AssertionResult IsNear(const References& expected, kernels::ConstMatrix actual,
                                size_t roundings);

// Whether both have the same shape and the same bits in every element (so -0 is not 0, and NaN is
// NaN of the same payload). Reports the first difference and counts them.
testing::AssertionResult SameBits(kernels::ConstMatrix expected, kernels::ConstMatrix actual);

// |actual − expected| in units of the last place of an f32 as large as `expected`; infinite if
// either is not finite and they differ.
double UlpError(double expected, float actual);

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_COMPARE_H_
