// SPDX-License-Identifier: Apache-2.0
// Which sets of places have much in common.
#ifndef COLONNADE_ENGINE_DATA_GROUP_SIMILAR_H_
#define COLONNADE_ENGINE_DATA_GROUP_SIMILAR_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace colonnade {

// Sets of numbers below some bound, a bit for each number.
class BitSets {
 public:
  BitSets(size_t sets, size_t numbers) : words_((numbers + 63) / 64), bits_(sets * words_) {}

  size_t words() const { return words_; }
  const uint64_t* operator[](size_t set) const { return bits_.data() + set * words_; }
  uint64_t* operator[](size_t set) { return bits_.data() + set * words_; }

 private:
  size_t words_;
  std::vector<uint64_t> bits_;
};

// Reorders `sets`, numbers of sets of `of`, so that groups of `group` that follow each other have
// small unions. Halves them by which of two distant sets each is nearer to, again and again, until
// at most `leaf` are left; of those, each group takes one after the other that adds least to it. A
// large leaf gives better groups and takes longer. distances: scratch, as many as there are sets in
// `of`. Allocates nothing.
void GroupSimilar(const BitSets& of, size_t group, size_t leaf, std::span<uint32_t> sets,
                  std::span<int> distances);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_GROUP_SIMILAR_H_
