// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/utf8.h"

#include <cstdint>
#include <cstring>

namespace colonnade {
namespace {

// The length of the character at the start of `text`, which is not empty; 0 if there is none.
size_t CharacterSize(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const size_t size = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (size == 0 || text.size() < size) return 0;
  // Of the second byte, what would be a longer form, a surrogate or too large is excluded.
  const uint8_t lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const uint8_t highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < lowest || byte(1) > highest) return 0;
  for (size_t i = 2; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return size;
}

}  // namespace

std::optional<size_t> FirstInvalidUtf8(std::string_view text) {
  // Most text is ASCII: 32 bytes at a time, which compilers turn into SIMD.
  constexpr size_t kWords = 4;
  constexpr size_t kBytes = kWords * sizeof(uint64_t);
  uint64_t words[kWords];
  size_t at = 0;
  while (at < text.size()) {
    while (text.size() - at >= kBytes) {
      std::memcpy(words, text.data() + at, kBytes);
      uint64_t any = 0;
      for (const uint64_t word : words) any |= word;
      if ((any & 0x8080808080808080) != 0) break;
      at += kBytes;
    }
    // Past these, or to the end: where characters are not ASCII, mostly more of them follow.
    const size_t limit = text.size() - at > kBytes ? at + kBytes : text.size();
    while (at < limit) {
      const size_t size = CharacterSize(text.substr(at));
      if (size == 0) return at;
      at += size;
    }
  }
  return {};
}

}  // namespace colonnade
