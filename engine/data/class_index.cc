// SPDX-License-Identifier: Apache-2.0
#include "engine/data/class_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/data/csv/missing.h"
#include "engine/data/csv/number.h"
#include "engine/data/csv/text.h"

namespace colonnade {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

std::optional<double> NumberOf(std::string_view label) {
  double number = 0;
  if (ParseNumber(label, &number) != NumberError::kNone) return std::nullopt;
  return number;
}

bool IsMissing(std::string_view label) { return MissingTest().InText(label, false); }

}  // namespace

ClassIndex::ClassIndex(const std::vector<std::string>* known) : known_(known) {
  if (known == nullptr) return;
  for (uint32_t i = 0; i < known->size(); ++i) {
    codes_.emplace((*known)[i], i);
    const std::optional<double> number = NumberOf((*known)[i]);
    if (!number) continue;
    const auto [place, is_new] = numbers_.try_emplace(*number, i);
    if (!is_new) place->second = kNone;
  }
}

std::optional<uint32_t> ClassIndex::Find(std::string_view label) {
  // As it stands first: a model made in memory may have any names.
  const auto found = codes_.find(std::string(label));
  if (found != codes_.end()) return found->second;
  if (IsMissing(label)) return std::nullopt;
  if (known_ != nullptr) {
    const std::optional<double> number = NumberOf(label);
    const auto same = number ? numbers_.find(*number) : numbers_.end();
    if (same == numbers_.end() || same->second == kNone) return std::nullopt;
    return same->second;
  }
  if (!IsName(label) || codes_.size() == kMaxClasses) return std::nullopt;
  const auto code = static_cast<uint32_t>(codes_.size());
  codes_.emplace(label, code);
  return code;
}

std::optional<uint32_t> ClassIndex::Find(int64_t label) { return Find(fmt::to_string(label)); }

std::string ClassIndex::Expected(std::string_view label) const {
  if (known_ != nullptr) return "one of the classes " + Abbreviated(*known_);
  if (IsMissing(label)) return "a class label";
  if (!IsName(label)) return "a class label in UTF-8 without control characters";
  return fmt::format("at most {} different class labels (for numbers, ask for regression)",
                     kMaxClasses);
}

std::vector<std::string> ClassIndex::Finish(std::span<uint32_t> codes) const {
  if (known_ != nullptr) return *known_;
  std::vector<std::pair<std::string, uint32_t>> order(codes_.begin(), codes_.end());
  std::ranges::sort(order);
  const auto number_of = [](const auto& label) { return NumberOf(label.first); };
  if (std::ranges::all_of(order, [&](const auto& label) { return number_of(label).has_value(); })) {
    std::ranges::sort(order, [&](const auto& a, const auto& b) {
      const auto x = number_of(a);
      const auto y = number_of(b);
      return x != y ? x < y : a.first < b.first;
    });
  }
  std::vector<std::string> names;
  std::vector<uint32_t> places(order.size());
  for (auto& [name, code] : order) {
    places[code] = static_cast<uint32_t>(names.size());
    names.push_back(std::move(name));
  }
  for (uint32_t& code : codes) code = places[code];
  return names;
}

}  // namespace colonnade
