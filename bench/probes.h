// SPDX-License-Identifier: Apache-2.0
// What the machine attains at most, measured now: kernels are compared with it.
#ifndef COLONNADE_BENCH_PROBES_H_
#define COLONNADE_BENCH_PROBES_H_

#include <string>
#include <vector>

#include "bench/support.h"

namespace colonnade::bench {

enum class Arithmetic { kF32, kBf16Dot };
const char* Name(Arithmetic arithmetic);

// Operations per second that all threads of `execution` attain together on the current target, in
// registers; 0 where the target has no such instruction. The best of some milliseconds. Clocks
// drift, so it is measured again right before whatever is compared with it.
double PeakFlops(Execution& execution, Arithmetic arithmetic);

// A cache or the memory.
struct Level {
  std::string name;  // "L1", "L2", ..., "memory"
  size_t size;       // bytes
  size_t probed;     // bytes that the probe reads
  bool shared;       // by threads: `probed` is what all of them read together
};

// The levels of this machine, as far as the system tells, the smallest first; memory is always
// there.
const std::vector<Level>& Levels();

// The smallest level that holds `bytes` with a quarter to spare.
const Level& LevelThatHolds(double bytes);

// Bytes per second that all threads of `execution` read together from `level`, each its own.
double ReadBandwidth(Execution& execution, const Level& level);

// Shows a product's GFLOP/s, and as "peak%" how near it comes to `peak` (operations per second).
void SetFlops(benchmark::State& state, double flops, double seconds, double peak);

// Times f(), which moves `moved` bytes within `working_set` bytes on one thread. Shows GB/s, and as
// "read%" how near it comes to reading from the level that holds the working set, the label.
void TimeMemoryBound(benchmark::State& state, double moved, double working_set,
                     const std::function<void()>& f);

}  // namespace colonnade::bench

#endif  // COLONNADE_BENCH_PROBES_H_
