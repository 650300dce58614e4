// SPDX-License-Identifier: Apache-2.0
// Which values of an enum have an enumerator, found out by the compiler: a table of them that lacks
// one can be told.
#ifndef COLONNADE_TESTS_SUPPORT_ENUMERATORS_H_
#define COLONNADE_TESTS_SUPPORT_ENUMERATORS_H_

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace colonnade::test {

// In a text such as this function's, GCC and Clang write an enumerator by its name and any other
// value as a cast: "(colonnade::Loss)7".
template <auto kValue>
constexpr bool IsEnumerator() {
  constexpr std::string_view kText = __PRETTY_FUNCTION__;
  constexpr std::string_view kBefore = "kValue = ";
  constexpr size_t kAt = kText.find(kBefore);
  static_assert(kAt != std::string_view::npos);
  return kText[kAt + kBefore.size()] != '(';
}

// Those of 0 .. 63, ascending.
template <class E>
std::vector<E> Enumerators() {
  std::vector<E> all;
  const auto add = [&]<size_t... kValues>(std::index_sequence<kValues...>) {
    ((IsEnumerator<static_cast<E>(kValues)>() ? all.push_back(static_cast<E>(kValues)) : void()),
     ...);
  };
  add(std::make_index_sequence<64>());
  return all;
}

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_ENUMERATORS_H_
