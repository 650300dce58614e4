#include "cli/train_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace colonnade::cli {
namespace {

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

// Sets `all` to one value for all hidden layers, or `each` to one for each of so many.
// value_of(name) is nothing for an unknown name; expected: the names.
template <class T, class ValueOf>
void SetPerLayer(const char* flag, const std::string& text, size_t layers, const char* expected,
                 const ValueOf& value_of, T& all, std::vector<T>& each) {
  std::vector<T> values;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::optional<T> value = value_of(text.substr(begin, end - begin));
    if (!value) Reject(flag, text, fmt::format("{}, or a list of them", expected).c_str());
    values.push_back(*value);
    begin = end + 1;
  }
  if (values.size() == 1) {
    all = values.front();
  } else if (values.size() != layers) {
    Reject(flag, text,
           fmt::format("one name, or one for each of the {} hidden layers", layers).c_str());
  } else {
    each = std::move(values);
  }
}

void SetActivations(const std::string& text, TrainOptions& options) {
  SetPerLayer("--activation", text, options.hidden.size(),
              "relu, leaky-relu, elu, gelu, silu, tanh, sigmoid or identity", ActivationNamed,
              options.activation, options.activations);
}

void SetBatchNorm(const std::string& text, TrainOptions& options) {
  const auto value_of = [](const std::string& name) -> std::optional<bool> {
    if (name == "on" || name == "off") return name == "on";
    return std::nullopt;
  };
  SetPerLayer("--batch-norm", text, options.hidden.size(), "on or off", value_of,
              options.batch_norm, options.batch_norms);
}

}  // namespace

Error NamingTheFlag(const Error& error) {
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
                                     {"batch norm", "--batch-norm"},
                                     {"batch size", "--batch-size"},
                                     {"precision", "--precision"},
                                     {"dropout", "--dropout"},
                                     {"loss", "--loss"},
                                     {"huber delta", "--huber-delta"},
                                     {"label smoothing", "--label-smoothing"},
                                     {"class weights", "--class-weight"},
                                     {"folds", "--folds"},
                                     {"scale", "--scale"}}) {
    if (message.rfind(option, 0) != 0) continue;
    return Error(error.code(), flag + message.substr(std::string_view(option).size()));
  }
  return error;
}

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
  if (flags.batch_norm) SetBatchNorm(*flags.batch_norm, o);
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
                                      {"--batch-norm", flags.batch_norm},
                                      {"--init", flags.init}}) {
      if (value) Reject(flag, *value, "no such flag with --start: the model has the network");
    }
  }
  o.threads = common.threads;
  ApplyLossFlags(flags.loss, o);
  NamingFlags([&] { o.Check(); });
  return o;
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
      .add_option("--batch-norm", flags.batch_norm,
                  "Batch normalisation of the hidden layers before their activation: on or off;\n"
                  "or one for each, such as on,off")
      ->check([](const std::string& value) {  // where the value was left out
        return value.starts_with("--") ? "found '" + value + "', expected on or off" : "";
      })
      ->type_name("on|off[,…]")
      ->default_str("off")
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
  command.add_option("--scale", flags.scale, "How features become network inputs")
      ->check(CLI::IsMember({"auto", "none", "unit", "minmax", "standard"}))
      ->default_str("auto")
      ->group("Data");
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

}  // namespace colonnade::cli
