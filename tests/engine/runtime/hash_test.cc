// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace colonnade {
namespace {

std::string HashOf(const std::string& text) {
  Hash128 hash;
  hash.Add(text.data(), text.size());
  return hash.Hex();
}

TEST(Hash128Test, IsXxh3WithTheHighHalfFirst) {
  // As `printf '' | xxh128sum` prints it.
  EXPECT_EQ(HashOf(""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(Hash128().Hex(), "99aa06d3014798d86001c324468d497f");
}

TEST(Hash128Test, DoesNotDependOnTheDivisionIntoCalls) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += static_cast<char>(i * 7 % 251);
  const std::string whole = HashOf(text);
  for (const size_t piece : {1u, 63u, 64u, 256u, 1000u}) {
    Hash128 hash;
    for (size_t i = 0; i < text.size(); i += piece) {
      hash.Add(text.data() + i, std::min(piece, text.size() - i));
    }
    EXPECT_EQ(hash.Hex(), whole) << piece;
  }
}

TEST(Hash128Test, TellsEveryBitApart) {
  std::string text(100, 'x');
  const std::string before = HashOf(text);
  for (char& c : text) {
    c ^= 1;
    EXPECT_NE(HashOf(text), before);
    c ^= 1;
  }
  EXPECT_EQ(HashOf(text), before);
}

}  // namespace
}  // namespace colonnade
