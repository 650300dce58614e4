// SPDX-License-Identifier: Apache-2.0
// Products with bytes that are mostly zero give the bits of the dense products.
#include "kernels/sparse.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <vector>

#include "kernels/gemm.h"
#include "tests/support/compare.h"
#include "tests/support/matrices.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

using kernels::Activation;
using kernels::kSparseLanes;
using kernels::Output;

struct Shape {
  size_t rows, cols, depth;
};

// Around the rows of a panel on each target and of a cache line, and around the lanes of a group.
const std::vector<Shape> kShapes = {{1, 1, 1},     {2, 8, 3},    {4, 9, 17},   {5, 7, 64},
                                    {10, 8, 784},  {10, 21, 65}, {12, 16, 33}, {13, 31, 20},
                                    {16, 24, 100}, {17, 5, 31},  {29, 40, 12}, {64, 10, 50},
                                    {10, 3, 65536}};

constexpr float kScale = 1.0f / 255;

// Bytes of which about the fraction `density` is not zero.
ByteMatrix RandomBytes(Random& random, size_t rows, size_t cols, float density) {
  ByteMatrix bytes(rows, cols);
  bytes.Generate([&](size_t, size_t) {
    return random.Uniform(0, 1) < density ? static_cast<uint8_t>(1 + random.Below(255))
                                          : uint8_t{0};
  });
  return bytes;
}

FloatMatrix Scaled(const ByteMatrix& bytes, float scale) {
  FloatMatrix scaled(bytes.rows(), bytes.cols());
  scaled.Generate([&](size_t r, size_t c) { return static_cast<float>(bytes(r, c)) * scale; });
  return scaled;
}

FloatMatrix Transposed(const FloatMatrix& matrix) {
  FloatMatrix result(matrix.cols(), matrix.rows());
  result.Generate([&](size_t r, size_t c) { return matrix(c, r); });
  return result;
}

// Some columns of a matrix in groups of eight, in the given order. Exactly what has to be readable
// is.
class Packed {
 public:
  Packed(const ByteMatrix& bytes, const std::vector<uint32_t>& order, float scale)
      : scale_(scale), bounds_{0} {
    for (size_t first = 0; first < order.size(); first += kSparseLanes) {
      const size_t count = std::min(kSparseLanes, order.size() - first);
      for (size_t r = 0; r < bytes.rows(); ++r) {
        std::vector<uint8_t> values(kSparseLanes);
        for (size_t i = 0; i < count; ++i) values[i] = bytes(r, order[first + i]);
        if (std::count(values.begin(), values.end(), 0) == kSparseLanes) continue;
        rows_.push_back(static_cast<uint16_t>(r));
        values_.insert(values_.end(), values.begin(), values.end());
      }
      bounds_.push_back(rows_.size());
      columns_.insert(columns_.end(), order.begin() + static_cast<ptrdiff_t>(first),
                      order.begin() + static_cast<ptrdiff_t>(first + count));
      columns_.resize(columns_.size() + kSparseLanes - count, kernels::kNoColumn);
    }
    rows_.push_back(UINT16_MAX);
    values_.insert(values_.end(), kSparseLanes, 255);
    rows_.shrink_to_fit();
    values_.shrink_to_fit();
  }

  kernels::SparseBytes view() const {
    return {rows_.data(),    values_.data(),     bounds_.data(),
            columns_.data(), bounds_.size() - 1, scale_};
  }

 private:
  float scale_;
  std::vector<uint16_t> rows_;
  std::vector<uint8_t> values_;
  std::vector<size_t> bounds_;
  std::vector<uint32_t> columns_;
};

std::vector<uint32_t> RandomOrder(Random& random, size_t count) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  return order;
}

class SparseTest : public testing::TestWithParam<float> {};

TEST_P(SparseTest, ForwardHasTheBitsOfTheDenseProduct) {
  for (const Shape& s : kShapes) {
    SCOPED_TRACE(testing::Message() << s.rows << " × " << s.cols << ", depth " << s.depth);
    Random random(7);
    const FloatMatrix w = FloatMatrix::Uniform(random, s.rows, s.depth);
    const FloatMatrix bias = FloatMatrix::Uniform(random, s.rows, 1);
    const ByteMatrix bytes = RandomBytes(random, s.depth, s.cols, GetParam());
    const FloatMatrix a = Scaled(bytes, kScale);
    const Packed packed(bytes, RandomOrder(random, s.cols), kScale);
    for (const Activation activation : {Activation::kIdentity, Activation::kRelu}) {
      ForEachTarget([&] {
        FloatMatrix dense = FloatMatrix::Unset(s.rows, s.cols);
        kernels::Forward(w, a, bias.data(), activation, dense);
        FloatMatrix sparse = FloatMatrix::Unset(s.rows, s.cols);
        kernels::ForwardSparse(w, packed.view(), bias.data(), activation, sparse);
        EXPECT_TRUE(SameBits(dense.view(), sparse.view()));
        EXPECT_TRUE(StaysInBounds(sparse));
      });
    }
  }
}

