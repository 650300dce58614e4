// SPDX-License-Identifier: Apache-2.0
// colonnade tune TRAIN.csv
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/config.h"
#include "cli/progress.h"
#include "cli/reading.h"
#include "cli/signals.h"
#include "cli/sweep_log.h"
#include "cli/sweep_report.h"
#include "cli/train_data.h"
#include "cli/train_flags.h"
#include "cli/train_report.h"
#include "cli/tune_flags.h"
#include "cli/tune_progress.h"
#include "cli/tune_report.h"
#include "colonnade/error.h"
#include "colonnade/files.h"
#include "colonnade/machine.h"
#include "colonnade/split.h"
#include "colonnade/tune.h"
#include "colonnade/version.h"

namespace colonnade::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct TuneFlags {
  TrainFlags training;
  std::string budget = "60s";
  std::vector<std::string> space;
  TuneOptions tune;
  size_t top = 10;
};

// The text of --replay, for which no other flag may say what is trained.
std::string ReadJournal(const TuneFlags& flags) {
  const std::string& file = flags.training.replay;
  for (const Option& option : OptionsOf<TrainOptions>()) {
    const std::string* const text = flags.training.given.Find(option.info.name);
    if (text != nullptr && option.info.commands == Commands::kTraining) {
      Reject(option.info.name, fmt::format("'{}'", *text),
             "no such flag with --replay: the journal has the options");
    }
  }
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in.good() && !in.eof()) {
    throw Error(ErrorCode::kIo,
                ErrorDetails{.file = file, .problem = "cannot read '" + file + "'"});
  }
  if (text.empty()) {
    throw Error(ErrorCode::kBadData, ErrorDetails{.file = file, .problem = "the journal is empty"});
  }
  return text;
}

// What the flags say of how to validate, in `tune`; the trainings have nothing of it themselves.
void TakeValidation(const TuneFlags& flags, TrainOptions& training, TuneOptions& tune) {
  const bool from_file = !flags.training.validation_file.empty();
  if (tune.folds > 0 && (training.validation > 0 || from_file)) {
    Reject("folds", from_file ? "--validation-file too" : "--validation too", "one of them");
  }
  tune.validation = training.validation;
  training.validation = Auto<double>::Open(0);
}

std::string ValidationText(const TuneOptions& tune) {
  if (tune.validation_data) {
    return fmt::format("{} examples of a file", WithCommas(tune.validation_data->examples()));
  }
  if (tune.folds > 0) return fmt::format("{} folds", tune.folds);
  return fmt::format("{:g} % of the examples", 100 * tune.validation);
}

Tuning TuneShown(const TuneFlags& flags, const TrainData& data, const TrainOptions& training,
                 const TuneOptions& tune, const Common& common) {
  SweepLog journal(flags.training.journal);
  journal.Open();
  TuneDisplay display(common, tune.metric);
  TuneOptions shown = tune;
  shown.on_progress = [&](const TuneProgress& progress) {
    display.Show(progress);
    return SignalWatch::Received() == 0;
  };
  shown.on_trial = [&](size_t index, const TuneTrial& trial) {
    display.ShowTrial(index, trial, data.train.regression());
  };
  shown.on_refit = [&] {
    display.Clear();
    PrintNote(common, "training the best on all examples");
  };
  shown.on_journal = [&](std::string_view line) { journal.Write(line); };
  Tuning tuning = Tune(data.train, training, shown);
  display.Clear();
  journal.Finish();
  return tuning;
}

const char* SourceText(TuneModelSource source) {
  switch (source) {
    case TuneModelSource::kAll:
      return "trained on all examples";
    case TuneModelSource::kPart:
      return "trained without the examples for validation";
    case TuneModelSource::kStopped:
      return "training was stopped before its end";
  }
  return "";
}

Json TunedModelJson(const Tuning& tuning, const TrainReport& report, const std::string& output) {
  return {{"trial", tuning.model->configuration},
          {"source", Name(tuning.source)},
          {"options", OptionsJson(report.result.options, report.reading)},
          {"parameters_hash", report.result.model.ParametersHash()},
          {"test", TestJson(report.test)},
          {"output", output}};
}

