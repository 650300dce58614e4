// SPDX-License-Identifier: Apache-2.0
#include "cli/train_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <utility>

#include "cli/config.h"
#include "cli/presets.h"
#include "colonnade/error.h"

namespace colonnade::cli {
namespace {

void RejectWithStart(const Settings& given) {
  for (const Option& option : OptionsOf<TrainOptions>()) {
    const std::string* const text = given.Find(option.info.name);
    if (text == nullptr || !IsOfStart(option.info)) continue;
    Reject(option.info.name, fmt::format("'{}'", *text),
           "no such flag with --start: the model has the network");
  }
}

// Adds settings of a file or a preset to those that count more, but for what these, or flags, make
// pointless, which is said.
void AddBelow(Settings config, const std::string& source, const TrainFlags& flags,
              const Common& common, Settings& settings) {
  TrainOptions options;
  config.Apply(options);
  settings.Apply(options);
  for (const auto& [name, text] : settings.all()) ChooseOptimizerFor(options, name);
  for (const auto& [name, text] : config.all()) ChooseOptimizerFor(options, name);
  for (const Option& option : OptionsOf<TrainOptions>()) {
    const char* const name = option.info.name;
    const std::string* const text = config.Find(name);
    if (text == nullptr || settings.Find(name) != nullptr) continue;
    const bool of_start = !flags.start.empty() && IsOfStart(option.info);
    const bool of_train = option.info.commands == Commands::kTrain && !flags.wanted(option.info);
    // What a model of networks by folds has, in `early-stopping`, does not go with other folds.
    const bool validated = (std::string_view(name) == "validation" &&
                            (flags.folds || !flags.validation_file.empty())) ||
                           (std::string_view(name) == "early-stopping" && flags.folds);
    if (Belongs(options, name) && !of_start && !of_train && !validated) continue;
    if (*text != option.preset && !(validated && *text == "0")) {
      PrintNote(common,
                fmt::format("{}: {} is left out: it does not go with the flags", source, name));
    }
    config.Remove(name);
  }
  for (const auto& [name, text] : config.all()) {
    if (settings.Find(name) == nullptr) settings.Set(name, text);
  }
}

// Contradictions that the library cannot see, because it has values instead of flags.
void CheckFlags(const TrainFlags& flags, const TrainOptions& options, bool validates) {
  validates =
      validates || options.validation > 0 || !flags.validation_file.empty() || options.HasFolds();
  if (options.validation > 0 && !flags.validation_file.empty()) {
    Reject("validation", "--validation-file too", "one of them");
  }
  if (options.early_stopping > 0 && !validates && options.validation.chosen()) {
    Reject("early-stopping", "no validation data", "--validation or --validation-file");
  }
  if (!options.checkpoint.empty()) return;
  if (options.resume) Reject("resume", "no --checkpoint", "the checkpoint to go on from");
  if (flags.given.Find("checkpoint-every") != nullptr) {
    Reject("checkpoint-every", "no --checkpoint", "the file to write");
  }
}

}  // namespace

bool IsOfStart(const OptionInfo& info) {
  return info.effect == Effect::kNetwork || std::string_view(info.name) == "init";
}

void AddTrainFlags(CLI::App& command, const std::function<bool(const OptionInfo&)>& wanted,
                   TrainFlags& flags) {
  flags.wanted = wanted;
  command.add_option(
      "TRAIN", flags.train,
      "Training data: table (CSV, Arrow, NPY, …), folder, cache or IDX images (labels\n"
      "in the file of that name); - is standard input. Compressed files are unpacked");
  command.add_option("--test", flags.test, "Data to evaluate the trained model on")->group("Data");
  AddOptionFlags<CsvOptions>(command, [](const OptionInfo&) { return true; }, flags.given);
  command
      .add_option("--validation-file", flags.validation_file,
                  "Data used like those of --validation instead")
      ->type_name("FILE")
      ->group("Data");
  command
      .add_option("--start", flags.start,
                  "Model whose network, parameters and scaling to start from")
      ->type_name("MODEL")
      ->group("Network");
  AddOptionFlags<TrainOptions>(command, wanted, flags.given);
  command.add_option("--preset", flags.preset, PresetHelp())->type_name("NAME")->group("Learning");
  command
      .add_option("--config", flags.config,
                  "Options from a TOML file (name = value), or those that a model was\n"
                  "trained with; flags count more")
      ->type_name("FILE")
      ->group("Run");
  command
      .add_flag("--print-config", flags.print_config, "Print all options as such a file, and end")
      ->group("Run");
}

void SetTask(TrainOptions& training, CsvOptions& reading) {
  Task& task = reading.task;
  Loss& loss = training.loss;
  if (loss == Loss::kAuto) {
    if (task == Task::kRegress) loss = Loss::kSquared;
    return;
  }
  const bool numbers = RowOf(loss).for_numbers;
  const Task needed = numbers ? Task::kRegress : Task::kClassify;
  if (task != Task::kAuto && task != needed) {
    const std::string expected = Alternatives<Loss>(
        [&](const LossRow& row) { return row.value != Loss::kAuto && row.for_numbers != numbers; });
    Reject("loss", fmt::format("{} with --task {}", Name(loss), Name(task)), expected);
  }
  task = needed;
}

TrainSetup SetUp(const TrainFlags& flags, Common& common, bool validates) {
  if (!flags.start.empty()) RejectWithStart(flags.given);
  Settings settings = flags.given;
  if (!flags.config.empty()) {
    AddBelow(ReadConfig(flags.config), flags.config, flags, common, settings);
  }
  TrainSetup setup;
  if (flags.preset == kClassic) {
    setup.training = TrainOptions::Classic();
  } else if (!flags.preset.empty()) {
    AddBelow(PresetSettings(flags.preset), "--preset " + flags.preset, flags, common, settings);
  }
  settings.Apply(setup.training);
  settings.Apply(setup.reading);
  if (common.threads_given) {
    setup.training.threads = common.threads;
  } else {
    common.threads = setup.training.threads;
  }
  for (const auto& [name, text] : settings.all()) ChooseOptimizerFor(setup.training, name);
  for (const auto& [name, text] : settings.all()) RequireBelongs(setup.training, name);
  SetTask(setup.training, setup.reading);
  CheckFlags(flags, setup.training, validates);
  if (setup.reading.group_column && setup.reading.time_column) {
    Reject("split-by-time", "--group-column, too", "one of them to split by");
  }
  setup.training.Check();
  setup.reading.Check();
  return setup;
}

void RequireDistinctFiles(const TrainFlags& flags, const TrainOptions& options) {
  struct File {
    const char* name;
    std::string path;
    bool written;
  };
  const File files[] = {{"TRAIN", flags.train, false},
                        {"test", flags.test, false},
                        {"validation-file", flags.validation_file, false},
                        {"start", flags.start, false},
                        {"config", flags.config, false},
                        {"output", flags.output, true},
                        {"log", flags.log, true},
                        {"replay", flags.replay, false},
                        {"journal", flags.journal, true},
                        {"profile", flags.profile, true},
                        {"checkpoint", options.checkpoint.string(), true}};
  for (const File& a : files) {
    for (const File& b : files) {
      if (&a == &b || !b.written || a.path.empty() || b.path.empty()) continue;
      std::error_code ignored;  // files that do not exist yet are equal by name only
      if (a.path != b.path && !std::filesystem::equivalent(a.path, b.path, ignored)) continue;
      const std::string other = &a == &files[0] ? a.name : fmt::format("`{}`", a.name);
      Reject(b.name, fmt::format("'{}'", b.path), "another file than that of " + other);
    }
  }
  for (const File& file : files) {
    const bool shared = file.path == "-" || file.path == "/dev/stdout";
    if (!file.written || !shared || std::string_view(file.name) == "log") continue;
    Reject(file.name, fmt::format("'{}'", file.path), "a file: the report goes to standard output");
  }
}

}  // namespace colonnade::cli
