// SPDX-License-Identifier: Apache-2.0
// Memory for kernel tests: matrices that notice when a kernel leaves its bounds.
#ifndef COLONNADE_TESTS_SUPPORT_MATRICES_H_
#define COLONNADE_TESTS_SUPPORT_MATRICES_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <utility>

#include "kernels/matrix.h"
#include "tests/support/random.h"

namespace colonnade::test {

// An aligned column-major matrix. Guard bytes lie before it, after it, and in the rows of each
// column that no kernel may touch. As floats they are signalling NaN, so that reading them shows
// in the result, while CheckGuards() finds writing to them.
template <class T>
class TestMatrix {
 public:
  // Zeros in the padding; other elements are whatever Unset() gives. `stride` 0: the smallest.
  TestMatrix(size_t rows, size_t cols, size_t stride = 0)
      : TestMatrix(rows, kernels::PaddedRows(rows), cols, stride) {}

  // For kernels that take a plain array: `size` elements, no padding, guards right behind.
  static TestMatrix Vector(size_t size) { return TestMatrix(size, size, 1, size); }

  // Uniform elements in [low, high), zeros in the padding.
  static TestMatrix Uniform(Random& random, size_t rows, size_t cols, size_t stride = 0,
                            float low = -1.0f, float high = 1.0f) {
    TestMatrix matrix(rows, cols, stride);
    matrix.Generate([&](size_t, size_t) { return static_cast<T>(random.Uniform(low, high)); });
    return matrix;
  }

  // An output that nobody has written to: NaN (or the largest value) in elements and padding.
  static TestMatrix Unset(size_t rows, size_t cols, size_t stride = 0) {
    TestMatrix matrix(rows, cols, stride);
    matrix.FillPadding(kUnset);
    return matrix;
  }

  TestMatrix Clone() const {
    TestMatrix copy(rows_, padded_rows_, cols_, stride_);
    std::memcpy(copy.buffer_.get(), buffer_.get(), BufferBytes());
    return copy;
  }

  // Sets every element (r, c) to generator(r, c), column by column.
  template <class Generator>
  void Generate(Generator generator) {
    for (size_t c = 0; c < cols_; ++c) {
      for (size_t r = 0; r < rows_; ++r) (*this)(r, c) = generator(r, c);
    }
  }

  void FillPadding(T value) {
    for (size_t c = 0; c < cols_; ++c) {
      std::fill(Column(c) + rows_, Column(c) + padded_rows_, value);
    }
  }

  size_t rows() const { return rows_; }
  size_t cols() const { return cols_; }
  size_t stride() const { return stride_; }
  T* data() { return reinterpret_cast<T*>(buffer_.get() + kGuardBytes); }
  const T* data() const { return reinterpret_cast<const T*>(buffer_.get() + kGuardBytes); }
  T& operator()(size_t r, size_t c) { return Column(c)[r]; }
  T operator()(size_t r, size_t c) const { return Column(c)[r]; }

  kernels::View<T> view() { return {data(), rows_, cols_, stride_}; }
  kernels::View<const T> view() const { return {data(), rows_, cols_, stride_}; }
  operator kernels::View<T>() { return view(); }
  operator kernels::View<const T>() const { return view(); }

  // Whether all guard bytes are as they were.
  testing::AssertionResult CheckGuards() const {
    for (size_t i = 0; i < BufferBytes(); ++i) {
      if (IsGuard(i) && buffer_[i] != GuardByte(i)) {
        return testing::AssertionFailure()
               << "guard byte overwritten " << static_cast<ptrdiff_t>(i - kGuardBytes)
               << " bytes from the first element of a matrix of " << rows_ << " × " << cols_
               << ", stride " << stride_;
      }
    }
    return testing::AssertionSuccess();
  }

  // Whether the padding rows of all columns hold zeros (of either sign).
  testing::AssertionResult CheckPaddingZero() const {
    for (size_t c = 0; c < cols_; ++c) {
      for (size_t r = rows_; r < padded_rows_; ++r) {
        if (!((*this)(r, c) == T{0})) {
          return testing::AssertionFailure()
                 << "padding (" << r << ", " << c << ") holds " << +(*this)(r, c)
                 << " in a matrix of " << rows_ << " × " << cols_;
        }
      }
    }
    return testing::AssertionSuccess();
  }

 private:
  static constexpr size_t kGuardBytes = 256;
  static constexpr T kUnset = std::numeric_limits<T>::has_quiet_NaN
                                  ? std::numeric_limits<T>::quiet_NaN()
                                  : std::numeric_limits<T>::max();

  struct Free {
    void operator()(unsigned char* p) const {
      ::operator delete[](p, std::align_val_t{kernels::kAlignment});
    }
  };

  TestMatrix(size_t rows, size_t padded_rows, size_t cols, size_t stride)
      : rows_(rows),
        padded_rows_(padded_rows),
        cols_(cols),
        stride_(std::max(stride, padded_rows)) {
    assert(stride == 0 || stride >= padded_rows);
    buffer_.reset(new (std::align_val_t{kernels::kAlignment}) unsigned char[BufferBytes()]);
    for (size_t i = 0; i < BufferBytes(); ++i) buffer_[i] = GuardByte(i);
    Generate([](size_t, size_t) { return kUnset; });
    FillPadding(T{0});
  }

  // 0x7FA5C3E1 in each float: a signalling NaN, which arithmetic would make quiet.
  static unsigned char GuardByte(size_t i) {
    return std::bit_cast<std::array<unsigned char, 4>>(uint32_t{0x7FA5C3E1})[i % 4];
  }

  bool IsGuard(size_t i) const {
    if (i < kGuardBytes || i >= BufferBytes() - kGuardBytes) return true;
    return (i - kGuardBytes) % (stride_ * sizeof(T)) >= padded_rows_ * sizeof(T);
  }

  size_t BufferBytes() const { return 2 * kGuardBytes + stride_ * cols_ * sizeof(T); }
  T* Column(size_t c) { return data() + c * stride_; }
  const T* Column(size_t c) const { return data() + c * stride_; }

  size_t rows_;
  size_t padded_rows_;
  size_t cols_;
  size_t stride_;
  std::unique_ptr<unsigned char[], Free> buffer_;
};

using FloatMatrix = TestMatrix<float>;
using ByteMatrix = TestMatrix<uint8_t>;
using IndexVector = TestMatrix<uint32_t>;

// What every output must satisfy.
template <class T>
testing::AssertionResult StaysInBounds(const TestMatrix<T>& output) {
  const testing::AssertionResult guards = output.CheckGuards();
  return guards ? output.CheckPaddingZero() : guards;
}

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_MATRICES_H_
