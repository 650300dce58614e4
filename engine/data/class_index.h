// SPDX-License-Identifier: Apache-2.0
// Class labels to class indices.
#ifndef COLONNADE_ENGINE_DATA_CLASS_INDEX_H_
#define COLONNADE_ENGINE_DATA_CLASS_INDEX_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "colonnade/csv.h"

namespace colonnade {

// The most classes that a dataset has.
inline constexpr size_t kMaxClasses = 65536;

// Gives every label a code. Where the classes are known beforehand, codes are their indices. Else
// the classes are the different integers and texts that come, and codes are in order of first
// appearance, because nobody knows yet what else will come: a number that is no integer makes all
// of them numbers to predict. When all labels have come, their codes become class indices
// (Finish()) or numbers (Numbers()).
class ClassIndex {
 public:
  // known: class names in the order of their indices, or null. Kept by reference. task: kAuto, or
  // kClassify, to which numbers that are no integers are no labels. Known classes are classes.
  explicit ClassIndex(const std::vector<std::string>* known, Task task = Task::kAuto);

  // The code of a label; nothing if it is neither an integer nor text (or, with known classes,
  // none of them), or one class too many.
  std::optional<uint32_t> Find(std::string_view label);
  std::optional<uint32_t> Find(int64_t label);

  // The same for anything: what is no integer is text.
  std::optional<uint32_t> FindText(std::string_view label);

  // The fast way for labels below kSmall: the code, or kNone where only Find() can tell.
  static constexpr uint32_t kSmall = 1000;
  static constexpr uint32_t kNone = UINT32_MAX;
  uint32_t FindSmall(uint32_t label) const { return small_[label]; }

  // How many different ones came, or are known.
  size_t size() const { return known_ != nullptr ? known_->size() : Count(); }

  // What a message says was expected in place of a label that Find() did not find.
  std::string Expected(std::string_view label) const;

  // Whether the labels are numbers to predict, after all.
  bool numbers() const { return !fractions_.empty(); }

  // Unless they are numbers(): turns codes into class indices, and returns the names of the
  // classes.
  std::vector<std::string> Finish(std::span<uint32_t> codes) const;

  // Where they are: the number of each code.
  std::vector<float> Numbers() const;

 private:
  std::optional<uint32_t> FindNumber(std::string_view label);
  size_t Count() const { return values_.size() + texts_.size() + fractions_.size(); }

  const std::vector<std::string>* known_;
  Task task_;
  std::array<uint32_t, kSmall> small_;
  std::unordered_map<std::string_view, uint32_t> names_;  // of known classes
  std::unordered_map<int64_t, uint32_t> values_;          // of others
  std::unordered_map<float, uint32_t> fractions_;         // of numbers that are no integers
  std::unordered_map<std::string, uint32_t> texts_;       // likewise
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CLASS_INDEX_H_
