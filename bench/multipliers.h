// SPDX-License-Identifier: Apache-2.0
// Who multiplies matrices: this project's kernels and, where the build found them, its peers.
#ifndef COLONNADE_BENCH_MULTIPLIERS_H_
#define COLONNADE_BENCH_MULTIPLIERS_H_

#include <functional>
#include <string>
#include <vector>

#include "bench/gemm_problem.h"
#include "bench/probes.h"
#include "engine/runtime/execution.h"

namespace colonnade::bench {

// A product that is ready to run, any number of times.
struct Product {
  std::string way;  // of the several that a library offers; empty where there is one
  std::function<void()> run;
  std::function<void()> store;  // brings the result to the problem's own matrix; empty: it is there
  bool rounded = false;         // the result, to bf16
};

struct Multiplier {
  std::string name;
  std::string version;    // empty: it was not found when this was built
  Arithmetic arithmetic;  // whose peak is the limit
  // The ways that an expert would choose from. `problem` and `execution` outlive the products. May
  // set a thread count that holds for the whole process.
  std::function<std::vector<Product>(GemmProblem& problem, Execution& execution)> ways;
};

Multiplier Colonnade();      // on the current target
Multiplier ColonnadeBf16();  // the same, in bf16; no version where the target has no instruction
Multiplier OpenBlas();
Multiplier OneDnn();

// The way that is fastest just now, its result verified. Throws std::runtime_error where one of the
// ways gives a wrong result.
Product FastestWay(const Multiplier& multiplier, GemmProblem& problem, Execution& execution);

// Columns of the result per task: one block per thread, of whole register tiles (6 columns).
size_t ColumnsPerTask(size_t columns, size_t threads);

// Waits until threads that a peer left spinning for more work sleep, or they would slow whoever is
// timed next. Nothing to wait for where there is one thread.
void Settle(const Execution& execution);

}  // namespace colonnade::bench

#endif  // COLONNADE_BENCH_MULTIPLIERS_H_
