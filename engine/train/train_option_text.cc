// SPDX-License-Identifier: Apache-2.0
#include "engine/train/train_option_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace colonnade {

std::string OptionTraits<Interval>::Text(const Interval& value) {
  return value.steps > 0 ? fmt::format("{}s", value.steps) : std::to_string(value.epochs);
}

Interval OptionTraits<Interval>::Parse(const OptionInfo& info, std::string_view text) {
  const bool steps = text.ends_with('s');
  const auto count = NumberOf<size_t>(steps ? text.substr(0, text.size() - 1) : text);
  if (!count || *count == 0) {
    Reject(info.name, InQuotes(text), "a number of epochs, such as 5, or of steps, such as 500s");
  }
  return {.epochs = steps ? 0 : *count, .steps = steps ? *count : 0};
}

std::string OptionTraits<ClassWeights>::Text(const ClassWeights& value) {
  if (value.balanced) return "balanced";
  return value.values.empty() ? value.file.string()
                              : OptionTraits<std::vector<double>>::Text(value.values);
}

std::string OptionTraits<Augmentation>::Text(const Augmentation& value) {
  std::string text;
  if (value.shift > 0) text = fmt::format("shift:{}", value.shift);
  if (value.rotate == 0) return text;
  return fmt::format("{}{}rotate:{}", text, text.empty() ? "" : ",", NumberText(value.rotate));
}

Augmentation OptionTraits<Augmentation>::Parse(const OptionInfo& info, std::string_view text) {
  Augmentation augment;
  for (const std::string_view item : ItemsOf(text)) {
    const size_t colon = std::min(item.find(':'), item.size());
    const std::string_view value = item.substr(std::min(colon + 1, item.size()));
    if (item.substr(0, colon) == "shift" && augment.shift == 0) {
      augment.shift = NumberOf<size_t>(value).value_or(0);
      if (augment.shift > 0) continue;
    } else if (item.substr(0, colon) == "rotate" && augment.rotate == 0) {
      augment.rotate = NumberOf<double>(value).value_or(0);
      if (augment.rotate > 0 && augment.rotate <= 180) continue;
    }
    Reject(info.name, InQuotes(text),
           "none, or pixels from 1 on and degrees up to 180, such as shift:2 or "
           "shift:2,rotate:10");
  }
  return augment;
}

// What is neither the word nor numbers is a file.
ClassWeights OptionTraits<ClassWeights>::Parse(const OptionInfo& info, std::string_view text) {
  if (text.empty()) Reject(info.name, "nothing", info.value);
  if (text == "balanced") return {.balanced = true};
  ClassWeights weights;
  for (const std::string_view item : ItemsOf(text)) {
    const auto weight = NumberOf<double>(item);
    if (!weight) return {.file = text};
    weights.values.push_back(*weight);
  }
  return weights;
}

}  // namespace colonnade
