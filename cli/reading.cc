// SPDX-License-Identifier: Apache-2.0
#include "cli/reading.h"

#include <utility>

#include "cli/progress.h"
#include "colonnade/error.h"

namespace colonnade::cli {

void AddDialectFlags(CLI::App& command, Settings& settings) {
  AddOptionFlags<CsvOptions>(
      command,
      [](const OptionInfo& info) {
        return info.commands == Commands::kReading && info.effect != Effect::kNone;
      },
      settings);
}

void AddColumnFlags(CLI::App& command, Settings& settings) {
  AddOptionFlags<CsvOptions>(
      command, [](const OptionInfo& info) { return info.commands == Commands::kColumns; },
      settings);
}

void AddCacheFlag(CLI::App& command, Settings& settings) {
  AddOptionFlags<CsvOptions>(
      command,
      [](const OptionInfo& info) {
        return info.commands == Commands::kReading && info.effect == Effect::kNone;
      },
      settings);
}

CsvOptions ReadingOf(const Settings& settings) {
  CsvOptions options;
  settings.Apply(options);
  options.Check();
  return options;
}

Dataset ReadShown(const Common& common, const std::string& file, CsvOptions options) {
  LoadDisplay display(common, file);
  options.threads = common.threads;
  options.on_progress = display.Callback();
  Dataset data = ReadData(file, options);
  display.Clear();
  return data;
}

void PrintNotes(const Common& common, const std::vector<std::string>& notes) {
  for (const std::string& note : notes) PrintNote(common, SpellOptions(note, AsFlag));
}

}  // namespace colonnade::cli
