// SPDX-License-Identifier: Apache-2.0
// Products that skip zeros give the bits of those that do not.
#include <gtest/gtest.h>

#include <bit>
#include <numeric>
#include <vector>

#include "kernels/convert.h"
#include "kernels/gemm.h"
#include "tests/support/compare.h"
#include "tests/support/matrices.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

using kernels::Activation;
using kernels::Output;

struct Shape {
  size_t rows, cols, depth;
};

// Around the tile sizes of both kinds of product, and around the depth block.
const std::vector<Shape> kShapes = {
    {1, 1, 1},      {10, 3, 784},  {16, 6, 64},   {17, 7, 63},   {48, 48, 65},  {64, 49, 128},
    {100, 13, 17},  {128, 5, 300}, {128, 97, 31}, {192, 4, 129}, {33, 2, 1023}, {65, 10, 1024},
    {130, 8, 1025}, {32, 6, 2100}, {10, 0, 5},    {20, 4, 0},
};

// A matrix of which about the fraction `density` is not zero; some of the zeros are negative.
FloatMatrix Sparse(Random& random, size_t rows, size_t cols, float density) {
  FloatMatrix matrix(rows, cols);
  matrix.Generate([&](size_t, size_t) {
    if (random.Uniform(0, 1) < density) return random.Uniform(-1, 1);
    return random.Below(4) == 0 ? -0.0f : 0.0f;
  });
  return matrix;
}

// The bits of a matrix, the plain way, in words that have `gap` more per column than they need.
class Bits {
 public:
  explicit Bits(const FloatMatrix& matrix, size_t gap = 1)
      : words_(kernels::NonzeroWords(matrix.rows())),
        stride_(words_ + gap),
        cols_(matrix.cols()),
        bits_(stride_ * cols_) {
    for (size_t c = 0; c < cols_; ++c) {
      for (size_t r = 0; r < matrix.rows(); ++r) {
        if (matrix(r, c) != 0) bits_[c * stride_ + r / 64] |= uint64_t{1} << (r % 64);
      }
    }
  }

  kernels::ConstNonzeros view() const { return {bits_.data(), words_, cols_, stride_}; }

 private:
  size_t words_, stride_, cols_;
  std::vector<uint64_t> bits_;
};

class SkipZerosTest : public testing::TestWithParam<float> {};

TEST_P(SkipZerosTest, ForwardHasTheBitsOfTheDenseProduct) {
  for (const Shape& s : kShapes) {
    SCOPED_TRACE(testing::Message() << s.rows << " × " << s.cols << ", depth " << s.depth);
    Random random(7);
    const FloatMatrix w = FloatMatrix::Uniform(random, s.rows, s.depth);
    const FloatMatrix bias = FloatMatrix::Uniform(random, s.rows, 1);
    const FloatMatrix a = Sparse(random, s.depth, s.cols, GetParam());
    const Bits bits(a);
    for (const Activation activation : {Activation::kIdentity, Activation::kRelu}) {
      ForEachTarget([&] {
        FloatMatrix dense = FloatMatrix::Unset(s.rows, s.cols);
        kernels::Forward(w, a, bias.data(), activation, dense);
        FloatMatrix skipping = FloatMatrix::Unset(s.rows, s.cols);
        kernels::ForwardSkippingZeros(w, a, bits.view(), bias.data(), activation, skipping);
        EXPECT_TRUE(SameBits(dense.view(), skipping.view()));
        EXPECT_TRUE(StaysInBounds(skipping));
      });
    }
  }
}

