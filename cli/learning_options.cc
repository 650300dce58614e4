#include "cli/learning_options.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "colonnade/error.h"

namespace colonnade::cli {
namespace {

constexpr std::array<std::pair<const char*, Optimizer>, 6> kOptimizers = {{
    {"sgd", Optimizer::kSgd},
    {"momentum", Optimizer::kMomentum},
    {"nesterov", Optimizer::kNesterov},
    {"adam", Optimizer::kAdam},
    {"adamw", Optimizer::kAdamW},
    {"rmsprop", Optimizer::kRmsprop},
}};

constexpr std::array<std::pair<const char*, Schedule>, 5> kSchedules = {{
    {"constant", Schedule::kConstant},
    {"step", Schedule::kStep},
    {"exponential", Schedule::kExponential},
    {"cosine", Schedule::kCosine},
    {"onecycle", Schedule::kOneCycle},
}};

template <class Table>
std::vector<std::string> NamesOf(const Table& table) {
  std::vector<std::string> names;
  names.reserve(table.size());
  for (const auto& [name, value] : table) names.emplace_back(name);
  return names;
}

// The flag parser lets no other name through.
template <class Table>
auto ValueOf(const Table& table, std::string_view name) {
  for (const auto& [known, value] : table) {
    if (known == name) return value;
  }
  return table.front().second;
}

template <class Table, class Value>
const char* NameOf(const Table& table, Value value) {
  for (const auto& [name, known] : table) {
    if (known == value) return name;
  }
  return "";
}

bool IsAdam(Optimizer method) { return method == Optimizer::kAdam || method == Optimizer::kAdamW; }

bool HasMomentum(Optimizer method) {
  return method == Optimizer::kMomentum || method == Optimizer::kNesterov;
}

bool Decays(Schedule schedule) {
  return schedule == Schedule::kStep || schedule == Schedule::kExponential;
}

// Sets an option that only some optimizers or schedules have.
template <class T>
void Apply(const char* flag, const std::optional<T>& given, bool belongs, const char* of_what,
           const char* found, const char* expected, T& option) {
  if (!given) return;
  if (!belongs) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{}: found '{} with the {} {}', expected the {} {}", flag, *given,
                            of_what, found, of_what, expected));
  }
  option = *given;
}

}  // namespace

void ApplyLearningFlags(const LearningFlags& flags, TrainOptions& o) {
  if (flags.optimizer) o.optimizer = ValueOf(kOptimizers, *flags.optimizer);
  if (flags.schedule) o.schedule = ValueOf(kSchedules, *flags.schedule);
  if (flags.learning_rate) o.learning_rate = flags.learning_rate;
  if (flags.weight_decay) o.weight_decay = flags.weight_decay;
  if (flags.clip_norm) o.clip_norm = *flags.clip_norm;
  if (flags.accumulate) o.accumulate = *flags.accumulate;
  const Optimizer method = o.optimizer;
  const bool adam = IsAdam(method);
  const bool rmsprop = method == Optimizer::kRmsprop;
  const auto of_optimizer = [&](const char* flag, const std::optional<double>& given, bool belongs,
                                const char* expected, double& option) {
    Apply(flag, given, belongs, "optimizer", NameOf(kOptimizers, method), expected, option);
  };
  of_optimizer("--momentum", flags.momentum, HasMomentum(method), "momentum or nesterov",
               o.momentum);
  of_optimizer("--beta1", flags.beta1, adam, "adam or adamw", o.beta1);
  of_optimizer("--beta2", flags.beta2, adam, "adam or adamw", o.beta2);
  of_optimizer("--alpha", flags.alpha, rmsprop, "rmsprop", o.alpha);
  of_optimizer("--epsilon", flags.epsilon, adam || rmsprop, "adam, adamw or rmsprop", o.epsilon);

  const char* schedule = NameOf(kSchedules, o.schedule);
  constexpr const char* kDecaying = "step or exponential";
  Apply("--lr-decay", flags.lr_decay, Decays(o.schedule), "schedule", schedule, kDecaying,
        o.lr_decay);
  Apply("--lr-decay-epochs", flags.lr_decay_epochs, Decays(o.schedule), "schedule", schedule,
        kDecaying, o.lr_decay_epochs);
  if (flags.warmup) o.warmup = *flags.warmup;
}

