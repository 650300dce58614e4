// SPDX-License-Identifier: Apache-2.0
#include "bench/support.h"

#include <fmt/format.h>

#include <ctime>

#include "colonnade/machine.h"
#include "engine/runtime/random.h"
#include "kernels/targets.h"

namespace colonnade::bench {

OwnedMatrix RandomMatrix(size_t rows, size_t cols, uint32_t seed) {
  OwnedMatrix matrix(rows, cols);
  for (size_t c = 0; c < cols; ++c) {
    Random(seed, RandomStream::kWeights, static_cast<uint32_t>(c))
        .Uniform({matrix.view().Column(c), rows}, -1, 1);
  }
  return matrix;
}

std::vector<int> ThreadCounts() {
  return DefaultThreads() == 1 ? std::vector<int>{1} : std::vector<int>{1, DefaultThreads()};
}

void RegisterWithThreads(const std::string& name, int threads, const ThreadedBody& body) {
  auto* registered = benchmark::RegisterBenchmark(
      (name + "/threads:" + std::to_string(threads)).c_str(), [=](benchmark::State& state) {
        Execution execution(threads);
        execution.Run([&] { body(state, execution); });
      });
  if (threads > 1) registered->UseRealTime();
}

void RegisterWithTarget(const std::string& name, const std::string& target, int threads,
                        const ThreadedBody& body) {
  RegisterWithThreads(name + "/" + target, threads,
                      [=](benchmark::State& state, Execution& execution) {
                        kernels::UseTarget(target);
                        body(state, execution);
                        kernels::UseTarget({});
                      });
}

void RegisterForTargets(const std::string& name,
                        const std::function<void(benchmark::State&)>& body) {
  for (const std::string& target : kernels::SupportedTargets()) {
    const auto on_target = [=](benchmark::State& state) {
      kernels::UseTarget(target);
      body(state);
      kernels::UseTarget({});
    };
    benchmark::RegisterBenchmark(fmt::format("{}/{}", name, target).c_str(), on_target);
  }
}

void SetRate(benchmark::State& state, const char* name, double per_iteration) {
  state.counters[name] = benchmark::Counter(per_iteration * static_cast<double>(state.iterations()),
                                            benchmark::Counter::kIsRate);
}

bool Verify(benchmark::State& state, bool good, const char* what) {
  if (!good) state.SkipWithError((std::string("wrong result: ") + what).c_str());
  return good;
}

Stopwatch::Stopwatch(size_t threads) : alone_(threads == 1), begin_(Now()) {}

double Stopwatch::Seconds() const { return Now() - begin_; }

double Stopwatch::Now() const {
  timespec t{};
  clock_gettime(alone_ ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace colonnade::bench
