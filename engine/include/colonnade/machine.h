// SPDX-License-Identifier: Apache-2.0
// What the library runs on: threads and instruction set.
#ifndef COLONNADE_MACHINE_H_
#define COLONNADE_MACHINE_H_

#include <string>
#include <string_view>
#include <vector>

namespace colonnade {

// How many threads make sense here: the processors that this process may run on (affinity), but no
// more than its cgroup's CPU quota, rounded up. At least 1. Read anew at each call; thread-safe.
int DefaultThreads();

// Names of the instruction sets that kernels can use on this machine, best first, for example
// "AVX3_ZEN4", "AVX2". Never empty.
std::vector<std::string> SimdTargets();

// The instruction set that kernels use: the first of SimdTargets() unless SetSimdTarget() chose.
std::string SimdTarget();

// Restricts all kernels of this process to one of SimdTargets() (case does not matter); an empty
// name lifts the restriction. Not to be called while another thread uses the library.
// Throws kInvalidArgument for a name that this machine or build does not have.
void SetSimdTarget(std::string_view name);

}  // namespace colonnade

#endif  // COLONNADE_MACHINE_H_
