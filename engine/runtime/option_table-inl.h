// SPDX-License-Identifier: Apache-2.0
// What follows from VisitOptions() of a struct, for the file that defines its OptionsOf() and so
// on.
#ifndef COLONNADE_ENGINE_RUNTIME_OPTION_TABLE_INL_H_
#define COLONNADE_ENGINE_RUNTIME_OPTION_TABLE_INL_H_

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/option.h"
#include "engine/runtime/option_text.h"

namespace colonnade {

// Throws kInvalidArgument for an option that there is not.
template <class Options, class Visit>
void VisitOne(Options& options, std::string_view name, const Visit& visit) {
  bool found = false;
  VisitOptions(options, [&](const OptionInfo& info, auto& field) {
    if (info.name != name) return;
    found = true;
    visit(info, field);
  });
  if (!found) {
    throw Error(ErrorCode::kInvalidArgument,
                {.subject = std::string(name), .problem = "no such option"});
  }
}

// Whether a value may stand for nothing being set, and does: 0, empty, not there, "auto".
template <class T>
bool IsNothing(const OptionInfo& info, const T& value) {
  if (info.nothing == nullptr && info.unset == nullptr) return false;
  if constexpr (std::is_default_constructible_v<T>) {
    return value == T();
  } else {
    return false;
  }
}

template <class T>
inline constexpr bool kIsAuto = false;
template <class T>
inline constexpr bool kIsAuto<Auto<T>> = true;

// Throws where a number, or one of a list, is out of the range of its option.
template <class T>
void CheckRange(const OptionInfo& info, const T& value) {
  if constexpr (kIsAuto<T>) {
    CheckRange(info, *value);
  } else if constexpr (std::is_same_v<T, bool> || std::is_enum_v<T>) {
    return;
  } else if constexpr (std::is_arithmetic_v<T>) {
    const auto number = static_cast<double>(value);
    if (info.range.Has(number) || IsNothing(info, value)) return;
    Reject(info.name, OptionTraits<T>::Text(value), RangeText(info.range, OptionTraits<T>::kType));
  } else if constexpr (std::is_same_v<T, std::optional<double>> ||
                       std::is_same_v<T, std::optional<size_t>>) {
    if (!value || info.range.Has(static_cast<double>(*value))) return;
    Reject(info.name, OptionTraits<T>::Text(value), RangeText(info.range, OptionTraits<T>::kType));
  } else if constexpr (std::is_same_v<T, std::vector<size_t>> ||
                       std::is_same_v<T, std::vector<double>>) {
    for (const auto item : value) {
      if (info.range.Has(static_cast<double>(item))) continue;
      Reject(info.name, fmt::to_string(item), RangeText(info.range, OptionTraits<T>::kType));
    }
  }
}

template <class Options>
std::string TextOfOption(const Options& options, std::string_view name) {
  std::string text;
  VisitOne(options, name, [&]<class T>(const OptionInfo& info, const T& field) {
    if constexpr (kIsAuto<T>) {
      if (!field.chosen()) return;
      text = OptionTraits<T>::Text(field);
      if constexpr (std::is_default_constructible_v<typename T::Value>) {
        if (info.nothing != nullptr && *field == typename T::Value()) text = info.nothing;
      }
    } else if (!IsNothing(info, field)) {
      text = OptionTraits<T>::Text(field);
    } else if (info.nothing != nullptr) {
      text = info.nothing;
    }
  });
  return text;
}

// The value that the text stands for.
template <class T>
T ParseOption(const OptionInfo& info, std::string_view text, bool is_auto) {
  if constexpr (std::is_default_constructible_v<T>) {
    if (info.nothing != nullptr && text == info.nothing) return T();
  }
  T value = OptionTraits<T>::Parse(info, text);
  if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
    // What has a word of its own, or stands for nothing being set, is not said by a number.
    if (IsNothing(info, value) && (info.nothing != nullptr || !is_auto)) {
      Reject(info.name, std::string(text), RangeText(info.range, OptionTraits<T>::kType));
    }
  }
  CheckRange(info, value);
  return value;
}

template <class Options>
void SetOptionFromText(Options& options, std::string_view name, std::string_view text) {
  VisitOne(options, name, [&]<class T>(const OptionInfo& info, T& field) {
    if constexpr (kIsAuto<T>) {
      field = ParseOption<typename T::Value>(info, text, true);
    } else {
      field = ParseOption<T>(info, text, false);
    }
  });
}

template <class Options>
std::vector<Option> MakeOptions() {
  std::vector<Option> all;
  const Options defaults;
  VisitOptions(defaults, [&]<class T>(const OptionInfo& info, const T&) {
    all.push_back({.info = info,
                   .type = OptionTraits<T>::kType,
                   .list = OptionTraits<T>::kList,
                   .names = OptionTraits<T>::Names(),
                   .preset = TextOfOption(defaults, info.name),
                   .unset = info.unset == nullptr ? "" : info.unset,
                   .of = {}});
  });
  return all;
}

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_OPTION_TABLE_INL_H_