TEST_P(SparseTest, WeightGradientHasTheBitsOfTheDenseProduct) {
  for (const Shape& s : kShapes) {
    SCOPED_TRACE(testing::Message() << s.rows << " × " << s.cols << ", depth " << s.depth);
    Random random(8);
    const FloatMatrix dz = FloatMatrix::Uniform(random, s.rows, s.depth);
    const ByteMatrix transposed = RandomBytes(random, s.depth, s.cols, GetParam());
    const FloatMatrix a = Transposed(Scaled(transposed, kScale));
    const FloatMatrix before = FloatMatrix::Uniform(random, s.rows, s.cols);
    const Packed packed(transposed, RandomOrder(random, s.cols), kScale);
    ForEachTarget([&] {
      FloatMatrix dense = FloatMatrix::Unset(s.rows, s.cols);
      kernels::WeightGradient(dz, a, Output::kOverwrite, dense, {});
      FloatMatrix sparse = FloatMatrix::Unset(s.rows, s.cols);
      kernels::WeightGradientSparse(dz, packed.view(), Output::kOverwrite, sparse);
      EXPECT_TRUE(SameBits(dense.view(), sparse.view()));
      EXPECT_TRUE(StaysInBounds(sparse));

      FloatMatrix dense_sum = before.Clone();
      kernels::WeightGradient(dz, a, Output::kAccumulate, dense_sum, {});
      FloatMatrix sparse_sum = before.Clone();
      kernels::WeightGradientSparse(dz, packed.view(), Output::kAccumulate, sparse_sum);
      EXPECT_TRUE(SameBits(dense_sum.view(), sparse_sum.view()));
      EXPECT_TRUE(StaysInBounds(sparse_sum));
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Densities, SparseTest, testing::Values(0.0f, 0.03f, 0.3f, 1.0f));

TEST(Sparse, WritesItsOwnColumnsOnly) {
  Random random(9);
  const FloatMatrix w = FloatMatrix::Uniform(random, 10, 40);
  const FloatMatrix bias = FloatMatrix::Uniform(random, 10, 1);
  const ByteMatrix bytes = RandomBytes(random, 40, 30, 0.3f);
  const FloatMatrix a = Scaled(bytes, kScale);
  std::vector<uint32_t> order = RandomOrder(random, 30);
  order.resize(19);
  const Packed packed(bytes, order, kScale);
  ForEachTarget([&] {
    FloatMatrix dense = FloatMatrix::Unset(10, 30);
    kernels::Forward(w, a, bias.data(), Activation::kIdentity, dense);
    FloatMatrix sparse = FloatMatrix::Unset(10, 30);
    kernels::ForwardSparse(w, packed.view().Groups(1, 2), bias.data(), Activation::kIdentity,
                           sparse);
    for (uint32_t c = 0; c < 30; ++c) {
      const bool chosen = std::find(order.begin() + 8, order.end(), c) != order.end();
      for (size_t r = 0; r < 16; ++r) {
        if (!chosen) {
          ASSERT_TRUE(std::isnan(sparse.view().Column(c)[r])) << "row " << r << ", column " << c;
        } else if (r < 10) {
          ASSERT_EQ(sparse(r, c), dense(r, c)) << "row " << r << ", column " << c;
        }
      }
    }
  });
}

// A sum can become -0 only by underflow; the dense product hides it by what it adds after that.
TEST(Sparse, ASumOfNegativeZeroIsPositive) {
  FloatMatrix w(1, 1);
  w(0, 0) = -1e-30f;
  FloatMatrix bias(1, 1);
  bias(0, 0) = 0;
  ByteMatrix byte(1, 1);
  byte(0, 0) = 1;
  const Packed packed(byte, {0}, 1e-30f);
  ForEachTarget([&] {
    FloatMatrix z = FloatMatrix::Unset(1, 1);
    kernels::ForwardSparse(w, packed.view(), bias.data(), Activation::kIdentity, z);
    EXPECT_EQ(std::bit_cast<uint32_t>(z(0, 0)), 0u);
  });
}

}  // namespace
}  // namespace colonnade::test
