#include "cli/sweep_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>

namespace colonnade::cli {
namespace {

Spread SpreadOf(const std::vector<double>& values) {
  Spread spread;
  if (values.empty()) return spread;
  const auto count = static_cast<double>(values.size());
  spread.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  if (values.size() == 1) return spread;
  double squares = 0;
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  spread.deviation = std::sqrt(squares / (count - 1));
  return spread;
}

double MetricOf(const Evaluation& e) { return e.regression ? e.regression->rmse : e.accuracy; }

SweepRow RowOf(size_t configuration, const std::vector<SweepModel>& models) {
  SweepRow row{.configuration = configuration};
  std::vector<double> metric;
  std::vector<double> loss;
  std::vector<double> seconds;
  for (const SweepModel& model : models) {
    if (model.configuration != configuration) continue;
    ++row.models;
    if (!model.done) continue;
    row.done.push_back(&model);
    metric.push_back(MetricOf(model.validation));
    loss.push_back(model.validation.loss);
    seconds.push_back(model.seconds);
  }
  row.metric = SpreadOf(metric);
  row.loss = SpreadOf(loss);
  row.seconds = SpreadOf(seconds);
  return row;
}

// 0: all models are there, 1: some, 2: none.
int Rank(const SweepRow& row) {
  return row.done.size() == row.models ? 0 : row.done.empty() ? 2 : 1;
}

// Characters that a terminal shows of UTF-8 text.
size_t WidthOf(const std::string& text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (c & '\xC0') != '\x80'; }));
}

// Columns padded to the same width, two spaces between them.
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

}  // namespace

std::string SweepModel::Label(const std::vector<Configuration>& configurations) const {
  const std::string grid = configurations[configuration].Label();
  return fmt::format("{}{}seed {}{}", grid, grid.empty() ? "" : " ", seed,
                     fold ? fmt::format(" fold {}", *fold) : "");
}

void SweepModel::Take(const TrainResult& result) {
  done = true;
  validation = *result.validation;
  epochs = result.epochs;
  seconds = result.seconds;
  parameters_hash = result.model.ParametersHash();
}

bool SweepModel::BetterThan(const SweepModel& other) const {
  const double sign = validation.regression ? 1 : -1;
  return std::pair{sign * MetricOf(validation), validation.loss} <
         std::pair{sign * MetricOf(other.validation), other.validation.loss};
}

Json SweepModel::ToJson() const {
  Json json = {{"seed", seed},
               {"fold", fold ? Json(*fold) : Json()},
               {"failure", failure.empty() ? Json() : Json(failure)}};
  if (!done) return json;
  json["validation_examples"] = validation.examples;
  if (validation.regression) {
    json.update(RegressionJson(*validation.regression));
  } else {
    json["accuracy"] = validation.accuracy;
  }
  json["loss"] = validation.loss;
  json["epochs"] = epochs;
  json["seconds"] = seconds;
  json["parameters_hash"] = parameters_hash;
  return json;
}

std::string Spread::Text(int digits) const {
  if (digits == 0) {
    return deviation ? fmt::format("{:.5g} ± {:.2g}", mean, *deviation)
                     : fmt::format("{:.5g}", mean);
  }
  return deviation ? fmt::format("{:.{}f} ± {:.{}f}", mean, digits, *deviation, digits)
                   : fmt::format("{:.{}f}", mean, digits);
}

Json Spread::ToJson() const {
  return {{"mean", mean}, {"deviation", deviation ? Json(*deviation) : Json()}};
}

std::vector<SweepRow> SweepReport::Ranked() const {
  std::vector<SweepRow> rows;
  rows.reserve(configurations.size());
  for (size_t c = 0; c < configurations.size(); ++c) rows.push_back(RowOf(c, models));
  const double sign = regression ? 1 : -1;
  std::ranges::sort(rows, [&](const SweepRow& a, const SweepRow& b) {
    return std::tuple{Rank(a), sign * a.metric.mean, a.loss.mean, a.configuration} <
           std::tuple{Rank(b), sign * b.metric.mean, b.loss.mean, b.configuration};
  });
  return rows;
}

std::string SweepReport::Table() const {
  std::vector<std::vector<std::string>> table(1);
  table[0].emplace_back();
  for (const auto& [name, value] : configurations.front().settings) table[0].push_back(name);
  for (const char* name : {regression ? "RMSE" : "accuracy", "loss", "seconds", "models"}) {
    table[0].emplace_back(name);
  }
  for (const SweepRow& row : Ranked()) {
    const bool best = !stopped && table.size() == 1 && !row.done.empty();
    std::vector<std::string>& cells = table.emplace_back();
    cells.emplace_back(best ? "best" : "");
    for (const auto& [name, value] : configurations[row.configuration].settings) {
      cells.push_back(value);
    }
    for (const auto& [spread, digits] : {std::pair{row.metric, regression ? 0 : 4},
                                         {row.loss, regression ? 0 : 4},
                                         {row.seconds, 2}}) {
      cells.push_back(row.done.empty() ? "-" : spread.Text(digits));
    }
    cells.push_back(row.done.size() == row.models
                        ? fmt::to_string(row.models)
                        : fmt::format("{} of {}", row.done.size(), row.models));
  }
  return Aligned(table);
}

Json SweepReport::ToJson() const {
  Json json = Json::array();
  for (const SweepRow& row : Ranked()) {
    Json runs = Json::array();
    for (const SweepModel& model : models) {
      if (model.configuration == row.configuration) runs.push_back(model.ToJson());
    }
    const auto spread = [&](const Spread& s) { return row.done.empty() ? Json() : s.ToJson(); };
    json.push_back({{"options", configurations[row.configuration].SettingsJson()},
                    {regression ? "rmse" : "accuracy", spread(row.metric)},
                    {"loss", spread(row.loss)},
                    {"seconds", spread(row.seconds)},
                    {"runs", runs}});
  }
  return json;
}

}  // namespace colonnade::cli
