// colonnade train TRAIN.csv
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/epoch_log.h"
#include "cli/loss_options.h"
#include "cli/profile_report.h"
#include "cli/progress.h"
#include "cli/rate_chart.h"
#include "cli/signals.h"
#include "cli/stopping_options.h"
#include "cli/train_data.h"
#include "cli/train_flags.h"
#include "cli/train_report.h"
#include "colonnade/error.h"
#include "colonnade/files.h"
#include "colonnade/rates.h"
#include "colonnade/split.h"

namespace colonnade::cli {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The lines that the original of the classic preset prints.
std::string ClassicLines(const Progress& p) {
  const size_t iteration = p.epoch - 1;
  if (!p.epoch_done || iteration % 100 != 0) return "";
  return fmt::format("Iteration: {}\nAccuracy: {:.2f}\n", iteration, p.accuracy);
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
  const Dataset train = ReadTrainData(flags, common).train;
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

void RunTrain(const TrainFlags& flags, const Common& common) {
  const Clock::time_point begin = Clock::now();
  TrainOptions chosen = ToTrainOptions(flags, common);
  RequireDistinctFiles(flags);
  RequireWritable(flags.output);
  if (!flags.profile.empty()) RequireWritable(flags.profile);
  EpochLog log(flags.log);

  TrainData data = ReadTrainData(flags, common);
  if (data.start) StartFrom(*data.start, chosen);
  Dataset& train = data.train;
  std::optional<Dataset>& validation = data.validation;
  if (flags.stopping.validation) {
    Split split = SplitStratified(train, *flags.stopping.validation, chosen.seed);
    train = std::move(split.train);
    validation = std::move(split.validation);
  }
  if (validation) chosen.validation = &*validation;
  const double load_seconds = SecondsSince(begin);
  const NetworkShape shape = FitOptions(flags, train, chosen);
  NoteCheckpoint(flags.stopping, common);
  PrintNotes(common, data.notes);

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
  report.Measure(train, data.test, common.threads);
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
  AddTrainDataOptions(*command, *flags);
  command->add_option("-o,--output", flags->output, "Model file to write")->capture_default_str();
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
