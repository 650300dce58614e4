// SPDX-License-Identifier: Apache-2.0
#include "engine/train/grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "colonnade/error.h"
#include "colonnade/options.h"
#include "colonnade/select.h"

namespace colonnade {
namespace {

// More than anybody can wait for; far below what would need care with memory.
constexpr size_t kMaxConfigurations = 10'000;

void CheckAxes(std::span<const GridAxis> axes) {
  size_t configurations = 1;
  for (size_t i = 0; i < axes.size(); ++i) {
    const GridAxis& axis = axes[i];
    RequireAxisOption("grid", axis.name);
    const auto before = axes.first(i);
    if (std::ranges::find(before, axis.name, &GridAxis::name) != before.end()) {
      Reject("grid", fmt::format("'{}' twice", axis.name), "each name once");
    }
    configurations *= axis.values.size();
    if (configurations > kMaxConfigurations) {
      Reject("grid", fmt::format("{} configurations", configurations),
             fmt::format("at most {}", kMaxConfigurations));
    }
  }
}

}  // namespace

const Option& RequireAxisOption(const char* axes, const std::string& name) {
  for (const Option& option : OptionsOf<TrainOptions>()) {
    if (option.info.name == name && option.info.commands == Commands::kTraining) return option;
  }
  Reject(axes, fmt::format("the name '{}'", name),
         "that of a flag about network, loss, learning or stopping, such as lr or hidden");
}

void SetAxisValue(TrainOptions& options, const Option& option, std::string value) {
  if (option.list) std::ranges::replace(value, '+', ',');
  SetOption(options, option.info.name, value);
}

std::string Configuration::Label() const {
  std::string label;
  for (const auto& [name, value] : settings) {
    label += fmt::format("{}{}={}", label.empty() ? "" : " ", name, value);
  }
  return label;
}

std::vector<Configuration> Grid(const TrainOptions& base, std::span<const GridAxis> axes) {
  CheckAxes(axes);
  std::vector<Configuration> all = {{.settings = {}, .options = base}};
  for (const GridAxis& axis : axes) ChooseOptimizerFor(all.front().options, axis.name);
  for (const GridAxis& axis : axes) {
    const Option& option = RequireAxisOption("grid", axis.name);
    std::vector<Configuration> longer;
    for (const Configuration& configuration : all) {
      for (const std::string& value : axis.values) {
        Configuration& more = longer.emplace_back(configuration);
        more.settings.emplace_back(axis.name, value);
        SetAxisValue(more.options, option, value);
      }
    }
    all = std::move(longer);
  }
  for (const Configuration& configuration : all) {
    for (const auto& [name, value] : configuration.settings) {
      RequireBelongs(configuration.options, name);
    }
    configuration.options.Check();
  }
  return all;
}

}  // namespace colonnade
