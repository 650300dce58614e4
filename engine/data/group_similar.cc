// SPDX-License-Identifier: Apache-2.0
#include "engine/data/group_similar.h"

#include <algorithm>
#include <bit>

namespace colonnade {
namespace {

// In how many numbers two sets differ.
int Distance(const BitSets& of, uint32_t a, uint32_t b) {
  int count = 0;
  for (size_t w = 0; w < of.words(); ++w) count += std::popcount(of[a][w] ^ of[b][w]);
  return count;
}

// One of `sets` that is far from set `a`. A few are enough to find one.
uint32_t FarFrom(const BitSets& of, uint32_t a, std::span<const uint32_t> sets) {
  constexpr size_t kCandidates = 16;
  const size_t step = std::max<size_t>(1, sets.size() / kCandidates);
  uint32_t far = a;
  int farthest = -1;
  for (size_t i = 0; i < sets.size(); i += step) {
    const int distance = Distance(of, a, sets[i]);
    if (distance <= farthest) continue;
    farthest = distance;
    far = sets[i];
  }
  return far;
}

// How much a set has in common with the union of a group, less what it would add to it; of an empty
// group, how large it is.
int Score(const BitSets& of, uint32_t set, std::span<const uint32_t> group) {
  int score = 0;
  for (size_t w = 0; w < of.words(); ++w) {
    uint64_t common = group.empty() ? ~uint64_t{0} : 0;
    for (const uint32_t member : group) common |= of[member][w];
    score += std::popcount(of[set][w] & common) - std::popcount(of[set][w] & ~common);
  }
  return score;
}

// Groups of a few sets, each grown set by set from the largest that is left.
void GrowGroups(const BitSets& of, size_t group, std::span<uint32_t> sets) {
  for (size_t i = 0; i + 1 < sets.size(); ++i) {
    const std::span<const uint32_t> taken = sets.subspan(i - i % group, i % group);
    size_t best = i;
    int best_score = Score(of, sets[i], taken);
    for (size_t j = i + 1; j < sets.size(); ++j) {
      const int score = Score(of, sets[j], taken);
      if (score <= best_score) continue;
      best = j;
      best_score = score;
    }
    std::swap(sets[i], sets[best]);
  }
}

}  // namespace

void GroupSimilar(const BitSets& of, size_t group, size_t leaf, std::span<uint32_t> sets,
                  std::span<int> distances) {
  if (sets.size() <= group) return;
  if (sets.size() <= leaf) return GrowGroups(of, group, sets);
  const uint32_t a = FarFrom(of, sets.front(), sets);
  const uint32_t b = FarFrom(of, a, sets);
  // Where a and b agree, a set is as far from the one as from the other.
  for (const uint32_t set : sets) {
    int nearer_b = 0;
    for (size_t w = 0; w < of.words(); ++w) {
      nearer_b += std::popcount((of[set][w] ^ of[a][w]) & (of[a][w] ^ of[b][w]));
    }
    distances[set] = nearer_b;
  }
  const size_t half = (sets.size() / 2 + group - 1) / group * group;
  std::nth_element(sets.begin(), sets.begin() + static_cast<ptrdiff_t>(half), sets.end(),
                   [&](uint32_t x, uint32_t y) { return distances[x] < distances[y]; });
  GroupSimilar(of, group, leaf, sets.first(half), distances);
  GroupSimilar(of, group, leaf, sets.subspan(half), distances);
}

}  // namespace colonnade
