// SPDX-License-Identifier: Apache-2.0
// The names of enumerators, the same in flags, files, messages and every front end. Beside each
// enum stands its table, rows with at least `value` and `name`, and a function NamesOf(E) that
// returns it; all else follows.
#ifndef COLONNADE_NAMES_H_
#define COLONNADE_NAMES_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace colonnade {

// The row of an enumerator of which nothing but its name has to be known.
template <class E>
struct NameRow {
  E value;
  const char* name;
};

template <class E>
concept Named = requires(E value) { NamesOf(value)[0].name; };

// The row of an enumerator.
template <Named E>
constexpr const auto& RowOf(E value) {
  for (const auto& row : NamesOf(value)) {
    if (row.value == value) return row;
  }
  __builtin_unreachable();  // tests show that no table lacks a row
}

template <Named E>
constexpr const char* Name(E value) {
  return RowOf(value).name;
}

// The enumerator of that name; nothing for another name.
template <Named E>
constexpr std::optional<E> Parse(std::string_view name) {
  for (const auto& row : NamesOf(E())) {
    if (row.name == name) return row.value;
  }
  return std::nullopt;
}

// "a, b or c": the names of rows for which `wanted(row)` holds.
template <Named E, class Wanted>
std::string Alternatives(const Wanted& wanted) {
  std::string text;
  std::string last;
  for (const auto& row : NamesOf(E())) {
    if (!wanted(row)) continue;
    if (!last.empty()) {
      if (!text.empty()) text += ", ";
      text += last;
    }
    last = row.name;
  }
  return text.empty() ? last : text + " or " + last;
}

template <Named E>
std::string Alternatives() {
  return Alternatives<E>([](const auto&) { return true; });
}

}  // namespace colonnade

#endif  // COLONNADE_NAMES_H_
