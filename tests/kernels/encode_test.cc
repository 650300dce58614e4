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

using IntVector = TestMatrix<int32_t>;

// An encoding and its memory.
struct Owned {
  FloatMatrix offset, scale, limit, edge, slope, low, high, base;
  IntVector source;

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

// Between two knots the rank goes from 0 to 1, so that the distribution function of the input tells
// the value, from both ends.
TEST(EncodeTest, ScoresAreTheNormalQuantilesOfRanks) {
  constexpr size_t kFeatures = 21;
  IntVector first(kFeatures, 1), last(kFeatures, 1);
  first.Generate([](size_t r, size_t) { return r % 3 == 2 ? -1 : 0; });
  last.Generate([](size_t r, size_t) { return r % 3 == 2 ? 0 : 1; });
  const float knot[] = {0, 1}, at[] = {0, -0.0F}, below[] = {0, 0}, above[] = {0, 0},
              slope[] = {1, 0};
  Random random(1);
  Owned owned(random, kFeatures, 0);
  kernels::Encoding encoding = owned.view();
  encoding.ranks = {.first = first.data(),
                    .last = last.data(),
                    .reach = 1,
                    .knot = knot,
                    .at = at,
                    .below = below,
                    .above = above,
                    .slope = slope};
  constexpr size_t kExamples = 400;
  std::vector<float> from(kFeatures * kExamples);
  for (size_t i = 0; i < from.size(); ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(from.size());
    from[i] = static_cast<float>(i % 2 == 0 ? std::pow(10, -8 * part) : part);
  }
  from[0] = -5;
  from[1] = std::numeric_limits<float>::infinity();
  from[3] = std::numeric_limits<float>::quiet_NaN();
  const auto encoded = [&] {
    FloatMatrix to(kFeatures, kExamples);
    kernels::Encode({from.data(), kFeatures, kExamples, kFeatures}, nullptr, encoding, to, {});
    return to;
  };
  const FloatMatrix scores = encoded();
  EXPECT_FLOAT_EQ(scores(0, 0), -5.1993376F);
  EXPECT_FLOAT_EQ(scores(1, 0), 5.1993376F);
  EXPECT_TRUE(std::isnan(scores(3, 0)));
  for (size_t i = 4; i < from.size(); ++i) {
    const auto z = static_cast<double>(scores(i % kFeatures, i / kFeatures));
    if (i % kFeatures % 3 == 2) {
      ASSERT_EQ(scores(i % kFeatures, i / kFeatures),
                owned.Input(from.data() + i - i % kFeatures, i % kFeatures));
      continue;
    }
    const double rank = std::clamp(static_cast<double>(from[i]), 1e-7, 1 - 1e-7);
    const double density = std::exp(-z * z / 2) / 2.5066282746310002;
    const double error = std::erfc(std::abs(z) / std::sqrt(2)) / 2 - std::min(rank, 1 - rank);
    ASSERT_EQ(z < 0, rank < 0.5) << rank;
    ASSERT_LT(std::abs(error) / density, 2e-6) << rank;
  }
  ForEachTarget([&] { EXPECT_TRUE(SameBits(encoded(), scores)); });
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
