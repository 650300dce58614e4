// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <system_error>

#include "colonnade/dataset.h"
#include "colonnade/error.h"

namespace colonnade::cli {

void PrintData(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) {
    return;
  }
  throw Error(ErrorCode::kIo,
              "cannot write to standard output: " + std::generic_category().message(errno));
}

void PrintJson(const Json& object) {
  // Names come from files and need not be UTF-8; JSON text has to be.
  PrintData(object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void PrintError(std::string_view text) noexcept {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

std::string AsFlag(std::string_view option) { return fmt::format("--{}", option); }

void PrintNote(const Common& common, std::string_view line) {
  if (!common.quiet) PrintError(std::string(line) + '\n');
}

std::string WithCommas(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t place = digits.size(); place > 3; place -= 3) digits.insert(place - 3, 1, ',');
  return digits;
}

std::string Duration(double seconds) {
  if (seconds < 10) return fmt::format("{:.2f} s", seconds);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<uint64_t>(std::lround(seconds));
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02} h", whole / 3600, whole / 60 % 60, whole % 60);
}

namespace {

// Whether it is a number whose value, written plainly, is another text: 007, +1, 1.0.
bool IsOddNumber(std::string text) {
  if (text.starts_with('+')) text.erase(0, 1);
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool number = error == std::errc() && rest == text.data() + text.size();
  return number && fmt::to_string(value) != text;
}

bool NeedsQuotes(const std::string& text) {
  return text.empty() || text.find_first_of(",;|\t\"\r\n") != std::string::npos ||
         text.front() == ' ' || text.back() == ' ' || IsOddNumber(text) || text.front() == '+' ||
         std::ranges::find(MissingWords(), text) != MissingWords().end();
}

}  // namespace

std::string CsvField(const std::string& text) {
  if (!NeedsQuotes(text)) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

Json ParseJson(const std::string& text) {
  Json parsed = Json::parse(text, nullptr, false);
  return parsed.is_discarded() ? Json(text) : parsed;
}

Json RegressionJson(const RegressionMetrics& metrics) {
  Json json = {{"rmse", metrics.rmse}, {"mae", metrics.mae}, {"r2", metrics.r2}};
  if (metrics.poisson_deviance) json["poisson_deviance"] = *metrics.poisson_deviance;
  for (const QuantileMetrics& m : metrics.quantiles) {
    json["quantiles"].push_back(
        {{"level", m.level}, {"pinball", m.pinball}, {"coverage", m.coverage}});
  }
  return json;
}

std::string RegressionText(const RegressionMetrics& metrics) {
  std::string text =
      fmt::format("RMSE {:.6g}  MAE {:.6g}  R2 {:.4f}", metrics.rmse, metrics.mae, metrics.r2);
  if (metrics.poisson_deviance) text += fmt::format("  deviance {:.6g}", *metrics.poisson_deviance);
  for (const QuantileMetrics& m : metrics.quantiles) {
    text += fmt::format("  q{} {:.1f} %", m.level, 100 * m.coverage);
  }
  return text;
}

}  // namespace colonnade::cli