void RunTune(const TuneFlags& flags, Common& common) {
  const Clock::time_point begin = Clock::now();
  TrainSetup setup = SetUp(flags.training, common, true);
  TrainOptions& training = setup.training;
  TuneOptions tune = flags.tune;
  tune.threads = training.threads;
  TakeValidation(flags, training, tune);
  tune.space = ParseSpace(flags.space, flags.training, training);
  if (!flags.training.replay.empty()) tune.replay = ReadJournal(flags);
  if (tune.trials == 0) tune.seconds = ParseBudget(flags.budget);
  CheckTuning(training, tune);
  RequireDistinctFiles(flags.training, training);
  const std::string& output = flags.training.output;
  RequireWritable(output);
  {
    const SweepLog writable(flags.training.journal);
  }

  const TrainData data = ReadTrainData(flags.training, setup.reading, common);
  const double load_seconds = SecondsSince(begin);
  if (data.start) training.StartFrom(*data.start);
  tune.validation_data = data.validation;
  if (tune.replay.empty()) {
    ChooseValidation(data.train, training, tune);
    // Reading is part of the time, but something has to be trained.
    if (tune.trials == 0) tune.seconds = std::max(tune.seconds - load_seconds, tune.seconds / 10);
  }
  const bool told = PrintSummaries(common, data);
  if (!told) {
    PrintNote(common,
              fmt::format("{} ({})", DataLine(flags.training, data.train), Duration(load_seconds)));
  }
  if (tune.replay.empty()) {
    if (!data.validation) PrintNotes(common, SplitNotes(data.train, tune.folds));
    PrintNote(common,
              fmt::format("searching {} options for {}; validation on {}", tune.space.size(),
                          tune.trials > 0 ? fmt::format("{} trainings", tune.trials)
                                          : Duration(tune.seconds),
                          ValidationText(tune)));
  }

  const SignalWatch watch;
  const Tuning tuning = TuneShown(flags, data, training, tune, common);
  const bool stopped = tuning.stopped || SignalWatch::Received() != 0;
  if (!common.json) PrintData(TrialTable(tuning, flags.top));
  std::optional<TrainReport> report;
  if (tuning.model) {
    report.emplace(TrainReport{.result = tuning.model->result,
                               .files = data,
                               .data = tuning.model->data,
                               .reading = setup.reading});
    if (!stopped) report->Measure(data.test, common.threads);
    report->WithProvenance(flags.training).Save(output);
  }
  if (common.json) {
    Json of_data = {{"train_examples", data.train.examples()},
                    {"validation_examples", tuning.validation_examples},
                    {"test_examples", data.test ? Json(data.test->examples()) : Json()},
                    {"features", data.train.features()},
                    {"classes", data.train.classes()}};
    AddSummaries(data, of_data);
    Json space = Json::object();
    for (const SpaceAxis& axis : tune.space) space[axis.name] = axis.values;
    PrintJson({{"command", "tune"},
               {"version", Version()},
               {"data", of_data},
               {"space", tune.replay.empty() ? space : Json()},
               {"metric", Name(tuning.metric)},
               {"folds", tuning.folds > 0 ? Json(tuning.folds) : Json()},
               {"stopped", stopped},
               {"trials", TrialsJson(tuning)},
               {"model", report ? TunedModelJson(tuning, *report, output) : Json()},
               {"seconds", {{"load", load_seconds}, {"total", SecondsSince(begin)}}},
               {"machine", {{"simd", SimdTarget()}}}});
  } else if (report) {
    std::string text = report->test ? EvaluationLine("test", *report->test) : "";
    PrintData(text + fmt::format("model  {}  ({})\n", output, SourceText(tuning.source)));
  }
  if (stopped) {
    PrintError(fmt::format(
        "colonnade: stopped by signal after {} trials; {}\n", tuning.trials.size(),
        report ? fmt::format("the best so far is in {}", output) : "no model was written"));
    throw ExitStatus{128 + SignalWatch::Received()};
  }
  if (!report) {
    throw Error(ErrorCode::kDiverged,
                "no model could be trained: " + tuning.trials.front().failure);
  }
}

}  // namespace

