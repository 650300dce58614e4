// SPDX-License-Identifier: Apache-2.0
// Training steps and epochs on digits, all threads and one.
#include <string>
#include <vector>

#include "bench/support.h"
#include "colonnade/evaluate.h"
#include "colonnade/machine.h"
#include "colonnade/train.h"
#include "tools/synthetic_digits.h"

namespace colonnade::bench {
namespace {

const Dataset& Digits() {
  static const Dataset data = [] {
    const tools::Digits digits = tools::MakeDigits(12'800, 1);
    Schema schema;
    schema.features = 784;
    for (int k = 0; k < 10; ++k) schema.classes.push_back(std::to_string(k));
    return Dataset::FromMemory(std::span<const uint8_t>(digits.pixels),
                               std::vector<uint32_t>(digits.labels.begin(), digits.labels.end()),
                               schema);
  }();
  return data;
}

struct Run {
  std::string name;
  std::vector<size_t> hidden;
  size_t batch_size;
  int threads;
};

TrainOptions OptionsOf(const Run& run) {
  TrainOptions options;
  options.hidden = run.hidden;
  options.batch_size = run.batch_size;
  options.threads = run.threads;
  options.epochs = 1;
  return options;
}

// A run must learn something, or its time is worth nothing: in one epoch of many steps, or in some
// of one step each.
bool Learns(benchmark::State& state, const Run& run) {
  TrainOptions options = OptionsOf(run);
  if (run.batch_size == Digits().examples()) options.epochs = 30;
  const TrainResult result = Train(Digits(), options);
  return Verify(state, Evaluate(result.model, Digits()).accuracy > 0.3, "nothing was learned");
}

void BenchEpoch(benchmark::State& state, const Run& run) {
  if (!Learns(state, run)) return;
  double seconds = 0;
  for (auto _ : state) {
    const TrainResult result = Train(Digits(), OptionsOf(run));
    state.SetIterationTime(result.seconds);
    seconds += result.seconds;
  }
  state.counters["examples/s"] =
      static_cast<double>(Digits().examples() * static_cast<size_t>(state.iterations())) / seconds;
}

// One step: from one call of the progress callback to the next, within a long run.
void BenchStep(benchmark::State& state, const Run& run) {
  if (!Learns(state, run)) return;
  TrainOptions options = OptionsOf(run);
  options.epochs = 1000;
  double last = 0;
  auto iteration = state.begin();
  const auto end = state.end();
  options.on_progress = [&](const Progress& p) {
    if (p.step > 1) {  // the first step warms caches and threads up
      if (!(iteration != end)) return false;
      state.SetIterationTime(p.seconds - last);
      ++iteration;
    }
    last = p.seconds;
    return true;
  };
  benchmark::DoNotOptimize(Train(Digits(), options));
  SetRate(state, "examples/s", static_cast<double>(run.batch_size));
}

}  // namespace

void RegisterTraining() {
  for (const int threads : {1, DefaultThreads()}) {
    const std::string suffix = "/threads:" + std::to_string(threads);
    const Run runs[] = {{"784-128-10/batch:128", {128}, 128, threads},
                        {"784-1024-1024-10/batch:256", {1024, 1024}, 256, threads},
                        {"784-10-10/batch:full", {10}, 12'800, threads}};
    for (const Run& run : runs) {
      benchmark::RegisterBenchmark(("train_step/" + run.name + suffix).c_str(),
                                   [run](benchmark::State& state) { BenchStep(state, run); })
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
      benchmark::RegisterBenchmark(("train_epoch/" + run.name + suffix).c_str(),
                                   [run](benchmark::State& state) { BenchEpoch(state, run); })
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond);
    }
    if (DefaultThreads() == 1) break;
  }
}

}  // namespace colonnade::bench
