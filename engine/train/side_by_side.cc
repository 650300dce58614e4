// SPDX-License-Identifier: Apache-2.0
#include "engine/train/side_by_side.h"

#include <algorithm>
#include <atomic>

#include "engine/runtime/execution.h"

namespace colonnade {

void TrainSideBySide(size_t count, int threads, size_t at_once,
                     const std::function<void(size_t i, int threads)>& train) {
  const Execution all(threads);  // for as long as the groups run, so that they get threads
  const size_t most = at_once == 0 ? all.threads() : std::min(at_once, all.threads());
  const size_t groups = std::max<size_t>(1, std::min(most, count));
  std::atomic<size_t> next = 0;
  Execution(static_cast<int>(groups)).RunSideBySide(groups, [&](size_t group) {
    const size_t more = group < all.threads() % groups ? 1 : 0;
    const auto own = static_cast<int>(all.threads() / groups + more);
    for (size_t i = next++; i < count; i = next++) train(i, own);
  });
}

}  // namespace colonnade
