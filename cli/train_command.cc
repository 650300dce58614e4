// colonnade train TRAIN.csv
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/epoch_log.h"
#include "cli/learning_options.h"
#include "cli/loss_options.h"
#include "cli/profile_report.h"
#include "cli/progress.h"
#include "cli/rate_chart.h"
#include "cli/signals.h"
#include "cli/stopping_options.h"
#include "cli/train_flags.h"
#include "cli/train_report.h"
#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "colonnade/files.h"
#include "colonnade/machine.h"
#include "colonnade/rates.h"
#include "colonnade/split.h"
#include "colonnade/version.h"

namespace colonnade::cli {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string ClassicLines(const Progress& p) {
  const size_t iteration = p.epoch - 1;
  if (!p.epoch_done || iteration % 100 != 0) return "";
  return fmt::format("Iteration: {}\nAccuracy: {:.2f}\n", iteration, p.accuracy);
}

TrainReport ReportOf(const TrainOptions& options, const TrainResult& result, const Dataset& train) {
  const size_t batch_size = options.batch_size;
  return {
      .options = options,
      .result = result,
      .train_examples = train.examples(),
      .batch_size = batch_size == 0 ? train.examples() : std::min(batch_size, train.examples())};
}

void AddProvenance(const TrainFlags& flags, const TrainReport& report, const Dataset& train,
                   Model& model) {
  const Json json = report.ToJson();
  Json data = json["data"];
  data["train_file"] = flags.train;
  data["train_hash"] = train.Hash();
  if (!flags.test.empty()) data["test_file"] = flags.test;
  if (!flags.stopping.validation_file.empty()) {
    data["validation_file"] = flags.stopping.validation_file;
  }
  if (!flags.stopping.start.empty()) data["start_file"] = flags.stopping.start;
  model.SetProvenance("version", Json(Version()).dump());
  model.SetProvenance("data", data.dump(-1, ' ', false, Json::error_handler_t::replace));
  model.SetProvenance("training", json["training"].dump());
  model.SetProvenance(
      "metrics",
      Json{{"train", json["train"]}, {"validation", json["validation"]}, {"test", json["test"]}}
          .dump());
}

// The table to standard error, and the trace.
void ReportProfile(const TrainFlags& flags, const Common& common, const TrainOptions& options,
                   const TrainResult& result) {
  if (options.profile == nullptr) return;
  const Profile& profile = *options.profile;
  const size_t traced = profile.traced_steps.size();
  PrintNote(common, ProfileTable(profile, result.model.shape()) +
                        fmt::format("{} holds {} steps.", flags.profile,
                                    traced == profile.steps
                                        ? "all"
                                        : fmt::format("the first {}", WithCommas(traced))));
  WriteTrace(profile, flags.profile);
}

// A range test instead of a training: nothing is written.
void RunRateTest(const TrainFlags& flags, const Common& common) {
  TrainOptions options = ToTrainOptions(flags, common);
  CsvOptions csv = flags.reading.ForReading();
  csv.threads = common.threads;
  csv.task = flags.loss.ForReading();
  const Dataset train = ReadData(flags.train, csv);
  ApplyClassWeights(flags.loss, train.schema(), options);
  NamingFlags([&] { return options.ShapeFor(train); });
  const SignalWatch watch;
  options.on_progress = [](const Progress&) { return SignalWatch::Received() == 0; };
  const RateTest test = TestRates(train, options);
  if (SignalWatch::Received() != 0) throw ExitStatus{128 + SignalWatch::Received()};
  if (common.json) {
    PrintJson(RateTestJson(test));
  } else {
    PrintData(RateChart(test));
  }
}

// The network is that of the model.
void StartFrom(const Model& start, TrainOptions& options) {
  options.start = &start;
  options.hidden.clear();
  options.activations.clear();
  for (const Layer& layer : start.shape().layers) {
    options.hidden.push_back(layer.outputs);
    options.activations.push_back(layer.activation);
  }
  options.hidden.pop_back();
  options.activations.pop_back();
}

void RunTrain(const TrainFlags& flags, const Common& common) {
  const Clock::time_point begin = Clock::now();
  TrainOptions chosen = ToTrainOptions(flags, common);
  RequireDistinctFiles(flags);
  RequireWritable(flags.output);
  if (!flags.profile.empty()) RequireWritable(flags.profile);
  EpochLog log(flags.log);

  CsvOptions csv = flags.reading.ForReading();
  std::vector<std::string> notes;
  csv.threads = common.threads;
  csv.task = flags.loss.ForReading();
  csv.notes = &notes;
  std::optional<Model> start;
  if (!flags.stopping.start.empty()) {
    start = Model::Load(flags.stopping.start);
    csv.like = &start->schema();
    StartFrom(*start, chosen);
  }
  Dataset train = ReadData(flags.train, csv);
  csv.like = &train.schema();
  std::optional<Dataset> validation;
  std::optional<Dataset> test;
  if (!flags.stopping.validation_file.empty()) {
    validation = ReadData(flags.stopping.validation_file, csv);
  }
  if (!flags.test.empty()) test = ReadData(flags.test, csv);
  if (flags.stopping.validation) {
    Split split = SplitStratified(train, *flags.stopping.validation, chosen.seed);
    train = std::move(split.train);
    validation = std::move(split.validation);
  }
  if (validation) chosen.validation = &*validation;
  const double load_seconds = SecondsSince(begin);
  ApplyClassWeights(flags.loss, train.schema(), chosen);
  if (chosen.loss == Loss::kAuto && train.regression()) chosen.loss = Loss::kSquared;
  const NetworkShape shape = NamingFlags([&] {
    chosen.Check();
    return chosen.ShapeFor(train);
  });
  NoteCheckpoint(flags.stopping, common);
  PrintNotes(common, notes);

  const size_t batch_size =
      chosen.batch_size == 0 ? train.examples() : std::min(chosen.batch_size, train.examples());
  PrintNote(common, fmt::format("{}: {} examples, {} features, {} ({})", flags.train,
                                WithCommas(train.examples()), WithCommas(train.features()),
                                train.regression() ? "numbers to predict (regression)"
                                                   : fmt::format("{} classes", train.classes()),
                                Duration(load_seconds)));
  PrintNote(common,
            fmt::format("network {}, {} parameters; {} epochs, batch size {}", shape.Widths(),
                        WithCommas(shape.parameters()),
                        WithCommas(chosen.EpochsFor(train.examples())), WithCommas(batch_size)));

  ProgressDisplay display(common, chosen.max_seconds);
  const bool classic = flags.preset == "classic";
  TrainOptions options = chosen;
  options.measure_norms = !flags.log.empty();
  Profile profile;
  if (!flags.profile.empty()) options.profile = &profile;
  options.on_progress = [&](const Progress& p) {
    if (classic) {
      const std::string lines = ClassicLines(p);
      if (!lines.empty()) {
        display.Clear();
        if (common.json) {
          PrintError(lines);
        } else {
          PrintData(lines);
        }
      }
    } else {
      display.Show(p);
    }
    if (p.epoch_done) log.Write(p);
    return SignalWatch::Received() == 0;
  };

  log.Open(options.resume);
  const SignalWatch watch;
  TrainResult result = Train(train, options);
  display.Clear();
  if (result.stopped) {
    if (options.checkpoint.empty()) {
      AddProvenance(flags, ReportOf(options, result, train), train, result.model);
      result.model.Save(flags.output);
    }
    PrintError(fmt::format("colonnade: stopped by signal after step {}; {}\n", result.steps,
                           HowToGoOn(flags.stopping, flags.output)));
    ReportProfile(flags, common, options, result);
    throw ExitStatus{128 + SignalWatch::Received()};
  }

  const Clock::time_point evaluate_begin = Clock::now();
  TrainReport report = ReportOf(options, result, train);
  if (test) report.test = Evaluate(result.model, *test, common.threads);
  // An epoch's mean says little about numbers.
  if (train.regression()) report.train = Evaluate(result.model, train, common.threads);
  report.evaluate_seconds = SecondsSince(evaluate_begin);
  report.load_seconds = load_seconds;
  report.output = flags.output;

  const Clock::time_point save_begin = Clock::now();
  AddProvenance(flags, report, train, result.model);
  result.model.Save(flags.output);
  report.save_seconds = SecondsSince(save_begin);
  report.total_seconds = SecondsSince(begin);
  if (common.json) {
    PrintJson(report.ToJson());
  } else {
    PrintData(report.ToText());
  }
  log.Finish();
  ReportProfile(flags, common, options, result);
  // Too late to stop the training, but not to end as asked.
  if (SignalWatch::Received() != 0) throw ExitStatus{128 + SignalWatch::Received()};
}

}  // namespace

