// SPDX-License-Identifier: Apache-2.0
// Benchmarks of kernels, CSV reading, training and prediction. Each checks its result before it is
// timed.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bench/gemm_table.h"
#include "bench/support.h"

namespace {

// The value of `argument` where it is --name=value.
std::optional<std::string> ValueOf(std::string_view argument, std::string_view name) {
  if (!argument.starts_with(name) || !argument.substr(name.size()).starts_with('=')) return {};
  return std::string(argument.substr(name.size() + 1));
}

// --gemm_table[=REGEX] [--gemm_rounds=N]: the table and nothing else. False: not asked for.
bool GemmTable(std::span<char*> arguments) {
  std::optional<std::string> filter;
  std::string unknown;
  int rounds = 15;
  for (const std::string_view argument : arguments) {
    if (argument == "--gemm_table") {
      filter = "";
    } else if (const auto regex = ValueOf(argument, "--gemm_table")) {
      filter = regex;
    } else if (const auto count = ValueOf(argument, "--gemm_rounds")) {
      rounds = std::max(1, std::atoi(count->c_str()));
    } else {
      unknown = argument;
    }
  }
  if (!filter) return false;
  if (!unknown.empty()) throw std::runtime_error("not an argument of --gemm_table: " + unknown);
  colonnade::bench::PrintGemmTable(*filter, rounds);
  return true;
}

}  // namespace

int main(int argc, char** argv) try {
  if (GemmTable({argv + 1, static_cast<size_t>(argc - 1)})) return 0;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  colonnade::bench::RegisterProbes();
  colonnade::bench::RegisterGemm();
  colonnade::bench::RegisterZeros();
  colonnade::bench::RegisterSparse();
  colonnade::bench::RegisterElementwise();
  colonnade::bench::RegisterCsv();
  colonnade::bench::RegisterCsvTables();
  colonnade::bench::RegisterTraining();
  colonnade::bench::RegisterInference();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "colonnade_bench: %s\n", error.what());
  return 1;
}
