// SPDX-License-Identifier: Apache-2.0
#include "cli/rate_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace colonnade::cli {
namespace {

constexpr size_t kColumns = 64;
constexpr size_t kRows = 12;

// The place of `value` from `low` (0) to `high` (last).
size_t Place(double value, double low, double high, size_t last) {
  if (!(high > low)) return 0;
  const double part = std::clamp((value - low) / (high - low), 0.0, 1.0);
  return static_cast<size_t>(std::lround(part * static_cast<double>(last)));
}

}  // namespace

std::string RateChart(const RateTest& test) {
  const auto by_loss = [](const RateTest::Point& a, const RateTest::Point& b) {
    return a.loss < b.loss;
  };
  const auto [lowest, highest] =
      std::minmax_element(test.points.begin(), test.points.end(), by_loss);
  const double first = std::log10(test.points.front().rate);
  const double last = std::log10(test.points.back().rate);
  const auto column = [&](double rate) {
    return Place(std::log10(rate), first, last, kColumns - 1);
  };
  std::array<std::string, kRows> rows;
  rows.fill(std::string(kColumns, ' '));
  const size_t suggested = column(test.suggested);
  for (std::string& row : rows) row[suggested] = ':';
  for (const RateTest::Point& point : test.points) {
    rows[kRows - 1 - Place(point.loss, lowest->loss, highest->loss, kRows - 1)]
        [column(point.rate)] = '*';
  }
  std::string text = "loss, by learning rate\n";
  for (size_t r = 0; r < kRows; ++r) {
    const double loss = highest->loss - (highest->loss - lowest->loss) * static_cast<double>(r) /
                                            static_cast<double>(kRows - 1);
    const bool labelled = r == 0 || r == kRows - 1;
    text += labelled ? fmt::format("{:8.4g} |", loss) : std::string(9, ' ') + "|";
    text += rows[r].substr(0, rows[r].find_last_not_of(' ') + 1) + "\n";
  }
  text += std::string(9, ' ') + "+" + std::string(kColumns, '-') + "\n";
  const std::string left = fmt::format("{:.1g}", test.points.front().rate);
  const std::string right = fmt::format("{:.2g}", test.points.back().rate);
  text += std::string(10, ' ') + left + std::string(kColumns - left.size() - right.size(), ' ') +
          right + "\n";
  return text + fmt::format("lowest loss {:.4g} at {:.2g}; suggested: --lr {:.2g}\n", lowest->loss,
                            test.lowest_loss_rate, test.suggested);
}

Json RateTestJson(const RateTest& test) {
  Json points = Json::array();
  for (const RateTest::Point& point : test.points) {
    points.push_back({{"learning_rate", point.rate}, {"loss", point.loss}});
  }
  return {{"command", "train"},
          {"lr_find",
           {{"suggested", test.suggested},
            {"lowest_loss_at", test.lowest_loss_rate},
            {"points", points}}}};
}

}  // namespace colonnade::cli
