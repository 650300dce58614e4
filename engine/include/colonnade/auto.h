// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_AUTO_H_
#define COLONNADE_AUTO_H_

#include <concepts>
#include <initializer_list>
#include <type_traits>
#include <utility>

namespace colonnade {

// The value of an option that nobody needs to choose: where nobody did, what suits the data takes
// its place. To assign a value is to choose it; until then it reads as what it began with.
template <class T>
class Auto {
 public:
  using Value = T;

  // Chosen.
  constexpr Auto(T value) : value_(std::move(value)), chosen_(true) {}
  template <class U>  // of which a T can be made
    requires(std::convertible_to<U, T> && !std::same_as<U, T> && !std::is_arithmetic_v<U>)
  constexpr Auto(U value) : value_(std::move(value)), chosen_(true) {}
  template <class U = T>
  Auto(std::initializer_list<typename U::value_type> values) : value_(values), chosen_(true) {}

  // Not chosen.
  static constexpr Auto Open(T begins_with) {
    Auto open(std::move(begins_with));
    open.chosen_ = false;
    return open;
  }

  constexpr bool chosen() const { return chosen_; }
  constexpr const T& operator*() const { return value_; }
  constexpr const T* operator->() const { return &value_; }
  constexpr operator const T&() const { return value_; }

  // Chooses the value unless there is one.
  void Fill(T value) {
    if (!chosen_) *this = Auto(std::move(value));
  }

 private:
  T value_;
  bool chosen_;
};

}  // namespace colonnade

#endif  // COLONNADE_AUTO_H_
