// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/random.h"

#include <Random123/philox.h>

#include <cmath>
#include <numbers>
#include <utility>

namespace colonnade {

std::array<uint32_t, 4> Random::Block(uint64_t index) const {
  using Philox = r123::Philox4x32;
  const Philox::ctr_type counter = {{static_cast<uint32_t>(index),
                                     static_cast<uint32_t>(index >> 32),
                                     static_cast<uint32_t>(stream_), substream_}};
  const Philox::key_type key = {{static_cast<uint32_t>(seed_), static_cast<uint32_t>(seed_ >> 32)}};
  const Philox::ctr_type block = Philox()(counter, key);
  return {block[0], block[1], block[2], block[3]};
}

void Random::Uniform(std::span<float> to, float low, float high) const {
  std::array<uint32_t, 4> block{};
  for (size_t i = 0; i < to.size(); ++i) {
    if (i % 4 == 0) block = Block(i / 4);
    // 24 bits are exact in a float, so the fraction is in [0, 1) and evenly spaced.
    const float fraction = static_cast<float>(block[i % 4] >> 8) * 0x1p-24f;
    to[i] = low + (high - low) * fraction;
  }
}

void Random::Normal(std::span<float> to, float deviation) const {
  for (size_t i = 0; i < to.size(); i += 4) {
    const std::array<uint32_t, 4> block = Block(i / 4);
    for (size_t pair = 0; pair < 4 && i + pair < to.size(); pair += 2) {
      const double u = (block[pair] + 0.5) * 0x1p-32;  // in (0, 1): its logarithm is finite
      const double angle = 2 * std::numbers::pi * (block[pair + 1] * 0x1p-32);
      const double radius = deviation * std::sqrt(-2 * std::log(u));
      to[i + pair] = static_cast<float>(radius * std::cos(angle));
      if (i + pair + 1 < to.size()) to[i + pair + 1] = static_cast<float>(radius * std::sin(angle));
    }
  }
}

void Random::Permutation(std::span<uint32_t> to) const {
  for (size_t i = 0; i < to.size(); ++i) to[i] = static_cast<uint32_t>(i);
  std::array<uint32_t, 4> block{};
  for (size_t i = to.size(); i > 1; --i) {
    const size_t draw = to.size() - i;
    if (draw % 2 == 0) block = Block(draw / 2);
    // 64 random bits onto [0, i): the bias of the multiplication, i / 2^64, is below notice.
    const uint64_t bits = (uint64_t{block[draw % 2 * 2]} << 32) | block[draw % 2 * 2 + 1];
    __extension__ using Wide = unsigned __int128;
    std::swap(to[i - 1], to[static_cast<size_t>((Wide{bits} * i) >> 64)]);
  }
}

}  // namespace colonnade
