// SPDX-License-Identifier: Apache-2.0
#include "cli/tune_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/sweep_report.h"
#include "colonnade/options.h"

namespace colonnade::cli {
namespace {

// The options that some of these trials change and that are not the same for all of them.
std::vector<std::string> VaryingOptions(const Tuning& tuning, const std::vector<size_t>& rows) {
  std::vector<std::string> names;
  for (const Option& option : OptionsOf<TrainOptions>()) {
    const char* const name = option.info.name;
    if (std::string_view(name) == "epochs") continue;  // has a column of its own
    const auto changes = [&](size_t t) {
      const auto& settings = tuning.trials[t].configuration.settings;
      return std::ranges::any_of(settings, [&](const auto& s) { return s.first == name; });
    };
    const auto differs = [&](size_t t) {
      return OptionText(tuning.trials[t].in_force, name) !=
             OptionText(tuning.trials[rows.front()].in_force, name);
    };
    if (std::ranges::any_of(rows, changes) && std::ranges::any_of(rows, differs)) {
      names.emplace_back(name);
    }
  }
  return names;
}

}  // namespace

const char* MetricName(TuneMetric metric, bool regression) {
  if (metric == TuneMetric::kLoss && regression) return "RMSE";
  return metric == TuneMetric::kMae ? "MAE" : Name(metric);
}

std::string TrialTable(const Tuning& tuning, size_t most) {
  std::vector<size_t> rows;
  for (const size_t trial : tuning.ranking) {
    if (rows.size() < most || trial == 0) rows.push_back(trial);
  }
  const std::vector<std::string> options = VaryingOptions(tuning, rows);
  std::vector<std::vector<std::string>> table(1);
  table[0] = {"", "trial"};
  table[0].insert(table[0].end(), options.begin(), options.end());
  for (const char* name : {MetricName(tuning.metric, tuning.regression), "epochs", "seconds"}) {
    table[0].emplace_back(name);
  }
  const bool any_digits = tuning.regression;  // numbers may have any size
  for (const size_t t : rows) {
    const TuneTrial& trial = tuning.trials[t];
    std::vector<std::string>& cells = table.emplace_back();
    const bool best = tuning.model && tuning.model->configuration == t;
    cells.emplace_back(best ? "best" : "");
    cells.push_back(t == 0 ? "defaults" : fmt::to_string(t));
    for (const std::string& name : options) {
      cells.push_back(Belongs(trial.in_force, name) ? OptionText(trial.in_force, name) : "-");
    }
    const bool known = trial.failure.empty() && trial.done > 0;
    cells.push_back(!trial.failure.empty() ? "failed"
                    : known                ? SpreadText(trial.metric, any_digits ? 0 : 4)
                                           : "-");
    cells.push_back(trial.finished ? fmt::to_string(trial.done)
                                   : fmt::format("{} of {}", trial.done, trial.in_force.epochs));
    cells.push_back(fmt::format("{:.2f}", trial.seconds));
  }
  return Aligned(table);
}

Json TrialsJson(const Tuning& tuning) {
  Json json = Json::array();
  for (const size_t t : tuning.ranking) {
    const TuneTrial& trial = tuning.trials[t];
    const bool known = trial.failure.empty() && trial.done > 0;
    json.push_back({{"trial", t},
                    {"options", SettingsJson(trial.configuration)},
                    {"epochs", trial.done},
                    {"of_epochs", trial.in_force.epochs},
                    {"finished", trial.finished},
                    {"failure", trial.failure.empty() ? Json() : Json(trial.failure)},
                    {"metric", known ? SpreadJson(trial.metric) : Json()},
                    {"loss", known ? SpreadJson(trial.loss) : Json()},
                    {"seconds", trial.seconds}});
  }
  return json;
}

}  // namespace colonnade::cli
