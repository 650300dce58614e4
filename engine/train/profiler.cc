// SPDX-License-Identifier: Apache-2.0
#include "engine/train/profiler.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "kernels/probe.h"

namespace colonnade {
namespace {

// Of all workers together: 6 MiB here, some 30 MB as a trace.
constexpr size_t kMaxEvents = size_t{1} << 18;

// A step has no fewer: reading, loss and its sum, and of one layer two.
constexpr size_t kLeastEventsPerStep = 5;

double Seconds(int64_t nanoseconds) { return 1e-9 * static_cast<double>(nanoseconds); }

// Of one thread while all of them compute: the best trial, a millisecond each, since whatever else
// runs only slows down. Trials in which a thread did another's share count only if there are no
// others: a core may be faster while its neighbours rest.
double PeakFlops(Precision precision, Execution& execution) {
  constexpr int kTrials = 10;
  constexpr size_t kIterations = kernels::kMaxProbeIterations / 16;
  const bool bf16 = precision == Precision::kBf16 && kernels::Bf16DotProbe(1) > 0;
  const size_t threads = execution.threads();
  std::vector<double> rates(threads);
  double best = 0, best_of_all = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<char> took_part(threads);
    execution.ForEach(threads, [&](size_t task, size_t worker) {
      const auto begin = Profiler::Clock::now();
      const double flops =
          bf16 ? kernels::Bf16DotProbe(kIterations) : kernels::FmaProbe(kIterations);
      rates[task] = flops / std::chrono::duration<double>(Profiler::Clock::now() - begin).count();
      took_part[worker] = 1;
    });
    const double mean =
        std::accumulate(rates.begin(), rates.end(), 0.0) / static_cast<double>(threads);
    best = std::max(best, mean);
    if (std::count(took_part.begin(), took_part.end(), 1) == static_cast<ptrdiff_t>(threads)) {
      best_of_all = std::max(best_of_all, mean);
    }
  }
  return best_of_all > 0 ? best_of_all : best;
}

}  // namespace

Profiler::Profiler(const NetworkShape& shape, Precision precision, Execution& execution,
                   Profile& profile)
    : shape_(shape), profile_(profile), logs_(execution.threads()) {
  profile = {};
  profile.threads = static_cast<int>(logs_.size());
  profile.peak_flops = PeakFlops(precision, execution);
  profile.traced_steps.reserve(kMaxEvents / kLeastEventsPerStep);
  for (Log& log : logs_) {
    log.sums = AlignedBuffer<int64_t>::Zeroed((shape.layers.size() + 1) * kPhases);
    log.events = AlignedBuffer<Profile::Event>::Zeroed(kMaxEvents / logs_.size());
  }
  seconds_per_reading_ = SecondsPerReading();
}

// Of the clock, with noting what was read.
double Profiler::SecondsPerReading() {
  constexpr int kTrials = 10;
  constexpr int kReadings = 100;
  int64_t least = std::numeric_limits<int64_t>::max();
  for (int trial = 0; trial < kTrials; ++trial) {
    const int64_t begin = Now(0);
    int64_t end = begin;
    for (int i = 0; i < kReadings; ++i) end = Add(0, end, Phase::kRead, -1);
    least = std::min(least, end - begin);
    logs_[0].sums[SumIndex(Phase::kRead, -1)] = 0;
    logs_[0].size = 0;
    logs_[0].readings = 0;
  }
  return Seconds(least) / kReadings;
}

void Profiler::AddStep(int64_t begin, size_t examples) {
  const int64_t end = Now(0);
  in_steps_ += end - begin;
  examples_ += examples;
  ++profile_.steps;
  if (!recording_) return;
  recording_ = std::none_of(logs_.begin(), logs_.end(), [](const Log& l) { return l.overflowed; });
  if (!recording_) return;
  profile_.traced_steps.push_back({begin, end});
  for (Log& log : logs_) log.whole_size = log.size;
}

void Profiler::Finish(Clock::time_point begin, double seconds, bool zeros_skipped) {
  const double threads = static_cast<double>(logs_.size());
  profile_.seconds = seconds;
  profile_.zeros_skipped = zeros_skipped;

  double busy = 0;
  const auto total = [&](Phase phase, int layer, double flops = 0) {
    int64_t sum = 0;
    for (const Log& log : logs_) sum += log.sums[SumIndex(phase, layer)];
    profile_.totals.push_back({phase, layer, Seconds(sum) / threads, flops});
    busy += Seconds(sum) / threads;
  };
  for (int l = 0; const Layer& layer : shape_.layers) {
    const double flops =
        2 * static_cast<double>(layer.inputs * layer.outputs) * static_cast<double>(examples_);
    total(Phase::kForward, l, flops);
    if (l > 0) total(Phase::kBackward, l, flops);
    total(Phase::kWeightGradient, l, flops);
    total(Phase::kUpdate, l);
    ++l;
  }
  total(Phase::kRead, -1);
  total(Phase::kLoss, -1);
  // A single thread waits for nobody: what lies between its phases is the loops' own.
  const double wait = logs_.size() == 1 ? 0 : Seconds(in_steps_) - busy;
  profile_.totals.push_back({Phase::kWait, -1, wait, 0});
  profile_.totals.push_back({Phase::kOther, -1, seconds - busy - wait, 0});

  uint64_t readings = 0;
  for (const Log& log : logs_) readings += log.readings;
  profile_.own_seconds = static_cast<double>(readings) * seconds_per_reading_ / threads;

  const int64_t origin = Nanoseconds(begin);
  for (Profile::Span& step : profile_.traced_steps) step = {step.begin - origin, step.end - origin};
  for (const Log& log : logs_) profile_.events.push_back(EventsOf(log, origin));
}

// Those of whole steps, and what lies between them: a thread that does nothing else in a step
// waits.
std::vector<Profile::Event> Profiler::EventsOf(const Log& log, int64_t origin) const {
  std::vector<Profile::Event> events;
  const auto wait = [&](int64_t begin, int64_t end) {
    if (begin < end && logs_.size() > 1) events.push_back({{begin, end}, Phase::kWait, -1});
  };
  size_t next = 0;
  for (const Profile::Span& step : profile_.traced_steps) {
    int64_t time = step.begin;
    for (; next < log.whole_size; ++next) {
      Profile::Event event = log.events[next];
      event.time = {event.time.begin - origin, event.time.end - origin};
      if (event.time.end > step.end) break;
      wait(time, event.time.begin);
      events.push_back(event);
      time = event.time.end;
    }
    wait(time, step.end);
  }
  return events;
}

}  // namespace colonnade
