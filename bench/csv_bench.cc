// Reading CSV files that lie in the page cache.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "bench/support.h"
#include "colonnade/csv.h"
#include "tools/synthetic_digits.h"

namespace colonnade::bench {
namespace {

// A file that is gone when the benchmark ends.
class TemporaryFile {
 public:
  TemporaryFile()
      : path_(std::filesystem::temp_directory_path() /
              ("colonnade_bench_" + std::to_string(getpid()) + ".csv")) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void BenchReadBytes(benchmark::State& state) {
  constexpr size_t kExamples = 20'000;
  const TemporaryFile file;
  const tools::Digits digits = tools::MakeDigits(kExamples, 1);
  {
    std::ofstream out(file.path(), std::ios::binary);
    tools::WriteDigitsCsv(out, digits);
  }
  const Dataset data = ReadCsv(file.path());
  bool same = data.examples() == kExamples && data.features() == 784;
  for (size_t e = 0; same && e < kExamples; ++e) {
    same = data.labels()[e] == digits.labels[e] &&
           std::equal(data.bytes() + e * data.stride(), data.bytes() + e * data.stride() + 784,
                      digits.pixels.begin() + static_cast<ptrdiff_t>(e * 784));
  }
  if (!Verify(state, same, "the digits that were written")) return;
  for (auto _ : state) benchmark::DoNotOptimize(ReadCsv(file.path()).examples());
  SetRate(state, "B/s", static_cast<double>(std::filesystem::file_size(file.path())));
}

void BenchReadFloats(benchmark::State& state) {
  constexpr size_t kExamples = 20'000;
  constexpr size_t kFeatures = 100;
  const TemporaryFile file;
  const OwnedMatrix values = RandomMatrix(kFeatures, kExamples, 1);
  {
    std::ofstream out(file.path(), std::ios::binary);
    out.precision(6);
    for (size_t e = 0; e < kExamples; ++e) {
      out << e % 3;
      for (size_t f = 0; f < kFeatures; ++f) out << ',' << values.view().Column(e)[f];
      out << '\n';
    }
  }
  const Dataset data = ReadCsv(file.path());
  bool near = data.examples() == kExamples && data.features() == kFeatures;
  for (size_t e = 0; near && e < kExamples; ++e) {
    for (size_t f = 0; f < kFeatures; ++f) {
      const float expected = values.view().Column(e)[f];
      near = near && std::abs(data.floats()[e * data.stride() + f] - expected) < 1e-5f;
    }
  }
  if (!Verify(state, near, "the numbers that were written")) return;
  for (auto _ : state) benchmark::DoNotOptimize(ReadCsv(file.path()).examples());
  SetRate(state, "B/s", static_cast<double>(std::filesystem::file_size(file.path())));
}

}  // namespace

void RegisterCsv() {
  benchmark::RegisterBenchmark("csv/u8_784_columns", BenchReadBytes)->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("csv/f32_100_columns", BenchReadFloats)
      ->Unit(benchmark::kMillisecond);
}

}  // namespace colonnade::bench
