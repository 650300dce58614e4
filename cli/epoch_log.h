// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_CLI_EPOCH_LOG_H_
#define COLONNADE_CLI_EPOCH_LOG_H_

#include <fstream>
#include <set>
#include <string>

#include "colonnade/train.h"

namespace colonnade::cli {

// One JSON line per epoch. A log that cannot be written any more does not end the training, but it
// is not passed over either.
class EpochLog {
 public:
  // Says at once if the file cannot be written, but leaves an older one alone until Open().
  explicit EpochLog(const std::string& file);

  // Starts an empty file; or where the training resumes, leaves that to the first Write().
  void Open(bool resume);

  // The first one of a training that did resume keeps the lines of the epochs before; of an
  // ensemble, the first one of each member.
  void Write(const Progress& progress);

  // Throws if not all of it could be written.
  void Finish();

 private:
  std::string file_;
  std::ofstream out_;
  std::set<size_t> begun_;  // members of which there are lines
};

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_EPOCH_LOG_H_
