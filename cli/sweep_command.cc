// SPDX-License-Identifier: Apache-2.0
// colonnade sweep TRAIN.csv
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/config.h"
#include "cli/progress.h"
#include "cli/reading.h"
#include "cli/signals.h"
#include "cli/sweep_grid.h"
#include "cli/sweep_log.h"
#include "cli/sweep_progress.h"
#include "cli/sweep_report.h"
#include "cli/train_data.h"
#include "cli/train_flags.h"
#include "cli/train_report.h"
#include "colonnade/error.h"
#include "colonnade/files.h"
#include "colonnade/machine.h"
#include "colonnade/select.h"
#include "colonnade/split.h"
#include "colonnade/version.h"

namespace colonnade::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct SweepFlags {
  TrainFlags training;
  std::vector<std::string> grid;
  SelectOptions select;
};

// What the flags say of how to validate, in `select`; the trainings have nothing of it themselves.
void SetValidation(const SweepFlags& flags, const Common& common, TrainSetup& setup,
                   SelectOptions& select) {
  TrainOptions& training = setup.training;
  const bool from_file = !flags.training.validation_file.empty();
  const bool validates = training.validation > 0 || from_file;
  if (select.folds > 0 && validates) {
    Reject("folds", from_file ? "--validation-file too" : "--validation too", "one of them");
  }
  if (training.validation > 0) select.validation = training.validation;
  // On all examples the best is trained as `train` does.
  if (select.folds == 0) training.validation = 0;
  if (select.folds > 0 || validates) return;
  const char* const which = setup.reading.time_column    ? "the last {:g} % of the examples"
                            : setup.reading.group_column ? "groups of {:g} % of the examples"
                                                         : "{:g} % of the examples of each class";
  PrintNote(common, fmt::format("validation on {} (--validation and --folds choose otherwise)",
                                fmt::format(fmt::runtime(which), 100 * select.validation)));
}

// The values of each axis, each once.
Json GridJson(std::span<const Configuration> configurations) {
  Json grid = Json::object();
  for (const Configuration& c : configurations) {
    for (const auto& [name, value] : c.settings) {
      Json& values = grid[name];
      if (std::ranges::find(values, Json(value)) == values.end()) values.push_back(value);
    }
  }
  return grid;
}

// The configurations with what of their options only the data decide.
void FitOptions(const TrainData& data, std::vector<Configuration>& configurations) {
  for (Configuration& c : configurations) {
    if (data.start) c.options.StartFrom(*data.start);
    static_cast<void>(c.options.Resolve(data.train));  // throws what can be known now
  }
}

Selection SelectShown(const SweepFlags& flags, const TrainData& data, const SelectOptions& options,
                      std::span<const Configuration> configurations, const Common& common) {
  const size_t models = configurations.size() * options.seeds * std::max<size_t>(options.folds, 1);
  SweepLog log(flags.training.log);
  log.Open();
  SweepDisplay display(common, models);
  SelectOptions shown = options;
  shown.validation_data = data.validation;
  shown.on_progress = [&](const SweepProgress& progress) {
    if (progress.trial < progress.trials) display.Show(progress);
    return SignalWatch::Received() == 0;
  };
  shown.on_run = [&](size_t, const SelectionRun& run) {
    display.ShowEnded(RunLine(run, configurations));
    log.Write(run, configurations[run.configuration]);
  };
  shown.on_refit = [&] {
    display.Clear();
    PrintNote(common, "training the best configuration on all examples");
  };
  Selection selection = Select(data.train, configurations, shown);
  display.Clear();
  log.Finish();
  return selection;
}

// The report of the best model as `train` with its options gives it, written where the flags say.
TrainReport WriteModel(const SweepFlags& flags, const TrainData& data, const CsvOptions& reading,
                       const SelectedModel& model, const Common& common) {
  TrainReport report{.result = model.result, .files = data, .data = model.data, .reading = reading};
  report.Measure(data.test, common.threads);
  if (!flags.training.output.empty()) {
    report.WithProvenance(flags.training).Save(flags.training.output);
  }
  return report;
}

