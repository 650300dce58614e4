// SPDX-License-Identifier: Apache-2.0
#include "cli/reading.h"

#include <fmt/format.h>

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

bool PrintSummary(const Common& common, const DataSummary& summary) {
  const std::vector<std::string> lines = Lines(summary);
  PrintNotes(common, lines);
  return !lines.empty();
}

void PrintSummaryLine(const Common& common, const DataSummary& summary) {
  if (Lines(summary).empty()) return;
  std::string line = fmt::format("{}: {} rows", summary.source, WithCommas(summary.rows));
  if (summary.dropped > 0) {
    line += fmt::format(", {} left out for missing values", WithCommas(summary.dropped));
  }
  if (summary.bad_rows > 0) {
    line += fmt::format(", {} left out for being bad", WithCommas(summary.bad_rows));
  }
  PrintNote(common, line);
}

void AddSummary(const DataSummary& summary, Json& object) {
  const Json taken = ParseJson(ToJson(summary));
  for (const auto& [key, value] : taken.items()) {
    if (!object.contains(key)) {
      object[key] = value;
    } else if (key == "classes") {
      object["class_rows"] = value;
    }
  }
}

std::vector<std::string> ColumnNames(const std::string& text) {
  CsvOptions options;
  SetOption(options, "ignore-columns", text);
  return options.ignore_columns;
}

}  // namespace colonnade::cli
