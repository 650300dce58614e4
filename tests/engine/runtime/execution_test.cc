// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/execution.h"

#include <gtest/gtest.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <atomic>
#include <limits>
#include <vector>

#include "engine/runtime/floating_point.h"

namespace colonnade {
namespace {

// Not known to the compiler, so that it cannot fold the division.
float Denormal() {
  volatile float smallest = std::numeric_limits<float>::min();
  return smallest / 2;
}

TEST(ExecutionTest, EveryTaskRunsOnceOnAWorkerInRange) {
  for (const int threads : {1, 2, 3, 8}) {
    Execution execution(threads);
    ASSERT_EQ(execution.threads(), static_cast<size_t>(threads));
    for (const size_t tasks : {0u, 1u, 2u, 7u, 1000u}) {
      std::vector<std::atomic<int>> runs(tasks);
      std::vector<std::atomic<int>> busy(execution.threads());
      std::atomic<bool> shared = false;
      execution.ForEach(tasks, [&](size_t task, size_t worker) {
        if (worker >= busy.size() || busy[worker]++ != 0) shared = true;
        ++runs[task];
        --busy[worker];
      });
      EXPECT_FALSE(shared) << threads << " threads, " << tasks << " tasks";
      for (const auto& count : runs) ASSERT_EQ(count, 1);
    }
  }
}

TEST(ExecutionTest, TasksReallyRunAtTheSameTime) {
  Execution execution(4);  // more than the processors of a small machine
  std::atomic<int> present = 0;
  std::atomic<bool> met = false;
  // Two tasks wait for each other: serial execution would run into the limit.
  execution.ForEach(2, [&](size_t, size_t) {
    ++present;
    for (int spin = 0; spin < 200'000'000 && !met; ++spin) {
      if (present >= 2) met = true;
    }
  });
  EXPECT_TRUE(met);
}

TEST(ExecutionTest, FlushesDenormalsInLoopsAndRestoresTheControlWord) {
  ASSERT_NE(Denormal(), 0.0f);
  for (const int threads : {1, 3}) {
    Execution execution(threads);
    std::atomic<int> kept = 0;
    execution.ForEach(100, [&](size_t, size_t) {
      if (Denormal() != 0.0f) ++kept;
    });
    EXPECT_EQ(kept, 0);
    EXPECT_NE(Denormal(), 0.0f) << "not restored on the calling thread";
    // Nor on the workers, which the program uses for other things.
    std::atomic<int> lost = 0;
    tbb::parallel_for(0, 100, [&](int) {
      if (Denormal() == 0.0f) ++lost;
    });
    EXPECT_EQ(lost, 0);
  }
}

TEST(ExecutionTest, ZeroThreadsStaysInTheArenaOfTheCaller) {
  tbb::task_arena small(1);
  small.execute([] {
    Execution execution(0);
    EXPECT_EQ(execution.threads(), 1u);
  });
}

TEST(ExecutionTest, RunEntersTheArenaOnce) {
  Execution execution(3);
  int concurrency = 0;
  execution.Run([&] { concurrency = tbb::this_task_arena::max_concurrency(); });
  EXPECT_EQ(concurrency, 3);
}

TEST(ExecutionTest, ExceptionsLeaveRunAsTheyCame) {
  Execution execution(2);
  EXPECT_THROW(execution.Run([] { throw std::runtime_error("out"); }), std::runtime_error);
}

}  // namespace
}  // namespace colonnade
