// SPDX-License-Identifier: Apache-2.0
#include "kernels/bf16.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/compare.h"
#include "tests/support/matrices.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

using kernels::Activation;
using kernels::Output;
using kernels::PairsOf;

using Bf16Matrix = TestMatrix<uint16_t>;
using PairMatrix = TestMatrix<uint32_t>;

// The definition of rounding: the nearest number with 8 significant bits, ties to even. For NaN any
// NaN will do.
uint16_t Round(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  if (std::isnan(x)) return static_cast<uint16_t>((bits >> 16) | 0x40u);
  const uint32_t below = bits & 0xFFFFu;
  uint32_t upper = bits >> 16;
  if (below > 0x8000u || (below == 0x8000u && (upper & 1) != 0)) ++upper;  // may carry to infinity
  return static_cast<uint16_t>(upper);
}

float Widen(uint16_t x) { return std::bit_cast<float>(static_cast<uint32_t>(x) << 16); }

size_t Bf16Stride(size_t rows) {
  return kernels::RoundUp(std::max<size_t>(rows, 1), kernels::kPadBf16);
}

// A result in both layouts, unset at first.
struct Rounded {
  Rounded(size_t rows, size_t cols)
      : columns(Bf16Matrix::Unset(rows, cols, Bf16Stride(rows))),
        pairs(PairMatrix::Unset(rows, PairsOf(cols))) {}

  kernels::Bf16Result result() { return {columns.view(), pairs.view()}; }

  uint16_t pair(size_t r, size_t c) const {
    return static_cast<uint16_t>(pairs(r, c / 2) >> (c % 2 * 16));
  }

  // Whether both layouts hold what value(r, c) says, and nothing else was touched.
  template <class F>
  testing::AssertionResult Holds(const F& value) const {
    for (size_t c = 0; c < 2 * pairs.cols(); ++c) {
      for (size_t r = 0; r < columns.rows(); ++r) {
        const uint16_t expected = c < columns.cols() ? value(r, c) : uint16_t{0};
        if (pair(r, c) != expected || (c < columns.cols() && columns(r, c) != expected)) {
          return testing::AssertionFailure() << "(" << r << ", " << c << "): expected " << expected
                                             << ", in a pair " << pair(r, c) << ", in a column "
                                             << (c < columns.cols() ? columns(r, c) : uint16_t{0});
        }
      }
    }
    const testing::AssertionResult bounds = StaysInBounds(columns);
    return bounds ? StaysInBounds(pairs) : bounds;
  }

  Bf16Matrix columns;
  PairMatrix pairs;
};

// Random numbers that bf16 holds exactly, in every layout.
struct Factor {
  Factor(Random& random, size_t rows, size_t cols)
      : values(FloatMatrix::Uniform(random, rows, cols)), rounded(rows, cols) {
    values.Generate([&](size_t r, size_t c) { return Widen(Round(values(r, c))); });
    rounded.columns.FillPadding(0);
    rounded.pairs.FillPadding(0);
    for (size_t c = 0; c < cols; ++c) {
      for (size_t r = 0; r < rows; ++r) rounded.columns(r, c) = Round(values(r, c));
    }
    rounded.pairs.Generate([&](size_t r, size_t p) {
      const uint32_t odd = 2 * p + 1 < cols ? Round(values(r, 2 * p + 1)) : 0u;
      return Round(values(r, 2 * p)) | odd << 16;
    });
  }

  kernels::ConstBf16Columns columns() const { return rounded.columns.view(); }
  kernels::ConstBf16Pairs pairs() const { return rounded.pairs.view(); }

  FloatMatrix values;
  Rounded rounded;
};

// The exact model: of each pair first the odd elements, then the even ones, each by a fused
// multiply-add (whose product is exact, so that targets without one give the same).
template <class Left, class Right>
float Sum(size_t depth, const Left& left, const Right& right) {
  float sum = 0;
  for (size_t k = 0; k < depth; k += 2) {
    if (k + 1 < depth) sum = std::fma(left(k + 1), right(k + 1), sum);
    sum = std::fma(left(k), right(k), sum);
  }
  return sum;
}

