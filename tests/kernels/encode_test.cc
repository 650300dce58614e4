// SPDX-License-Identifier: Apache-2.0
#include "kernels/encode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/compare.h"
#include "tests/support/matrices.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

using SourceVector = TestMatrix<int32_t>;

// An encoding and its memory.
struct Owned {
  FloatMatrix offset, scale, limit, edge, slope, low, high, base;
  SourceVector source;

  Owned(Random& random, size_t features, size_t bins)
      : offset(FloatMatrix::Uniform(random, features, 1)),
        scale(FloatMatrix::Uniform(random, features, 1)),
        limit(features, 1),
        edge(FloatMatrix::Uniform(random, bins, 1)),
        slope(FloatMatrix::Uniform(random, bins, 1)),
        low(bins, 1),
        high(bins, 1),
        base(bins, 1),
        source(bins, 1) {
    limit.Generate([](size_t r, size_t) { return r % 3 == 0 ? 0.0F : static_cast<float>(r % 5); });
    low.Generate([](size_t r, size_t) { return r % 4 == 0 ? -1.0F : 0.0F; });
    high.Generate([](size_t r, size_t) { return r % 4 == 3 ? 2.0F : 1.0F; });
    base.Generate([](size_t r, size_t) { return r % 3 == 0 ? 1.0F : 0.0F; });
    source.Generate([&](size_t, size_t) {
      return static_cast<int32_t>(random.Below(std::max<size_t>(features, 1)));
    });
  }

  kernels::Encoding view() const {
    return {.features = offset.rows(),
            .offset = offset.data(),
            .scale = scale.data(),
            .limit = limit.data(),
            .bins = edge.rows(),
            .source = source.data(),
            .edge = edge.data(),
            .slope = slope.data(),
            .low = low.data(),
            .high = high.data(),
            .base = base.data()};
  }

  // Input r of an example, by scalar code.
  template <class T>
  float Input(const T* example, size_t r) const {
    const size_t features = offset.rows();
    if (r >= features) {
      const size_t b = r - features;
      const auto x = static_cast<float>(example[source(b, 0)]);
      return std::min(std::max((x - edge(b, 0)) * slope(b, 0), low(b, 0)), high(b, 0)) - base(b, 0);
    }
    const float z = (static_cast<float>(example[r]) - offset(r, 0)) * scale(r, 0);
    const float most = limit(r, 0);
    if (most == 0) return z;
    const float t = std::min(std::max(z / most, -1e18F), 1e18F);
    return most * (t / std::sqrt(1 + t * t));
  }
};

template <class T>
void CheckAgainstScalars(size_t features, size_t bins, size_t batch, bool chosen) {
  SCOPED_TRACE(testing::Message() << features << " features, " << bins << " bins");
  constexpr size_t kExamples = 7;
  Random random(features * 1000 + bins);
  const Owned owned(random, features, bins);
  // Exactly as many elements as there are: nothing behind them may be read.
  std::vector<T> from(features * kExamples);
  for (T& x : from) x = static_cast<T>(random.Below(256));
  std::vector<uint32_t> indices(batch);
  for (uint32_t& i : indices) i = static_cast<uint32_t>(random.Below(kExamples));
  const size_t rows = features + bins;
  FloatMatrix expected(rows, batch);
  expected.Generate([&](size_t r, size_t c) {
    return owned.Input(from.data() + (chosen ? indices[c] : c) * features, r);
  });
  const size_t words = kernels::NonzeroWords(rows);
  std::vector<uint64_t> bits(words * batch, ~uint64_t{0});
  FloatMatrix to = FloatMatrix::Unset(rows, batch, kernels::PaddedRows(rows) + 16);
  kernels::Encode(kernels::View<const T>{from.data(), features, kExamples, features},
                  chosen ? indices.data() : nullptr, owned.view(), to,
                  {bits.data(), words, batch, words});
  EXPECT_TRUE(StaysInBounds(to));
  EXPECT_TRUE(SameBits(to, expected));
  for (size_t c = 0; c < batch; ++c) {
    for (size_t r = 0; r < 64 * words; ++r) {
      const bool nonzero = r < rows && to(r, c) != 0;
      ASSERT_EQ((bits[c * words + r / 64] >> (r % 64)) & 1, nonzero ? 1U : 0U) << r << ' ' << c;
    }
  }
}

TEST(EncodeTest, AgreesWithScalarsOnEveryTarget) {
  ForEachTarget([] {
    for (const size_t features : {1U, 2U, 15U, 16U, 17U, 33U, 70U}) {
      for (const size_t bins : {0U, 1U, 3U, 15U, 16U, 17U, 64U, 100U}) {
        CheckAgainstScalars<uint8_t>(features, bins, 5, true);
        CheckAgainstScalars<float>(features, bins, 5, true);
        CheckAgainstScalars<float>(features, bins, 7, false);
      }
    }
  });
}

// However far away a value is, its input is the limit and no number that is none.
TEST(EncodeTest, OutliersStayWithinTheLimit) {
  ForEachTarget([] {
    Random random(1);
    Owned owned(random, 3, 0);
    owned.offset.Generate([](size_t r, size_t) { return r == 0 ? -3e38F : 0.0F; });
    owned.scale.Generate([](size_t, size_t) { return 1.0F; });
    owned.limit.Generate([](size_t, size_t) { return 3.0F; });
    const std::vector<float> from = {3e38F, -1e30F, 0.5F};
    FloatMatrix to(3, 1);
    kernels::Encode({from.data(), 3, 1, 3}, nullptr, owned.view(), to, {});
    EXPECT_EQ(to(0, 0), 3);
    EXPECT_EQ(to(1, 0), -3);
    EXPECT_NEAR(to(2, 0), 0.5 / std::sqrt(1 + 0.25 / 9), 1e-6);
  });
}

}  // namespace
}  // namespace colonnade::test
