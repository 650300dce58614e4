// SPDX-License-Identifier: Apache-2.0
#include "kernels/convert.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "tests/support/compare.h"
#include "tests/support/matrices.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

// Stored examples, their scaling, and the batch that is wanted of them.
template <class T>
struct Batch {
  TestMatrix<T> from;
  FloatMatrix offset;
  FloatMatrix scale;
  IndexVector indices;

  // The same by scalar code. There is no fused multiply-add in it, so all targets agree.
  FloatMatrix Expected() const {
    FloatMatrix expected(from.rows(), indices.rows());
    expected.Generate([&](size_t r, size_t c) {
      return (static_cast<float>(from(r, indices(c, 0))) - offset(r, 0)) * scale(r, 0);
    });
    return expected;
  }

  FloatMatrix Run(size_t gap) const {
    FloatMatrix to =
        FloatMatrix::Unset(from.rows(), indices.rows(), kernels::PaddedRows(from.rows()) + gap);
    kernels::Gather(from.view(), indices.data(), offset.data(), scale.data(), to, {});
    EXPECT_TRUE(StaysInBounds(to));
    return to;
  }
};

// `stride` may be any number: columns of stored examples need not be aligned.
template <class T>
Batch<T> RandomBatch(uint64_t seed, size_t features, size_t examples, size_t stride, size_t count) {
  Random random(seed);
  Batch<T> batch{TestMatrix<T>::Uniform(random, features, examples, stride, 0, 256),
                 FloatMatrix::Uniform(random, features, 1),
                 FloatMatrix::Uniform(random, features, 1), IndexVector::Vector(count)};
  batch.from.FillPadding(T{77});
  batch.indices.Generate(
      [&](size_t, size_t) { return static_cast<uint32_t>(random.Below(examples)); });
  return batch;
}

template <class T>
class Gather : public testing::Test {};

struct TypeName {
  template <class T>
  static std::string GetName(int) {
    return sizeof(T) == 1 ? "u8" : "f32";
  }
};

using StoredTypes = testing::Types<uint8_t, float>;
TYPED_TEST_SUITE(Gather, StoredTypes, TypeName);

TYPED_TEST(Gather, SubtractsOffsetAndScalesOnEveryTarget) {
  uint64_t seed = 0;
  for (const size_t features :
       std::vector<size_t>{1, 2, 3, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 784}) {
    for (const size_t gap : std::vector<size_t>{0, 1, 5, 16, 63}) {
      for (const size_t count : std::vector<size_t>{0, 1, 2, 13}) {
        const size_t stride = kernels::PaddedRows(features) + gap;
        SCOPED_TRACE(std::to_string(features) + " features, stride " + std::to_string(stride) +
                     ", batch " + std::to_string(count) + ", seed " + std::to_string(++seed));
        const auto batch = RandomBatch<TypeParam>(seed, features, 7, stride, count);
        const FloatMatrix expected = batch.Expected();
        ForEachTarget(
            [&] { EXPECT_TRUE(SameBits(expected.view(), batch.Run(seed % 4 * 16).view())); });
      }
    }
  }
}

