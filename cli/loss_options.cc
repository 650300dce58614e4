#include "cli/loss_options.h"

#include <fmt/format.h>

#include "colonnade/error.h"

namespace colonnade::cli {
namespace {

[[noreturn]] void Reject(const char* flag, const std::string& found, const char* expected) {
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{}: found {}, expected {}", flag, found, expected));
}

bool IsForNumbers(Loss loss) { return loss == Loss::kSquared || loss == Loss::kHuber; }

Loss LossNamed(const std::string& name) {
  for (const Loss loss :
       {Loss::kCrossEntropy, Loss::kBinaryCrossEntropy, Loss::kSquared, Loss::kHuber}) {
    if (name == Name(loss)) return loss;
  }
  return Loss::kAuto;
}

}  // namespace

Task LossFlags::ForReading() const {
  if (task == "regress") return Task::kRegress;
  if (task == "classify") return Task::kClassify;
  const Loss chosen = loss ? LossNamed(*loss) : Loss::kAuto;
  if (chosen == Loss::kAuto) return Task::kAuto;
  return IsForNumbers(chosen) ? Task::kRegress : Task::kClassify;
}

void AddLossOptions(CLI::App& command, LossFlags& flags) {
  const auto group = [](CLI::Option* option) { option->group("Loss"); };
  group(command
            .add_option("--task", flags.task,
                        "What the label column holds. classify: classes; regress: numbers;\n"
                        "auto: numbers if any of them is not an integer")
            ->check(CLI::IsMember({"auto", "classify", "regress"}))
            ->default_str("auto"));
  group(command
            .add_option("--loss", flags.loss,
                        "cross-entropy, or bce with a single output for two classes; for\n"
                        "numbers squared or huber")
            ->check(CLI::IsMember({"cross-entropy", "bce", "squared", "huber"}))
            ->default_str("cross-entropy or squared"));
  group(command
            .add_option("--huber-delta", flags.huber_delta,
                        "Where huber turns from square to linear, in standard deviations of the\n"
                        "targets (with --target-scale none in their units)")
            ->default_str("1"));
  group(command
            .add_option("--label-smoothing", flags.label_smoothing,
                        "Part of each label that is spread over all classes, in [0, 1)")
            ->default_str("0"));
  group(command
            .add_option("--class-weight", flags.class_weight,
                        "How much each class counts. balanced: all the same, however many\n"
                        "examples they have; or a CSV file with lines of class,weight")
            ->type_name("balanced|FILE"));
  group(command
            .add_option("--target-scale", flags.target_scale,
                        "How numbers are scaled for the training: standard (mean 0, variance 1)\n"
                        "or none; predictions are in the units of the data in both cases")
            ->check(CLI::IsMember({"standard", "none"}))
            ->default_str("standard"));
}

void ApplyLossFlags(const LossFlags& flags, TrainOptions& options) {
  if (flags.loss) options.loss = LossNamed(*flags.loss);
  if (flags.task == "regress" && flags.loss && !IsForNumbers(options.loss)) {
    Reject("--loss", *flags.loss + " with --task regress", "squared or huber");
  }
  if (flags.task == "classify" && IsForNumbers(options.loss)) {
    Reject("--loss", *flags.loss + " with --task classify", "cross-entropy or bce");
  }
  const bool numbers = flags.ForReading() == Task::kRegress;
  if (flags.huber_delta) {
    if (options.loss != Loss::kHuber) {
      Reject("--huber-delta", fmt::format("{} without --loss huber", *flags.huber_delta),
             "--loss huber");
    }
    options.huber_delta = *flags.huber_delta;
  }
  if (flags.label_smoothing) {
    if (numbers) {
      Reject("--label-smoothing", fmt::format("{} for numbers", *flags.label_smoothing),
             "a label column of classes");
    }
    options.label_smoothing = *flags.label_smoothing;
  }
  if (flags.class_weight) {
    if (numbers) {
      Reject("--class-weight", *flags.class_weight + " for numbers", "a label column of classes");
    }
    options.balance_classes = *flags.class_weight == "balanced";
  }
  if (flags.target_scale) options.standardize_targets = *flags.target_scale == "standard";
}

void ApplyClassWeights(const LossFlags& flags, const Schema& schema, TrainOptions& options) {
  if (!flags.class_weight || options.balance_classes) return;
  if (schema.classes.empty()) {
    Reject("--class-weight", *flags.class_weight + " for numbers", "a label column of classes");
  }
  options.class_weights = ReadClassWeights(*flags.class_weight, schema.classes);
}

void AddLossReport(const TrainOptions& options, const Model& model, Json& training) {
  Loss loss = options.loss;
  if (loss == Loss::kAuto) loss = model.regression() ? Loss::kSquared : Loss::kCrossEntropy;
  training["loss"] = Name(loss);
  if (loss == Loss::kHuber) training["huber_delta"] = options.huber_delta;
  if (options.label_smoothing > 0) training["label_smoothing"] = options.label_smoothing;
  if (options.balance_classes) training["class_weight"] = "balanced";
  if (!options.class_weights.empty()) training["class_weight"] = options.class_weights;
}

}  // namespace colonnade::cli
