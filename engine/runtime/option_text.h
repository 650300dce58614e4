// SPDX-License-Identifier: Apache-2.0
// Values of options as text, and back.
#ifndef COLONNADE_ENGINE_RUNTIME_OPTION_TEXT_H_
#define COLONNADE_ENGINE_RUNTIME_OPTION_TEXT_H_

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/auto.h"
#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "colonnade/option.h"

namespace colonnade {

// What stands between the commas; nothing between two of them is an item, too.
std::vector<std::string_view> ItemsOf(std::string_view text);

// The text in single quotes.
std::string InQuotes(std::string_view text);

// Nothing unless all of the text is such a number.
template <class T>
std::optional<T> NumberOf(std::string_view text) {
  T value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

// The shortest text that reads back as the same number.
std::string NumberText(double value);

// ---- One type each: its OptionType, its text, and the value of a text, or Reject() ----

template <class T>
struct OptionTraits;

// What holds for most types.
struct OptionTraitsBase {
  static constexpr bool kList = false;
  static std::vector<std::string> Names() { return {}; }  // of all values, if they have names
};

template <>
struct OptionTraits<bool> : OptionTraitsBase {
  static constexpr OptionType kType = OptionType::kFlag;
  static std::vector<std::string> Names() { return {"on", "off"}; }
  static std::string Text(bool value) { return value ? "on" : "off"; }
  static bool Parse(const OptionInfo& info, std::string_view text);
};

template <>
struct OptionTraits<size_t> : OptionTraitsBase {
  static constexpr OptionType kType = OptionType::kInteger;
  static std::string Text(size_t value) { return std::to_string(value); }
  static size_t Parse(const OptionInfo& info, std::string_view text);
};

template <>
struct OptionTraits<int> : OptionTraitsBase {
  static constexpr OptionType kType = OptionType::kInteger;
  static std::string Text(int value) { return std::to_string(value); }
  static int Parse(const OptionInfo& info, std::string_view text);
};

template <>
struct OptionTraits<double> : OptionTraitsBase {
  static constexpr OptionType kType = OptionType::kNumber;
  static std::string Text(double value) { return NumberText(value); }
  static double Parse(const OptionInfo& info, std::string_view text);
};

template <>
struct OptionTraits<char> : OptionTraitsBase {
  static constexpr OptionType kType = OptionType::kText;
  static std::string Text(char value);
  static char Parse(const OptionInfo& info, std::string_view text);
};

template <>
struct OptionTraits<std::string> : OptionTraitsBase {
  static constexpr OptionType kType = OptionType::kText;
  static std::string Text(const std::string& value) { return value; }
  static std::string Parse(const OptionInfo& info, std::string_view text);
};

template <>
struct OptionTraits<Delimiter> : OptionTraitsBase {
  static constexpr OptionType kType = OptionType::kText;
  static std::string Text(const Delimiter& value);
  static Delimiter Parse(const OptionInfo& info, std::string_view text);
};

template <>
struct OptionTraits<std::filesystem::path> : OptionTraitsBase {
  static constexpr OptionType kType = OptionType::kText;
  static std::string Text(const std::filesystem::path& value) { return value.string(); }
  static std::filesystem::path Parse(const OptionInfo& info, std::string_view text);
};

template <Named E>
struct OptionTraits<E> : OptionTraitsBase {
  static constexpr OptionType kType = OptionType::kText;
  static std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const auto& row : NamesOf(E())) names.emplace_back(row.name);
    return names;
  }
  static std::string Text(E value) { return Name(value); }
  static E Parse(const OptionInfo& info, std::string_view text) {
    if (const std::optional<E> value = colonnade::Parse<E>(text)) return *value;
    Reject(info.name, InQuotes(text), Alternatives<E>());
  }
};

template <class T>
struct OptionTraits<std::optional<T>> : OptionTraits<T> {
  static std::string Text(const std::optional<T>& value) {
    return value ? OptionTraits<T>::Text(*value) : "";
  }
};

template <class T>
struct OptionTraits<Auto<T>> : OptionTraits<T> {
  static std::string Text(const Auto<T>& value) { return OptionTraits<T>::Text(*value); }
};

template <class T>
struct OptionTraits<std::vector<T>> {
  static constexpr OptionType kType = OptionTraits<T>::kType;
  static constexpr bool kList = true;
  static std::vector<std::string> Names() { return OptionTraits<T>::Names(); }
  static std::string Text(const std::vector<T>& values) {
    std::string text;
    for (const T& value : values) {
      if (!text.empty()) text += ',';
      text += OptionTraits<T>::Text(value);
    }
    return text;
  }
  static std::vector<T> Parse(const OptionInfo& info, std::string_view text) {
    std::vector<T> values;
    for (const std::string_view item : ItemsOf(text)) {
      try {
        values.push_back(OptionTraits<T>::Parse(info, item));
      } catch (const Error& error) {
        Reject(info.name, InQuotes(text), error.details().expected + ", or a list of them");
      }
    }
    return values;
  }
};

// Texts that hold a comma or a double quotation mark, or nothing, are in double quotes, as in CSV.
template <>
struct OptionTraits<std::vector<std::string>> {
  static constexpr OptionType kType = OptionType::kText;
  static constexpr bool kList = true;
  static std::vector<std::string> Names() { return {}; }
  static std::string Text(const std::vector<std::string>& values);
  static std::vector<std::string> Parse(const OptionInfo& info, std::string_view text);
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_OPTION_TEXT_H_
