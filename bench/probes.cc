// SPDX-License-Identifier: Apache-2.0
#include "bench/probes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "kernels/probe.h"
#include "kernels/targets.h"

namespace colonnade::bench {
namespace {

constexpr int kTrials = 5;  // the best counts: whatever else runs on the machine only slows down

// About a millisecond.
constexpr size_t kIterations = kernels::kMaxProbeIterations / 16;

double Compute(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::kF32 ? kernels::FmaProbe(kIterations)
                                        : kernels::Bf16DotProbe(kIterations);
}

// One task per thread. The operations done.
double ComputeOnAll(Execution& execution, Arithmetic arithmetic) {
  std::vector<double> flops(execution.threads());
  execution.ForEach(flops.size(), [&](size_t task, size_t) { flops[task] = Compute(arithmetic); });
  double sum = 0;
  for (const double f : flops) sum += f;
  return sum;
}

// Memory to read, one slice per thread.
class Slices {
 public:
  Slices(const Level& level, size_t threads)
      : threads_(threads),
        floats_((level.shared ? level.probed / threads : level.probed) / sizeof(float) /
                kernels::kPadFloats * kernels::kPadFloats),
        // Many passes over a small slice, or a loop over threads would take longer than it.
        passes_(std::max<size_t>(1, (size_t{16} << 20) / (floats_ * sizeof(float)))) {}

  // The bytes read.
  double Read(Execution& execution) const {
    // Kept from call to call: pages cost more than reading them.
    static AlignedBuffer<float> memory;
    if (memory.size() < floats_ * threads_) {
      memory = {};
      memory = AlignedBuffer<float>::Zeroed(floats_ * threads_);
    }
    execution.ForEach(threads_, [&](size_t task, size_t) {
      for (size_t pass = 0; pass < passes_; ++pass) {
        benchmark::DoNotOptimize(kernels::ReadProbe(memory.data() + task * floats_, floats_));
      }
    });
    return static_cast<double>(threads_ * passes_ * floats_ * sizeof(float));
  }

 private:
  size_t threads_;
  size_t floats_;
  size_t passes_;
};

std::vector<Level> FindLevels() {
  std::vector<Level> levels;
  size_t largest = size_t{16} << 20;
  for (const auto& cache : benchmark::CPUInfo::Get().caches) {
    if (cache.type == "Instruction" || cache.size <= 0) continue;
    const auto size = static_cast<size_t>(cache.size);
    levels.push_back({fmt::format("L{}", cache.level), size, size / 2, cache.num_sharing > 1});
    largest = std::max(largest, size);
  }
  std::sort(levels.begin(), levels.end(),
            [](const Level& a, const Level& b) { return a.size < b.size; });
  // Too much for the level below, and little enough for other programs to leave it there.
  for (size_t l = 1; l < levels.size(); ++l) {
    levels[l].probed = std::min(levels[l].probed, 4 * levels[l - 1].size);
  }
  levels.push_back({"memory", SIZE_MAX, 4 * largest, true});
  return levels;
}

void BenchCompute(benchmark::State& state, Execution& execution, Arithmetic arithmetic) {
  double flops = 0;
  const double seconds =
      TimeLoop(state, execution.threads(), [&] { flops = ComputeOnAll(execution, arithmetic); });
  state.counters["GFLOP/s"] = flops / seconds * 1e-9;
}

void BenchRead(benchmark::State& state, Execution& execution, const Level& level) {
  const Slices slices(level, execution.threads());
  slices.Read(execution);
  double bytes = 0;
  const double seconds =
      TimeLoop(state, execution.threads(), [&] { bytes = slices.Read(execution); });
  state.counters["GB/s"] = bytes / seconds * 1e-9;
}

bool HasBf16Dot(const std::string& target) {
  kernels::UseTarget(target);
  const bool has = kernels::Bf16DotProbe(1) > 0;
  kernels::UseTarget({});
  return has;
}

}  // namespace

const char* Name(Arithmetic arithmetic) { return arithmetic == Arithmetic::kF32 ? "f32" : "bf16"; }

double PeakFlops(Execution& execution, Arithmetic arithmetic) {
  double best = 0;
  const Stopwatch all(execution.threads());
  do {
    const Stopwatch watch(execution.threads());
    const double flops = ComputeOnAll(execution, arithmetic);
    best = std::max(best, flops / watch.Seconds());
  } while (all.Seconds() < WarmUpSeconds(execution.threads()) + 3e-3);
  return best;
}

const std::vector<Level>& Levels() {
  static const std::vector<Level> levels = FindLevels();
  return levels;
}

const Level& LevelThatHolds(double bytes) {
  for (const Level& level : Levels()) {
    if (bytes <= 0.75 * static_cast<double>(level.size)) return level;
  }
  return Levels().back();
}

double ReadBandwidth(Execution& execution, const Level& level) {
  const Slices slices(level, execution.threads());
  slices.Read(execution);
  double best = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    const Stopwatch watch(execution.threads());
    const double bytes = slices.Read(execution);
    best = std::max(best, bytes / watch.Seconds());
  }
  return best;
}

void SetFlops(benchmark::State& state, double flops, double seconds, double peak) {
  state.counters["GFLOP/s"] = flops / seconds * 1e-9;
  state.counters["peak%"] = 100 * flops / seconds / peak;
}

void TimeMemoryBound(benchmark::State& state, double moved, double working_set,
                     const std::function<void()>& f) {
  Execution execution(1);
  const Level& level = LevelThatHolds(working_set);
  const double limit = ReadBandwidth(execution, level);
  const double seconds = TimeLoop(state, 1, f);
  state.counters["GB/s"] = moved / seconds * 1e-9;
  state.counters["read%"] = 100 * moved / seconds / limit;
  state.SetLabel(level.name);
}

void RegisterProbes() {
  for (const std::string& target : kernels::SupportedTargets()) {
    for (const int threads : ThreadCounts()) {
      RegisterWithTarget("probe/fma", target, threads, [](auto& state, Execution& execution) {
        BenchCompute(state, execution, Arithmetic::kF32);
      });
      if (HasBf16Dot(target)) {
        RegisterWithTarget("probe/bf16_dot", target, threads,
                           [](auto& state, Execution& execution) {
                             BenchCompute(state, execution, Arithmetic::kBf16Dot);
                           });
      }
      for (const Level& level : Levels()) {
        RegisterWithTarget(
            "probe/read/" + level.name, target, threads,
            [level](auto& state, Execution& execution) { BenchRead(state, execution, level); });
      }
    }
  }
}

}  // namespace colonnade::bench
