// SPDX-License-Identifier: Apache-2.0
// What the benchmarks share: inputs, registration, checks, clocks, counters.
#ifndef COLONNADE_BENCH_SUPPORT_H_
#define COLONNADE_BENCH_SUPPORT_H_

#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/runtime/aligned.h"
#include "engine/runtime/execution.h"

namespace colonnade::bench {

// A matrix of numbers uniform in [-1, 1).
OwnedMatrix RandomMatrix(size_t rows, size_t cols, uint32_t seed);

// One, and all that this process may use where that is more.
std::vector<int> ThreadCounts();

// Registers `body`, the number of threads ending its name ("/threads:2"). It runs inside the arena
// of the execution that it is handed. Timed by the wall clock where there are several threads.
using ThreadedBody = std::function<void(benchmark::State&, Execution&)>;
void RegisterWithThreads(const std::string& name, int threads, const ThreadedBody& body);

// The same with a SIMD target, whose name comes before the threads; the kernels run on it while the
// body does.
void RegisterWithTarget(const std::string& name, const std::string& target, int threads,
                        const ThreadedBody& body);

// Registers `body` once per SIMD target of this machine, the target's name ending the benchmark's
// name; the kernels run on that target while the body does, on one thread.
void RegisterForTargets(const std::string& name,
                        const std::function<void(benchmark::State&)>& body);

// A rate in units of `per_iteration` per second, shown as `name`.
void SetRate(benchmark::State& state, const char* name, double per_iteration);

// Ends the benchmark with an error instead of a time where a result is wrong.
bool Verify(benchmark::State& state, bool good, const char* what);

// Seconds since its construction: processor time of this thread where it works alone, which other
// programs on the machine disturb less, and else time on the wall.
class Stopwatch {
 public:
  explicit Stopwatch(size_t threads);
  double Seconds() const;

 private:
  double Now() const;

  bool alone_;
  double begin_;
};

// Seconds of work after which threads that slept run at full speed: the system may wake them on one
// processor and take its time to give each its own.
constexpr double WarmUpSeconds(size_t threads) { return threads == 1 ? 2e-3 : 60e-3; }

// Runs the benchmark's loop over f(). The seconds per call.
template <class F>
double TimeLoop(benchmark::State& state, size_t threads, const F& f) {
  const Stopwatch watch(threads);
  for (auto _ : state) f();
  return watch.Seconds() / static_cast<double>(state.iterations());
}

void RegisterProbes();
void RegisterGemm();
void RegisterZeros();
void RegisterSparse();
void RegisterElementwise();
void RegisterCsv();
void RegisterCsvTables();
void RegisterTraining();
void RegisterInference();

}  // namespace colonnade::bench

#endif  // COLONNADE_BENCH_SUPPORT_H_
