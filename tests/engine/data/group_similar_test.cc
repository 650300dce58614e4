// SPDX-License-Identifier: Apache-2.0
#include "engine/data/group_similar.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <vector>

#include "tests/support/random.h"

namespace colonnade {
namespace {

constexpr size_t kGroup = 8;

// Sets of numbers below 300, of `kinds` kinds: those of a kind have most numbers in common.
BitSets SetsOfKinds(size_t count, size_t kinds, uint64_t seed) {
  test::Random random(seed);
  BitSets sets(count, 300);
  for (size_t s = 0; s < count; ++s) {
    const size_t kind = random.Below(kinds);
    for (size_t i = 0; i < 40; ++i) {
      const size_t number = i < 36 ? (kind * 36 + i) % 300 : random.Below(300);
      sets[s][number / 64] |= uint64_t{1} << (number % 64);
    }
  }
  return sets;
}

std::vector<uint32_t> Grouped(const BitSets& sets, size_t count, size_t leaf) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  std::vector<int> distances(count);
  GroupSimilar(sets, kGroup, leaf, order, distances);
  return order;
}

// The numbers in the unions of all groups.
size_t InUnions(const BitSets& sets, const std::vector<uint32_t>& order) {
  size_t total = 0;
  for (size_t first = 0; first < order.size(); first += kGroup) {
    for (size_t w = 0; w < sets.words(); ++w) {
      uint64_t all = 0;
      for (size_t i = first; i < std::min(first + kGroup, order.size()); ++i) {
        all |= sets[order[i]][w];
      }
      total += static_cast<size_t>(std::popcount(all));
    }
  }
  return total;
}

TEST(GroupSimilar, KeepsAllSets) {
  for (const size_t count : {0u, 1u, 7u, 8u, 9u, 17u, 100u, 1000u}) {
    const BitSets sets = SetsOfKinds(count, 3, count);
    for (const size_t leaf : {8u, 32u, 1000u}) {
      std::vector<uint32_t> order = Grouped(sets, count, leaf);
      std::sort(order.begin(), order.end());
      for (uint32_t s = 0; s < count; ++s) ASSERT_EQ(order[s], s);
    }
  }
}

TEST(GroupSimilar, MakesUnionsSmaller) {
  const BitSets sets = SetsOfKinds(800, 8, 1);
  std::vector<uint32_t> order(800);
  std::iota(order.begin(), order.end(), 0u);
  const size_t before = InUnions(sets, order);
  // Eight of a kind have 36 numbers in common, and at most 4 others each.
  for (const size_t leaf : {8u, 96u}) {
    EXPECT_LT(InUnions(sets, Grouped(sets, 800, leaf)), before / 2) << "leaf " << leaf;
  }
}

TEST(GroupSimilar, TakesEqualSets) {
  const BitSets sets(100, 64);
  std::vector<uint32_t> order = Grouped(sets, 100, 8);
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order.back(), 99u);
}

}  // namespace
}  // namespace colonnade
