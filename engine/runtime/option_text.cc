// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/option_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <utility>

namespace colonnade {
namespace {

// Characters that have names, because shells make them hard to write.
constexpr std::pair<char, std::string_view> kCharacters[] = {
    {',', "comma"}, {';', "semicolon"}, {'\t', "tab"}, {'\t', "\\t"}, {' ', "space"}};

}  // namespace

std::string InQuotes(std::string_view text) { return fmt::format("'{}'", text); }

std::string OptionInfo::Key() const {
  std::string text = name;
  for (char& c : text) c = c == '-' ? '_' : c;
  return text;
}

std::string RangeText(const Range& range, OptionType type) {
  const std::string low = NumberText(range.lowest);
  const std::string high = NumberText(range.highest);
  const bool bounded = range.highest < std::numeric_limits<double>::max();
  if (type == OptionType::kInteger) {
    return bounded ? fmt::format("{} to {}", low, high) : fmt::format("{} or more", low);
  }
  if (!bounded) return fmt::format("a number {} {}", range.above ? "above" : "of at least", low);
  if (!range.above) return fmt::format("a number in [{}, {}{}", low, high, range.below ? ')' : ']');
  return fmt::format("a {} above {}{} {}", range.highest == 1 ? "fraction" : "number", low,
                     range.below ? " and below" : ", at most", high);
}

std::vector<std::string_view> ItemsOf(std::string_view text) {
  std::vector<std::string_view> items;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    items.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return items;
}

std::string NumberText(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
  return fmt::format("{}", value);
}

bool OptionTraits<bool>::Parse(const OptionInfo& info, std::string_view text) {
  if (text == "on" || text == "true") return true;
  if (text == "off" || text == "false") return false;
  Reject(info.name, InQuotes(text), "on or off");
}

size_t OptionTraits<size_t>::Parse(const OptionInfo& info, std::string_view text) {
  if (const auto value = NumberOf<size_t>(text)) return *value;
  std::string expected = RangeText(info.range, kType);
  if (info.nothing != nullptr) expected += fmt::format(", or {}", info.nothing);
  Reject(info.name, InQuotes(text), std::move(expected));
}

int OptionTraits<int>::Parse(const OptionInfo& info, std::string_view text) {
  if (const auto value = NumberOf<int>(text)) return *value;
  Reject(info.name, InQuotes(text), RangeText(info.range, kType));
}

double OptionTraits<double>::Parse(const OptionInfo& info, std::string_view text) {
  if (const auto value = NumberOf<double>(text)) return *value;
  Reject(info.name, InQuotes(text), RangeText(info.range, kType));
}

std::string OptionTraits<char>::Text(char value) {
  for (const auto& [character, name] : kCharacters) {
    if (character == value) return std::string(name);
  }
  return {value};
}

char OptionTraits<char>::Parse(const OptionInfo& info, std::string_view text) {
  for (const auto& [character, name] : kCharacters) {
    if (name == text) return character;
  }
  if (text.size() == 1) return text[0];
  Reject(info.name, InQuotes(text), "one character, or comma, semicolon, tab or space");
}

std::string OptionTraits<Delimiter>::Text(const Delimiter& value) {
  return value.text.size() == 1 ? OptionTraits<char>::Text(value.text[0]) : value.text;
}

Delimiter OptionTraits<Delimiter>::Parse(const OptionInfo& info, std::string_view text) {
  for (const auto& [character, name] : kCharacters) {
    if (name == text) return character;
  }
  if (text.empty()) Reject(info.name, "nothing", "a character or several");
  return std::string(text);
}

std::string OptionTraits<std::vector<std::string>>::Text(const std::vector<std::string>& values) {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) text += ',';
    const std::string& value = values[i];
    if (!value.empty() && value.find_first_of(",\"") == std::string::npos) {
      text += value;
      continue;
    }
    text += '"';
    for (const char c : value) text += c == '"' ? "\"\"" : std::string(1, c);
    text += '"';
  }
  return text;
}

std::vector<std::string> OptionTraits<std::vector<std::string>>::Parse(const OptionInfo& info,
                                                                       std::string_view text) {
  std::vector<std::string> values(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') {
      values.emplace_back();
    } else if (text[i] != '"' || !values.back().empty()) {
      values.back() += text[i];
    } else {
      for (++i;; ++i) {
        if (i >= text.size()) Reject(info.name, InQuotes(text), "a closing quotation mark");
        if (text[i] == '"') {
          if (i + 1 >= text.size() || text[i + 1] != '"') break;
          ++i;
        }
        values.back() += text[i];
      }
    }
  }
  return values;
}

std::string OptionTraits<std::string>::Parse(const OptionInfo& info, std::string_view text) {
  if (text.empty()) Reject(info.name, "nothing", info.value);
  return std::string(text);
}

std::filesystem::path OptionTraits<std::filesystem::path>::Parse(const OptionInfo& info,
                                                                 std::string_view text) {
  if (text.empty()) Reject(info.name, "nothing", info.value);
  return text;
}

}  // namespace colonnade