TYPED_TEST(Gather, TakesIndicesInAnyOrderAndRepeated) {
  auto batch = RandomBatch<TypeParam>(1, 20, 9, 37, 12);
  for (const auto& order :
       std::vector<std::vector<uint32_t>>{{8, 7, 6, 5, 4, 3, 2, 1, 0, 8, 7, 6},
                                          {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
                                          {8, 8, 0, 0, 3, 8, 3, 0, 8, 8, 0, 3}}) {
    batch.indices.Generate([&](size_t i, size_t) { return order[i]; });
    ForEachTarget([&] { EXPECT_TRUE(SameBits(batch.Expected().view(), batch.Run(0).view())); });
  }
}

// Indices from the middle of a shuffled array: their address is a multiple of 4 only.
TYPED_TEST(Gather, ReadsIndicesAtAnyAddress) {
  const auto batch = RandomBatch<TypeParam>(1, 20, 9, 37, 12);
  const FloatMatrix expected = batch.Expected();
  ForEachTarget([&] {
    for (size_t first = 0; first < 12; ++first) {
      FloatMatrix to = FloatMatrix::Unset(20, 12 - first);
      kernels::Gather(batch.from.view(), batch.indices.data() + first, batch.offset.data(),
                      batch.scale.data(), to, {});
      EXPECT_TRUE(SameBits(expected.view().Columns(first, 12 - first), to.view()));
    }
  });
}

TEST(GatherBytes, IsExactForEveryValueInEveryRow) {
  ByteMatrix from(33, 256);
  from.Generate([](size_t, size_t c) { return static_cast<uint8_t>(c); });
  IndexVector indices = IndexVector::Vector(256);
  std::iota(indices.data(), indices.data() + 256, 0u);
  const FloatMatrix offset(33, 1);
  FloatMatrix none = offset.Clone();
  none.Generate([](size_t, size_t) { return 0.0f; });
  FloatMatrix one = offset.Clone();
  one.Generate([](size_t, size_t) { return 1.0f; });
  ForEachTarget([&] {
    FloatMatrix to = FloatMatrix::Unset(33, 256);
    kernels::Gather(from.view(), indices.data(), none.data(), one.data(), to, {});
    EXPECT_TRUE(StaysInBounds(to));
    for (size_t c = 0; c < 256; ++c) {
      for (size_t r = 0; r < 33; ++r) ASSERT_EQ(to(r, c), static_cast<float>(c)) << "row " << r;
    }
  });
}

// Memory of the caller's: no padding, any address, nothing readable behind it (which shows under
// AddressSanitizer).
TEST(Scale, IsGatherWithoutPadding) {
  uint64_t seed = 0;
  for (const size_t features : std::vector<size_t>{1, 2, 15, 16, 17, 33, 64, 65, 100, 784}) {
    for (const size_t gap : {0u, 3u}) {
      SCOPED_TRACE(std::to_string(features) + " features, gap " + std::to_string(gap) + ", seed " +
                   std::to_string(++seed));
      constexpr size_t kCount = 5;
      auto batch =
          RandomBatch<float>(seed, features, kCount, kernels::PaddedRows(features), kCount);
      batch.indices.Generate([](size_t i, size_t) { return static_cast<uint32_t>(i); });
      Random random(seed);
      for (size_t c = 0; c < kCount; ++c) {  // a result that is zero, and one that is no number
        const size_t r = random.Below(features);
        batch.from(r, c) = batch.offset(r, 0);
        batch.from(random.Below(features), c) = std::numeric_limits<float>::quiet_NaN();
      }
      const FloatMatrix expected = batch.Expected();
      for (const size_t shift : {0u, 1u}) {
        const size_t size = shift + (kCount - 1) * (features + gap) + features;
        const auto memory = std::make_unique<float[]>(size);
        for (size_t c = 0; c < kCount; ++c) {
          for (size_t r = 0; r < features; ++r) {
            memory[shift + c * (features + gap) + r] = batch.from(r, c);
          }
        }
        const kernels::ConstMatrix from{memory.get() + shift, features, kCount, features + gap};
        const size_t words = kernels::NonzeroWords(features);
        ForEachTarget([&] {
          FloatMatrix to = FloatMatrix::Unset(features, kCount);
          std::vector<uint64_t> bits(words * kCount, ~uint64_t{0});
          kernels::Scale(from, batch.offset.data(), batch.scale.data(), to,
                         {bits.data(), words, kCount, words});
          EXPECT_TRUE(SameBits(expected.view(), to.view()));
          EXPECT_TRUE(StaysInBounds(to));
          for (size_t c = 0; c < kCount; ++c) {
            for (size_t bit = 0; bit < 64 * words; ++bit) {
              const bool set = ((bits[c * words + bit / 64] >> (bit % 64)) & 1) != 0;
              ASSERT_EQ(set, bit < features && to(bit, c) != 0) << "element " << bit;
            }
          }
        });
      }
    }
  }
}

}  // namespace
}  // namespace colonnade::test
