#include "cli/sweep_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/signals.h"
#include "cli/sweep_log.h"
#include "cli/sweep_progress.h"
#include "cli/sweep_report.h"
#include "cli/train_data.h"
#include "cli/train_report.h"
#include "colonnade/error.h"
#include "colonnade/files.h"
#include "colonnade/machine.h"
#include "colonnade/split.h"
#include "colonnade/sweep.h"
#include "colonnade/version.h"

namespace colonnade::cli {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class SweepRunner {
 public:
  SweepRunner(const SweepFlags& flags, std::vector<Configuration> configurations,
              const Common& common)
      : flags_(flags),
        common_(common),
        configurations_(std::move(configurations)),
        report_{.configurations = configurations_} {}

  void Run() {
    const TrainFlags& training = configurations_.front().flags;
    RequireDistinctFiles(training);
    if (!training.output.empty()) RequireWritable(training.output);
    SweepLog log(training.log);
    ReadAndSplit();
    const SignalWatch watch;
    log.Open();
    TrainAll(log);
    Finish();
    log.Finish();
  }

 private:
  // A model with what it was trained on.
  struct Chosen {
    size_t configuration = 0;
    TrainOptions options = {};
    const Dataset* data = nullptr;
    std::optional<TrainResult> result = {};
  };

  void ReadAndSplit() {
    data_.emplace(ReadTrainData(configurations_.front().flags, common_));
    load_seconds_ = SecondsSince(begin_);
    const Dataset& train = data_->train;
    report_.regression = train.regression();
    for (Configuration& c : configurations_) {
      if (data_->start) StartFrom(*data_->start, c.options);
      FitOptions(c.flags, train, c.options);
    }
    PrintNotes(common_, data_->notes);
    for (size_t c = 0; c < configurations_.size(); ++c) {
      for (size_t s = 0; s < flags_.seeds; ++s) AddTrials(c, configurations_[c].options.seed + s);
    }
    PrintNote(common_, fmt::format("{}: {} examples, {} features, {} ({}); {} models to train",
                                   flags_.training.train, WithCommas(train.examples()),
                                   WithCommas(train.features()),
                                   train.regression() ? "numbers to predict (regression)"
                                                      : fmt::format("{} classes", train.classes()),
                                   Duration(load_seconds_), WithCommas(trials_.size())));
  }

  // The models of one configuration and seed.
  void AddTrials(size_t c, uint64_t seed) {
    TrainOptions options = configurations_[c].options;
    options.seed = seed;
    const auto add = [&](const Dataset& data, const Dataset& validation,
                         std::optional<size_t> fold) {
      options.validation = &validation;
      trials_.push_back({.data = &data, .options = options});
      report_.models.push_back({.configuration = c, .seed = seed, .fold = fold});
    };
    if (data_->validation) return add(data_->train, *data_->validation, {});
    auto found = splits_.find(seed);
    if (found == splits_.end()) found = splits_.emplace(seed, SplitBy(seed)).first;
    const std::vector<Split>& splits = found->second;
    for (size_t i = 0; i < splits.size(); ++i) {
      add(splits[i].train, splits[i].validation,
          flags_.folds > 0 ? std::optional<size_t>(i) : std::nullopt);
    }
  }

  std::vector<Split> SplitBy(uint64_t seed) const {
    if (flags_.folds > 0) {
      return NamingFlags([&] { return SplitFolds(data_->train, flags_.folds, seed); });
    }
    std::vector<Split> one;
    const double fraction = *configurations_.front().flags.stopping.validation;
    one.push_back(SplitStratified(data_->train, fraction, seed));
    return one;
  }

  void TrainAll(SweepLog& log) {
    SweepDisplay display(common_, trials_.size());
    SweepOptions options{.threads = common_.threads, .at_once = flags_.at_once};
    options.on_progress = [&](const SweepProgress& p) {
      display.Show(p);
      return SignalWatch::Received() == 0;
    };
    // The best model of each configuration, so far; without folds one of them is that of the sweep.
    best_.resize(configurations_.size());
    options.on_result = [&](size_t trial, TrialResult& of_trial) {
      SweepModel& model = report_.models[trial];
      model.failure = of_trial.failure;
      if (of_trial.done()) model.Take(*of_trial.result);
      if (model.done || !model.failure.empty()) {
        display.ShowEnded(EndedLine(model));
        log.Write(model, configurations_[model.configuration]);
      }
      Keep(trial, of_trial);
    };
    NamingFlags([&] { return Sweep(trials_, options); });
    display.Clear();
    report_.stopped = SignalWatch::Received() != 0;
  }

  std::string EndedLine(const SweepModel& model) const {
    const std::string label = model.Label(configurations_);
    if (!model.done) return fmt::format("{}: {}", label, model.failure);
    const Evaluation& e = model.validation;
    const std::string metric = e.regression ? fmt::format("RMSE {:.5g}", e.regression->rmse)
                                            : fmt::format("accuracy {:.4f}", e.accuracy);
    return fmt::format("{}: {}  loss {:.4g}  ({})", label, metric, e.loss, Duration(model.seconds));
  }

  // Takes the model if it may be that of the sweep, and lets go of it otherwise.
  void Keep(size_t trial, TrialResult& of_trial) {
    const SweepModel& model = report_.models[trial];
    std::optional<Chosen>& best = best_[model.configuration];
    if (model.done && flags_.folds == 0 && flags_.wants_model() &&
        (!best || model.BetterThan(report_.models[best_trial_[model.configuration]]))) {
      best = {.configuration = model.configuration,
              .options = trials_[trial].options,
              .data = trials_[trial].data,
              .result = std::move(of_trial.result)};
      best_trial_[model.configuration] = trial;
    }
    of_trial.result.reset();
  }

