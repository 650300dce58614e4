// SPDX-License-Identifier: Apache-2.0
// Decoding CSV text in memory, and reading CSV files that lie in the page cache.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "bench/support.h"
#include "colonnade/csv.h"
#include "kernels/csv_decode.h"
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

// Whether columns of `stride` hold the pixels of `digits`.
bool Holds(const uint8_t* columns, size_t stride, const tools::Digits& digits) {
  constexpr size_t kPixels = tools::kDigitPixels;
  bool same = true;
  for (size_t e = 0; same && e < digits.labels.size(); ++e) {
    same = std::equal(columns + e * stride, columns + e * stride + kPixels,
                      digits.pixels.begin() + static_cast<ptrdiff_t>(e * kPixels));
  }
  return same;
}

// The kernel alone, on a text that no cache holds.
void BenchDecodeBytes(benchmark::State& state) {
  const tools::Digits digits = tools::MakeDigits(20'000, 1);
  const size_t count = digits.labels.size();
  std::ostringstream out;
  tools::WriteDigitsCsv(out, digits);
  std::string text = out.str();
  text.erase(0, text.find('\n') + 1);
  const kernels::ByteRows rows = {.columns = tools::kDigitPixels + 1};
  const size_t stride = ColumnStride(rows.features(), 1);
  const auto columns = AlignedBuffer<uint8_t>::Zeroed(count * stride);
  std::vector<uint8_t> labels(count);
  std::vector<uint8_t> scratch(kernels::ByteRowScratch(rows.columns));
  const auto decode = [&] {
    return kernels::DecodeByteRows(text.data(), text.size(), rows, count, columns.data(), stride,
                                   labels.data(), scratch.data());
  };
  const bool good = decode() && labels == digits.labels && Holds(columns.data(), stride, digits);
  if (!Verify(state, good, "the digits that were written")) return;
  for (auto _ : state) benchmark::DoNotOptimize(decode());
  SetRate(state, "B/s", static_cast<double>(text.size()));
}

// Within the arena of the caller, that is, on its threads.
void BenchReadBytes(benchmark::State& state, Execution&) {
  constexpr size_t kExamples = 20'000;
  const TemporaryFile file;
  const tools::Digits digits = tools::MakeDigits(kExamples, 1);
  {
    std::ofstream out(file.path(), std::ios::binary);
    tools::WriteDigitsCsv(out, digits);
  }
  const Dataset data = ReadCsv(file.path());
  const bool same = data.examples() == kExamples && data.features() == tools::kDigitPixels &&
                    std::equal(digits.labels.begin(), digits.labels.end(), data.labels().begin()) &&
                    Holds(data.bytes(), data.stride(), digits);
  if (!Verify(state, same, "the digits that were written")) return;
  for (auto _ : state) benchmark::DoNotOptimize(ReadCsv(file.path()).examples());
  SetRate(state, "B/s", static_cast<double>(std::filesystem::file_size(file.path())));
}

void BenchReadFloats(benchmark::State& state, Execution&) {
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
  RegisterForTargets("csv/decode_u8", BenchDecodeBytes);
  for (const int threads : ThreadCounts()) {
    RegisterWithThreads("csv/u8_784_columns", threads, BenchReadBytes);
    RegisterWithThreads("csv/f32_100_columns", threads, BenchReadFloats);
  }
}

}  // namespace colonnade::bench
