// SPDX-License-Identifier: Apache-2.0
#include "kernels/activation.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/compare.h"
#include "tests/support/matrices.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kTiny = std::numeric_limits<float>::denorm_min();

struct Pair {
  float in;
  float out;
};

// Where a careless max(z, 0) goes wrong: the sign of zero, NaN, the ends of the range.
constexpr std::array<Pair, 11> kSpecial = {{{kNan, kNan},
                                            {kInf, kInf},
                                            {-kInf, 0},
                                            {0.0f, 0.0f},
                                            {-0.0f, -0.0f},
                                            {kTiny, kTiny},
                                            {-kTiny, 0},
                                            {3e38f, 3e38f},
                                            {-3e38f, 0},
                                            {1, 1},
                                            {-1, 0}}};

// What the gradient is multiplied by at each activation.
bool Passes(float a) { return a > 0; }

// Calls body(rows, cols, stride) for shapes around the vector lengths.
template <class Body>
void ForEachShape(const Body& body) {
  for (const size_t rows : std::vector<size_t>{1, 2, 15, 16, 17, 31, 32, 33, 47, 64, 65, 100}) {
    for (const size_t cols : std::vector<size_t>{0, 1, 2, 7}) {
      for (const size_t gap : std::vector<size_t>{0, 16, 48}) {
        SCOPED_TRACE(std::to_string(rows) + " × " + std::to_string(cols) + ", gap " +
                     std::to_string(gap));
        body(rows, cols, kernels::PaddedRows(rows) + gap);
      }
    }
  }
}

// Special values, so that each comes to lie at each position of a vector.
FloatMatrix Specials(size_t rows, size_t cols, size_t stride, float Pair::* side) {
  FloatMatrix matrix(rows, cols, stride);
  matrix.Generate(
      [&](size_t r, size_t c) { return kSpecial[(r + c + rows) % kSpecial.size()].*side; });
  return matrix;
}

TEST(Relu, KeepsNanAndWhatIsPositive) {
  ForEachShape([](size_t rows, size_t cols, size_t stride) {
    const FloatMatrix z = Specials(rows, cols, stride, &Pair::in);
    const FloatMatrix expected = Specials(rows, cols, stride, &Pair::out);
    ForEachTarget([&] {
      FloatMatrix a = FloatMatrix::Unset(rows, cols, stride);
      kernels::Relu(z, a);
      EXPECT_TRUE(StaysInBounds(a));
      EXPECT_TRUE(SameBits(expected.view(), a.view()));

      FloatMatrix in_place = z.Clone();
      kernels::Relu(in_place, in_place);
      EXPECT_TRUE(StaysInBounds(in_place));
      EXPECT_TRUE(SameBits(expected.view(), in_place.view()));
    });
  });
}

TEST(Relu, HasEverySpecialValueAtEveryPosition) {
  for (const auto& [in, out] : kSpecial) {
    for (size_t position = 0; position < 33; ++position) {
      SCOPED_TRACE("value " + std::to_string(in) + " at " + std::to_string(position));
      FloatMatrix z = FloatMatrix(33, 1);
      z.Generate([&](size_t r, size_t) { return r == position ? in : -1; });
      FloatMatrix expected = FloatMatrix(33, 1);
      expected.Generate([&](size_t r, size_t) { return r == position ? out : 0; });
      ForEachTarget([&] {
        FloatMatrix a = FloatMatrix::Unset(33, 1);
        kernels::Relu(z, a);
        EXPECT_TRUE(SameBits(expected.view(), a.view()));
      });
    }
  }
}

TEST(ReluGradient, PassesWhereTheActivationIsPositive) {
  ForEachShape([](size_t rows, size_t cols, size_t stride) {
    Random random(rows);
    const FloatMatrix a = Specials(rows, cols, stride, &Pair::in);
    FloatMatrix da = FloatMatrix::Uniform(random, rows, cols, kernels::PaddedRows(rows) + 16);
    if (cols > 0) da(rows - 1, 0) = kNan;
    FloatMatrix expected(rows, cols);
    expected.Generate([&](size_t r, size_t c) { return Passes(a(r, c)) ? da(r, c) : 0; });
    ForEachTarget([&] {
      FloatMatrix dz = FloatMatrix::Unset(rows, cols, stride);
      kernels::ReluGradient(a, da, dz);
      EXPECT_TRUE(StaysInBounds(dz));
      EXPECT_TRUE(SameBits(expected.view(), dz.view()));

      FloatMatrix in_place = da.Clone();
      kernels::ReluGradient(a, in_place, in_place);
      EXPECT_TRUE(StaysInBounds(in_place));
      EXPECT_TRUE(SameBits(expected.view(), in_place.view()));
    });
  });
}

}  // namespace
}  // namespace colonnade::test
