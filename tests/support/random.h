// SPDX-License-Identifier: Apache-2.0
// Random numbers for tests: a function of seed and index only, so that a printed seed is enough to
// repeat a failure anywhere.
#ifndef COLONNADE_TESTS_SUPPORT_RANDOM_H_
#define COLONNADE_TESTS_SUPPORT_RANDOM_H_

#include <cstddef>
#include <cstdint>

namespace colonnade::test {

class Random {
 public:
  explicit Random(uint64_t seed) : seed_(seed) {}

  uint64_t seed() const { return seed_; }

  // Uniform over all 64-bit values: the mix of SplitMix64 over a counter.
  uint64_t Next() {
    uint64_t x = (seed_ << 32) + ++index_ * 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
  }

  // Uniform in [low, high), in steps of 2^-24 of the range.
  float Uniform(float low, float high) {
    return low + (high - low) * (static_cast<float>(Next() >> 40) * 0x1p-24f);
  }

  // Uniform in [0, bound), for bounds that are small against 2^64.
  size_t Below(size_t bound) { return static_cast<size_t>(Next() % bound); }

 private:
  uint64_t seed_;
  uint64_t index_ = 0;
};

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_RANDOM_H_
