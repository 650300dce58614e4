// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/execution.h"

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>

#include <algorithm>

#include "colonnade/machine.h"
#include "engine/runtime/floating_point.h"

namespace colonnade {

struct Execution::Arena {
  explicit Arena(int threads)
      // oneTBB starts no more workers than processors unless it is told that more are allowed.
      : allowed(tbb::global_control::max_allowed_parallelism,
                std::max(static_cast<size_t>(threads),
                         tbb::global_control::active_value(
                             tbb::global_control::max_allowed_parallelism))),
        arena(threads) {}

  tbb::global_control allowed;
  tbb::task_arena arena;
};

Execution::Execution(int threads) : threads_(static_cast<size_t>(std::max(threads, 1))) {
  if (threads == 1) return;
  if (threads == 0) {
    const int wanted = DefaultThreads();
    const int present = tbb::this_task_arena::max_concurrency();
    threads_ = static_cast<size_t>(std::min(wanted, present));
    if (present <= wanted) return;  // the caller's arena will do
  }
  arena_ = std::make_unique<Arena>(static_cast<int>(threads_));
}

Execution::~Execution() = default;

void Execution::Run(const std::function<void()>& f) {
  if (arena_ == nullptr) {
    f();
  } else {
    arena_->arena.execute(f);
  }
}

template <class Loop>
void Execution::RunLoop(const Loop& loop) {
  if (arena_ != nullptr) {
    arena_->arena.execute(loop);
  } else {
    // In the caller's arena, waiting must not pick up the caller's other tasks.
    tbb::this_task_arena::isolate(loop);
  }
}

void Execution::RunSideBySide(size_t tasks, const std::function<void(size_t)>& f) {
  if (tasks <= 1 || threads_ == 1) {
    for (size_t task = 0; task < tasks; ++task) f(task);
    return;
  }
  RunLoop([&] { tbb::parallel_for(size_t{0}, tasks, f, tbb::simple_partitioner()); });
}

void Execution::ForEach(size_t tasks, const void* context, Body body) {
  if (tasks <= 1 || threads_ == 1) {
    const ScopedFlushDenormals flush;
    for (size_t task = 0; task < tasks; ++task) body(context, task, 0);
    return;
  }
  RunLoop([&] {
    tbb::parallel_for(
        tbb::blocked_range<size_t>(0, tasks),
        [&](const tbb::blocked_range<size_t>& range) {
          const ScopedFlushDenormals flush;
          const auto worker = static_cast<size_t>(tbb::this_task_arena::current_thread_index());
          for (size_t task = range.begin(); task < range.end(); ++task) body(context, task, worker);
        },
        tbb::simple_partitioner());
  });
}

}  // namespace colonnade
