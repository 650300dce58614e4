// SPDX-License-Identifier: Apache-2.0
// colonnade evaluate MODEL DATA.csv
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/reading.h"
#include "colonnade/evaluate.h"
#include "colonnade/model.h"
#include "colonnade/version.h"

namespace colonnade::cli {
namespace {

Json MetricsJson(const ClassMetrics& m) {
  return {{"precision", m.precision}, {"recall", m.recall}, {"f1", m.f1}, {"support", m.support}};
}

Json DataJson(const DataSummary& summary) {
  Json object = Json::object();
  AddSummary(summary, object);
  return object;
}

Json EvaluationJson(const Evaluation& e, const Schema& schema, const Dataset& data) {
  const bool weighted = !data.weights().empty();
  if (e.regression) {
    Json object = {
        {"command", "evaluate"},  {"version", Version()},       {"data", DataJson(data.summary())},
        {"examples", e.examples}, {"sample_weights", weighted}, {"loss", e.loss}};
    object.update(RegressionJson(*e.regression));
    return object;
  }
  Json object = {{"command", "evaluate"},
                 {"version", Version()},
                 {"data", DataJson(data.summary())},
                 {"examples", e.examples},
                 {"sample_weights", weighted},
                 {"correct", e.correct},
                 {"accuracy", e.accuracy},
                 {"loss", e.loss},
                 {"macro", MetricsJson(e.macro)},
                 {"weighted", MetricsJson(e.weighted)},
                 {"per_class", Json::array()},
                 {"classes", schema.classes},
                 {"confusion", Json::array()}};
  for (size_t k = 0; k < e.classes; ++k) {
    Json metrics = {{"class", schema.classes[k]}};
    metrics.update(MetricsJson(e.per_class[k]));
    object["per_class"].push_back(metrics);
    if (e.confusion.empty()) continue;
    const auto row = e.confusion.begin() + static_cast<ptrdiff_t>(k * e.classes);
    object["confusion"].push_back(
        std::vector<uint64_t>(row, row + static_cast<ptrdiff_t>(e.classes)));
  }
  object["roc_auc"] = e.ranking->roc_auc ? Json(*e.ranking->roc_auc) : Json();
  object["top_k"] = {{"k", e.ranking->k}, {"accuracy", e.ranking->top_k_accuracy}};
  return object;
}

// Widest entry of a column, its heading included.
size_t WidthOf(const std::vector<std::string>& names, std::string_view heading) {
  size_t width = heading.size();
  for (const std::string& name : names) width = std::max(width, name.size());
  return width;
}

std::string EvaluationText(const Evaluation& e, const Schema& schema, bool weighted) {
  const std::string examples = fmt::format("{}{}", e.examples, weighted ? ", weighted" : "");
  if (e.regression) {
    const RegressionMetrics& m = *e.regression;
    std::string text =
        fmt::format("examples  {}\nRMSE      {:.6g}\nMAE       {:.6g}\nR2        {:.4f}\n",
                    examples, m.rmse, m.mae, m.r2);
    if (m.poisson_deviance) text += fmt::format("deviance  {:.6g}\n", *m.poisson_deviance);
    if (m.quantiles.empty()) return text;
    text += "\nquantile  pinball loss  coverage\n";
    for (const QuantileMetrics& q : m.quantiles) {
      text += fmt::format("{:>8}  {:12.6g}  {:8.4f}\n", q.level, q.pinball, q.coverage);
    }
    return text;
  }
  std::string text = fmt::format("examples  {}\naccuracy  {:.4f}\nloss      {:.4f}\n", examples,
                                 e.accuracy, e.loss);
  const RankingMetrics& ranking = *e.ranking;
  if (ranking.roc_auc) text += fmt::format("ROC AUC   {:.4f}\n", *ranking.roc_auc);
  if (ranking.k < e.classes) {
    text += fmt::format("{:<10}{:.4f}\n", fmt::format("top-{}", ranking.k), ranking.top_k_accuracy);
  }
  text += '\n';
  const size_t names = WidthOf(schema.classes, "weighted");
  text += fmt::format("{:>{}}  precision  recall      f1  support\n", "class", names);
  const auto line = [&](std::string_view name, const ClassMetrics& m) {
    text += fmt::format("{:>{}}  {:9.4f}  {:6.4f}  {:6.4f}  {:7}\n", name, names, m.precision,
                        m.recall, m.f1, m.support);
  };
  for (size_t k = 0; k < e.classes; ++k) line(schema.classes[k], e.per_class[k]);
  line("macro", e.macro);
  line("weighted", e.weighted);

  constexpr size_t kMaxMatrix = 40;  // beyond that no terminal shows it; --json has it all
  if (e.classes > kMaxMatrix) return text;
  const uint64_t largest = *std::max_element(e.confusion.begin(), e.confusion.end());
  const size_t cell = std::max(WidthOf(schema.classes, ""), std::to_string(largest).size());
  text += "\nconfusion matrix (rows: truth, columns: prediction)\n";
  text += fmt::format("{:>{}}", "", names);
  for (const std::string& name : schema.classes) text += fmt::format("  {:>{}}", name, cell);
  text += '\n';
  for (size_t truth = 0; truth < e.classes; ++truth) {
    text += fmt::format("{:>{}}", schema.classes[truth], names);
    for (size_t k = 0; k < e.classes; ++k) {
      text += fmt::format("  {:>{}}", e.confusion[truth * e.classes + k], cell);
    }
    text += '\n';
  }
  return text;
}

}  // namespace

void AddEvaluateCommand(CLI::App& app, Common& common) {
  struct Options {
    std::string model, data;
    size_t top_k = 5;
    Settings reading;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("evaluate", "Measure a model on labelled data");
  command->add_option("MODEL", options->model, "Model file")->required();
  command
      ->add_option("DATA", options->data,
                   "Table (CSV, Arrow, NPY, …), folder or cache; - is standard input")
      ->required();
  AddDialectFlags(*command, options->reading);
  AddCacheFlag(*command, options->reading);
  command
      ->add_option("--top-k", options->top_k,
                   "Also the fraction of examples whose class is among the K most probable")
      ->check(CLI::Range(size_t{1}, size_t{65536}))
      ->type_name("K")
      ->capture_default_str();
  AddRunOptions(*command, common);
  AddJsonOption(*command, common);
  command->footer(
      "Prints loss, accuracy, ROC AUC, precision, recall and F1 per class, and the confusion\n"
      "matrix;\n"
      "for predicted numbers RMSE, MAE and R2.\n"
      "Example:\n"
      "  colonnade evaluate model.safetensors mnist_test.csv --json");
  command->callback([options, &common] {
    const Model model = Model::Load(options->model);
    CsvOptions csv = ReadingOf(options->reading);
    csv.like = model.schema();
    const Dataset data = ReadShown(common, options->data, csv);
    PrintSummary(common, data.summary());
    PrintNotes(common, data.notes());
    const Evaluation result =
        Evaluate(model, data, EvaluateOptions{.threads = common.threads, .top_k = options->top_k});
    if (common.json) {
      PrintJson(EvaluationJson(result, model.schema(), data));
    } else {
      PrintData(EvaluationText(result, model.schema(), !data.weights().empty()));
    }
  });
}

}  // namespace colonnade::cli
