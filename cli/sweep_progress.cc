// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep_progress.h"

#include <fmt/format.h>

#include <numeric>

#include "cli/progress.h"

namespace colonnade::cli {
namespace {

constexpr double kSecondsBetweenDraws = 0.1;
constexpr size_t kMaxLines = 50;

}  // namespace

SweepDisplay::SweepDisplay(const Common& common, size_t models)
    : enabled_(!common.quiet),
      terminal_(CanRedraw()),
      every_model_(common.verbose),
      done_(models) {}

void SweepDisplay::Show(const SweepProgress& p) {
  done_[p.trial] =
      p.has_ended ? 1
                  : static_cast<double>(p.progress->step) / static_cast<double>(p.progress->steps);
  if (!enabled_ || !terminal_) return;
  const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  if (seconds < next_draw_) return;
  next_draw_ = seconds + kSecondsBetweenDraws;
  const double done =
      std::accumulate(done_.begin(), done_.end(), 0.0) / static_cast<double>(done_.size());
  DrawBar(done, fmt::format(" {} of {} models done  {} left", p.ended, p.trials,
                            Duration(done > 0 ? seconds / done - seconds : 0)));
  drawn_ = true;
}

void SweepDisplay::ShowEnded(const std::string& line) {
  const size_t every = every_model_ ? 1 : (done_.size() + kMaxLines - 1) / kMaxLines;
  if (++lines_ % every != 0 || !enabled_ || (terminal_ && !every_model_)) return;
  Clear();
  PrintError(fmt::format("model {}/{}  {}\n", lines_, done_.size(), line));
}

void SweepDisplay::Clear() {
  if (drawn_) EraseBar();
  drawn_ = false;
}

}  // namespace colonnade::cli