void AddTuneCommand(CLI::App& app, Common& common) {
  auto flags = std::make_shared<TuneFlags>();
  CLI::App* command =
      app.add_subcommand("tune", "Search for the options that suit a table, within a time");
  AddTrainFlags(
      *command,
      [](const OptionInfo& info) {
        const std::string_view name = info.name;
        return info.commands != Commands::kTrain && name != "threads" && name != "max-seconds";
      },
      flags->training);
  command->add_option("-o,--output", flags->training.output, "Model file to write")
      ->capture_default_str();
  CLI::Option* const budget =
      command
          ->add_option("--budget", flags->budget,
                       "Time for all of it, reading and the model at the end included")
          ->type_name("TIME")
          ->capture_default_str()
          ->group("Search");
  CLI::Option* const trials =
      command
          ->add_option("--trials", flags->tune.trials,
                       "Instead of a time, as many epochs as so many trainings with the\n"
                       "defaults have: the result then does not depend on the clock")
          ->check(CLI::Range(size_t{1}, size_t{1'000'000}))
          ->type_name("N")
          ->excludes(budget)
          ->group("Search");
  CLI::Option* const space =
      command
          ->add_option("--space", flags->space,
                       "Where to search an option: NAME=V,V… (lists with '+' in place of\n"
                       "commas), NAME=A..B, NAME=A..B:log, or xA..xB for multiples of what\n"
                       "holds otherwise. none: only what other --space say. Options that are\n"
                       "given as flags are not searched")
          ->type_name("NAME=VALUES")
          ->group("Search");
  CLI::Option* const metric =
      command
          ->add_option_function<std::string>(
              "--metric",
              [flags](const std::string& text) {
                const std::optional<TuneMetric> found = Parse<TuneMetric>(text);
                if (!found) {
                  Reject("metric", fmt::format("'{}'", text), Alternatives<TuneMetric>());
                }
                flags->tune.metric = *found;
              },
              "What trials are ranked by, on the validation data: " + Alternatives<TuneMetric>())
          ->type_name("NAME")
          ->default_str(Name(TuneMetric::kLoss))
          ->group("Search");
  CLI::Option* const folds =
      command
          ->add_option("--folds", flags->tune.folds,
                       "Validate each trial on so many parts in turn (default: 5 below 3,000\n"
                       "examples, else 20 % are set aside)")
          ->check(CLI::Range(size_t{2}, size_t{1000}))
          ->type_name("K")
          ->group("Search");
  command->add_option("--top", flags->top, "Rows of the table")
      ->type_name("N")
      ->capture_default_str()
      ->group("Search");
  command
      ->add_option("--journal", flags->training.journal,
                   "File for what was tried, how far and with what result, as lines of JSON")
      ->type_name("FILE")
      ->group("Run");
  CLI::Option* const replay =
      command
          ->add_option("--replay", flags->training.replay,
                       "Repeat what a journal says instead of searching, to the same bits")
          ->type_name("FILE")
          ->group("Run");
  for (CLI::Option* const other : {budget, trials, space, metric, folds}) replay->excludes(other);
  for (const char* const other : {"--validation", "--preset", "--config"}) {
    replay->excludes(command->get_option(other));
  }
  AddRunOptions(*command, common);
  AddJsonOption(*command, common);
  command->footer(
      "The first trial has the defaults; others change them. Those that do well go on to more\n"
      "epochs from where they are. The table has the best trials, with the mean over the parts\n"
      "of the validation data. The model is that of the best, trained again on all examples\n"
      "where that takes no more than two fifths of the time. Ctrl-C ends the search with the best\n"
      "so far.\n"
      "\n"
      "Examples:\n"
      "  colonnade tune train.csv\n"
      "  colonnade tune train.csv --budget 5m --test test.csv -o best.safetensors\n"
      "  colonnade tune train.csv --optimizer adamw --space lr=1e-4..0.01:log\n"
      "  colonnade tune train.csv --trials 50 --journal journal.jsonl");
  command->callback([flags, &common] {
    flags->training.folds = flags->tune.folds > 0;
    if (flags->training.print_config) {
      const TrainSetup setup = SetUp(flags->training, common, true);
      PrintData(ConfigText(setup.training, setup.reading));
      return;
    }
    if (flags->training.train.empty()) throw CLI::RequiredError("TRAIN");
    RunTune(*flags, common);
  });
}

}  // namespace colonnade::cli
