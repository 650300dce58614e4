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
