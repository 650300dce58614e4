// SPDX-License-Identifier: Apache-2.0
#include "engine/train/halving.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace colonnade {
namespace {

constexpr double kTolerance = 1e-9;  // sums of ninths are not exact

// What a new trial takes on average, with those parts of it that go on; and what one of them takes
// from the first rung to its end.
constexpr double kCostOfDraw = Halving::kRungs[0] + (Halving::kRungs[1] - Halving::kRungs[0]) / 3 +
                               (Halving::kRungs[2] - Halving::kRungs[1]) / 9;
constexpr double kFromFirstRung = 1 - Halving::kRungs[0];

}  // namespace

size_t Halving::Add(double cost) {
  trials_.push_back({.cost = cost});
  return trials_.size() - 1;
}

void Halving::Report(size_t trial, size_t rung, double loss) {
  Trial& t = trials_[trial];
  const bool finite = std::isfinite(loss);
  t.out = t.out || !finite;
  t.losses.resize(rung + 1, finite ? loss : std::numeric_limits<double>::infinity());
}

void Halving::End(size_t trial) { trials_[trial].losses.assign(kRungs.size(), std::nan("")); }

void Halving::Drop(size_t trial) { trials_[trial].out = true; }

double Halving::Position(size_t trial, size_t rung) const {
  const double cost = trials_[trial].cost;
  return rung + 1 == kRungs.size() ? cost : std::min(cost, kRungs[rung]);
}

double Halving::CostOf(const Job& job) const {
  const double before = job.rung == 0 ? 0 : Position(job.trial, job.rung - 1);
  return Position(job.trial, job.rung) - before;
}

double Halving::CostToEnd(size_t trial) const {
  double cost = 0;
  for (size_t rung = DoneOf(trial); rung < kRungs.size(); ++rung) cost += CostOf({trial, rung});
  return cost;
}

// The better third of those that came to the rung.
std::vector<size_t> Halving::BestOn(size_t rung) const {
  std::vector<std::pair<double, size_t>> all;
  for (size_t t = 0; t < trials_.size(); ++t) {
    if (DoneOf(t) <= rung || std::isnan(trials_[t].losses[rung])) continue;
    all.emplace_back(trials_[t].losses[rung], t);
  }
  std::ranges::sort(all);
  all.resize(all.size() / kFactor);
  std::vector<size_t> best;
  best.reserve(all.size());
  for (const auto& [loss, trial] : all) best.push_back(trial);
  return best;
}

std::vector<size_t> Halving::Waiting() const {
  std::vector<size_t> waiting;
  for (size_t t = 0; t < trials_.size(); ++t) {
    if (trials_[t].waits() && !trials_[t].losses.empty()) waiting.push_back(t);
  }
  const auto loss_of = [&](size_t trial) {
    const double loss = trials_[trial].losses.back();
    return std::isnan(loss) ? std::numeric_limits<double>::infinity() : loss;
  };
  std::ranges::sort(waiting, [&](size_t a, size_t b) {
    if (DoneOf(a) != DoneOf(b)) return DoneOf(a) > DoneOf(b);
    if (loss_of(a) != loss_of(b)) return loss_of(a) < loss_of(b);
    return a < b;
  });
  return waiting;
}

Halving::Round Halving::Next(double left, double reach, size_t most_draws) const {
  Round round;
  left += kTolerance;
  reach += kTolerance;
  double committed = 0;
  if (trials_[0].waits()) {
    round.jobs.push_back({0, DoneOf(0)});
    committed += CostToEnd(0);
  }
  for (size_t rung = kRungs.size() - 1; rung-- > 0;) {
    for (const size_t trial : BestOn(rung)) {
      if (trial == 0 || DoneOf(trial) != rung + 1 || !trials_[trial].waits()) continue;
      const Job job = {trial, rung + 1};
      const double cost = CostOf(job);
      if (committed + cost > left || cost > reach) continue;
      round.jobs.push_back(job);
      committed += cost;
    }
  }
  const double spare = left - committed;
  if (reach >= 1 && spare >= 1) {
    const double affordable =
        std::min(spare / kCostOfDraw, (spare - kFromFirstRung) / kRungs[0] + kTolerance);
    round.draws = std::min(static_cast<double>(most_draws), affordable) < 1
                      ? 0
                      : static_cast<size_t>(std::min(static_cast<double>(most_draws), affordable));
  }
  if (!round.empty()) return round;
  // What is left is not enough for others, but perhaps for some that are on their way.
  for (const size_t trial : Waiting()) {
    const double cost = CostToEnd(trial);
    if (committed + cost > left || cost > reach) continue;
    round.jobs.push_back({trial, DoneOf(trial)});
    committed += cost;
  }
  return round;
}

}  // namespace colonnade
