// SPDX-License-Identifier: Apache-2.0
#include "tests/support/enumerators.h"

#include <gtest/gtest.h>

namespace colonnade::test {

enum class Gapped { kOne = 1, kTwo, kTen = 10, kLast = 63 };
enum class Empty {};

namespace {

TEST(EnumeratorsTest, AreThoseThatTheEnumHas) {
  EXPECT_EQ(Enumerators<Gapped>(),
            (std::vector{Gapped::kOne, Gapped::kTwo, Gapped::kTen, Gapped::kLast}));
  EXPECT_TRUE(Enumerators<Empty>().empty());
}

}  // namespace
}  // namespace colonnade::test
