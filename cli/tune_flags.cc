// SPDX-License-Identifier: Apache-2.0
#include "cli/tune_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "colonnade/error.h"
#include "colonnade/options.h"

namespace colonnade::cli {
namespace {

// Whether a preset, a file or a model to start from has decided an option.
bool IsDecided(const std::string& name, const TrainFlags& flags, const TrainOptions& training) {
  if (flags.given.Find(name) != nullptr) return true;
  for (const Option& option : OptionsOf<TrainOptions>()) {
    if (option.info.name != name) continue;
    return OptionText(training, name) != OptionText(TrainOptions(), name) ||
           (!flags.start.empty() && IsOfStart(option.info));
  }
  return false;
}

}  // namespace

double ParseBudget(const std::string& text) {
  double seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, seconds);
  const std::string_view unit(rest, static_cast<size_t>(end - rest));
  const bool known = unit.empty() || unit == "s" || unit == "m" || unit == "h";
  if (error != std::errc() || !known || !std::isfinite(seconds) || seconds <= 0) {
    Reject("budget", fmt::format("'{}'", text), "a time, such as 60s, 5m or 2h");
  }
  return seconds * (unit == "m" ? 60 : unit == "h" ? 3600 : 1);
}

std::vector<SpaceAxis> ParseSpace(const std::vector<std::string>& texts, const TrainFlags& flags,
                                  const TrainOptions& training) {
  std::vector<SpaceAxis> space = DefaultSpace();
  std::erase_if(space,
                [&](const SpaceAxis& axis) { return IsDecided(axis.name, flags, training); });
  std::vector<std::string> named;
  for (const std::string& text : texts) {
    if (text == "none") {
      std::erase_if(space, [&](const SpaceAxis& axis) {
        return std::ranges::find(named, axis.name) == named.end();
      });
      continue;
    }
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      Reject("space", fmt::format("'{}'", text),
             "NAME=VALUE,VALUE…, NAME=A..B, NAME=A..B:log or none, such as lr=1e-4..0.1:log");
    }
    const SpaceAxis axis = {text.substr(0, equals), text.substr(equals + 1)};
    if (IsDecided(axis.name, flags, training)) {
      const bool by_flag = flags.given.Find(axis.name) != nullptr;
      Reject("space",
             by_flag ? fmt::format("'{}' and the flag --{}", axis.name, axis.name)
                     : fmt::format("'{}', which --start, --config or --preset decides", axis.name),
             "one of them");
    }
    if (std::ranges::find(named, axis.name) != named.end()) {
      Reject("space", fmt::format("'{}' twice", axis.name), "each name once");
    }
    named.push_back(axis.name);
    const auto old = std::ranges::find(space, axis.name, &SpaceAxis::name);
    if (old == space.end()) {
      space.push_back(axis);
    } else {
      *old = axis;
    }
  }
  return space;
}

}  // namespace colonnade::cli
