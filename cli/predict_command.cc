// SPDX-License-Identifier: Apache-2.0
// colonnade predict MODEL DATA.csv
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/predictions.h"
#include "cli/reading.h"
#include "colonnade/error.h"
#include "colonnade/files.h"
#include "colonnade/model.h"

namespace colonnade::cli {
namespace {

struct PredictFlags {
  std::string model, data, output = "-";
  std::optional<std::string> ids;
  std::string name = "prediction";
  bool proba = false;
  bool logits = false;
  Settings reading;
};

void CheckOutput(const PredictFlags& options) {
  for (const std::string* input : {&options.model, &options.data}) {
    std::error_code ignored;
    if (!std::filesystem::equivalent(*input, options.output, ignored)) continue;
    Reject("output", fmt::format("'{}'", options.output), "another file than the input");
  }
  RequireWritable(options.output);
}

void RunPredict(const PredictFlags& options, const Common& common) {
  const bool to_file = options.output != "-";
  if (to_file) CheckOutput(options);
  const Model model = Model::Load(options.model);
  if (options.proba && model.regression()) {
    Reject("proba", "a model that predicts numbers", "one that predicts classes");
  }
  CsvOptions csv = ReadingOf(options.reading);
  csv.like = model.schema();
  csv.labels_optional = true;
  if (options.ids) csv.keep_columns = ColumnNames(*options.ids);
  const Dataset data = ReadShown(common, options.data, csv);
  PrintSummary(common, data.summary());
  PrintNotes(common, data.notes());
  if (data.texts().size() != csv.keep_columns.size()) {
    Reject("id-columns", fmt::format("'{}' with data that are no CSV", *options.ids), "CSV");
  }
  PredictionOptions what{.name = options.name, .ids = csv.keep_columns, .threads = common.threads};
  if (options.proba) what.what = Predicted::kProbabilities;
  if (options.logits) what.what = Predicted::kLogits;
  const std::string text = PredictionsCsv(model, data, what);
  if (const size_t lacking = data.incomplete().size(); lacking > 0) {
    PrintNote(common,
              fmt::format("{} of {} rows lack a value that the model has nothing to put in place "
                          "of: their predictions are empty",
                          WithCommas(lacking), WithCommas(data.examples())));
  }
  if (!to_file) return PrintData(text);
  WriteFile(options.output, text);
  PrintNote(common, fmt::format("{}: {} predictions", options.output, WithCommas(data.examples())));
}

}  // namespace

void AddPredictCommand(CLI::App& app, Common& common) {
  auto options = std::make_shared<PredictFlags>();
  CLI::App* command = app.add_subcommand("predict", "Apply a model to data, labelled or not");
  command->add_option("MODEL", options->model, "Model file")->required();
  command
      ->add_option("DATA", options->data,
                   "Table (CSV, Arrow, NPY, …), folder or cache; - is standard input")
      ->required();
  command->add_option("-o,--output", options->output, "CSV file to write; - is standard output")
      ->capture_default_str();
  auto* proba = command->add_flag("--proba", options->proba, "Print the probability of each class");
  auto* logits = command
                     ->add_flag("--logits", options->logits,
                                "Print the network's outputs before the softmax\n"
                                "or the scaling of a predicted number")
                     ->excludes(proba);
  command
      ->add_option("--id-columns", options->ids,
                   "Columns of the data to print in front of the predictions, by name or index")
      ->type_name("NAME|INDEX,…");
  command->add_option("--prediction-name", options->name, "Name of the column of predictions")
      ->type_name("NAME")
      ->excludes(proba)
      ->excludes(logits)
      ->capture_default_str();
  AddDialectFlags(*command, options->reading);
  AddRunOptions(*command, common);
  command->footer(
      "Prints one row per example, as CSV. A label column in the data is ignored. Where a row\n"
      "lacks a value that the model has nothing to put in place of, its prediction is empty.\n"
      "Examples:\n"
      "  colonnade predict model.safetensors new.csv -o predictions.csv\n"
      "  colonnade predict model.safetensors new.csv --id-columns PassengerId \\\n"
      "      --prediction-name Survived -o submission.csv\n"
      "  tail -n +2 new.csv | colonnade predict model.safetensors - --proba");
  command->callback([options, &common] { RunPredict(*options, common); });
}

}  // namespace colonnade::cli
