// SPDX-License-Identifier: Apache-2.0
#include "cli/presets.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/config.h"
#include "colonnade/error.h"

namespace colonnade::cli {
namespace {

struct Preset {
  std::string_view name;
  const char* about;
  std::string_view config;  // as a file for --config has it, but for:
  size_t epochs;
};

// Chosen by what a tenth of the training data, which was held out, said of it.
constexpr std::string_view kMnist = R"(
augment = "shift:1,rotate:15"
hidden = [512, 512]
batch-norm = true
dropout = 0.1
batch-size = 256
optimizer = "adamw"
lr = 0.003
weight-decay = 0.05
schedule = "onecycle"
)";

constexpr Preset kPresets[] = {{"fast-mnist", "98.9 % of MNIST in ten seconds", kMnist, 8},
                               {"best-mnist", "99.2 % in half a minute", kMnist, 30}};

Settings SettingsOf(const Preset& preset) {
  return ParseConfig(fmt::format("{}epochs = {}\n", preset.config, preset.epochs),
                     std::string(preset.name));
}

// The settings as they would be said, one after the other.
std::string TextOf(const Preset& preset) {
  std::string text = fmt::format("{} ({}):", preset.name, preset.about);
  const Settings settings = SettingsOf(preset);
  for (const auto& [name, value] : settings.all()) text += fmt::format(" {} {},", name, value);
  text.back() = ';';
  return text;
}

// Puts line breaks in place of spaces, for lines that fit beside the names of flags.
std::string Wrapped(std::string text) {
  constexpr size_t kWidth = 66;
  size_t begin = 0;
  size_t space = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i - begin > kWidth && space > begin) {
      text[space] = '\n';
      begin = space + 1;
    }
    if (text[i] == ' ') space = i;
  }
  return text;
}

}  // namespace

Settings PresetSettings(const std::string& name) {
  const Preset* const found = std::ranges::find(kPresets, name, &Preset::name);
  if (found != std::end(kPresets)) return SettingsOf(*found);
  std::string names(kClassic);
  for (const Preset& preset : kPresets) {
    names += fmt::format("{}{}", &preset == std::end(kPresets) - 1 ? " or " : ", ", preset.name);
  }
  Reject("preset", fmt::format("'{}'", name), names);
}

std::string PresetHelp() {
  std::string text = fmt::format(
      "{}: 10 hidden units, full batch, rate 0.05, 1000 iterations, uniform start;", kClassic);
  for (const Preset& preset : kPresets) text += ' ' + TextOf(preset);
  return Wrapped(text + " other flags still count");
}

}  // namespace colonnade::cli
