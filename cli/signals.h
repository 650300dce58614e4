// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_CLI_SIGNALS_H_
#define COLONNADE_CLI_SIGNALS_H_

#include <array>
#include <csignal>

namespace colonnade::cli {

// While it lives, the first SIGINT or SIGTERM is only remembered, so that the work at hand can come
// to an orderly end; a second one ends the process at once.
class SignalWatch {
 public:
  SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch();

  // The signal that arrived, or 0.
  static int Received();

 private:
  static constexpr std::array<int, 2> kSignals = {SIGINT, SIGTERM};
  std::array<struct sigaction, kSignals.size()> before_ = {};
};

// Has SIGBUS end the program with a message and exit status 1. It is what touching mapped data
// raises whose file was truncated meanwhile, or whose disk fails.
void ExplainLostPages();

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_SIGNALS_H_
