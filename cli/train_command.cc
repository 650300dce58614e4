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

// Flags as given; those not given keep the default of TrainOptions or of the preset.
struct TrainFlags {
  std::string train, test, output = "model.safetensors", log, profile, preset;
  DataOptions reading;
  LearningFlags learning;
  LossFlags loss;
  StoppingFlags stopping;
  std::optional<std::string> scale, hidden, activation, init, batch_size, seed, precision;
  std::optional<size_t> epochs;
  std::optional<double> dropout;
  bool lr_find = false;
};

[[noreturn]] void Reject(const char* flag, const std::string& found, const char* expected) {
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{}: found '{}', expected {}", flag, found, expected));
}

// A whole number, at least `lowest`, and nothing else.
uint64_t ParseNumber(const char* flag, const std::string& text, uint64_t lowest,
                     const char* expected) {
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || value < lowest) Reject(flag, text, expected);
  return value;
}

std::vector<size_t> ParseHidden(const std::string& text) {
  constexpr const char* kExpected = "widths such as 128 or 256,64, or none";
  std::vector<size_t> widths;
  if (text == "none") return widths;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string width = text.substr(begin, end - begin);
    if (width.empty()) Reject("--hidden", text, kExpected);
    widths.push_back(ParseNumber("--hidden", width, 1, kExpected));
    begin = end + 1;
  }
  return widths;
}

// One activation for all hidden layers, or one for each.
void SetActivations(const std::string& text, TrainOptions& options) {
  std::vector<Activation> activations;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::optional<Activation> named = ActivationNamed(text.substr(begin, end - begin));
    if (!named) {
      Reject("--activation", text,
             "relu, leaky-relu, elu, gelu, silu, tanh, sigmoid or identity, or a list of them");
    }
    activations.push_back(*named);
    begin = end + 1;
  }
  if (activations.size() == 1) {
    options.activation = activations.front();
  } else if (activations.size() != options.hidden.size()) {
    Reject("--activation", text,
           fmt::format("one name, or one for each of the {} hidden layers", options.hidden.size())
               .c_str());
  } else {
    options.activations = std::move(activations);
  }
}

// Calls `check`; a message of what it throws names the flag instead of the library's option.
template <class Check>
auto NamingFlags(const Check& check) {
  try {
    return check();
  } catch (const Error& error) {
    const std::string message = error.what();
    for (const auto& [option, flag] : {std::pair{"learning rate decay", "--lr-decay"},
                                       {"learning rate", "--lr"},
                                       {"momentum", "--momentum"},
                                       {"accumulate", "--accumulate"},
                                       {"clip norm", "--clip-norm"},
                                       {"beta1", "--beta1"},
                                       {"beta2", "--beta2"},
                                       {"alpha", "--alpha"},
                                       {"epsilon", "--epsilon"},
                                       {"weight decay", "--weight-decay"},
                                       {"hidden", "--hidden"},
                                       {"dropout", "--dropout"},
                                       {"loss", "--loss"},
                                       {"huber delta", "--huber-delta"},
                                       {"label smoothing", "--label-smoothing"},
                                       {"class weights", "--class-weight"},
                                       {"scale", "--scale"}}) {
      if (message.rfind(option, 0) != 0) continue;
      throw Error(error.code(), flag + message.substr(std::string_view(option).size()));
    }
    throw;
  }
}

// No file may be read and written, or written twice, in one run.
void RequireDistinctFiles(const TrainFlags& flags) {
  const std::pair<const char*, const std::string*> files[] = {
      {"TRAIN", &flags.train},
      {"--test", &flags.test},
      {"--validation-file", &flags.stopping.validation_file},
      {"--start", &flags.stopping.start},
      {"--output", &flags.output},
      {"--log", &flags.log},
      {"--profile", &flags.profile},
      {"--checkpoint", &flags.stopping.checkpoint}};
  for (const auto& [a_name, a] : files) {
    for (const auto& [b_name, b] : files) {
      const bool b_is_written = b != &flags.train && b != &flags.test &&
                                b != &flags.stopping.validation_file && b != &flags.stopping.start;
      if (a == b || !b_is_written || a->empty() || b->empty()) continue;
      std::error_code ignored;  // files that do not exist yet are equal by name only
      if (*a != *b && !std::filesystem::equivalent(*a, *b, ignored)) continue;
      Reject(b_name, *b, fmt::format("another file than that of {}", a_name).c_str());
    }
  }
  for (const auto& [flag, file] : {std::pair{"--output", &flags.output},
                                   {"--profile", &flags.profile},
                                   {"--checkpoint", &flags.stopping.checkpoint}}) {
    if (*file != "-" && *file != "/dev/stdout") continue;
    Reject(flag, *file, "a file: the report goes to standard output");
  }
}

