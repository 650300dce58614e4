#include "cli/sweep_log.h"

#include <fmt/format.h>

#include "cli/output.h"
#include "colonnade/error.h"
#include "colonnade/files.h"

namespace colonnade::cli {

SweepLog::SweepLog(const std::string& file) : file_(file) {
  if (!file.empty()) RequireWritable(file);
}

void SweepLog::Open() {
  if (!file_.empty()) out_.open(file_);
}

void SweepLog::Write(const SweepModel& model, const Configuration& configuration) {
  if (file_.empty()) return;
  Json line = {{"options", configuration.SettingsJson()}};
  line.update(model.ToJson());
  out_ << line.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
}

void SweepLog::Finish() {
  if (file_.empty() || out_.good()) return;
  throw Error(ErrorCode::kIo, fmt::format("cannot write '{}': the log is incomplete", file_));
}

}  // namespace colonnade::cli
