// SPDX-License-Identifier: Apache-2.0
// colonnade convert IN… OUT
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "cli/commands.h"
#include "cli/reading.h"
#include "colonnade/cache.h"
#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "colonnade/files.h"
#include "colonnade/model.h"

namespace colonnade::cli {
namespace {

struct Options {
  std::vector<std::string> files;  // one or two to read, and the last to write
  std::string format = "auto";
  std::string like;
  Settings reading;
};

bool WritesCache(const Options& options) {
  if (options.format != "auto") return options.format == "cache";
  return std::filesystem::path(options.files.back()).extension() == ".colonnade";
}

// The schema of a model, or of data.
Schema SchemaOf(const std::string& file) {
  try {
    return Model::Load(file).schema();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadModel) throw;
  }
  return ReadData(file).schema();
}

Dataset Read(const Options& options, const Common& common) {
  if (options.files.size() == 3) return ReadIdx(options.files[0], options.files[1]);
  const std::string& input = options.files.front();
  CsvOptions csv = ReadingOf(options.reading);
  if (!options.like.empty()) csv.like = SchemaOf(options.like);
  Dataset data = ReadShown(common, input, csv);
  PrintNotes(common, data.notes());
  return data;
}

}  // namespace

void AddConvertCommand(CLI::App& app, Common& common) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "convert", "Turn data into a cache that loads in milliseconds, or into CSV");
  command
      ->add_option("FILES", options->files,
                   "Data to read (table, folder or cache; or IDX images and labels) and the\n"
                   "file to write")
      ->type_name("IN [LABELS] OUT")
      ->expected(2, 3)
      ->required();
  command
      ->add_option("--format", options->format,
                   "What to write; auto: a cache if OUT ends in .colonnade, else CSV")
      ->check(CLI::IsMember({"auto", "cache", "csv"}))
      ->capture_default_str()
      ->group("Data");
  command
      ->add_option("--like", options->like,
                   "Model or training data whose columns, categories, classes and means hold")
      ->type_name("FILE")
      ->group("Data");
  AddColumnFlags(*command, options->reading);
  AddDialectFlags(*command, options->reading);
  AddRunOptions(*command, common);
  command->footer(
      "A cache takes the place of a table in every command, is mapped instead of read, and\n"
      "may be larger than the memory. Data to evaluate a model on are converted like it.\n"
      "Examples:\n"
      "  colonnade convert train.csv train.colonnade --label-column species\n"
      "  colonnade convert test.csv test.colonnade --like model.safetensors\n"
      "  colonnade convert train-images-idx3-ubyte train-labels-idx1-ubyte mnist_train.csv");
  command->callback([options, &common] {
    const std::string& output = options->files.back();
    for (size_t i = 0; i + 1 < options->files.size(); ++i) {
      std::error_code ignored;
      if (!std::filesystem::equivalent(options->files[i], output, ignored)) continue;
      throw Error(ErrorCode::kInvalidArgument, {.problem = "OUT",
                                                .found = fmt::format("'{}'", output),
                                                .expected = "another file than the input"});
    }
    if (output != "-") RequireWritable(output);
    const Dataset data = Read(*options, common);
    if (WritesCache(*options)) {
      WriteCache(data, output, common.threads);
    } else {
      WriteCsv(data, output);
    }
    PrintNote(common, fmt::format("{}: {} examples, {} features", output,
                                  WithCommas(data.examples()), WithCommas(data.features())));
  });
}

}  // namespace colonnade::cli
