#include "cli/train_data.h"

#include <utility>

#include "cli/data_options.h"
#include "cli/loss_options.h"
#include "colonnade/csv.h"

namespace colonnade::cli {

void AddTrainDataOptions(CLI::App& command, TrainFlags& flags) {
  command
      .add_option(
          "TRAIN", flags.train,
          "Training data: CSV file, cache, or IDX images (labels in the file of that\nname); - is "
          "standard input. Gzip and zstd are unpacked")
      ->required();
  command.add_option("--test", flags.test, "Data to evaluate the trained model on")->group("Data");
  AddColumnOptions(command, flags.reading);
  AddDialectOptions(command, flags.reading);
  AddCacheOption(command, flags.reading);
}

TrainData ReadTrainData(const TrainFlags& flags, const Common& common) {
  CsvOptions csv = flags.reading.ForReading();
  std::vector<std::string> notes;
  csv.task = flags.loss.ForReading();
  csv.notes = &notes;
  std::optional<Model> start;
  if (!flags.stopping.start.empty()) {
    start = Model::Load(flags.stopping.start);
    csv.like = &start->schema();
  }
  TrainData data{.train = ReadShown(common, flags.train, csv)};
  csv.like = &data.train.schema();
  if (!flags.stopping.validation_file.empty()) {
    data.validation = ReadShown(common, flags.stopping.validation_file, csv);
  }
  if (!flags.test.empty()) data.test = ReadShown(common, flags.test, csv);
  data.start = std::move(start);
  data.notes = std::move(notes);
  return data;
}

void StartFrom(const Model& start, TrainOptions& options) {
  options.start = &start;
  options.hidden.clear();
  options.activations.clear();
  options.batch_norms.clear();
  for (const Layer& layer : start.shape().layers) {
    options.hidden.push_back(layer.outputs);
    options.activations.push_back(layer.activation);
    options.batch_norms.push_back(layer.batch_norm);
  }
  options.hidden.pop_back();
  options.activations.pop_back();
  options.batch_norms.pop_back();
}

NetworkShape FitOptions(const TrainFlags& flags, const Dataset& train, TrainOptions& options) {
  ApplyClassWeights(flags.loss, train.schema(), options);
  if (options.loss == Loss::kAuto && train.regression()) options.loss = Loss::kSquared;
  return NamingFlags([&] {
    options.Check();
    return options.ShapeFor(train);
  });
}

}  // namespace colonnade::cli