void RunSweep(const SweepFlags& flags, Common& common) {
  const Clock::time_point begin = Clock::now();
  TrainSetup setup = SetUp(flags.training, common, true);
  SelectOptions select = flags.select;
  select.threads = setup.training.threads;
  const std::string& output = flags.training.output;
  select.model = !output.empty() || !flags.training.test.empty();
  SetValidation(flags, common, setup, select);
  const std::vector<GridAxis> axes = ParseGrid(flags.grid, flags.training.given);
  std::vector<Configuration> configurations = Grid(setup.training, axes);
  for (Configuration& c : configurations) {
    for (const auto& [name, text] : flags.training.given.all()) RequireBelongs(c.options, name);
  }
  if (select.seeds > 1 && std::ranges::find(axes, "seed", &GridAxis::name) != axes.end()) {
    Reject("seeds", "--grid seed too", "one of them");
  }
  CheckSelection(configurations, select);
  for (Configuration& c : configurations) SetTask(c.options, setup.reading);
  RequireDistinctFiles(flags.training, setup.training);
  if (!output.empty()) RequireWritable(output);
  {
    const SweepLog writable(flags.training.log);
  }

  const TrainData data = ReadTrainData(flags.training, setup.reading, common);
  const double load_seconds = SecondsSince(begin);
  FitOptions(data, configurations);
  const bool told = PrintSummaries(common, data);
  if (!data.validation) PrintNotes(common, SplitNotes(data.train, select.folds));
  const size_t models = configurations.size() * select.seeds * std::max<size_t>(select.folds, 1);
  const std::string line =
      told ? ""
           : fmt::format("{} ({}); ", DataLine(flags.training, data.train), Duration(load_seconds));
  PrintNote(common, fmt::format("{}{} models to train", line, WithCommas(models)));

  const SignalWatch watch;
  const Selection selection = SelectShown(flags, data, select, configurations, common);
  const bool stopped = selection.stopped || SignalWatch::Received() != 0;
  if (!common.json) PrintData(RankingTable(selection, configurations));
  for (const SelectionRun& run : selection.runs) {
    if (run.failure.empty() || common.quiet) continue;
    PrintError(fmt::format("{}: {}\n", RunLabel(run, configurations), run.failure));
  }
  std::optional<TrainReport> report;
  if (selection.model && !stopped) {
    report.emplace(WriteModel(flags, data, setup.reading, *selection.model, common));
  }
  if (common.json) {
    Json model;
    if (report) {
      model = {{"seed", report->result.options.seed},
               {"parameters_hash", report->result.model.ParametersHash()},
               {"test", TestJson(report->test)},
               {"output", output.empty() ? Json() : Json(output)}};
    }
    Json of_data = {{"train_examples", data.train.examples()},
                    {"test_examples", data.test ? Json(data.test->examples()) : Json()},
                    {"features", data.train.features()},
                    {"classes", data.train.classes()}};
    AddSummaries(data, of_data);
    PrintJson({{"command", "sweep"},
               {"version", Version()},
               {"data", of_data},
               {"grid", GridJson(configurations)},
               {"seeds", select.seeds},
               {"folds", select.folds > 0 ? Json(select.folds) : Json()},
               {"stopped", stopped},
               {"configurations", RankingJson(selection, configurations)},
               {"model", model},
               {"seconds", {{"load", load_seconds}, {"total", SecondsSince(begin)}}},
               {"machine", {{"simd", SimdTarget()}}}});
  } else if (report) {
    std::string text = report->test ? EvaluationLine("test", *report->test) : "";
    if (!output.empty()) {
      text += fmt::format("model  {}  ({})\n", output,
                          select.folds > 0 ? "trained on all examples"
                                           : fmt::format("seed {}", report->result.options.seed));
    }
    PrintData(text);
  }
  if (stopped) {
    const auto done = std::ranges::count_if(selection.runs, &SelectionRun::done);
    PrintError(
        fmt::format("colonnade: stopped by signal after {} of {} models; no model was "
                    "written\n",
                    done, selection.runs.size()));
    throw ExitStatus{128 + SignalWatch::Received()};
  }
  if (selection.ranking.front().done == 0) {
    throw Error(ErrorCode::kDiverged,
                "no model could be trained: " + selection.runs.front().failure);
  }
}

}  // namespace

void AddSweepCommand(CLI::App& app, Common& common) {
  auto flags = std::make_shared<SweepFlags>();
  flags->training.output.clear();
  CLI::App* command =
      app.add_subcommand("sweep", "Train many networks side by side and compare them");
  AddTrainFlags(
      *command,
      [](const OptionInfo& info) {
        return info.commands != Commands::kTrain && std::string_view(info.name) != "threads";
      },
      flags->training);
  command
      ->add_option("-o,--output", flags->training.output,
                   "File for the best model: that of the best seed of the best configuration, by\n"
                   "its validation; with --folds that configuration trained on all examples")
      ->type_name("FILE");
  command
      ->add_option(
          "--grid", flags->grid,
          "Values to try for a flag about network, loss, learning or stopping: lr=0.01,0.1.\n"
          "Several of them: every combination. Lists have '+' in place of commas:\n"
          "hidden=128,64+32")
      ->type_name("NAME=V,V…")
      ->group("Sweep");
  command
      ->add_option("--seeds", flags->select.seeds,
                   "Models of each configuration, by the seeds --seed, --seed + 1, …")
      ->check(CLI::Range(size_t{1}, size_t{10'000}))
      ->type_name("N")
      ->capture_default_str()
      ->group("Sweep");
  command
      ->add_option("--folds", flags->select.folds,
                   "Cross-validation: as many models, each validated on another part of the\n"
                   "examples (of each class the same number) and trained on the others")
      ->check(CLI::Range(size_t{2}, size_t{1000}))
      ->type_name("K")
      ->group("Sweep");
  command->add_option("--at-once", flags->select.at_once, "Models that train side by side")
      ->check(CLI::Range(size_t{1}, size_t{1024}))
      ->type_name("N")
      ->default_str("one per thread")
      ->group("Sweep");
  AddRunOptions(*command, common);
  AddJsonOption(*command, common);
  command->add_option("--log", flags->training.log, "File for one JSON line per model")
      ->type_name("FILE")
      ->group("Run");
  command->footer(
      "The table has a row per configuration, the best first: the mean over its models of the\n"
      "validation accuracy (RMSE for numbers), loss and seconds, ± their standard deviation.\n"
      "Without --validation, --validation-file and --folds, 10 % of the examples are set aside.\n"
      "\n"
      "Examples:\n"
      "  colonnade sweep train.csv --grid lr=0.01,0.1 --grid hidden=64,128+64 --seeds 3\n"
      "  colonnade sweep train.csv --grid optimizer=momentum,adam -o best.safetensors\n"
      "  colonnade sweep train.csv --folds 5 --hidden 64 --epochs 20");
  command->callback([flags, &common] {
    flags->training.folds = flags->select.folds > 0;
    if (flags->training.print_config) {
      const TrainSetup setup = SetUp(flags->training, common, true);
      PrintData(ConfigText(setup.training, setup.reading));
      return;
    }
    if (flags->training.train.empty()) throw CLI::RequiredError("TRAIN");
    RunSweep(*flags, common);
  });
}

}  // namespace colonnade::cli
