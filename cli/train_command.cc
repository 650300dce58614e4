// SPDX-License-Identifier: Apache-2.0
// colonnade train TRAIN.csv
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/checkpoint_notes.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/epoch_log.h"
#include "cli/presets.h"
#include "cli/profile_report.h"
#include "cli/progress.h"
#include "cli/rate_chart.h"
#include "cli/reading.h"
#include "cli/signals.h"
#include "cli/train_data.h"
#include "cli/train_flags.h"
#include "cli/train_report.h"
#include "colonnade/files.h"
#include "colonnade/rates.h"
#include "colonnade/split.h"

namespace colonnade::cli {
namespace {

using Clock = std::chrono::steady_clock;

// The lines that the original of the classic preset prints.
std::string ClassicLines(const Progress& p) {
  const size_t iteration = p.epoch - 1;
  if (!p.epoch_done || iteration % 100 != 0) return "";
  return fmt::format("Iteration: {}\nAccuracy: {:.2f}\n", iteration, p.accuracy);
}

// What is worth knowing of the scale on which numbers are learned, where a person asked for it and
// where it was found.
void NoteTargetScale(const TrainOptions& options, const Common& common) {
  if (options.target_scale != TargetScale::kLog || options.start) return;
  PrintNote(common,
            "losses are of log(1 + y), but for those of validation, in the units of the data");
}

void NoteFoundTargetScale(const TrainOptions& asked, const TrainResult& result,
                          const Common& common) {
  const TargetScale found = result.options.target_scale;
  if (asked.target_scale != TargetScale::kAuto || asked.start || !result.model.regression()) return;
  if (found == TargetScale::kStandard) return;
  PrintNote(common, fmt::format("the numbers to predict have a heavy tail and were learned on "
                                "another scale: --target-scale {}",
                                Name(found)));
}

// The table to standard error, and the trace.
void ReportProfile(const TrainFlags& flags, const Common& common, const TrainResult& result) {
  if (!result.profile) return;
  const Profile& profile = *result.profile;
  const size_t traced = profile.traced_steps.size();
  PrintNote(common, ProfileTable(profile, result.model.shape()) +
                        fmt::format("{} holds {} steps.", flags.profile,
                                    traced == profile.steps
                                        ? "all"
                                        : fmt::format("the first {}", WithCommas(traced))));
  WriteTrace(profile, flags.profile);
}

// A range test instead of a training: nothing is written.
void RunRateTest(const TrainFlags& flags, Common& common) {
  const TrainSetup setup = SetUp(flags, common);
  const TrainData data = ReadTrainData(flags, setup.reading, common);
  PrintSummaries(common, data);
  TrainOptions options = setup.training;
  const SignalWatch watch;
  options.on_progress = [](const Progress&) { return SignalWatch::Received() == 0; };
  const RateTest test = TestRates(data.train, options);
  if (SignalWatch::Received() != 0) throw ExitStatus{128 + SignalWatch::Received()};
  if (common.json) {
    PrintJson(RateTestJson(test));
  } else {
    PrintData(RateChart(test));
  }
}

// What the data decided where nobody chose, in a line; nothing where it is what it is without data.
std::vector<std::string> ChosenNotes(const TrainOptions& given, const TrainOptions& resolved) {
  std::string text;
  for (const Option& option : OptionsOf<TrainOptions>()) {
    const char* const name = option.info.name;
    const std::string before = OptionText(given, name);
    const std::string now = OptionText(resolved, name);
    if ((!before.empty() && before != "auto") || now.empty() || !Belongs(resolved, name)) continue;
    if (resolved.embed != Embedding::kPiecewise && std::string_view(name) == "embed-pieces")
      continue;
    if (resolved.ensemble == 1 && std::string_view(name) == "ensemble-by") continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, now);
  }
  if (text.empty()) return {};
  return {"chosen   " + text};
}

void RunTrain(const TrainFlags& flags, Common& common) {
  const Clock::time_point begin = Clock::now();
  const TrainSetup setup = SetUp(flags, common);
  TrainOptions options = setup.training;
  RequireDistinctFiles(flags, options);
  RequireWritable(flags.output);
  if (!flags.profile.empty()) RequireWritable(flags.profile);
  EpochLog log(flags.log);

  const TrainData data = ReadTrainData(flags, setup.reading, common);
  if (data.start) options.StartFrom(*data.start);
  Dataset train = data.train;
  options.validation_data = data.validation;
  options.profile = !flags.profile.empty();
  options = options.ForData(train);
  const double validation = options.validation;
  if (validation > 0) {  // here, because the report is about the part to train on
    Split split = SplitStratified(train, validation, options.seed);
    train = std::move(split.train);
    options.validation_data = std::move(split.validation);
    options.validation = 0.0;
  }
  const double load_seconds = SecondsSince(begin);
  const TrainOptions resolved = options.Resolve(train);
  NoteCheckpoint(options, common);
  const bool told = PrintSummaries(common, data);
  const size_t batch_size =
      options.batch_size == 0 ? train.examples() : std::min(*options.batch_size, train.examples());
  if (validation > 0) PrintNotes(common, SplitNotes(data.train));
  NoteTargetScale(options, common);
  if (!told) {
    PrintNote(common, fmt::format("{} ({})", DataLine(flags, train), Duration(load_seconds)));
  } else if (validation > 0) {
    PrintNote(common, fmt::format("split    {} examples to train on, {} for validation",
                                  WithCommas(train.examples()),
                                  WithCommas(options.validation_data->examples())));
  }
  PrintNotes(common, ChosenNotes(setup.training, resolved));

  ProgressDisplay display(common, options.max_seconds);
  const bool classic = flags.preset == kClassic;
  options.measure_norms = !flags.log.empty();
  bool begun = false;
  options.on_progress = [&](const Progress& p) {
    if (!begun) {
      begun = true;
      const std::string several =
          resolved.ensemble > 1
              ? fmt::format("; {} networks by {}", *resolved.ensemble, Name(*resolved.ensemble_by))
              : "";
      PrintNote(common, fmt::format("network {}, {} parameters{}; {} epochs, batch size {}",
                                    p.network->Widths(), WithCommas(p.network->parameters()),
                                    several, WithCommas(p.epochs), WithCommas(batch_size)));
    }
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
  result.options.validation = validation;
  display.Clear();
  NoteFoundTargetScale(options, result, common);
  TrainReport report{.result = result, .files = data, .data = train, .reading = setup.reading};
  report.output = flags.output;
  report.load_seconds = load_seconds;
  if (result.stopped) {
    if (options.checkpoint.empty()) report.WithProvenance(flags).Save(flags.output);
    PrintError(fmt::format("colonnade: stopped by signal after step {}; {}\n", result.steps,
                           HowToGoOn(options, flags.output)));
    ReportProfile(flags, common, result);
    throw ExitStatus{128 + SignalWatch::Received()};
  }

  const Clock::time_point evaluate_begin = Clock::now();
  report.Measure(data.test, common.threads);
  report.evaluate_seconds = SecondsSince(evaluate_begin);
  const Clock::time_point save_begin = Clock::now();
  report.WithProvenance(flags).Save(flags.output);
  report.save_seconds = SecondsSince(save_begin);
  report.total_seconds = SecondsSince(begin);
  if (common.json) {
    PrintJson(report.ToJson());
  } else {
    PrintData(report.ToText());
  }
  log.Finish();
  ReportProfile(flags, common, result);
  // Too late to stop the training, but not to end as asked.
  if (SignalWatch::Received() != 0) throw ExitStatus{128 + SignalWatch::Received()};
}

}  // namespace

void AddTrainCommand(CLI::App& app, Common& common) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command = app.add_subcommand("train", "Train a network on a table");
  AddTrainFlags(
      *command, [](const OptionInfo& info) { return std::string_view(info.name) != "threads"; },
      *flags);
  command->add_option("-o,--output", flags->output, "Model file to write")->capture_default_str();
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
    if (flags->print_config) {
      const TrainSetup setup = SetUp(*flags, common);
      PrintData(ConfigText(setup.training, setup.reading));
      return;
    }
    if (flags->train.empty()) throw CLI::RequiredError("TRAIN");
    if (flags->lr_find) {
      RunRateTest(*flags, common);
    } else {
      RunTrain(*flags, common);
    }
  });
}

}  // namespace colonnade::cli