  void Finish() {
    const std::vector<SweepRow> ranked = report_.Ranked();
    if (!common_.json) PrintData(report_.Table());
    for (const SweepModel& model : report_.models) {
      if (model.failure.empty() || common_.quiet) continue;
      PrintError(fmt::format("{}: {}\n", model.Label(configurations_), model.failure));
    }
    const bool any = !ranked.front().done.empty();
    std::optional<Chosen> chosen;
    std::optional<Evaluation> test;
    if (any && !report_.stopped && flags_.wants_model()) {
      chosen = Best(ranked.front().configuration);
      if (chosen) test = WriteModel(*chosen);
    }
    if (common_.json) {
      PrintJson(ToJson(chosen, test));
    } else if (chosen) {
      PrintData(ChosenText(*chosen, test));
    }
    if (SignalWatch::Received() != 0) {
      const auto done = std::ranges::count_if(report_.models, &SweepModel::done);
      PrintError(
          fmt::format("colonnade: stopped by signal after {} of {} models; no model was "
                      "written\n",
                      done, report_.models.size()));
      throw ExitStatus{128 + SignalWatch::Received()};
    }
    if (!any) {
      throw Error(ErrorCode::kDiverged,
                  "no model could be trained: " + report_.models.front().failure);
    }
  }

  // The model of the best configuration; nothing if a signal came before it was there.
  std::optional<Chosen> Best(size_t configuration) {
    if (flags_.folds == 0) return std::move(best_[configuration]);
    PrintNote(common_, "training the best configuration on all examples");
    Chosen chosen{.configuration = configuration,
                  .options = configurations_[configuration].options,
                  .data = &data_->train};
    chosen.options.threads = common_.threads;
    TrainOptions options = chosen.options;
    options.on_progress = [](const Progress&) { return SignalWatch::Received() == 0; };
    chosen.result = Train(data_->train, options);
    if (chosen.result->stopped) return std::nullopt;
    return chosen;
  }

  // As `train` with the options of the model does. Returns how it does on the test data, if any.
  std::optional<Evaluation> WriteModel(Chosen& chosen) const {
    TrainReport report = ReportOf(chosen.options, *chosen.result, *chosen.data);
    report.Measure(*chosen.data, data_->test, common_.threads);
    if (!flags_.training.output.empty()) {
      AddProvenance(configurations_[chosen.configuration].flags, report, *chosen.data,
                    chosen.result->model);
      chosen.result->model.Save(flags_.training.output);
    }
    return report.test;
  }

  std::string ChosenText(const Chosen& chosen, const std::optional<Evaluation>& test) const {
    std::string text;
    if (test) text += EvaluationLine("test", *test);
    if (!flags_.training.output.empty()) {
      text += fmt::format("model  {}  ({})\n", flags_.training.output,
                          flags_.folds > 0 ? "trained on all examples"
                                           : fmt::format("seed {}", chosen.options.seed));
    }
    return text;
  }

  Json ToJson(const std::optional<Chosen>& chosen, const std::optional<Evaluation>& test) const {
    const Dataset& train = data_->train;
    Json grid = Json::object();
    for (const Configuration& c : configurations_) {
      for (const auto& [name, value] : c.settings) {
        Json& values = grid[name];
        if (std::ranges::find(values, Json(value)) == values.end()) values.push_back(value);
      }
    }
    Json model;
    if (chosen) {
      model = {{"seed", chosen->options.seed},
               {"parameters_hash", chosen->result->model.ParametersHash()},
               {"test", Json()},
               {"output", flags_.training.output.empty() ? Json() : Json(flags_.training.output)}};
      if (test) {
        model["test"] = {{"examples", test->examples}, {"loss", test->loss}};
        if (test->regression) {
          model["test"].update(RegressionJson(*test->regression));
        } else {
          model["test"]["accuracy"] = test->accuracy;
        }
      }
    }
    return {{"command", "sweep"},
            {"version", Version()},
            {"data",
             {{"train_examples", train.examples()},
              {"test_examples", data_->test ? Json(data_->test->examples()) : Json()},
              {"features", train.features()},
              {"classes", train.classes()}}},
            {"grid", grid},
            {"seeds", flags_.seeds},
            {"folds", flags_.folds > 0 ? Json(flags_.folds) : Json()},
            {"stopped", report_.stopped},
            {"configurations", report_.ToJson()},
            {"model", model},
            {"seconds", {{"load", load_seconds_}, {"total", SecondsSince(begin_)}}},
            {"machine", {{"simd", SimdTarget()}}}};
  }

  const Clock::time_point begin_ = Clock::now();
  const SweepFlags& flags_;
  const Common& common_;
  std::vector<Configuration> configurations_;
  SweepReport report_;
  std::optional<TrainData> data_;
  double load_seconds_ = 0;
  std::map<uint64_t, std::vector<Split>> splits_;  // by seed
  std::vector<Trial> trials_;                      // as the models of the report
  std::vector<std::optional<Chosen>> best_;        // per configuration
  std::map<size_t, size_t> best_trial_;            // per configuration
};

}  // namespace

void RunSweep(const SweepFlags& flags, std::vector<Configuration> configurations,
              const Common& common) {
  SweepRunner(flags, std::move(configurations), common).Run();
}

}  // namespace colonnade::cli
