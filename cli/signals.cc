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

}  // namespace

SignalWatch::SignalWatch() {
  received = 0;
  std::signal(SIGINT, Remember);
  std::signal(SIGTERM, Remember);
}

SignalWatch::~SignalWatch() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

int SignalWatch::Received() { return received; }

}  // namespace colonnade::cli
