// SPDX-License-Identifier: Apache-2.0
// Threads. The only place of the library that knows oneTBB.
#ifndef COLONNADE_ENGINE_RUNTIME_EXECUTION_H_
#define COLONNADE_ENGINE_RUNTIME_EXECUTION_H_

#include <cstddef>
#include <functional>
#include <memory>

namespace colonnade {

// Where loops run. All of its loops flush denormal numbers to zero while they run, on every thread,
// and leave the floating-point control word as they found it.
class Execution {
 public:
  // threads ≥ 1: so many, in an arena of its own, unless the process has limited oneTBB to fewer
  // (tbb::global_control); 1 runs everything on the caller. 0: as
  // many as DefaultThreads() says, inside the arena of the caller if that one is smaller.
  explicit Execution(int threads);
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;
  ~Execution();

  // The number of threads that can take part in a loop.
  size_t threads() const { return threads_; }

  // Calls f() with the arena entered once, so that the loops in f need not enter it each time.
  void Run(const std::function<void()>& f);

  // Calls f(0) … f(tasks - 1), up to threads() of them at once, and returns when all are done: for
  // few tasks that take long and have loops of their own, in an Execution each. Unlike ForEach(),
  // does not flush denormal numbers. f must not throw.
  void RunSideBySide(size_t tasks, const std::function<void(size_t task)>& f);

  // Calls f(task, worker) for task = 0 .. tasks-1, in any order, in parallel, and returns when all
  // are done. worker < threads(), and no two calls with the same worker run at once. f must not
  // throw. Serial where there is one task or one thread.
  template <class F>
  void ForEach(size_t tasks, const F& f) {
    ForEach(tasks, &f, [](const void* context, size_t task, size_t worker) {
      (*static_cast<const F*>(context))(task, worker);
    });
  }

 private:
  using Body = void (*)(const void* context, size_t task, size_t worker);
  void ForEach(size_t tasks, const void* context, Body body);

  // In the arena.
  template <class Loop>
  void RunLoop(const Loop& loop);

  struct Arena;
  size_t threads_;
  std::unique_ptr<Arena> arena_;  // null: the caller's own
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_EXECUTION_H_
