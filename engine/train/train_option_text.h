// SPDX-License-Identifier: Apache-2.0
// Values of options of a training as text, and back: of those types that nothing else has.
#ifndef COLONNADE_ENGINE_TRAIN_TRAIN_OPTION_TEXT_H_
#define COLONNADE_ENGINE_TRAIN_TRAIN_OPTION_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

#include "colonnade/train.h"
#include "engine/runtime/option_text.h"

namespace colonnade {

template <>
struct OptionTraits<Interval> : OptionTraitsBase {
  static constexpr OptionType kType = OptionType::kText;
  static std::string Text(const Interval& value);
  static Interval Parse(const OptionInfo& info, std::string_view text);
};

template <>
struct OptionTraits<ClassWeights> : OptionTraitsBase {
  static constexpr OptionType kType = OptionType::kText;
  static std::string Text(const ClassWeights& value);
  static ClassWeights Parse(const OptionInfo& info, std::string_view text);
};

template <>
struct OptionTraits<Augmentation> : OptionTraitsBase {
  static constexpr OptionType kType = OptionType::kText;
  static std::string Text(const Augmentation& value);
  static Augmentation Parse(const OptionInfo& info, std::string_view text);
};

template <class T>
struct OptionTraits<PerLayer<T>> : OptionTraits<std::vector<T>> {
  static std::string Text(const PerLayer<T>& values) {
    return OptionTraits<std::vector<T>>::Text(values.values());
  }
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_TRAIN_OPTION_TEXT_H_
