// colonnade sweep TRAIN.csv
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/sweep_grid.h"
#include "cli/sweep_runner.h"
#include "cli/train_data.h"
#include "cli/train_flags.h"
#include "colonnade/error.h"

namespace colonnade::cli {
namespace {

// Set aside where the flags do not say what to validate on.
constexpr double kDefaultValidation = 0.1;

// Each fold takes 8 bytes per example.
constexpr size_t kMaxFolds = 1000;

// More than anybody can wait for.
constexpr size_t kMaxModels = 1'000'000;

[[noreturn]] void Reject(const char* flag, const std::string& found, const char* expected) {
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{}: found {}, expected {}", flag, found, expected));
}

// What the configurations have in common; looked at before any data are.
TrainFlags FixedFlags(const SweepFlags& flags, const Common& common) {
  TrainFlags fixed = flags.training;
  StoppingFlags& stopping = fixed.stopping;
  const bool validates = stopping.validation || !stopping.validation_file.empty();
  if (flags.folds > 0) {
    if (validates) {
      Reject("--folds", stopping.validation ? "--validation too" : "--validation-file too",
             "one of them");
    }
    stopping.validation = 1 / static_cast<double>(flags.folds);
  } else if (!validates) {
    stopping.validation = kDefaultValidation;
    PrintNote(common,
              "validation on 10 % of the examples of each class (--validation and --folds "
              "choose otherwise)");
  }
  return fixed;
}

std::vector<Configuration> ConfigurationsOf(const SweepFlags& flags, const CLI::App& command,
                                            const Common& common) {
  const std::vector<GridAxis> grid = ParseGrid(flags.grid, command);
  std::vector<Configuration> all = Configurations(grid, FixedFlags(flags, common), common);
  for (const Configuration& c : all) {
    if (c.flags.loss.ForReading() != all.front().flags.loss.ForReading()) {
      Reject("--grid", "losses for classes and losses for numbers", "either of them");
    }
    if (flags.folds > 0 && flags.wants_model() && c.options.early_stopping > 0) {
      Reject("--early-stopping", fmt::format("{} with --folds", c.options.early_stopping),
             "no --output and no --test: the best configuration is trained again on all examples, "
             "where nothing would stop it");
    }
    if (c.options.seed + (flags.seeds - 1) < c.options.seed) {
      Reject("--seeds", fmt::format("{} from {} on", flags.seeds, c.options.seed),
             "seeds below 2^64");
    }
  }
  const size_t models = all.size() * flags.seeds * std::max<size_t>(flags.folds, 1);
  if (models > kMaxModels) {
    Reject("--grid", fmt::format("{} models, with --seeds and --folds", models),
           fmt::format("at most {}", kMaxModels).c_str());
  }
  const bool seeds_in_grid = std::ranges::find(grid, "seed", &GridAxis::name) != grid.end();
  if (seeds_in_grid && flags.seeds > 1) Reject("--seeds", "--grid seed too", "one of them");
  return all;
}

}  // namespace

void AddSweepCommand(CLI::App& app, Common& common) {
  auto flags = std::make_shared<SweepFlags>();
  flags->training.output.clear();
  CLI::App* command =
      app.add_subcommand("sweep", "Train many networks side by side and compare them");
  AddTrainDataOptions(*command, flags->training);
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
      ->add_option("--seeds", flags->seeds,
                   "Models of each configuration, by the seeds --seed, --seed + 1, …")
      ->check(CLI::Range(size_t{1}, size_t{10'000}))
      ->type_name("N")
      ->capture_default_str()
      ->group("Sweep");
  command
      ->add_option("--folds", flags->folds,
                   "Cross-validation: as many models, each validated on another part of the\n"
                   "examples (of each class the same number) and trained on the others")
      ->check(CLI::Range(size_t{2}, kMaxFolds))
      ->type_name("K")
      ->group("Sweep");
  command->add_option("--at-once", flags->at_once, "Models that train side by side")
      ->check(CLI::Range(size_t{1}, size_t{1024}))
      ->type_name("N")
      ->default_str("one per thread")
      ->group("Sweep");
  AddNetworkOptions(*command, flags->training);
  AddTrainingOptions(*command, flags->training);
  for (const char* other : {"--checkpoint", "--checkpoint-every", "--resume"}) {
    command->remove_option(command->get_option(other));
  }
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
  command->callback([flags, command, &common] {
    RunSweep(*flags, ConfigurationsOf(*flags, *command, common), common);
  });
}

}  // namespace colonnade::cli
