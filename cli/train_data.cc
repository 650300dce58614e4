// SPDX-License-Identifier: Apache-2.0
#include "cli/train_data.h"

#include <fmt/format.h>

#include <string>

#include "cli/reading.h"

namespace colonnade::cli {

TrainData ReadTrainData(const TrainFlags& flags, const CsvOptions& reading, const Common& common) {
  CsvOptions csv = reading;
  std::optional<Model> start;
  if (!flags.start.empty()) {
    start = Model::Load(flags.start);
    csv.like = start->schema();
  }
  TrainData data{.train = ReadShown(common, flags.train, csv), .start = start};
  csv.like = data.train.schema();
  if (!flags.validation_file.empty()) {
    data.validation = ReadShown(common, flags.validation_file, csv);
  }
  if (!flags.test.empty()) data.test = ReadShown(common, flags.test, csv);
  return data;
}

bool PrintSummaries(const Common& common, const TrainData& data) {
  const bool told = PrintSummary(common, data.train.summary());
  PrintNotes(common, data.train.notes());
  for (const std::optional<Dataset>* other : {&data.validation, &data.test}) {
    if (!*other) continue;
    PrintSummaryLine(common, (*other)->summary());
    PrintNotes(common, (*other)->notes());
  }
  return told;
}

void AddSummaries(const TrainData& data, Json& object) {
  AddSummary(data.train.summary(), object);
  const auto add = [&](const char* name, const std::optional<Dataset>& other) {
    if (!other || Lines(other->summary()).empty()) return;
    object[name] = Json::object();
    AddSummary(other->summary(), object[name]);
  };
  add("validation", data.validation);
  add("test", data.test);
}

std::string DataLine(const TrainFlags& flags, const Dataset& train) {
  return fmt::format("{}: {} examples, {} features, {}", flags.train, WithCommas(train.examples()),
                     WithCommas(train.features()),
                     train.regression() ? "numbers to predict (regression)"
                                        : fmt::format("{} classes", train.classes()));
}

}  // namespace colonnade::cli
