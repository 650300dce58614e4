// SPDX-License-Identifier: Apache-2.0
#include "engine/train/train_option_text.h"

#include <fmt/format.h>

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
