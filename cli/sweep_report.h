// SPDX-License-Identifier: Apache-2.0
// What `sweep` tells of its models.
#ifndef COLONNADE_CLI_SWEEP_REPORT_H_
#define COLONNADE_CLI_SWEEP_REPORT_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/output.h"
#include "colonnade/select.h"

namespace colonnade::cli {

// Columns padded to the same width, two spaces between them.
std::string Aligned(const std::vector<std::vector<std::string>>& rows);

// digits: after the point; 0: for numbers of any size.
std::string SpreadText(const Spread& spread, int digits);
Json SpreadJson(const Spread& spread);

// The best model on the test data; null without.
Json TestJson(const std::optional<Evaluation>& test);

Json SettingsJson(const Configuration& configuration);
Json RunJson(const SelectionRun& run);

// "lr=0.1 seed 2 fold 0"
std::string RunLabel(const SelectionRun& run, std::span<const Configuration> configurations);

// A line about a run that has ended.
std::string RunLine(const SelectionRun& run, std::span<const Configuration> configurations);

// The ranking as a table, the best marked unless the selection was stopped.
std::string RankingTable(const Selection& selection, std::span<const Configuration> configurations);

// The ranking with all runs.
Json RankingJson(const Selection& selection, std::span<const Configuration> configurations);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_SWEEP_REPORT_H_
