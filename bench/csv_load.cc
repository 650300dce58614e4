// SPDX-License-Identifier: Apache-2.0
// Loads a CSV file again and again, for tools/compare_csv.py.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/support.h"
#include "colonnade/csv.h"
#include "colonnade/machine.h"

namespace colonnade::bench {
namespace {

constexpr const char* kUsage =
    "usage: colonnade_csv_load FILE.csv THREADS VALUES [WEIGHTS]\n"
    "\n"
    "Reads the table, writes its labels (class indices) and features to VALUES, as f32, one "
    "example\n"
    "after the other; then, for each line of its input, reads it once more and prints the "
    "seconds.\n"
    "WEIGHTS: the column that is no feature but how much each example counts.\n";

void WriteValues(const Dataset& data, const char* file) {
  std::ofstream out(file, std::ios::binary);
  std::vector<float> row(1 + data.features());
  for (size_t e = 0; e < data.examples(); ++e) {
    row[0] = static_cast<float>(data.labels()[e]);
    const size_t begin = e * data.stride();
    if (data.bytes() != nullptr) {
      std::copy_n(data.bytes() + begin, data.features(), row.begin() + 1);
    } else {
      std::copy_n(data.floats() + begin, data.features(), row.begin() + 1);
    }
    out.write(reinterpret_cast<const char*>(row.data()),
              static_cast<std::streamsize>(row.size() * sizeof(float)));
  }
  if (!out.flush()) throw std::runtime_error(std::string("cannot write ") + file);
}

void Run(const char* file, int threads, const char* values, const char* weights) {
  CsvOptions options;
  if (weights != nullptr) options.weight_column = weights;
  options.threads = threads > 0 ? threads : DefaultThreads();
  WriteValues(ReadCsv(file, options), values);
  for (int c = std::getchar(); c != EOF; c = std::getchar()) {
    if (c != '\n') continue;
    const Stopwatch watch(2);  // time on the wall, whatever the threads
    const Dataset data = ReadCsv(file, options);
    std::printf("%.9f\n", watch.Seconds());
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace colonnade::bench

int main(int argc, char** argv) try {
  if (argc != 4 && argc != 5) {
    std::fputs(colonnade::bench::kUsage, stderr);
    return 2;
  }
  colonnade::bench::Run(argv[1], std::atoi(argv[2]), argv[3], argc == 5 ? argv[4] : nullptr);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "colonnade_csv_load: %s\n", error.what());
  return 1;
}
