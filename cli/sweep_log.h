// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_CLI_SWEEP_LOG_H_
#define COLONNADE_CLI_SWEEP_LOG_H_

#include <fstream>
#include <string>
#include <string_view>

#include "colonnade/select.h"

namespace colonnade::cli {

// A line of JSON for each model that has ended, if a file is named; or for whatever else. A log
// that cannot be written any more does not end the sweep, but it is not passed over either.
class SweepLog {
 public:
  // Says at once if the file cannot be written, but leaves an older one alone until Open().
  explicit SweepLog(const std::string& file);

  void Open();
  void Write(const SelectionRun& run, const Configuration& configuration);
  void Write(std::string_view line);

  // Throws if not all of it could be written.
  void Finish();

 private:
  std::string file_;
  std::ofstream out_;
};

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_SWEEP_LOG_H_
