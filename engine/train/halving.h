// SPDX-License-Identifier: Apache-2.0
// Successive halving: who trains on, and how far. Knows no trainings, only their losses.
#ifndef COLONNADE_ENGINE_TRAIN_HALVING_H_
#define COLONNADE_ENGINE_TRAIN_HALVING_H_

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

namespace colonnade {

// Asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter
// Tuning", MLSys 2020) in rounds: trials go from rung to rung, and of all that are done with one,
// the better third goes on, whenever they came there. The first trial goes all the way in any case.
// Budgets and costs are in units: what the first trial takes to its end. A trial may take more or
// less; one that comes to its end before the last rung takes nobody's place there.
class Halving {
 public:
  // What a trial has done on each rung, in units; on the last one all that it has to do.
  static constexpr std::array<double, 3> kRungs = {1.0 / 9, 1.0 / 3, 1};
  static constexpr size_t kFactor = 3;

  // A trial to be trained on, to this rung.
  struct Job {
    size_t trial;
    size_t rung;
    bool operator==(const Job&) const = default;
  };

  // What to do next: these jobs, and so many new trials, each to the first rung.
  struct Round {
    std::vector<Job> jobs;
    size_t draws = 0;
    bool empty() const { return jobs.empty() && draws == 0; }
  };

  // A new trial. cost: of all its epochs.
  size_t Add(double cost);

  // The trial has come there. A loss that is not finite: it goes no further.
  void Report(size_t trial, size_t rung, double loss);

  // The trial has come to its end on an earlier rung than the last.
  void End(size_t trial);

  // The trial goes no further.
  void Drop(size_t trial);

  // left: the budget; reach: how much of it a single trial can take. Empty where there is nothing
  // to do for it.
  Round Next(double left, double reach, size_t most_draws) const;

  double CostOf(const Job& job) const;

  // Those that may go on, the most promising first.
  std::vector<size_t> Waiting() const;

  // The number of rungs that it has done.
  size_t DoneOf(size_t trial) const { return trials_[trial].losses.size(); }

 private:
  struct Trial {
    double cost = 1;
    std::vector<double> losses = {};  // of each rung that it has done; NaN: not to be compared
    bool out = false;
    bool waits() const { return !out && losses.size() < kRungs.size(); }
  };

  double Position(size_t trial, size_t rung) const;
  double CostToEnd(size_t trial) const;
  std::vector<size_t> BestOn(size_t rung) const;

  std::vector<Trial> trials_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_HALVING_H_
