// SPDX-License-Identifier: Apache-2.0
#include "kernels/targets.h"

#include <strings.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/targets.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

int64_t ThisTarget() { return HWY_TARGET; }
bool HasFma() { return HWY_NATIVE_FMA != 0; }

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {
namespace {

HWY_EXPORT(ThisTarget);
HWY_EXPORT(HasFma);

// Targets of this build and machine. Asked of Highway once, before anything is restricted.
const std::vector<int64_t>& AllTargets() {
  static const std::vector<int64_t> targets = hwy::SupportedAndGeneratedTargets();
  return targets;
}

}  // namespace

std::vector<std::string> SupportedTargets() {
  std::vector<std::string> names;
  for (const int64_t target : AllTargets()) names.emplace_back(hwy::TargetName(target));
  return names;
}

bool UseTarget(std::string_view name) {
  for (const int64_t target : AllTargets()) {
    if (strcasecmp(hwy::TargetName(target), std::string(name).c_str()) == 0) {
      hwy::SetSupportedTargetsForTest(target);
      return true;
    }
  }
  if (!name.empty()) return false;
  hwy::SetSupportedTargetsForTest(0);
  return true;
}

std::string CurrentTarget() { return hwy::TargetName(HWY_DYNAMIC_DISPATCH(ThisTarget)()); }

bool CurrentTargetHasFma() { return HWY_DYNAMIC_DISPATCH(HasFma)(); }

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
