// SPDX-License-Identifier: Apache-2.0
#include "cli/epoch_log.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/output.h"
#include "colonnade/error.h"
#include "colonnade/files.h"

namespace colonnade::cli {
namespace {

// The lines of a log but those about epochs of the member from `epoch` on. What is no such line
// goes: a training that was killed may have left half of one.
std::string LinesBefore(size_t epoch, size_t member, const std::string& file) {
  std::string lines;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("epoch")) continue;
    const Json& found = json["epoch"];
    if (!found.is_number_unsigned()) continue;
    const Json of = json.value("member", Json(1u));
    if (of != member || found.get<size_t>() < epoch) lines += line + '\n';
  }
  return lines;
}

}  // namespace

EpochLog::EpochLog(const std::string& file) : file_(file) {
  if (!file.empty()) RequireWritable(file);
}

void EpochLog::Open(bool resume) {
  if (!file_.empty() && !resume) out_.open(file_);
}

void EpochLog::Write(const Progress& p) {
  if (file_.empty()) return;
  const bool resumed = p.resumed_step > 0;
  if (begun_.insert(p.member).second && (resumed || !out_.is_open())) {
    if (out_.is_open()) out_.close();
    WriteFile(file_, resumed ? LinesBefore(p.epoch, p.member, file_) : "");
    out_.open(file_, std::ios::app);
  }
  Json line = Json::object();
  if (p.members > 1) line["member"] = p.member;
  line.update({{"epoch", p.epoch},
               {"loss", p.loss},
               {"accuracy", p.accuracy},
               {"learning_rate", p.learning_rate},
               {"gradient_norm", p.gradient_norm},
               {"parameter_norm", p.parameter_norm},
               {"step", p.step},
               {"examples", p.examples},
               {"seconds", p.seconds},
               {"examples_per_second", p.examples_per_second}});
  if (p.validation != nullptr) {
    line["validation_loss"] = p.validation->loss;
    if (p.validation->regression) {
      line["validation_rmse"] = p.validation->regression->rmse;
    } else {
      line["validation_accuracy"] = p.validation->accuracy;
    }
  }
  out_ << line.dump() << std::endl;
}

void EpochLog::Finish() {
  if (file_.empty() || out_.good()) return;
  throw Error(
      ErrorCode::kIo,
      {.file = file_, .problem = fmt::format("cannot write '{}': the log is incomplete", file_)});
}

}  // namespace colonnade::cli
