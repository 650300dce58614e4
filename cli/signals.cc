// SPDX-License-Identifier: Apache-2.0
#include "cli/signals.h"

#include <unistd.h>

#include <csignal>

namespace colonnade::cli {
namespace {

volatile std::sig_atomic_t received = 0;

void Remember(int signal) {
  if (received != 0) _exit(128 + signal);
  received = signal;
}

// Only calls that are allowed in a handler.
void TellOfLostPages(int) {
  constexpr char kMessage[] =
      "colonnade: a cached dataset cannot be read any more: its file was truncated or its disk "
      "failed\n";
  if (write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1) == -1) _exit(1);
  _exit(1);
}

}  // namespace

void ExplainLostPages() {
  struct sigaction action = {};
  action.sa_handler = TellOfLostPages;
  sigaction(SIGBUS, &action, nullptr);
}

SignalWatch::SignalWatch() {
  received = 0;
  struct sigaction remember = {};
  remember.sa_handler = Remember;
  remember.sa_flags = SA_RESTART;
  for (size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], nullptr, &before_[i]);
    // Whoever started the program with a signal ignored (nohup, a shell's background) means it.
    if (before_[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &remember, nullptr);
  }
}

SignalWatch::~SignalWatch() {
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
}

int SignalWatch::Received() { return received; }

}  // namespace colonnade::cli
