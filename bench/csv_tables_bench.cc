// SPDX-License-Identifier: Apache-2.0
// Reading tables of all kinds of columns that lie in the page cache, each checked value by value
// against what it was written from.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include "bench/support.h"
#include "colonnade/csv.h"

namespace colonnade::bench {
namespace {

constexpr size_t kRows = 200'000;
constexpr std::array<std::string_view, 6> kTowns = {"Antwerp", "Bergen", "Cork",
                                                    "Dresden", "Ghent",  "Lyon"};
constexpr std::array<std::string_view, 3> kPlans = {"basic", "family", "plus"};

// A table as text, and what reading it has to give.
struct Table {
  std::string text;
  size_t features = 0;
  std::vector<float> values;  // row after row; NaN: missing, to be filled with the mean
  std::vector<uint32_t> labels;
  std::vector<float> weights;
  CsvOptions options = {};
};

// Numbers as if at random, the same on every machine.
class Numbers {
 public:
  uint32_t Below(uint32_t limit) {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return static_cast<uint32_t>(state_ >> 33) % limit;
  }

 private:
  uint64_t state_ = 1;
};

// A number with three decimals, as text and as what it is.
std::string NextNumber(Numbers& numbers, std::vector<float>* values) {
  std::string text = fmt::format("{:.3f}", numbers.Below(2'000'000) / 1000.0 - 1000);
  values->push_back(std::strtof(text.c_str(), nullptr));
  return text;
}

template <size_t kCount>
std::string NextText(const std::array<std::string_view, kCount>& texts, Numbers& numbers,
                     std::vector<float>* values) {
  const size_t chosen = numbers.Below(kCount);
  for (size_t i = 0; i < kCount; ++i) values->push_back(i == chosen ? 1.0F : 0.0F);
  return std::string(texts[chosen]);
}

uint32_t AddLabel(size_t row, Table* table) {
  table->labels.push_back(static_cast<uint32_t>(row % 3));
  return table->labels.back();
}

Table Categorical(std::string_view quote) {
  Numbers numbers;
  Table table;
  table.features = kTowns.size() + kPlans.size() + 2;
  table.text = "town,plan,a,b,label\n";
  for (size_t row = 0; row < kRows; ++row) {
    const std::string town = NextText(kTowns, numbers, &table.values);
    const std::string plan = NextText(kPlans, numbers, &table.values);
    const std::string a = NextNumber(numbers, &table.values);
    const std::string b = NextNumber(numbers, &table.values);
    table.text += fmt::format("{0}{1}{0},{0}{2}{0},{0}{3}{0},{4},{5}\n", quote, town, plan, a, b,
                              AddLabel(row, &table));
  }
  return table;
}

Table Filled() {
  constexpr size_t kColumns = 6;
  Numbers numbers;
  Table table;
  table.features = kColumns;
  table.text = "a,b,c,d,e,f,label\n";
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t i = 0; i < kColumns; ++i) {
      if (numbers.Below(20) == 0) {
        table.values.push_back(std::nanf(""));
      } else {
        table.text += NextNumber(numbers, &table.values);
      }
      table.text += ',';
    }
    table.text += fmt::format("{}\n", AddLabel(row, &table));
  }
  for (size_t i = 0; i < kColumns; ++i) {
    double sum = 0;
    size_t count = 0;
    for (size_t at = i; at < table.values.size(); at += kColumns) {
      if (std::isnan(table.values[at])) continue;
      sum += static_cast<double>(table.values[at]);
      ++count;
    }
    for (size_t at = i; at < table.values.size(); at += kColumns) {
      float& value = table.values[at];
      if (std::isnan(value)) value = static_cast<float>(sum / static_cast<double>(count));
    }
  }
  return table;
}

Table Weighted() {
  Numbers numbers;
  Table table;
  table.features = 4;
  table.options.weight_column = "weight";
  table.text = "a,b,c,d,label,weight\n";
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t i = 0; i < table.features; ++i) {
      table.text += NextNumber(numbers, &table.values) + ",";
    }
    table.weights.push_back(static_cast<float>(row % 9) / 2);
    table.text += fmt::format("{},{}\n", AddLabel(row, &table), table.weights.back());
  }
  return table;
}

Table Dated() {
  Numbers numbers;
  Table table;
  table.features = 5;
  table.text = "day,a,b,label\n";
  for (size_t row = 0; row < kRows; ++row) {
    // January 2024 began on a Monday.
    const size_t day = row % 28;
    const double angle = 2 * std::numbers::pi * static_cast<double>(day % 7) / 7;
    table.values.push_back(static_cast<float>(day));
    table.values.push_back(static_cast<float>(std::sin(angle)));
    table.values.push_back(static_cast<float>(std::cos(angle)));
    table.text += fmt::format("2024-01-{:02},", day + 1);
    for (size_t i = 0; i < 2; ++i) table.text += NextNumber(numbers, &table.values) + ",";
    table.text += fmt::format("{}\n", AddLabel(row, &table));
  }
  return table;
}

Table Identified() {
  Numbers numbers;
  Table table;
  table.features = 2;
  table.text = "id,a,b,label\n";
  for (size_t row = 0; row < kRows; ++row) {
    table.text += fmt::format("u{:07}-x,", row * 7919 % 1'000'003);
    for (size_t i = 0; i < 2; ++i) table.text += NextNumber(numbers, &table.values) + ",";
    table.text += fmt::format("{}\n", AddLabel(row, &table));
  }
  return table;
}

bool Holds(const Dataset& data, const Table& table) {
  bool same = data.examples() == kRows && data.features() == table.features &&
              data.floats() != nullptr && std::ranges::equal(data.labels(), table.labels) &&
              std::ranges::equal(data.weights(), table.weights);
  for (size_t e = 0; same && e < kRows; ++e) {
    for (size_t f = 0; f < table.features; ++f) {
      const float found = data.floats()[e * data.stride() + f];
      const float expected = table.values[e * table.features + f];
      same = same && std::abs(found - expected) <= 1e-6F * std::max(1.0F, std::abs(expected));
    }
  }
  return same;
}

void BenchRead(benchmark::State& state, const Table& table, int threads) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() /
                                     ("colonnade_bench_table_" + std::to_string(getpid()) + ".csv");
  std::ofstream(path, std::ios::binary) << table.text;
  CsvOptions options = table.options;
  options.threads = threads;
  if (Verify(state, Holds(ReadCsv(path, options), table), "the values that were written")) {
    for (auto _ : state) benchmark::DoNotOptimize(ReadCsv(path, options).examples());
    SetRate(state, "B/s", static_cast<double>(table.text.size()));
    state.counters["rows/s"] =
        benchmark::Counter(kRows, benchmark::Counter::kIsIterationInvariantRate);
  }
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}

}  // namespace

void RegisterCsvTables() {
  struct Kind {
    const char* name;
    Table (*make)();
  };
  constexpr std::array<Kind, 6> kKinds = {{{"csv/quoted", [] { return Categorical("\""); }},
                                           {"csv/categorical", [] { return Categorical(""); }},
                                           {"csv/missing_filled", Filled},
                                           {"csv/weighted", Weighted},
                                           {"csv/dates", Dated},
                                           {"csv/identifiers_left_out", Identified}}};
  for (const Kind& kind : kKinds) {
    for (const int threads : ThreadCounts()) {
      RegisterWithThreads(kind.name, threads,
                          [make = kind.make, threads](benchmark::State& state, Execution&) {
                            BenchRead(state, make(), threads);
                          });
    }
  }
}

}  // namespace colonnade::bench
