// SPDX-License-Identifier: Apache-2.0
// Which instruction set the kernels run on.
#ifndef COLONNADE_KERNELS_TARGETS_H_
#define COLONNADE_KERNELS_TARGETS_H_

#include <string>
#include <string_view>
#include <vector>

namespace colonnade::kernels {

// Names of the targets that this build contains and this machine runs, best first, as Highway
// spells them ("AVX3_ZEN4", "AVX2", ...). Never empty.
std::vector<std::string> SupportedTargets();

// Restricts all kernels of the process to the target `name` (case does not matter). False, and
// nothing changes, where the name is not one of SupportedTargets(). An empty name lifts the
// restriction. Must not run at the same time as a kernel.
bool UseTarget(std::string_view name);

// The target that the next kernel call takes.
std::string CurrentTarget();

// Whether CurrentTarget() fuses multiply and add. Results are bit-identical among those that do.
bool CurrentTargetHasFma();

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_TARGETS_H_