void AddLearningOptions(CLI::App& command, LearningFlags& flags) {
  const TrainOptions defaults;
  const auto add = [&](const char* name, auto& value, const char* text) {
    return command.add_option(name, value, text)->group("Learning");
  };
  const auto add_number = [&](const char* name, std::optional<double>& value, const char* text,
                              double preset) {
    add(name, value, text)->default_str(fmt::format("{}", preset));
  };
  add("--accumulate", flags.accumulate,
      "Batches whose gradients are added up for a step: as a batch N times as\n"
      "large, in the memory for one")
      ->type_name("N")
      ->default_str("1");
  add("--optimizer", flags.optimizer, "Update rule, each as PyTorch defines it")
      ->check(CLI::IsMember(NamesOf(kOptimizers)))
      ->default_str("momentum");
  add("--lr", flags.learning_rate, "Learning rate at its highest")
      ->default_str("0.001 for adam, adamw and rmsprop, 0.15 for others");
  add_number("--momentum", flags.momentum, "Decay of the velocity, in [0, 1): momentum, nesterov",
             defaults.momentum);
  add_number("--beta1", flags.beta1, "Decay of the mean gradient, in [0, 1): adam, adamw",
             defaults.beta1);
  add_number("--beta2", flags.beta2, "Decay of the mean square, in [0, 1): adam, adamw",
             defaults.beta2);
  add_number("--alpha", flags.alpha, "Decay of the mean square, in [0, 1): rmsprop",
             defaults.alpha);
  add_number("--epsilon", flags.epsilon,
             "Added to the root of the mean square: adam, adamw, rmsprop", defaults.epsilon);
  add("--weight-decay", flags.weight_decay,
      "Pulls weights and biases towards 0: adamw by rate · X · w a step, the others\n"
      "by adding X · w to the gradient")
      ->default_str("0.01 for adamw, 0 for others");
  add("--clip-norm", flags.clip_norm,
      "Largest norm of the gradient of all parameters; scaled down to it")
      ->default_str("0, no limit");
  add("--schedule", flags.schedule, "Learning rate over time")
      ->check(CLI::IsMember(NamesOf(kSchedules)))
      ->default_str("cosine");
  add("--warmup", flags.warmup, "Steps in which the learning rate grows to the schedule's first")
      ->type_name("STEPS")
      ->default_str("0");
  add_number("--lr-decay", flags.lr_decay, "Factor every --lr-decay-epochs: step, exponential",
             defaults.lr_decay);
  add("--lr-decay-epochs", flags.lr_decay_epochs, "Epochs per factor: step, exponential")
      ->check(CLI::Range(size_t{1}, size_t{1'000'000}))
      ->default_str("a third of them");
}

void AddLearningReport(const TrainOptions& options, Json& training) {
  const Optimizer method = options.optimizer;
  training["optimizer"] = NameOf(kOptimizers, method);
  training["learning_rate"] = options.Rate();
  training["momentum"] = HasMomentum(method) ? options.momentum : 0;
  if (IsAdam(method)) {
    training["beta1"] = options.beta1;
    training["beta2"] = options.beta2;
  }
  if (method == Optimizer::kRmsprop) training["alpha"] = options.alpha;
  if (IsAdam(method) || method == Optimizer::kRmsprop) training["epsilon"] = options.epsilon;
  training["weight_decay"] = options.WeightDecay();
  training["clip_norm"] = options.clip_norm;
  training["accumulate"] = options.accumulate;
  training["schedule"] = NameOf(kSchedules, options.schedule);
  training["warmup"] = options.warmup;
  if (Decays(options.schedule)) {
    training["lr_decay"] = options.lr_decay;
    training["lr_decay_epochs"] = options.lr_decay_epochs;
  }
}

}  // namespace colonnade::cli
