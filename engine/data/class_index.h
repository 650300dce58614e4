// SPDX-License-Identifier: Apache-2.0
// Class labels to class indices.
#ifndef COLONNADE_ENGINE_DATA_CLASS_INDEX_H_
#define COLONNADE_ENGINE_DATA_CLASS_INDEX_H_

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace colonnade {

// The most classes that a dataset has.
inline constexpr size_t kMaxClasses = 65536;

// Gives every label a code: labels are texts, and those that are written differently are different
// classes. Where the classes are known beforehand, codes are their indices. Else codes are in order
// of first appearance, because nobody knows yet what else will come; when all labels have come,
// their codes become class indices (Finish()).
class ClassIndex {
 public:
  // known: class names in the order of their indices, or null. Kept by reference.
  explicit ClassIndex(const std::vector<std::string>* known);

  // The code of a label; nothing if it is missing or no name, one class too many, or none of the
  // known classes: neither one of that spelling, nor the only one that is the same number.
  std::optional<uint32_t> Find(std::string_view label);
  std::optional<uint32_t> Find(int64_t label);

  // What a message says was expected in place of a label that Find() did not find.
  std::string Expected(std::string_view label) const;

  // Turns codes into class indices, and returns the names of the classes: in ascending order of
  // numbers where all are numbers, else of bytes.
  std::vector<std::string> Finish(std::span<uint32_t> codes) const;

 private:
  const std::vector<std::string>* known_;
  std::unordered_map<std::string, uint32_t> codes_;
  std::map<double, uint32_t> numbers_;  // of known classes; kNone: several have it
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CLASS_INDEX_H_
