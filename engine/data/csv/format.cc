// SPDX-License-Identifier: Apache-2.0
// How the numbers of a column are written.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "engine/data/csv/number.h"
#include "engine/data/csv/plan.h"

namespace colonnade {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Without spaces around it, those that do not break among them.
std::string_view Trimmed(std::string_view text) {
  constexpr std::array<std::string_view, 4> kSpaces = {" ", "\xc2\xa0", "\xe2\x80\xaf",
                                                       "\xe2\x80\x89"};
  for (bool any = true; any;) {
    any = false;
    for (const std::string_view space : kSpaces) {
      if (text.starts_with(space))
        text.remove_prefix(space.size());
      else if (text.ends_with(space))
        text.remove_suffix(space.size());
      else
        continue;
      any = true;
    }
  }
  return text;
}

// What stands in front of and behind the digits of a number.
struct Affixes {
  std::string_view prefix, suffix;
};

std::optional<Affixes> AffixesOf(std::string_view text) {
  const size_t first = text.find_first_of("0123456789");
  if (first == std::string_view::npos) return std::nullopt;
  const size_t last = text.find_last_of("0123456789");
  std::string_view prefix = text.substr(0, first);
  // A sign in front of the unit, or behind it; a point that the number begins with.
  if (prefix.starts_with('-') || prefix.starts_with('+')) prefix.remove_prefix(1);
  if (prefix.ends_with('.') || prefix.ends_with(',')) prefix.remove_suffix(1);
  if (prefix.ends_with('-') || prefix.ends_with('+')) prefix.remove_suffix(1);
  std::string_view suffix = text.substr(last + 1);
  if (suffix.starts_with('.') || suffix.starts_with(',')) suffix.remove_prefix(1);
  return Affixes{Trimmed(prefix), Trimmed(suffix)};
}

// Whether a text may be the unit of a number in front of it: letters and signs, no digits, short.
bool IsUnit(std::string_view text) {
  return !text.empty() && text.size() <= 8 &&
         text.find_first_of("0123456789.,;:+()[]{}\"'\\?!_#@=&|<>~\t\n\r") ==
             std::string_view::npos &&
         !text.starts_with('-');
}

// In front of a number only money has its unit.
bool IsCurrency(std::string_view text) {
  constexpr std::array<std::string_view, 9> kSigns = {"$", "€", "£", "¥", "₹", "₽", "₩", "₺", "R$"};
  if (std::ranges::find(kSigns, text) != kSigns.end()) return true;
  constexpr std::array<std::string_view, 12> kCodes = {"USD", "EUR", "GBP", "JPY", "CHF", "CNY",
                                                       "INR", "AUD", "CAD", "SEK", "US$", "Rs"};
  return std::ranges::find(kCodes, text) != kCodes.end();
}

std::string_view UnitOf(std::string_view text) {
  const std::optional<Affixes> affixes = AffixesOf(text);
  if (!affixes) return {};
  if (affixes->suffix.empty()) return IsCurrency(affixes->prefix) ? affixes->prefix : "";
  return affixes->prefix.empty() && IsUnit(affixes->suffix) ? affixes->suffix : std::string_view();
}

// Whether all but so many mistakes are such numbers.
bool AllAre(const std::vector<std::string_view>& texts, const NumberFormat& format,
            size_t mistakes) {
  double ignored = 0;
  size_t wrong = 0;
  for (const std::string_view text : texts) {
    if (ParseNumber(text, format, true, &ignored) == NumberError::kNone) continue;
    if (++wrong > mistakes) return false;
  }
  return true;
}

// The unit of all but so many mistakes, which have none.
std::string CommonUnit(const std::vector<std::string_view>& texts, size_t mistakes) {
  std::string_view unit;
  size_t without = 0;
  for (const std::string_view text : texts) {
    const std::string_view own = UnitOf(text);
    if (own.empty()) {
      if (++without > mistakes) return {};
    } else if (unit.empty()) {
      unit = own;
    } else if (own != unit) {
      return {};
    }
  }
  return std::string(unit);
}

// Digits in groups of three, "1.234" or "1.234.567", and nothing else but a sign.
bool IsGrouped(std::string_view text, char thousands) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  size_t group = 0;
  bool any = false;
  for (const char c : text) {
    if (IsDigit(c)) {
      ++group;
    } else if (c == thousands && group > 0 && group <= 3 && (!any || group == 3)) {
      any = true;
      group = 0;
    } else {
      return false;
    }
  }
  return any && group == 3;
}

}  // namespace

std::optional<NumberFormat> FindFormat(const std::vector<std::string_view>& texts,
                                       const CsvOptions& options, char separator, size_t mistakes) {
  if (texts.empty()) return std::nullopt;
  NumberFormat format;
  format.unit = CommonUnit(texts, mistakes);
  const auto thousands_allowed = [&](char c) {
    return !options.thousands || *options.thousands == c;
  };
  std::vector<std::pair<char, char>> ways;
  const bool point = options.decimal != Decimal::kComma;
  const bool comma = options.decimal == Decimal::kComma || options.decimal == Decimal::kAuto;
  if (options.thousands) {
    if (point && *options.thousands != '.') ways.emplace_back('.', *options.thousands);
    if (comma && *options.thousands != ',') ways.emplace_back(',', *options.thousands);
  } else {
    if (point) ways.emplace_back('.', '\0');
    // "1,234" throughout: thousands where commas separate fields, as in English, else fractions.
    const bool grouped = point && std::ranges::any_of(texts, [](std::string_view t) {
                           return t.find(',') != std::string_view::npos;
                         });
    if (grouped && separator == ',' && options.decimal != Decimal::kComma) {
      ways.emplace_back('.', ',');
    }
    if (comma) ways.emplace_back(',', '\0');
    if (point) ways.emplace_back('.', ',');
    for (const char c : {'.', ' ', '\'', '_'}) {
      if (comma && c != '_') ways.emplace_back(',', c);
      if (point && c != '.') ways.emplace_back('.', c);
    }
  }
  for (const auto& [decimal, thousands] : ways) {
    if (thousands != '\0' && !thousands_allowed(thousands)) continue;
    format.decimal = decimal;
    format.thousands = thousands;
    if (AllAre(texts, format, mistakes)) return format;
  }
  return std::nullopt;
}

bool LooksGrouped(const std::vector<std::string_view>& texts, char thousands) {
  return texts.size() > 1 && std::ranges::all_of(texts, [&](std::string_view text) {
           return IsGrouped(text, thousands);
         });
}

}  // namespace colonnade
