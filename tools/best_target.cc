// SPDX-License-Identifier: Apache-2.0
// Prints the best SIMD target of this machine, by Highway's name, for
// COLONNADE_SIMD_TARGETS=native.
#include <cstdint>
#include <cstdio>

#include "hwy/detect_targets.h"
#include "hwy/targets.h"

int main() {
  // Of those that this compiler can make; the better a target is, the lower is its bit.
  const int64_t supported = hwy::SupportedTargets() & HWY_TARGETS;
  std::fputs(hwy::TargetName(supported & -supported), stdout);
}