TrainOptions ToTrainOptions(const TrainFlags& flags, const Common& common) {
  TrainOptions o = flags.preset == "classic" ? TrainOptions::Classic() : TrainOptions();
  if (flags.scale) o.scale = *flags.scale;
  if (flags.hidden) o.hidden = ParseHidden(*flags.hidden);
  if (flags.dropout) o.dropout = *flags.dropout;
  if (flags.activation) SetActivations(*flags.activation, o);
  if (flags.init) o.init = *flags.init == "he" ? Initialization::kHe : Initialization::kUniform;
  if (flags.epochs) o.epochs = *flags.epochs;
  if (flags.batch_size) {
    o.batch_size = *flags.batch_size == "full"
                       ? 0
                       : ParseNumber("--batch-size", *flags.batch_size, 1, "1 or more, or full");
  }
  ApplyLearningFlags(flags.learning, o);
  ApplyStoppingFlags(flags.stopping, o);
  if (flags.precision) {
    o.precision = *flags.precision == "f32" ? Precision::kF32 : Precision::kBf16;
  }
  if (flags.seed) {
    o.seed = ParseNumber("--seed", *flags.seed, 0, "a whole number from 0 to 2^64 - 1");
  }
  if (!flags.stopping.start.empty()) {
    for (const auto& [flag, value] : {std::pair{"--hidden", flags.hidden},
                                      {"--activation", flags.activation},
                                      {"--init", flags.init}}) {
      if (value) Reject(flag, *value, "no such flag with --start: the model has the network");
    }
  }
  o.threads = common.threads;
  ApplyLossFlags(flags.loss, o);
  NamingFlags([&] { o.Check(); });
  return o;
}

// The lines that the original of the classic preset prints.
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

void AddNetworkOptions(CLI::App& command, TrainFlags& flags) {
  command
      .add_option("--hidden", flags.hidden, "Widths of the hidden layers, such as 128 or 256,64")
      ->type_name("N[,N…]|none")
      ->group("Network");
  command
      .add_option("--activation", flags.activation,
                  "Activation of the hidden layers: relu, leaky-relu, elu, gelu, silu, tanh,\n"
                  "sigmoid or identity; or one for each, such as relu,tanh")
      ->type_name("NAME[,NAME…]")
      ->default_str("relu")
      ->group("Network");
  command
      .add_option("--dropout", flags.dropout,
                  "Part of the outputs of hidden layers that each step drops, in [0, 1)")
      ->default_str("0")
      ->group("Network");
  command.add_option("--init", flags.init, "How weights start")
      ->check(CLI::IsMember({"he", "uniform"}))
      ->default_str("he")
      ->group("Network");
}

void AddTrainingOptions(CLI::App& command, TrainFlags& flags) {
  const TrainOptions defaults;
  const auto group = [](CLI::Option* option) { option->group("Learning"); };
  group(command.add_option("--epochs", flags.epochs, "Passes over the training data")
            ->check(CLI::Range(size_t{1}, size_t{1'000'000}))
            ->default_str("as many as give 2500 steps, 4 to 200"));
  group(command.add_option("--batch-size", flags.batch_size, "Examples per step")
            ->type_name("N|full")
            ->default_str(std::to_string(defaults.batch_size)));
  AddLossOptions(command, flags.loss);
  AddLearningOptions(command, flags.learning);
  AddStoppingOptions(command, flags.stopping);
  group(command.add_option("--seed", flags.seed, "Seed of all random numbers")
            ->type_name("N")
            ->default_str("0"));
  group(command
            .add_option("--precision", flags.precision,
                        "Of the factors in matrix products. bf16: bfloat16 factors, f32 sums and\n"
                        "parameters; faster where the processor has dot products of it")
            ->check(CLI::IsMember({"f32", "bf16"}))
            ->default_str("f32"));
  group(command
            .add_option("--preset", flags.preset,
                        "classic: 10 hidden units, full batch, rate 0.05, 1000 iterations,\n"
                        "uniform start; other flags still count")
            ->check(CLI::IsMember({"classic"})));
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
