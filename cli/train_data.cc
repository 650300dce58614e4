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

void PrintNotes(const Common& common, const TrainData& data) {
  PrintNotes(common, data.train.notes());
  if (data.validation) PrintNotes(common, data.validation->notes());
  if (data.test) PrintNotes(common, data.test->notes());
}

std::string DataLine(const TrainFlags& flags, const Dataset& train) {
  return fmt::format("{}: {} examples, {} features, {}", flags.train, WithCommas(train.examples()),
                     WithCommas(train.features()),
                     train.regression() ? "numbers to predict (regression)"
                                        : fmt::format("{} classes", train.classes()));
}

}  // namespace colonnade::cli
