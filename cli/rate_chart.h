// SPDX-License-Identifier: Apache-2.0
// What `train --lr-find` tells.
#ifndef COLONNADE_CLI_RATE_CHART_H_
#define COLONNADE_CLI_RATE_CHART_H_

#include <string>

#include "cli/output.h"
#include "colonnade/rates.h"

namespace colonnade::cli {

// The loss over the rate in characters that every terminal has, and the suggestion.
std::string RateChart(const RateTest& test);

Json RateTestJson(const RateTest& test);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_RATE_CHART_H_