float ScaleAndAdd(float sum, float scale, float initial) {
  if (kernels::CurrentTargetHasFma()) return std::fma(sum, scale, initial);
  const volatile float product = sum * scale;  // the rounding that a fused one leaves out
  return product + initial;
}

struct Shape {
  size_t rows, cols, depth;
};

std::vector<Shape> Shapes() {
  std::vector<Shape> shapes;
  const std::vector<size_t> depths = {1, 2, 3, 16, 33, 100};
  for (const size_t rows : std::vector<size_t>{1, 2, 10, 16, 17, 31, 33, 64, 65, 100, 128}) {
    for (const size_t cols : std::vector<size_t>{1, 2, 3, 5, 6, 7, 8, 12, 13}) {
      shapes.push_back({rows, cols, depths[shapes.size() % depths.size()]});
    }
  }
  shapes.push_back({33, 7, 2500});
  return shapes;
}

template <class Body>
void ForEachShape(const Body& body) {
  uint64_t seed = 0;
  for (const Shape& s : Shapes()) {
    SCOPED_TRACE(std::to_string(s.rows) + " × " + std::to_string(s.cols) + ", depth " +
                 std::to_string(s.depth));
    Random random(++seed);
    body(s, random);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Bf16, RoundsToNearestEven) {
  // All upper halves of normal numbers, of infinities and NaN, with the lower halves that matter.
  std::vector<float> values;
  for (uint32_t upper = 0; upper < 0x10000u; ++upper) {
    if ((upper & 0x7F80u) == 0) continue;  // zeros below; denormals may be flushed
    for (const uint32_t lower : {0u, 1u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu}) {
      values.push_back(std::bit_cast<float>(upper << 16 | lower));
    }
  }
  values.push_back(0.0f);
  values.push_back(-0.0f);
  const size_t rows = 1000;
  FloatMatrix from(rows, values.size() / rows + 1);
  from.Generate([&](size_t r, size_t c) {
    const size_t i = c * rows + r;
    return i < values.size() ? values[i] : 1.0f;
  });
  ForEachTarget([&] {
    Rounded to(from.rows(), from.cols());
    kernels::RoundToBf16(from, to.result());
    for (size_t c = 0; c < from.cols(); ++c) {
      for (size_t r = 0; r < rows; ++r) {
        const float x = from(r, c);
        const uint16_t y = to.columns(r, c);
        const bool good = std::isnan(x) ? std::isnan(Widen(y)) : y == Round(x);
        ASSERT_TRUE(good) << x << " became " << Widen(y);
        ASSERT_EQ(to.pair(r, c), y);
      }
    }
  });
}

TEST(Bf16, LayoutsOfWeights) {
  ForEachShape([&](const Shape& s, Random& random) {
    const FloatMatrix from = FloatMatrix::Uniform(random, s.rows, s.cols);
    ForEachTarget([&] {
      PairMatrix pairs = PairMatrix::Unset(s.rows, PairsOf(s.cols));
      kernels::RoundToBf16Pairs(from, pairs);
      PairMatrix transposed = PairMatrix::Unset(s.cols, PairsOf(s.rows));
      kernels::RoundToTransposedBf16Pairs(from, transposed);
      const auto element = [&](size_t r, size_t c) -> uint32_t {
        return r < s.rows && c < s.cols ? Round(from(r, c)) : 0u;
      };
      for (size_t c = 0; c < s.cols; ++c) {
        for (size_t r = 0; r < s.rows; ++r) {
          ASSERT_EQ(pairs(r, c / 2), element(r, c & ~size_t{1}) | element(r, c | 1) << 16);
          ASSERT_EQ(transposed(c, r / 2), element(r & ~size_t{1}, c) | element(r | 1, c) << 16);
        }
      }
      ASSERT_TRUE(StaysInBounds(pairs));
      ASSERT_TRUE(StaysInBounds(transposed));
    });
  });
}

TEST(Bf16, ForwardIsTheModel) {
  ForEachShape([&](const Shape& s, Random& random) {
    const Factor w(random, s.rows, s.depth);
    const Factor a(random, s.depth, s.cols);
    const FloatMatrix bias = FloatMatrix::Uniform(random, s.rows, 1);
    for (const float scale : {1.0f, 1 / 255.0f}) {
      for (const Activation activation : {Activation::kIdentity, Activation::kRelu}) {
        ForEachTarget([&] {
          FloatMatrix expected(s.rows, s.cols);
          expected.Generate([&](size_t r, size_t c) {
            const float sum = Sum(
                s.depth, [&](size_t k) { return w.values(r, k); },
                [&](size_t k) { return a.values(k, c); });
            const float z = ScaleAndAdd(sum, scale, bias(r, 0));
            return activation == Activation::kRelu && z < 0 ? 0.0f : z;
          });
          FloatMatrix z = FloatMatrix::Unset(s.rows, s.cols);
          kernels::Bf16Forward(w.pairs(), a.columns(), scale, bias.data(), activation, z.view());
          ASSERT_TRUE(SameBits(expected.view(), z.view()));
          ASSERT_TRUE(StaysInBounds(z));
          Rounded rounded(s.rows, s.cols);
          kernels::Bf16Forward(w.pairs(), a.columns(), scale, bias.data(), activation,
                               rounded.result());
          ASSERT_TRUE(rounded.Holds([&](size_t r, size_t c) { return Round(expected(r, c)); }));
        });
      }
    }
  });
}

TEST(Bf16, InputGradientIsTheModel) {
  ForEachShape([&](const Shape& s, Random& random) {
    const Factor wt(random, s.rows, s.depth);
    const Factor dz(random, s.depth, s.cols);
    const Factor a(random, s.rows, s.cols);
    for (const Activation activation : {Activation::kIdentity, Activation::kRelu}) {
      ForEachTarget([&] {
        Rounded da(s.rows, s.cols);
        kernels::Bf16InputGradient(wt.pairs(), dz.columns(), activation, a.columns(), da.result());
        ASSERT_TRUE(da.Holds([&](size_t r, size_t c) {
          if (activation == Activation::kRelu && !(a.values(r, c) > 0)) return uint16_t{0};
          return Round(Sum(
              s.depth, [&](size_t k) { return wt.values(r, k); },
              [&](size_t k) { return dz.values(k, c); }));
        }));
      });
    }
  });
}

TEST(Bf16, WeightGradientIsTheModel) {
  ForEachShape([&](const Shape& s, Random& random) {
    const Factor dz(random, s.rows, s.depth);
    const Factor a(random, s.cols, s.depth);
    const FloatMatrix before = FloatMatrix::Uniform(random, s.rows, s.cols);
    for (const Output output : {Output::kOverwrite, Output::kAccumulate}) {
      constexpr float kScale = 1 / 255.0f;
      ForEachTarget([&] {
        FloatMatrix expected(s.rows, s.cols);
        expected.Generate([&](size_t r, size_t c) {
          const float sum = Sum(
              s.depth, [&](size_t k) { return dz.values(r, k); },
              [&](size_t k) { return a.values(c, k); });
          return ScaleAndAdd(sum, kScale, output == Output::kAccumulate ? before(r, c) : 0.0f);
        });
        FloatMatrix dw =
            output == Output::kAccumulate ? before.Clone() : FloatMatrix::Unset(s.rows, s.cols);
        kernels::Bf16WeightGradient(dz.pairs(), a.pairs(), kScale, output, dw);
        ASSERT_TRUE(SameBits(expected.view(), dw.view()));
        ASSERT_TRUE(StaysInBounds(dw));
      });
    }
  });
}

TEST(Bf16, BiasGradientAddsInColumnOrder) {
  ForEachShape([&](const Shape& s, Random& random) {
    const Factor dz(random, s.rows, s.cols);
    ForEachTarget([&] {
      FloatMatrix db = FloatMatrix::Unset(s.rows, 1);
      kernels::Bf16BiasGradient(dz.columns(), Output::kOverwrite, db.data());
      FloatMatrix expected(s.rows, 1);
      expected.Generate([&](size_t r, size_t) {
        float sum = 0;
        for (size_t c = 0; c < s.cols; ++c) sum += dz.values(r, c);
        return sum;
      });
      ASSERT_TRUE(SameBits(expected.view(), db.view()));
      kernels::Bf16BiasGradient(dz.columns(), Output::kAccumulate, db.data());
      ASSERT_NE(db(0, 0), expected(0, 0));
      ASSERT_TRUE(StaysInBounds(db));
    });
  });
}

template <class T>
void GatherIsTheModel() {
  ForEachShape([&](const Shape& s, Random& random) {
    const TestMatrix<T> from = TestMatrix<T>::Uniform(random, s.rows, s.depth, 0, 0, 256);
    const FloatMatrix offset = FloatMatrix::Uniform(random, s.rows, 1);
    const FloatMatrix scale = FloatMatrix::Uniform(random, s.rows, 1);
    IndexVector indices = IndexVector::Vector(s.cols);
    indices.Generate([&](size_t, size_t) { return static_cast<uint32_t>(random.Below(s.depth)); });
    ForEachTarget([&] {
      Rounded to(s.rows, s.cols);
      kernels::Bf16Gather(from.view(), indices.data(), offset.data(), scale.data(), to.result());
      ASSERT_TRUE(to.Holds([&](size_t r, size_t c) {
        return Round((static_cast<float>(from(r, indices(c, 0))) - offset(r, 0)) * scale(r, 0));
      }));
    });
  });
}

TEST(Bf16, GatherOfBytes) { GatherIsTheModel<uint8_t>(); }
TEST(Bf16, GatherOfFloats) { GatherIsTheModel<float>(); }

TEST(Bf16, BytesAreExact) {
  ByteMatrix from(256, 1);
  from.Generate([](size_t r, size_t) { return static_cast<uint8_t>(r); });
  FloatMatrix offset(256, 1);
  offset.Generate([](size_t, size_t) { return 0.0f; });
  FloatMatrix scale(256, 1);
  scale.Generate([](size_t, size_t) { return 1.0f; });
  const uint32_t index = 0;
  ForEachTarget([&] {
    Rounded to(256, 1);
    kernels::Bf16Gather(from.view(), &index, offset.data(), scale.data(), to.result());
    for (size_t r = 0; r < 256; ++r) EXPECT_EQ(Widen(to.columns(r, 0)), static_cast<float>(r));
  });
}

// Left factors whose columns lie a page apart are packed, if they are not too deep.
TEST(Bf16, PackedPanels) {
  for (const size_t depth : std::vector<size_t>{1024, 1026}) {
    Random random(depth);
    const size_t rows = 80;
    const size_t cols = 97;
    FloatMatrix values = FloatMatrix::Uniform(random, rows, depth);
    PairMatrix w(rows, PairsOf(depth), 1040);
    kernels::RoundToBf16Pairs(values, w);
    const Factor a(random, depth, cols);
    FloatMatrix zeros(rows, 1);
    zeros.Generate([](size_t, size_t) { return 0.0f; });
    ForEachTarget([&] {
      FloatMatrix z = FloatMatrix::Unset(rows, cols);
      kernels::Bf16Forward(w.view(), a.columns(), 1, zeros.data(), Activation::kIdentity, z.view());
      for (const size_t c : std::vector<size_t>{0, 50, 96}) {
        for (const size_t r : std::vector<size_t>{0, 15, 64, 79}) {
          EXPECT_EQ(z(r, c), Sum(
                                 depth, [&](size_t k) { return Widen(Round(values(r, k))); },
                                 [&](size_t k) { return a.values(k, c); }));
        }
      }
    });
  }
}

}  // namespace
}  // namespace colonnade::test
