// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/number.h"

#include <fast_float/fast_float.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <system_error>
#include <utility>

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

// What other signs than those of ASCII stand for: spaces that do not break, and the minus of
// typesetters. Nothing where a text has none of these.
std::string InAscii(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 4> kSigns = {
      {{"\xc2\xa0", ' '}, {"\xe2\x80\xaf", ' '}, {"\xe2\x80\x89", ' '}, {"\xe2\x88\x92", '-'}}};
  std::string plain;
  bool any = false;
  for (size_t i = 0; i < text.size();) {
    const auto sign = std::ranges::find_if(
        kSigns, [&](const auto& s) { return text.substr(i).starts_with(s.first); });
    any |= sign != kSigns.end();
    plain += sign == kSigns.end() ? text[i] : sign->second;
    i += sign == kSigns.end() ? 1 : sign->first.size();
  }
  if (!any) return {};
  const size_t begin = plain.find_first_not_of(' ');
  if (begin == std::string::npos) return {};
  return plain.substr(begin, plain.find_last_not_of(' ') + 1 - begin);
}

bool IsAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
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
  if (digits.empty() || !(IsDigit(digits[0]) || digits[0] == '.')) {
    if (!IsAscii(text)) {
      const std::string ascii = InAscii(text);
      if (!ascii.empty()) return ParseNumber(ascii, value);
    }
    return Diagnose(digits);
  }
  const char* const end = digits.data() + digits.size();
  const char* const begin = text[0] == '-' ? text.data() : digits.data();
  const auto [stop, error] = fast_float::from_chars(begin, end, *value);
  // Versions differ in what they call out of range; the value tells overflow from underflow.
  if (stop != end || (error != std::errc() && error != std::errc::result_out_of_range)) {
    if (stop != end && static_cast<unsigned char>(*stop) >= 0x80) {
      const std::string ascii = InAscii(text);
      if (!ascii.empty()) return ParseNumber(ascii, value);
    }
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

NumberError ParseNumber(std::string_view text, double* value) {
  // f32 decides what is finite; its value matters where it is none.
  float narrow = 0;
  const NumberError error = ParseNumber(text, &narrow);
  if (error != NumberError::kNone) return error;
  const std::string ascii = IsAscii(text) ? std::string() : InAscii(text);
  if (!ascii.empty()) text = ascii;
  const bool sign = text[0] == '+';
  fast_float::from_chars(text.data() + (sign ? 1 : 0), text.data() + text.size(), *value);
  return NumberError::kNone;
}

namespace {

std::string_view TrimmedSpaces(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Leaves out what groups the digits in front of the fraction; false where it does not by threes.
bool RemoveThousands(std::string_view digits, char thousands, std::string* to) {
  size_t group = 0;
  bool any = false;
  for (const char c : digits) {
    if (c == thousands) {
      if (group == 0 || group > 3 || (any && group != 3)) return false;
      any = true;
      group = 0;
    } else {
      if (c != '+' && c != '-') ++group;
      *to += c;
    }
  }
  return !any || group == 3;
}

}  // namespace

NumberError ParseNumber(std::string_view text, const NumberFormat& format, bool unit,
                        double* value) {
  if (format.boolean) {
    if (const std::optional<bool> word = ParseBoolean(text)) {
      *value = *word ? 1 : 0;
      return NumberError::kNone;
    }
    return ParseNumber(text, value);
  }
  const std::string ascii = IsAscii(text) ? std::string() : InAscii(text);
  if (!ascii.empty()) text = ascii;
  std::string sign;
  if (!format.unit.empty()) {
    std::string_view rest = text;
    if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
      sign = rest[0];
      rest = TrimmedSpaces(rest.substr(1));
    }
    if (rest.starts_with(format.unit)) {
      text = TrimmedSpaces(rest.substr(format.unit.size()));
      if (!sign.empty() && !text.empty() && (text[0] == '-' || text[0] == '+')) {
        return NumberError::kNotANumber;
      }
    } else if (text.ends_with(format.unit)) {
      text = TrimmedSpaces(text.substr(0, text.size() - format.unit.size()));
      sign.clear();
    } else if (unit) {
      return NumberError::kNotANumber;
    } else {
      sign.clear();
    }
  }
  if (format.decimal == '.' && format.thousands == '\0' && sign.empty()) {
    return ParseNumber(text, value);
  }
  // As a plain number.
  std::string plain = sign;
  const size_t point = std::min(text.find(format.decimal), text.size());
  if (format.thousands == '\0') {
    plain += text.substr(0, point);
  } else if (!RemoveThousands(text.substr(0, point), format.thousands, &plain)) {
    return NumberError::kNotANumber;
  }
  if (format.decimal != '.' && plain.find('.') != std::string::npos) {
    return NumberError::kNotANumber;
  }
  if (point < text.size()) {
    const std::string_view fraction = text.substr(point + 1);
    if (format.decimal != '.' && fraction.find('.') != std::string_view::npos) {
      return NumberError::kNotANumber;
    }
    plain += '.';
    plain += fraction;
  }
  return ParseNumber(plain, value);
}

std::optional<bool> ParseBoolean(std::string_view text) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  for (const std::string_view word : {"true", "yes", "t", "y"}) {
    if (text.size() == word.size() && EqualsIgnoringCase(text, word)) return true;
  }
  for (const std::string_view word : {"false", "no", "f", "n"}) {
    if (text.size() == word.size() && EqualsIgnoringCase(text, word)) return false;
  }
  return std::nullopt;
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
