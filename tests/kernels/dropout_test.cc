// SPDX-License-Identifier: Apache-2.0
#include "kernels/dropout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "engine/runtime/aligned.h"
#include "engine/runtime/random.h"
#include "tests/support/targets.h"

namespace colonnade {
namespace {

constexpr double kProbability = 0.3;
constexpr kernels::DropoutMask kMask = {.seed = 0x123456789ABCDEF,
                                        .stream = static_cast<uint32_t>(RandomStream::kDropout),
                                        .layer = 2,
                                        .step = 7,
                                        .threshold = static_cast<uint32_t>(kProbability * 0x1p32)};

// By the definition in the header, with another library's Philox.
bool IsKept(size_t row, size_t column) {
  const auto substream = static_cast<uint32_t>((2 << 18) + row / 64 * 16 + row % 16);
  const uint64_t index = uint64_t{7} << 32 | column;
  return Random(kMask.seed, RandomStream::kDropout, substream).Block(index)[row / 16 % 4] >=
         kMask.threshold;
}

float Value(size_t row, size_t column) { return static_cast<float>(row + 1000 * column + 1); }

TEST(DropoutTest, KeepsWhatTheDefinitionKeepsOnEveryTarget) {
  test::ForEachTarget([] {
    for (const size_t rows : {1u, 16u, 17u, 63u, 64u, 65u, 150u}) {
      for (const size_t first_row : {0u, 16u, 48u, 64u, 144u}) {
        constexpr size_t kColumns = 5;
        constexpr size_t kFirstColumn = 1022;
        OwnedMatrix from(rows, kColumns);
        OwnedMatrix to(rows, kColumns);
        for (size_t c = 0; c < kColumns; ++c) {
          for (size_t r = 0; r < rows; ++r) from.view().Column(c)[r] = Value(r, c);
        }
        kernels::Dropout(kMask, first_row, kFirstColumn, 2.0f, from.view(), to.view());
        for (size_t c = 0; c < kColumns; ++c) {
          for (size_t r = 0; r < kernels::PaddedRows(rows); ++r) {
            const bool kept = r < rows && IsKept(first_row + r, kFirstColumn + c);
            ASSERT_EQ(to.view().Column(c)[r], kept ? 2 * Value(r, c) : 0) << r << " " << c;
          }
        }
        kernels::Dropout(kMask, first_row, kFirstColumn, 2.0f, from.view(), from.view());
        for (size_t c = 0; c < kColumns; ++c) {
          for (size_t r = 0; r < rows; ++r) {
            ASSERT_EQ(from.view().Column(c)[r], to.view().Column(c)[r]) << "in place";
          }
        }
      }
    }
  });
}

TEST(DropoutTest, DropsThePartThatItShould) {
  constexpr size_t kRows = 640;
  constexpr size_t kColumns = 500;
  OwnedMatrix matrix(kRows, kColumns);
  for (size_t c = 0; c < kColumns; ++c) {
    std::fill_n(matrix.view().Column(c), kRows, 1.0f);
  }
  kernels::Dropout(kMask, 0, 0, 1.0f, matrix.view(), matrix.view());
  double kept = 0;
  for (size_t c = 0; c < kColumns; ++c) {
    for (size_t r = 0; r < kRows; ++r) kept += static_cast<double>(matrix.view().Column(c)[r]);
  }
  // Five standard deviations of a binomial distribution.
  EXPECT_NEAR(kept / (kRows * kColumns), 1 - kProbability, 0.0041);
}

}  // namespace
}  // namespace colonnade
