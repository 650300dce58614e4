// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep_log.h"

#include <fmt/format.h>

#include "cli/output.h"
#include "cli/sweep_report.h"
#include "colonnade/error.h"
#include "colonnade/files.h"

namespace colonnade::cli {

SweepLog::SweepLog(const std::string& file) : file_(file) {
  if (!file.empty()) RequireWritable(file);
}

void SweepLog::Open() {
  if (!file_.empty()) out_.open(file_);
}

void SweepLog::Write(const SelectionRun& run, const Configuration& configuration) {
  if (file_.empty()) return;
  Json line = {{"options", SettingsJson(configuration)}};
  line.update(RunJson(run));
  Write(line.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void SweepLog::Write(std::string_view line) {
  if (!file_.empty()) out_ << line << std::endl;
}

void SweepLog::Finish() {
  if (file_.empty() || out_.good()) return;
  throw Error(
      ErrorCode::kIo,
      {.file = file_, .problem = fmt::format("cannot write '{}': the log is incomplete", file_)});
}

}  // namespace colonnade::cli
