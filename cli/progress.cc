// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

namespace colonnade::cli {
namespace {

constexpr double kSecondsBetweenDraws = 0.1;
constexpr size_t kMaxEpochLines = 50;

size_t TerminalColumns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

double ExamplesPerSecond(const Progress& p) {
  return p.seconds > 0 ? static_cast<double>(p.examples) / p.seconds : 0;
}

// "member 2/4  ", of an ensemble.
std::string MemberText(const Progress& p) {
  return p.members == 1 ? "" : fmt::format("member {}/{}  ", p.member, p.members);
}

// Numbers have no accuracy.
std::string AccuracyText(const Progress& p) {
  return std::isnan(p.accuracy) ? "" : fmt::format("  accuracy {:.2f} %", 100 * p.accuracy);
}

}  // namespace

bool CanRedraw() {
  const char* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 && (kind == nullptr || std::string(kind) != "dumb");
}

void DrawBar(double done, const std::string& text) {
  const size_t columns = TerminalColumns();
  const size_t room = columns > text.size() + 3 ? columns - text.size() - 3 : 0;
  const size_t width = std::min<size_t>(room, 30);
  const auto filled = static_cast<size_t>(done * static_cast<double>(width));
  std::string bar;
  if (width >= 5) {
    for (size_t i = 0; i < width; ++i) bar += i < filled ? "━" : "─";
  }
  // Cut to the terminal's width: a line that wraps could not be redrawn.
  PrintError(fmt::format("\r{}{}\x1b[K", bar, text.substr(0, columns > 1 ? columns - 1 : 1)));
}

void EraseBar() { PrintError("\r\x1b[K"); }

ProgressDisplay::ProgressDisplay(const Common& common, double max_seconds)
    : enabled_(!common.quiet),
      terminal_(CanRedraw()),
      every_epoch_(common.verbose),
      max_seconds_(max_seconds) {}

void ProgressDisplay::Show(const Progress& p) {
  if (!enabled_) return;
  if (terminal_ && (p.seconds >= next_draw_ || p.step == p.steps)) {
    Draw(p);
    next_draw_ = p.seconds + kSecondsBetweenDraws;
  }
  if (!p.epoch_done) return;
  const size_t lines = p.epochs * p.members;
  const size_t every = every_epoch_ ? 1 : (lines + kMaxEpochLines - 1) / kMaxEpochLines;
  if (every_epoch_ || (!terminal_ && (p.epoch % every == 0 || p.epoch == p.epochs))) {
    PrintEpoch(p);
  }
}

void ProgressDisplay::Draw(const Progress& p) {
  const double by_steps = static_cast<double>(p.step) / static_cast<double>(p.steps);
  const double done =
      max_seconds_ > 0 ? std::clamp(p.seconds / max_seconds_, by_steps, 1.0) : by_steps;
  const double left = p.seconds / done - p.seconds;
  DrawBar(done,
          fmt::format(" {}epoch {}/{}  loss {:.4f}{}  {} examples/s  {} left", MemberText(p),
                      p.epoch, p.epochs, p.loss, AccuracyText(p),
                      WithCommas(static_cast<uint64_t>(ExamplesPerSecond(p))), Duration(left)));
  drawn_ = true;
}

void ProgressDisplay::PrintEpoch(const Progress& p) {
  Clear();
  std::string validation;
  if (p.validation != nullptr) {
    validation = fmt::format("  validation {:.4f}", p.validation->loss);
    if (!p.validation->regression) {
      validation += fmt::format("  {:.2f} %", 100 * p.validation->accuracy);
    }
  }
  PrintError(fmt::format("{}epoch {}/{}  loss {:.4f}{}{}  {} examples/s  {}\n", MemberText(p),
                         p.epoch, p.epochs, p.loss, AccuracyText(p), validation,
                         WithCommas(static_cast<uint64_t>(ExamplesPerSecond(p))),
                         Duration(p.seconds)));
}

void ProgressDisplay::Clear() {
  if (drawn_) EraseBar();
  drawn_ = false;
}

LoadDisplay::LoadDisplay(const Common& common, std::string file)
    : enabled_(!common.quiet && CanRedraw()), file_(std::move(file)) {}

std::function<void(const LoadProgress&)> LoadDisplay::Callback() {
  if (!enabled_) return {};
  return [this](const LoadProgress& progress) { Show(progress); };
}

void LoadDisplay::Show(const LoadProgress& p) {
  const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  if (seconds < next_draw_) return;
  next_draw_ = seconds + kSecondsBetweenDraws;
  const auto bytes = static_cast<double>(p.bytes);
  const double done = p.size == 0 ? 0 : bytes / static_cast<double>(p.size);
  DrawBar(done, fmt::format(" {}: {}{} MB  {:.0f} MB/s", file_,
                            p.size == 0 ? "" : fmt::format("{:.0f} %  ", 100 * done),
                            WithCommas(p.bytes / 1'000'000), bytes / seconds / 1e6));
  drawn_ = true;
}

void LoadDisplay::Clear() {
  if (drawn_) EraseBar();
  drawn_ = false;
}

}  // namespace colonnade::cli
