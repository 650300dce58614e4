// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/utf8.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace colonnade {
namespace {

std::string Encoded(unsigned code) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xC0 | code >> 6), tail(0)};
  if (code < 0x10000) return {static_cast<char>(0xE0 | code >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | code >> 18), tail(12), tail(6), tail(0)};
}

TEST(Utf8, TakesEveryCharacter) {
  std::string all;
  for (unsigned code = 0; code < 0x110000; ++code) {
    const std::string text = Encoded(code);
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    ASSERT_EQ(FirstInvalidUtf8(text).has_value(), surrogate) << code;
    if (!surrogate) all += text;
  }
  EXPECT_EQ(FirstInvalidUtf8(all), std::nullopt);
  EXPECT_EQ(FirstInvalidUtf8(""), std::nullopt);
}

TEST(Utf8, FindsTheFirstByteThatIsNone) {
  const std::string_view bad[] = {
      "\x80",         "\xbf",         "\xc0\x80",         "\xc1\xbf",
      "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
      "\xf5",         "\xff",         "\xe9t\xe9",        "\xc3",
      "\xe2\x82",     "\xf0\x9f\x98"};
  for (const std::string_view bytes : bad) {
    for (const size_t before : {0u, 1u, 7u, 31u, 32u, 33u, 64u, 1000u}) {
      for (const size_t after : {0u, 1u, 40u}) {
        const std::string text =
            std::string(before, 'x') + std::string(bytes) + std::string(after, 'y');
        EXPECT_EQ(FirstInvalidUtf8(text), before) << bytes << " " << before << " " << after;
        EXPECT_EQ(FirstInvalidUtf8("\xc3\xa9" + text), before + 2);
      }
    }
  }
}

}  // namespace
}  // namespace colonnade
