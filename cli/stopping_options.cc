#include "cli/stopping_options.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <filesystem>

#include "colonnade/error.h"

namespace colonnade::cli {
namespace {

[[noreturn]] void Reject(const char* flag, const std::string& found, const char* expected) {
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{}: found {}, expected {}", flag, found, expected));
}

// "5" is epochs, "500s" is steps.
void ParseEvery(const std::string& text, TrainOptions& options) {
  size_t count = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, count);
  const std::string unit(rest, end);
  if (error != std::errc() || count == 0 || (!unit.empty() && unit != "s")) {
    Reject("--checkpoint-every", fmt::format("'{}'", text),
           "a number of epochs, such as 5, or of steps, such as 500s");
  }
  options.checkpoint_epochs = unit.empty() ? count : 0;
  options.checkpoint_steps = unit.empty() ? 0 : count;
}

bool Exists(const std::string& file) {
  std::error_code ignored;
  return std::filesystem::exists(file, ignored);
}

}  // namespace

void AddStoppingOptions(CLI::App& command, StoppingFlags& flags) {
  command
      .add_option("--validation", flags.validation,
                  "Fraction of the examples, of each class, that training does not see;\n"
                  "evaluated after every epoch")
      ->type_name("FRACTION")
      ->group("Data");
  command.add_option("--validation-file", flags.validation_file, "CSV file used like that instead")
      ->type_name("FILE")
      ->group("Data");
  command
      .add_option("--start", flags.start,
                  "Model whose network, parameters and scaling to start from")
      ->type_name("MODEL")
      ->group("Network");
  command
      .add_option("--early-stopping", flags.early_stopping,
                  "Stop after so many epochs without a lower validation loss, and take\n"
                  "the parameters of the epoch with the lowest")
      ->type_name("EPOCHS")
      ->group("Stopping");
  command
      .add_option("--target-accuracy", flags.target_accuracy,
                  "Stop after the epoch that reaches it, on the validation data if any,\n"
                  "else on the training data")
      ->type_name("0..1")
      ->group("Stopping");
  command
      .add_option("--max-seconds", flags.max_seconds,
                  "Stop training after so many seconds, the schedule coming to its end\n"
                  "by then; the result depends on the clock")
      ->type_name("S")
      ->group("Stopping");
  command
      .add_option("--checkpoint", flags.checkpoint,
                  "File to keep the training in, for --resume to go on from")
      ->type_name("FILE")
      ->group("Stopping");
  command
      .add_option("--checkpoint-every", flags.checkpoint_every,
                  "How often to write it: every N epochs, or Ns: every N steps")
      ->type_name("N|Ns")
      ->default_str("1")
      ->group("Stopping");
  command
      .add_flag("--resume", flags.resume,
                "Go on from the checkpoint, to the same bits as without the break;\n"
                "start from the beginning if there is none yet")
      ->group("Stopping");
}

void ApplyStoppingFlags(const StoppingFlags& flags, TrainOptions& options) {
  const auto number = [](double value) { return fmt::format("{}", value); };
  const bool validates = flags.validation || !flags.validation_file.empty();
  if (flags.validation && !(*flags.validation > 0 && *flags.validation < 1)) {
    Reject("--validation", number(*flags.validation), "a fraction above 0 and below 1");
  }
  if (flags.validation && !flags.validation_file.empty()) {
    Reject("--validation", "--validation-file too", "one of them");
  }
  if (flags.early_stopping) {
    if (*flags.early_stopping == 0) Reject("--early-stopping", "0", "a number of epochs from 1 on");
    if (!validates) {
      Reject("--early-stopping", "no validation data", "--validation or --validation-file");
    }
    options.early_stopping = *flags.early_stopping;
  }
  if (flags.target_accuracy) {
    const double target = *flags.target_accuracy;
    if (!(target > 0 && target <= 1)) {
      Reject("--target-accuracy", number(target), "a fraction above 0, at most 1");
    }
    options.target_accuracy = target;
  }
  if (flags.max_seconds) {
    if (!std::isfinite(*flags.max_seconds) || *flags.max_seconds <= 0) {
      Reject("--max-seconds", number(*flags.max_seconds), "a number above 0");
    }
    options.max_seconds = *flags.max_seconds;
  }
  if (flags.checkpoint.empty() && flags.resume) {
    Reject("--resume", "no --checkpoint", "the checkpoint to go on from");
  }
  if (flags.checkpoint.empty() && flags.checkpoint_every) {
    Reject("--checkpoint-every", "no --checkpoint", "the file to write");
  }
  options.checkpoint = flags.checkpoint;
  options.resume = flags.resume;
  if (flags.checkpoint_every) ParseEvery(*flags.checkpoint_every, options);
}

const char* Name(StopReason reason) {
  switch (reason) {
    case StopReason::kEpochs:
      return "epochs";
    case StopReason::kCallback:
      return "signal";
    case StopReason::kEarlyStopping:
      return "early-stopping";
    case StopReason::kTargetAccuracy:
      return "target-accuracy";
    case StopReason::kMaxSeconds:
      return "max-seconds";
  }
  return "";
}

void NoteCheckpoint(const StoppingFlags& flags, const Common& common) {
  if (flags.checkpoint.empty()) return;
  const bool exists = Exists(flags.checkpoint);
  if (flags.resume && exists) {
    PrintNote(common, fmt::format("resuming from the checkpoint {}", flags.checkpoint));
  } else if (flags.resume) {
    PrintNote(common,
              fmt::format("no checkpoint {} yet: starting from the beginning", flags.checkpoint));
  } else if (exists) {
    PrintNote(common,
              fmt::format("the checkpoint {} will be replaced; --resume would go on from it",
                          flags.checkpoint));
  }
}

std::string HowToGoOn(const StoppingFlags& flags, const std::string& model) {
  if (!flags.checkpoint.empty()) {
    return fmt::format("the same command{} goes on from {}", flags.resume ? "" : " with --resume",
                       flags.checkpoint);
  }
  return fmt::format(
      "{} has the parameters so far, --start {} begins with them; with --checkpoint FILE, --resume "
      "could go on exactly",
      model, model);
}

}  // namespace colonnade::cli
