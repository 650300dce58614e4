// SPDX-License-Identifier: Apache-2.0
// colonnade predict MODEL DATA.csv
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/reading.h"
#include "colonnade/error.h"
#include "colonnade/files.h"
#include "colonnade/model.h"

namespace colonnade::cli {
namespace {

std::string ClassesCsv(const std::vector<uint32_t>& classes, const Schema& schema) {
  std::string text = "prediction\n";
  for (const uint32_t index : classes) text += CsvField(schema.classes[index]) + "\n";
  return text;
}

// One line per example, one column per name.
std::string ValuesCsv(const std::vector<float>& values, const std::vector<std::string>& names) {
  const size_t classes = names.size();
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ",";
    text += CsvField(name);
  }
  text += '\n';
  for (size_t i = 0; i < values.size(); ++i) {
    fmt::format_to(std::back_inserter(text), "{}{}", values[i],
                   (i + 1) % classes == 0 ? '\n' : ',');
  }
  return text;
}

// A single output stands for the number, or for the second of two classes.
std::vector<std::string> LogitNames(const Model& model) {
  if (model.shape().output == OutputKind::kSoftmax) return model.schema().classes;
  if (model.regression()) return {"output"};
  return {model.schema().classes.back()};
}

}  // namespace

void AddPredictCommand(CLI::App& app, Common& common) {
  struct Options {
    std::string model, data, output = "-";
    bool proba = false;
    bool logits = false;
    Settings reading;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("predict", "Apply a model to data, labelled or not");
  command->add_option("MODEL", options->model, "Model file")->required();
  command->add_option("DATA", options->data, "CSV file, cache or IDX images; - is standard input")
      ->required();
  command->add_option("-o,--output", options->output, "CSV file to write; - is standard output")
      ->capture_default_str();
  auto* proba = command->add_flag("--proba", options->proba, "Print the probability of each class");
  command
      ->add_flag("--logits", options->logits,
                 "Print the network's outputs before the softmax\n"
                 "or the scaling of a predicted number")
      ->excludes(proba);
  AddDialectFlags(*command, options->reading);
  AddRunOptions(*command, common);
  command->footer(
      "Prints one line per example. A label column in the data is ignored.\n"
      "Examples:\n"
      "  colonnade predict model.safetensors new.csv -o predictions.csv\n"
      "  tail -n +2 new.csv | colonnade predict model.safetensors - --proba");
  command->callback([options, &common] {
    const bool to_file = options->output != "-";
    if (to_file) {
      for (const std::string* input : {&options->model, &options->data}) {
        std::error_code ignored;
        if (!std::filesystem::equivalent(*input, options->output, ignored)) continue;
        Reject("output", fmt::format("'{}'", options->output), "another file than the input");
      }
      RequireWritable(options->output);
    }
    const Model model = Model::Load(options->model);
    if (options->proba && model.regression()) {
      Reject("proba", "a model that predicts numbers", "one that predicts classes");
    }
    CsvOptions csv = ReadingOf(options->reading);
    csv.like = model.schema();
    csv.labels_optional = true;
    const Dataset data = ReadShown(common, options->data, csv);
    PrintNotes(common, data.notes());
    std::string text;
    if (options->logits) {
      text = ValuesCsv(model.Logits(data, common.threads), LogitNames(model));
    } else if (options->proba) {
      text = ValuesCsv(model.Probabilities(data, common.threads), model.schema().classes);
    } else if (model.regression()) {
      text = ValuesCsv(model.Values(data, common.threads), {"prediction"});
    } else {
      text = ClassesCsv(model.Classes(data, common.threads), model.schema());
    }
    if (to_file) {
      WriteFile(options->output, text);
      PrintNote(common,
                fmt::format("{}: {} predictions", options->output, WithCommas(data.examples())));
    } else {
      PrintData(text);
    }
  });
}

}  // namespace colonnade::cli
