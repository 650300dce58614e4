// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv_number.h"

#include <fast_float/fast_float.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

namespace colonnade {
namespace {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

bool IsNanOrInfinity(std::string_view text) {
  constexpr std::array<std::string_view, 3> kNames = {"nan", "inf", "infinity"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view name) { return EqualsIgnoringCase(text, name); });
}

// Why a text is not a number, known to be none.
NumberError Diagnose(std::string_view without_sign) {
  return IsNanOrInfinity(without_sign) ? NumberError::kNotFinite : NumberError::kNotANumber;
}

}  // namespace

NumberError ParseNumber(std::string_view text, float* value) {
  if (text.empty()) return NumberError::kEmpty;
  std::string_view digits = text;
  if (text[0] == '+' || text[0] == '-') digits.remove_prefix(1);
  // from_chars knows no '+', and takes "nan" and "inf", hence the look at the first character.
  if (digits.empty() || !(IsDigit(digits[0]) || digits[0] == '.')) return Diagnose(digits);
  const char* const end = digits.data() + digits.size();
  const char* const begin = text[0] == '-' ? text.data() : digits.data();
  const auto [stop, error] = fast_float::from_chars(begin, end, *value);
  // Versions differ in what they call out of range; the value tells overflow from underflow.
  if (stop != end || (error != std::errc() && error != std::errc::result_out_of_range)) {
    return Diagnose(digits);
  }
  return std::isinf(*value) ? NumberError::kOutOfRange : NumberError::kNone;
}

std::string_view Expected(NumberError error) {
  switch (error) {
    case NumberError::kNotFinite:
      return "a finite number";
    case NumberError::kOutOfRange:
      return "a finite number in the range of f32";
    case NumberError::kNone:
    case NumberError::kEmpty:
    case NumberError::kNotANumber:
      break;
  }
  return "a number";
}

bool IsMissing(std::string_view text) {
  constexpr std::array<std::string_view, 4> kWords = {"na", "n/a", "nan", "null"};
  if (text.empty() || text == "?") return true;
  if (text.size() > 4 || IsDigit(text[0])) return false;
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return EqualsIgnoringCase(text, word); });
}

FieldKind KindOf(std::string_view text) {
  if (IsMissing(text)) return FieldKind::kMissing;
  float ignored;
  return ParseNumber(text, &ignored) == NumberError::kNotANumber ? FieldKind::kText
                                                                 : FieldKind::kNumber;
}

std::optional<int64_t> ParseInteger(std::string_view text) {
  // from_chars knows no '+', but would take the '-' of "+-1".
  if (text.size() > 1 && text[0] == '+' && IsDigit(text[1])) text.remove_prefix(1);
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc()) return std::nullopt;
  if (stop == end) return value;
  const bool whole = *stop == '.' && std::all_of(stop + 1, end, [](char c) { return c == '0'; });
  return whole ? std::optional(value) : std::nullopt;
}

}  // namespace colonnade
