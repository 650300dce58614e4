// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace colonnade::cli {
namespace {

// Characters that a terminal shows of UTF-8 text.
size_t WidthOf(const std::string& text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (c & '\xC0') != '\x80'; }));
}

}  // namespace

std::string Aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows.front().size());
  for (const std::vector<std::string>& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], WidthOf(row[i]));
  }
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - WidthOf(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string SpreadText(const Spread& spread, int digits) {
  if (digits == 0) {
    return spread.deviation ? fmt::format("{:.5g} ± {:.2g}", spread.mean, *spread.deviation)
                            : fmt::format("{:.5g}", spread.mean);
  }
  return spread.deviation
             ? fmt::format("{:.{}f} ± {:.{}f}", spread.mean, digits, *spread.deviation, digits)
             : fmt::format("{:.{}f}", spread.mean, digits);
}

Json SpreadJson(const Spread& spread) {
  return {{"mean", spread.mean},
          {"deviation", spread.deviation ? Json(*spread.deviation) : Json()}};
}

Json TestJson(const std::optional<Evaluation>& test) {
  if (!test) return {};
  Json json = {{"examples", test->examples}, {"loss", test->loss}};
  if (test->regression) {
    json.update(RegressionJson(*test->regression));
  } else {
    json["accuracy"] = test->accuracy;
  }
  return json;
}

Json SettingsJson(const Configuration& configuration) {
  Json json = Json::object();
  for (const auto& [name, value] : configuration.settings) json[name] = value;
  return json;
}

Json RunJson(const SelectionRun& run) {
  Json json = {{"seed", run.seed},
               {"fold", run.fold ? Json(*run.fold) : Json()},
               {"failure", run.failure.empty() ? Json() : Json(run.failure)}};
  if (!run.done) return json;
  json["validation_examples"] = run.validation.examples;
  if (run.validation.regression) {
    json.update(RegressionJson(*run.validation.regression));
  } else {
    json["accuracy"] = run.validation.accuracy;
  }
  json["loss"] = run.validation.loss;
  json["epochs"] = run.epochs;
  json["seconds"] = run.seconds;
  json["parameters_hash"] = run.parameters_hash;
  return json;
}

std::string RunLabel(const SelectionRun& run, std::span<const Configuration> configurations) {
  const std::string grid = configurations[run.configuration].Label();
  return fmt::format("{}{}seed {}{}", grid, grid.empty() ? "" : " ", run.seed,
                     run.fold ? fmt::format(" fold {}", *run.fold) : "");
}

std::string RunLine(const SelectionRun& run, std::span<const Configuration> configurations) {
  const std::string label = RunLabel(run, configurations);
  if (!run.done) return fmt::format("{}: {}", label, run.failure);
  const Evaluation& e = run.validation;
  const std::string metric = e.regression ? fmt::format("RMSE {:.5g}", e.regression->rmse)
                                          : fmt::format("accuracy {:.4f}", e.accuracy);
  return fmt::format("{}: {}  loss {:.4g}  ({})", label, metric, e.loss, Duration(run.seconds));
}

std::string RankingTable(const Selection& selection,
                         std::span<const Configuration> configurations) {
  const bool regression = selection.regression;
  std::vector<std::vector<std::string>> table(1);
  table[0].emplace_back();
  for (const auto& [name, value] : configurations.front().settings) table[0].push_back(name);
  for (const char* name : {regression ? "RMSE" : "accuracy", "loss", "seconds", "models"}) {
    table[0].emplace_back(name);
  }
  for (const SelectionRow& row : selection.ranking) {
    const bool best = !selection.stopped && table.size() == 1 && row.done > 0;
    std::vector<std::string>& cells = table.emplace_back();
    cells.emplace_back(best ? "best" : "");
    for (const auto& [name, value] : configurations[row.configuration].settings) {
      cells.push_back(value);
    }
    for (const auto& [spread, digits] : {std::pair{row.metric, regression ? 0 : 4},
                                         {row.loss, regression ? 0 : 4},
                                         {row.seconds, 2}}) {
      cells.push_back(row.done == 0 ? "-" : SpreadText(spread, digits));
    }
    cells.push_back(row.done == row.runs ? fmt::to_string(row.runs)
                                         : fmt::format("{} of {}", row.done, row.runs));
  }
  return Aligned(table);
}

Json RankingJson(const Selection& selection, std::span<const Configuration> configurations) {
  Json json = Json::array();
  for (const SelectionRow& row : selection.ranking) {
    Json runs = Json::array();
    for (const SelectionRun& run : selection.runs) {
      if (run.configuration == row.configuration) runs.push_back(RunJson(run));
    }
    const auto spread = [&](const Spread& s) { return row.done == 0 ? Json() : SpreadJson(s); };
    json.push_back({{"options", SettingsJson(configurations[row.configuration])},
                    {selection.regression ? "rmse" : "accuracy", spread(row.metric)},
                    {"loss", spread(row.loss)},
                    {"seconds", spread(row.seconds)},
                    {"runs", runs}});
  }
  return json;
}

}  // namespace colonnade::cli
