// SPDX-License-Identifier: Apache-2.0
// Where the time of a training goes.
#ifndef COLONNADE_PROFILE_H_
#define COLONNADE_PROFILE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "colonnade/names.h"

namespace colonnade {

enum class Phase : uint8_t {
  kRead,            // gathering and scaling the examples of a batch
  kForward,         // of a layer, its activation included
  kLoss,            // softmax, cross-entropy and their sums
  kBackward,        // of a layer: the gradient of what it takes
  kWeightGradient,  // of a layer, that of the bias included
  kUpdate,          // of a layer: the optimizer, and copies of the weights brought up to date
  kWait,            // in a step, but with nothing to do until others are done
  kOther,           // outside the steps: shuffling, the progress callback
};

inline constexpr NameRow<Phase> kPhases[] = {{Phase::kRead, "read"},
                                             {Phase::kForward, "forward"},
                                             {Phase::kLoss, "loss"},
                                             {Phase::kBackward, "backward"},
                                             {Phase::kWeightGradient, "weight gradient"},
                                             {Phase::kUpdate, "update"},
                                             {Phase::kWait, "wait"},
                                             {Phase::kOther, "other"}};
constexpr std::span<const NameRow<Phase>> NamesOf(Phase) { return kPhases; }

// What Train() fills where TrainOptions::profile points to one. Times are those of the whole run;
// the single events are kept of its first steps only, at most some 260,000 of them.
struct Profile {
  // A phase, summed over the run.
  struct Total {
    Phase phase;
    int layer;       // from 0; -1 where the phase belongs to none
    double seconds;  // the mean over the threads: the totals add up to Profile::seconds
    double flops;    // of all threads, in matrix products; products with zero count even if skipped
  };

  // Nanoseconds since training began.
  struct Span {
    int64_t begin, end;
  };

  struct Event {
    Span time;
    Phase phase;
    int layer;  // as in Total
  };

  std::vector<Total> totals;  // by layer, those without a layer last
  double seconds = 0;         // TrainResult::seconds
  double own_seconds = 0;     // about what profiling itself took, contained in all of the above
  int threads = 0;
  size_t steps = 0;
  bool zeros_skipped = false;  // the first layer left out products with zero
  // What one thread computes per second in registers while all threads do: f32 multiply-adds, or
  // for Precision::kBf16 dot products of it where the machine has them. Measured before training.
  double peak_flops = 0;

  // One list per thread, in the order of time, without overlaps. With several threads a list covers
  // the traced steps without gaps. Nothing of kOther: that is what lies between the steps.
  std::vector<std::vector<Event>> events;
  std::vector<Span> traced_steps;  // the steps that `events` holds: the first ones, each whole
};

// Writes the events as a trace in Chrome's JSON format, which ui.perfetto.dev and chrome://tracing
// show: a track for the steps and one per thread. Throws kIo; the file is whole or absent.
void WriteTrace(const Profile& profile, const std::filesystem::path& file);

}  // namespace colonnade

#endif  // COLONNADE_PROFILE_H_
