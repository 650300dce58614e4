// SPDX-License-Identifier: Apache-2.0
#include "engine/train/option_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/options.h"
#include "engine/runtime/option_table-inl.h"
#include "engine/train/train_option_text.h"

namespace colonnade {
namespace {

// Whether a list of options, ending in null, has that name.
bool Lists(const auto& options, std::string_view name) {
  for (const char* const* option = options; *option != nullptr; ++option) {
    if (*option == name) return true;
  }
  return false;
}

// Calls visit(kind, value, rows) for each table whose rows have options of their own: what the kind
// is called, and the one in force.
template <class Visit>
void ForEachOwner(const TrainOptions& options, const Visit& visit) {
  visit("optimizer", *options.optimizer);
  visit("schedule", options.ScheduleInForce());
  visit("loss", options.loss);
}

// The names of those that have the option; empty where all have it.
std::string OwnersOf(std::string_view name) {
  std::string owners;
  ForEachOwner(TrainOptions(), [&]<class E>(const char*, E) {
    std::string names = Alternatives<E>([&](const auto& row) { return Lists(row.options, name); });
    if (!names.empty()) owners = std::move(names);
  });
  return owners;
}

// What holds where an option of the optimizer is not set: "0.001 for adam, adamw; 0.15 for …".
template <class Text>
std::string ByOptimizer(std::string_view name, const Text& text_of) {
  std::vector<std::pair<std::string, std::string>> groups;
  const bool of_some = !OwnersOf(name).empty();
  for (const OptimizerRow& row : kOptimizers) {
    if (of_some && !Lists(row.options, name)) continue;
    const auto group =
        std::ranges::find(groups, text_of(row), &std::pair<std::string, std::string>::first);
    if (group == groups.end()) {
      groups.emplace_back(text_of(row), row.name);
    } else {
      group->second += fmt::format(", {}", row.name);
    }
  }
  std::string text;
  for (const auto& [value, names] : groups) {
    text += fmt::format("{}{} for {}", text.empty() ? "" : "; ", value, names);
  }
  return text;
}

// What the tables of optimizers, losses and schedules add to an option.
Option WithOwners(Option option) {
  const std::string_view name = option.info.name;
  option.of = OwnersOf(name);
  if (name == "lr") {
    option.unset =
        ByOptimizer(name, [](const OptimizerRow& row) { return NumberText(row.learning_rate); }) +
        "; for a table, unless an optimizer is chosen, 0.004";
  } else if (name == "weight-decay") {
    option.unset =
        ByOptimizer(name, [](const OptimizerRow& row) { return NumberText(row.weight_decay); }) +
        "; for a table, unless an optimizer is chosen, 0.2, from 5,000 examples on 0.05";
  } else if (name == "beta2") {
    option.unset = ByOptimizer(name, [](const OptimizerRow& row) { return NumberText(row.beta2); });
  } else if (name == "schedule") {
    option.unset = ByOptimizer(name, [](const OptimizerRow& row) { return Name(row.schedule); });
  }
  return option;
}

}  // namespace

template <>
std::span<const Option> OptionsOf<TrainOptions>() {
  static const std::vector<Option> all = [] {
    std::vector<Option> options = MakeOptions<TrainOptions>();
    for (Option& option : options) option = WithOwners(std::move(option));
    return options;
  }();
  return all;
}

template <>
std::string OptionText(const TrainOptions& options, std::string_view name) {
  return TextOfOption(options, name);
}

template <>
void SetOption(TrainOptions& options, std::string_view name, std::string_view text) {
  SetOptionFromText(options, name, text);
}

void CheckRanges(const TrainOptions& options) {
  VisitOptions(options, [](const OptionInfo& info, const auto& field) { CheckRange(info, field); });
}

bool Belongs(const TrainOptions& options, std::string_view name) {
  bool belongs = true;
  ForEachOwner(options, [&]<class E>(const char*, E value) {
    if (Alternatives<E>([&](const auto& row) { return Lists(row.options, name); }).empty()) return;
    belongs = Lists(RowOf(value).options, name);
  });
  return belongs;
}

void ChooseOptimizerFor(TrainOptions& options, std::string_view name) {
  if (options.optimizer.chosen()) return;
  const auto choose = [&](const OptimizerRow& row) {
    if (Lists(row.options, name)) options.optimizer.Fill(row.value);
  };
  // Those that data choose come first.
  choose(RowOf(Optimizer::kMomentum));
  choose(RowOf(Optimizer::kAdamW));
  for (const OptimizerRow& row : kOptimizers) choose(row);
}

void RequireBelongs(const TrainOptions& options, std::string_view name) {
  if (Belongs(options, name)) return;
  const std::string text = OptionText(options, name);
  ForEachOwner(options, [&]<class E>(const char* kind, E value) {
    const std::string owners =
        Alternatives<E>([&](const auto& row) { return Lists(row.options, name); });
    if (owners.empty()) return;
    Reject(name, fmt::format("'{} with the {} {}'", text, kind, Name(value)),
           fmt::format("the {} {}", kind, owners));
  });
}

}  // namespace colonnade
