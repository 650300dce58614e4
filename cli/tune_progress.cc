// SPDX-License-Identifier: Apache-2.0
#include "cli/tune_progress.h"

#include <fmt/format.h>

#include <string>

#include "cli/progress.h"
#include "cli/tune_report.h"

namespace colonnade::cli {
namespace {

constexpr double kSecondsBetweenBars = 0.1;

}  // namespace

TuneDisplay::TuneDisplay(const Common& common, TuneMetric metric)
    : enabled_(!common.quiet),
      terminal_(CanRedraw()),
      every_trial_(common.verbose),
      metric_(metric) {}

void TuneDisplay::Show(const TuneProgress& p) {
  if (!enabled_ || !terminal_ || p.seconds < next_draw_) return;
  next_draw_ = p.seconds + kSecondsBetweenBars;
  const std::string best = p.best ? fmt::format("  best {:.5g}", *p.best) : "";
  const double left = p.done > 0 ? p.seconds / p.done - p.seconds : 0;
  DrawBar(p.done, fmt::format(" {} trials, {} to their end{}  {} left", p.trials, p.finished, best,
                              Duration(left)));
  drawn_ = true;
}

void TuneDisplay::ShowTrial(size_t index, const TuneTrial& trial, bool regression) {
  const bool more = metric_ == TuneMetric::kAccuracy || metric_ == TuneMetric::kRocAuc;
  const double score = more ? -trial.metric.mean : trial.metric.mean;
  const bool best = trial.finished && score < best_;
  if (best) best_ = score;
  if (!enabled_ || !(best || every_trial_)) return;
  Clear();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  const std::string label = trial.configuration.Label();
  const std::string result =
      trial.failure.empty()
          ? fmt::format("{} {:.5g}{}", MetricName(metric_, regression), trial.metric.mean,
                        trial.finished ? ""
                                       : fmt::format(" after {} of {} epochs", trial.done,
                                                     trial.in_force.epochs))
          : trial.failure;
  PrintError(fmt::format("{}  trial {}{}: {}  {}\n", Duration(seconds), index,
                         best ? ", the best so far" : "", result,
                         label.empty() ? "the defaults" : label));
}

void TuneDisplay::Clear() {
  if (drawn_) EraseBar();
  drawn_ = false;
}

}  // namespace colonnade::cli
