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

constexpr std::array<std::pair<const char*, Schedule>, 2> kSchedules = {{
    {"constant", Schedule::kConstant},
    {"cosine", Schedule::kCosine},
}};

template <class Table>
std::vector<std::string> NamesOf(const Table& table) {
  std::vector<std::string> names;
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

// Sets an option that only some optimizers have.
void Apply(const char* flag, const std::optional<double>& given, bool belongs,
           const char* optimizers, Optimizer method, double& option) {
  if (!given) return;
  if (!belongs) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{}: found '{} with the optimizer {}', expected the optimizer {}", flag,
                            *given, NameOf(kOptimizers, method), optimizers));
  }
  option = *given;
}

}  // namespace

void ApplyLearningFlags(const LearningFlags& flags, TrainOptions& o) {
  if (flags.optimizer) o.optimizer = ValueOf(kOptimizers, *flags.optimizer);
  if (flags.schedule) o.schedule = ValueOf(kSchedules, *flags.schedule);
  if (flags.learning_rate) o.learning_rate = *flags.learning_rate;
  if (flags.weight_decay) o.weight_decay = *flags.weight_decay;
  const Optimizer method = o.optimizer;
  const bool rmsprop = method == Optimizer::kRmsprop;
  Apply("--momentum", flags.momentum, HasMomentum(method), "momentum or nesterov", method,
        o.momentum);
  Apply("--beta1", flags.beta1, IsAdam(method), "adam or adamw", method, o.beta1);
  Apply("--beta2", flags.beta2, IsAdam(method), "adam or adamw", method, o.beta2);
  Apply("--alpha", flags.alpha, rmsprop, "rmsprop", method, o.alpha);
  Apply("--epsilon", flags.epsilon, IsAdam(method) || rmsprop, "adam, adamw or rmsprop", method,
        o.epsilon);
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
      "Shrinks weights and biases, by rate · X a step; adamw apart from the\n"
      "gradient, the others by adding X · w to it")
      ->default_str("0.01 for adamw, 0 for others");
  add("--schedule", flags.schedule, "Learning rate over time")
      ->check(CLI::IsMember(NamesOf(kSchedules)))
      ->default_str("cosine");
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
  training["schedule"] = NameOf(kSchedules, options.schedule);
}

}  // namespace colonnade::cli