TEST_P(SkipZerosTest, WeightGradientHasTheBitsOfTheDenseProduct) {
  for (const Shape& s : kShapes) {
    Random random(8);
    const FloatMatrix dz = FloatMatrix::Uniform(random, s.rows, s.depth);
    const FloatMatrix a = Sparse(random, s.cols, s.depth, GetParam());
    const FloatMatrix before = FloatMatrix::Uniform(random, s.rows, s.cols);
    const Bits bits(a);
    for (const size_t first : {size_t{0}, size_t{1}, s.cols / 2, s.cols}) {
      if (first > s.cols) continue;
      SCOPED_TRACE(testing::Message()
                   << s.rows << " × " << s.cols << " from " << first << ", depth " << s.depth);
      const size_t cols = s.cols - first;
      const kernels::ConstMatrix rows{a.data() + first, cols, s.depth, a.stride()};
      ForEachTarget([&] {
        FloatMatrix dense = FloatMatrix::Unset(s.rows, cols);
        FloatMatrix skipping = FloatMatrix::Unset(s.rows, cols);
        kernels::WeightGradient(dz, rows, Output::kOverwrite, dense);
        kernels::WeightGradientSkippingZeros(dz, rows, bits.view(), first, Output::kOverwrite,
                                             skipping);
        EXPECT_TRUE(SameBits(dense.view(), skipping.view()));
        EXPECT_TRUE(StaysInBounds(skipping));

        FloatMatrix dense_sum(s.rows, cols);
        dense_sum.Generate([&](size_t r, size_t c) { return before(r, first + c); });
        FloatMatrix skipping_sum = dense_sum.Clone();
        kernels::WeightGradient(dz, rows, Output::kAccumulate, dense_sum);
        kernels::WeightGradientSkippingZeros(dz, rows, bits.view(), first, Output::kAccumulate,
                                             skipping_sum);
        EXPECT_TRUE(SameBits(dense_sum.view(), skipping_sum.view()));
      });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Densities, SkipZerosTest, testing::Values(0.0f, 0.03f, 0.2f, 0.6f, 1.0f));

// A sum can become -0 only by underflow. What follows decides the sign unless it is skipped.
TEST(SkipZeros, ASumOfNegativeZeroIsPositiveInBoth) {
  FloatMatrix w(1, 2);
  w(0, 0) = -1e-30f;
  w(0, 1) = 1;
  FloatMatrix a(2, 1);
  a(0, 0) = 1e-30f;
  a(1, 0) = 0;
  FloatMatrix bias(1, 1);
  bias(0, 0) = 0;
  ForEachTarget([&] {
    FloatMatrix dense = FloatMatrix::Unset(1, 1);
    FloatMatrix skipping = FloatMatrix::Unset(1, 1);
    kernels::Forward(w, a, bias.data(), Activation::kIdentity, dense);
    kernels::ForwardSkippingZeros(w, a, Bits(a).view(), bias.data(), Activation::kIdentity,
                                  skipping);
    EXPECT_EQ(std::bit_cast<uint32_t>(dense(0, 0)), 0u);
    EXPECT_EQ(std::bit_cast<uint32_t>(skipping(0, 0)), 0u);
  });
}

// A product that computed its terms in spite of the bits would pass all tests above.
TEST(SkipZeros, SkipsWhatTheBitsSay) {
  Random random(9);
  const FloatMatrix w = FloatMatrix::Uniform(random, 20, 50);
  const FloatMatrix a = FloatMatrix::Uniform(random, 50, 4);
  const FloatMatrix bias = FloatMatrix::Uniform(random, 20, 1);
  const FloatMatrix dz = FloatMatrix::Uniform(random, 20, 4);
  const Bits none(FloatMatrix::Uniform(random, 50, 4, 0, 0, 0));
  ForEachTarget([&] {
    FloatMatrix z = FloatMatrix::Unset(20, 4);
    kernels::ForwardSkippingZeros(w, a, none.view(), bias.data(), Activation::kIdentity, z);
    for (size_t c = 0; c < 4; ++c) {
      for (size_t r = 0; r < 20; ++r) ASSERT_EQ(z(r, c), bias(r, 0));
    }
    FloatMatrix dw = FloatMatrix::Unset(20, 50);
    kernels::WeightGradientSkippingZeros(dz, a, none.view(), 0, Output::kOverwrite, dw);
    for (size_t c = 0; c < 50; ++c) {
      for (size_t r = 0; r < 20; ++r) ASSERT_EQ(dw(r, c), 0);
    }
  });
}

TEST(GatherNonzeros, AreTheBitsOfTheResult) {
  Random random(10);
  for (const size_t features : {1u, 15u, 16u, 63u, 64u, 65u, 128u, 784u}) {
    SCOPED_TRACE(features);
    ByteMatrix from(features, 9);
    from.Generate([&](size_t, size_t) {
      return static_cast<uint8_t>(random.Below(3) == 0 ? random.Below(256) : 0);
    });
    FloatMatrix offset(features, 1);
    offset.Generate([&](size_t, size_t) { return random.Below(5) == 0 ? 1.0f : 0.0f; });
    FloatMatrix scale(features, 1);
    scale.Generate([&](size_t, size_t) { return random.Below(7) == 0 ? 0.0f : 0.5f; });
    std::vector<uint32_t> indices(9);
    std::iota(indices.begin(), indices.end(), 0u);
    ForEachTarget([&] {
      FloatMatrix to = FloatMatrix::Unset(features, 9);
      const size_t words = kernels::NonzeroWords(features);
      std::vector<uint64_t> bits((words + 1) * 9, ~uint64_t{0});
      kernels::Gather(from.view(), indices.data(), offset.data(), scale.data(), to,
                      {bits.data(), words, 9, words + 1});
      const Bits expected(to);
      for (size_t c = 0; c < 9; ++c) {
        for (size_t w = 0; w < words; ++w) {
          ASSERT_EQ(bits[c * (words + 1) + w], expected.view().Column(c)[w]);
        }
        ASSERT_EQ(bits[c * (words + 1) + words], ~uint64_t{0}) << "beyond the words";
      }
    });
  }
}

}  // namespace
}  // namespace colonnade::test
