// SPDX-License-Identifier: Apache-2.0
#include "engine/data/class_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/data/csv_number.h"
#include "engine/data/csv_text.h"

namespace colonnade {

ClassIndex::ClassIndex(const std::vector<std::string>* known, Task task)
    : known_(known), task_(task) {
  small_.fill(kNone);
  if (known == nullptr) return;
  task_ = Task::kClassify;
  for (size_t i = 0; i < known->size(); ++i) {
    names_.emplace((*known)[i], static_cast<uint32_t>(i));
  }
  for (uint32_t label = 0; label < kSmall; ++label) {
    small_[label] = Find(int64_t{label}).value_or(kNone);
  }
}

std::optional<uint32_t> ClassIndex::FindNumber(std::string_view label) {
  float number = 0;
  if (ParseNumber(label, &number) != NumberError::kNone) return std::nullopt;
  if (task_ == Task::kClassify || !texts_.empty()) return std::nullopt;
  constexpr float kExact = 0x1p24f;  // integers up to this are exact
  if (number == std::trunc(number) && std::fabs(number) <= kExact) {
    return Find(static_cast<int64_t>(number));  // written like 1e3
  }
  return fractions_.try_emplace(number, static_cast<uint32_t>(Count())).first->second;
}

std::optional<uint32_t> ClassIndex::Find(std::string_view label) {
  if (IsMissing(label)) return std::nullopt;
  // As it stands: a model made in memory may have class names that are no integers.
  const auto found = names_.find(label);
  if (found != names_.end()) return found->second;
  const std::optional<int64_t> value = ParseInteger(label);
  if (value) return Find(*value);
  if (KindOf(label) == FieldKind::kText) {
    return IsName(label) && fractions_.empty() ? FindText(label) : std::nullopt;
  }
  return FindNumber(label);
}

std::optional<uint32_t> ClassIndex::FindText(std::string_view label) {
  if (const std::optional<int64_t> value = ParseInteger(label)) return Find(*value);
  if (known_ != nullptr) {
    const auto found = names_.find(label);
    return found != names_.end() ? std::optional(found->second) : std::nullopt;
  }
  const auto [place, is_new] =
      texts_.try_emplace(std::string(label), static_cast<uint32_t>(Count()));
  if (is_new && Count() > kMaxClasses) {
    texts_.erase(place);
    return std::nullopt;
  }
  return place->second;
}

std::optional<uint32_t> ClassIndex::Find(int64_t label) {
  if (known_ != nullptr) {
    const auto found = names_.find(fmt::to_string(label));
    return found != names_.end() ? std::optional(found->second) : std::nullopt;
  }
  const auto found = values_.find(label);
  if (found != values_.end()) return found->second;
  if (values_.size() + texts_.size() >= kMaxClasses && fractions_.empty()) return std::nullopt;
  const auto code = static_cast<uint32_t>(Count());
  values_.emplace(label, code);
  if (label >= 0 && label < kSmall) small_[static_cast<size_t>(label)] = code;
  return code;
}

std::string ClassIndex::Expected(std::string_view label) const {
  if (known_ != nullptr) return "one of the classes " + Abbreviated(*known_);
  const bool text = KindOf(label) == FieldKind::kText;
  if (text && !fractions_.empty()) return "a number, as in rows before";
  if (!ParseInteger(label) && !(text && IsName(label))) {
    return text ? "a class label in UTF-8 without control characters"
                : "a class label (an integer or text)";
  }
  return fmt::format("at most {} different class labels (for numbers, ask for regression)",
                     kMaxClasses);
}

std::vector<float> ClassIndex::Numbers() const {
  std::vector<float> numbers(Count());
  for (const auto& [value, code] : values_) numbers[code] = static_cast<float>(value);
  for (const auto& [value, code] : fractions_) numbers[code] = value;
  return numbers;
}

std::vector<std::string> ClassIndex::Finish(std::span<uint32_t> codes) const {
  if (known_ != nullptr) return *known_;
  std::vector<std::pair<int64_t, uint32_t>> order(values_.begin(), values_.end());
  std::sort(order.begin(), order.end());
  std::vector<std::string> names;
  if (!texts_.empty()) {
    std::vector<std::pair<std::string, uint32_t>> texts(texts_.begin(), texts_.end());
    for (const auto& [value, index] : order) texts.emplace_back(fmt::to_string(value), index);
    std::sort(texts.begin(), texts.end());
    std::vector<uint32_t> places(texts.size());
    for (auto& [name, index] : texts) {
      places[index] = static_cast<uint32_t>(names.size());
      names.push_back(std::move(name));
    }
    for (uint32_t& code : codes) code = places[code];
    return names;
  }
  std::vector<uint32_t> final_index(order.size());
  for (const auto& [value, index] : order) {
    final_index[index] = static_cast<uint32_t>(names.size());
    names.push_back(fmt::to_string(value));
  }
  for (uint32_t& code : codes) code = final_index[code];
  return names;
}

}  // namespace colonnade
