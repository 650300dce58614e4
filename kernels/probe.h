// SPDX-License-Identifier: Apache-2.0
// How fast this machine computes and reads at most: loops that do nothing else, for a caller to
// time and to compare kernels with.
#ifndef COLONNADE_KERNELS_PROBE_H_
#define COLONNADE_KERNELS_PROBE_H_

#include <cstddef>

namespace colonnade::kernels {

// The most iterations that the arithmetic probes can count, some 20 ms of work.
inline constexpr size_t kMaxProbeIterations = size_t{1} << 22;

// f32 multiply-adds in registers, `iterations` ≤ kMaxProbeIterations in each of enough independent
// chains to keep the units busy; fused where the target can. Returns the floating-point operations
// done, two per multiply-add. Thread-safe.
double FmaProbe(size_t iterations) noexcept;

// The same with bf16 dot products that accumulate in f32, two operations per product. 0 where the
// target has no instruction for them.
double Bf16DotProbe(size_t iterations) noexcept;

// The sum of data[0 .. floats), in no particular order: one pass of reading. `data` is aligned to
// kAlignment (kernels/matrix.h), `floats` a multiple of kPadFloats. Thread-safe.
float ReadProbe(const float* data, size_t floats) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_PROBE_H_
