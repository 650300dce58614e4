// SPDX-License-Identifier: Apache-2.0
// Random numbers as a function of (seed, stream, index): no state, so no thread can disturb them.
#ifndef COLONNADE_ENGINE_RUNTIME_RANDOM_H_
#define COLONNADE_ENGINE_RUNTIME_RANDOM_H_

#include <array>
#include <cstdint>
#include <span>

namespace colonnade {

// What a stream of random numbers is for. The values are part of what a seed means: never reuse or
// renumber them.
enum class RandomStream : uint32_t {
  kWeights = 1,   // substream: layer
  kBiases = 2,    // substream: layer
  kShuffle = 3,   // substream: epoch
  kSplit = 6,     // substream: class; of groups: 0
  kDropout = 7,   // by kernels/dropout.h: substream: layer and rows, index: step and column
  kFolds = 8,     // likewise
  kTune = 12,     // substream: trial
  kAugment = 13,  // substream: epoch, index: example
};

// Philox 4×32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) keyed by
// the seed, its counter holding index, stream and substream.
class Random {
 public:
  Random(uint64_t seed, RandomStream stream, uint32_t substream)
      : seed_(seed), stream_(stream), substream_(substream) {}

  // Four independent 32-bit numbers.
  std::array<uint32_t, 4> Block(uint64_t index) const;

  // Fills with numbers uniform in [low, high); to[i] depends on i alone.
  void Uniform(std::span<float> to, float low, float high) const;

  // Fills with normal numbers of mean 0 (Box-Muller); to[i] depends on i alone.
  void Normal(std::span<float> to, float deviation) const;

  // Fills with a uniformly random permutation of 0 .. size-1 (Fisher-Yates).
  void Permutation(std::span<uint32_t> to) const;

 private:
  uint64_t seed_;
  RandomStream stream_;
  uint32_t substream_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_RANDOM_H_