void AddTrainCommand(CLI::App& app, Common& common) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command = app.add_subcommand("train", "Train a network on a CSV file");
  command
      ->add_option("TRAIN", flags->train,
                   "Training data: CSV file or IDX images (labels in the file of that name);\n- is "
                   "standard input. Gzip and zstd are unpacked")
      ->required();
  command->add_option("--test", flags->test, "Data to evaluate the trained model on")
      ->group("Data");
  command->add_option("-o,--output", flags->output, "Model file to write")->capture_default_str();
  AddColumnOptions(*command, flags->reading);
  AddDialectOptions(*command, flags->reading);
  command->add_option("--scale", flags->scale, "How features become network inputs")
      ->check(CLI::IsMember({"auto", "none", "unit", "minmax", "standard"}))
      ->default_str("auto")
      ->group("Data");
  AddNetworkOptions(*command, *flags);
  AddTrainingOptions(*command, *flags);
  AddRunOptions(*command, common);
  AddJsonOption(*command, common);
  command->add_option("--log", flags->log, "File for one JSON line per epoch")
      ->type_name("FILE")
      ->group("Run");
  command
      ->add_option("--profile", flags->profile,
                   "File for a trace of all threads, for ui.perfetto.dev; a table of\n"
                   "the time of each layer goes to standard error")
      ->type_name("FILE.json")
      ->group("Run");
  CLI::Option* find = command
                          ->add_flag("--lr-find", flags->lr_find,
                                     "Try learning rates in one pass instead of training, and "
                                     "suggest one;\nnothing is written")
                          ->group("Learning");
  for (const char* other :
       {"--lr", "--test", "--output", "--log", "--profile", "--validation", "--validation-file",
        "--early-stopping", "--target-accuracy", "--max-seconds", "--start", "--checkpoint"}) {
    find->excludes(command->get_option(other));
  }
  command->footer(
      "Examples:\n"
      "  colonnade train mnist_train.csv --test mnist_test.csv\n"
      "  colonnade train data.csv --label-column species --hidden 64,32 --epochs 50\n"
      "  colonnade train mnist_train.csv --preset classic");
  command->callback([flags, &common] {
    if (flags->lr_find) {
      RunRateTest(*flags, common);
    } else {
      RunTrain(*flags, common);
    }
  });
}

}  // namespace colonnade::cli
