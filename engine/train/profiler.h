// SPDX-License-Identifier: Apache-2.0
// Recording where the time of a training goes.
#ifndef COLONNADE_ENGINE_TRAIN_PROFILER_H_
#define COLONNADE_ENGINE_TRAIN_PROFILER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "colonnade/network.h"
#include "colonnade/profile.h"
#include "colonnade/train.h"
#include "engine/runtime/aligned.h"
#include "engine/runtime/execution.h"

namespace colonnade {

// Fills a Profile. Each worker writes to memory of its own, allocated and touched before training
// begins. Steps are recorded whole until the memory of one worker is full; the sums go on.
class Profiler {
 public:
  using Clock = std::chrono::steady_clock;

  // Measures the peak on the threads of `execution`, for some 20 ms. Keeps references to shape and
  // profile.
  Profiler(const NetworkShape& shape, Precision precision, Execution& execution, Profile& profile);

  // To be called at the end of a training that began at `begin` and took `seconds`.
  void Finish(Clock::time_point begin, double seconds, bool zeros_skipped);

 private:
  friend class StepTimer;
  friend class PhaseTimer;

  // What one worker writes, on cache lines that no other writes to.
  struct alignas(kernels::kAlignment) Log {
    AlignedBuffer<int64_t> sums;           // nanoseconds of each layer and phase
    AlignedBuffer<Profile::Event> events;  // times are the clock's own
    size_t size = 0;                       // events that are there
    size_t whole_size = 0;  // of these, up to the last step that all workers recorded
    bool overflowed = false;
    uint64_t readings = 0;  // of the clock
  };

  static constexpr size_t kPhases = static_cast<size_t>(Phase::kWait);  // that are recorded

  static int64_t Nanoseconds(Clock::time_point time) {
    return std::chrono::nanoseconds(time.time_since_epoch()).count();
  }

  int64_t Now(size_t worker) {
    ++logs_[worker].readings;
    return Nanoseconds(Clock::now());
  }

  static size_t SumIndex(Phase phase, int layer) {
    return static_cast<size_t>(layer + 1) * kPhases + static_cast<size_t>(phase);
  }

  // What began then ends now; returns the time.
  int64_t Add(size_t worker, int64_t begin, Phase phase, int layer) {
    const int64_t now = Now(worker);
    Log& log = logs_[worker];
    log.sums[SumIndex(phase, layer)] += now - begin;
    if (recording_) {
      if (log.size < log.events.size()) {
        log.events[log.size++] = {{begin, now}, phase, layer};
      } else {
        log.overflowed = true;
      }
    }
    return now;
  }

  void AddStep(int64_t begin, size_t examples);
  double SecondsPerReading();
  std::vector<Profile::Event> EventsOf(const Log& log, int64_t origin) const;

  const NetworkShape& shape_;
  Profile& profile_;
  std::vector<Log> logs_;  // per worker
  bool recording_ = true;
  int64_t in_steps_ = 0;  // nanoseconds
  size_t examples_ = 0;
  double seconds_per_reading_ = 0;
};

// From its construction to its end, a step on so many examples. Does nothing without a profiler.
class StepTimer {
 public:
  StepTimer(Profiler* profiler, size_t examples)
      : profiler_(profiler),
        examples_(examples),
        begin_(profiler == nullptr ? 0 : profiler->Now(0)) {}
  StepTimer(const StepTimer&) = delete;
  StepTimer& operator=(const StepTimer&) = delete;
  ~StepTimer() {
    if (profiler_ != nullptr) profiler_->AddStep(begin_, examples_);
  }

 private:
  Profiler* profiler_;
  size_t examples_;
  int64_t begin_;
};

// Times what a worker does, one phase after the other. Does nothing without a profiler.
class PhaseTimer {
 public:
  PhaseTimer(Profiler* profiler, size_t worker)
      : profiler_(profiler),
        worker_(worker),
        begin_(profiler == nullptr ? 0 : profiler->Now(worker)) {}

  // What was done since construction, or since the last call, was this.
  void Done(Phase phase) {
    if (profiler_ != nullptr) begin_ = profiler_->Add(worker_, begin_, phase, -1);
  }
  void Done(Phase phase, size_t layer) {
    if (profiler_ != nullptr) {
      begin_ = profiler_->Add(worker_, begin_, phase, static_cast<int>(layer));
    }
  }

 private:
  Profiler* profiler_;
  size_t worker_;
  int64_t begin_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_PROFILER_H_
