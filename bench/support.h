// What the benchmarks share: inputs, checks, counters.
#ifndef COLONNADE_BENCH_SUPPORT_H_
#define COLONNADE_BENCH_SUPPORT_H_

#include <benchmark/benchmark.h>

#include <functional>
#include <string>

#include "engine/runtime/aligned.h"

namespace colonnade::bench {

// A matrix of numbers uniform in [-1, 1).
OwnedMatrix RandomMatrix(size_t rows, size_t cols, uint32_t seed);

// Registers `body` once per SIMD target of this machine, the target's name ending the benchmark's
// name; the kernels run on that target while the body does.
void RegisterForTargets(const std::string& name,
                        const std::function<void(benchmark::State&)>& body);

// A rate in units of `per_iteration` per second, shown as `name` ("GFLOP/s" counts 1e9 of them).
void SetRate(benchmark::State& state, const char* name, double per_iteration);

// Ends the benchmark with an error instead of a time where a result is wrong.
bool Verify(benchmark::State& state, bool good, const char* what);

void RegisterGemm();
void RegisterElementwise();
void RegisterCsv();
void RegisterTraining();

}  // namespace colonnade::bench

#endif  // COLONNADE_BENCH_SUPPORT_H_
