// SPDX-License-Identifier: Apache-2.0
// The `colonnade` program: flags in, exit status out. Commands are in files of their own.
#include <fcntl.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <exception>
#include <iostream>
#include <memory>
#include <new>
#include <span>
#include <sstream>
#include <string>
#include <string_view>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "cli/signals.h"
#include "colonnade/error.h"
#include "colonnade/machine.h"
#include "colonnade/version.h"

namespace colonnade::cli {

void AddRunOptions(CLI::App& command, Common& common) {
  for (const Option& option : OptionsOf<TrainOptions>()) {
    if (std::string_view(option.info.name) != "threads") continue;
    command
        .add_option_function<std::string>(
            AsFlag(option.info.name),
            [&common](const std::string& text) {
              TrainOptions options;
              SetOption(options, "threads", text);
              options.Check();
              common.threads = options.threads;
              common.threads_given = true;
            },
            HelpText(option))
        ->type_name(ValueText(option))
        ->default_str(option.preset)
        ->group(option.info.group);
  }
  command
      .add_option_function<std::string>(
          "--simd", [](const std::string& target) { SetSimdTarget(target); },
          "Instruction set (default: the best that the machine has)")
      ->type_name("TARGET")
      ->group("Run");
}

void AddJsonOption(CLI::App& command, Common& common) {
  command.add_flag("--json", common.json, "Print one JSON object instead of text")->group("Run");
}

namespace {

constexpr int kFailure = 1;
constexpr int kUsage = 2;

int ExitCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return kUsage;
    case ErrorCode::kBadData:
      return 3;
    case ErrorCode::kBadModel:
      return 4;
    case ErrorCode::kIo:
    case ErrorCode::kDiverged:
      return kFailure;
  }
  return kFailure;
}

// One line, whatever is in names of files and values of flags; and nothing that a terminal obeys.
int Fail(std::string_view message, int status) noexcept {
  PrintError("colonnade: ");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
  while (!message.empty()) {
    const auto plain = static_cast<size_t>(
        std::find_if(message.begin(), message.end(), is_control) - message.begin());
    PrintError(message.substr(0, plain));
    if (plain < message.size()) PrintError("?");
    message.remove_prefix(std::min(plain + 1, message.size()));
  }
  PrintError("\n");
  return status;
}

// The message of a flag whose value cannot be read, in the words of all others.
std::string UsageMessage(const CLI::ParseError& error, const std::string& command) {
  const std::string text = error.what();
  constexpr std::string_view kConversion = "Could not convert: ";
  const size_t equals = text.find(" = ");
  if (text.starts_with(kConversion) && equals != std::string::npos) {
    return fmt::format("{}: found '{}', expected a number",
                       text.substr(kConversion.size(), equals - kConversion.size()),
                       text.substr(equals + 3));
  }
  return fmt::format("{} (see 'colonnade {}--help')", text, command);
}

Json ErrorJson(ErrorCode code, const ErrorDetails& d, const std::string& message) {
  const auto text = [](const std::string& part) { return part.empty() ? Json() : Json(part); };
  const auto spelt = [&](const std::string& part) { return text(SpellOptions(part, AsFlag)); };
  return {{"error",
           {{"code", Name(code)},
            {"subject", text(d.subject)},
            {"file", text(d.file)},
            {"row", d.row > 0 ? Json(d.row) : Json()},
            {"column", d.column > 0 ? Json(d.column) : Json()},
            {"column_name", text(d.column_name)},
            {"problem", spelt(d.problem)},
            {"found", text(d.found)},
            {"expected", spelt(d.expected)},
            {"advice", spelt(d.advice)},
            {"message", message},
            {"exit_status", ExitCode(code)}}}};
}

// The error as JSON, if --json asks for it, and a line for people.
int Fail(const Error& error, const Common& common) noexcept {
  const int status = ExitCode(error.code());
  try {
    const std::string message = error.Message(AsFlag);
    if (common.json) PrintJson(ErrorJson(error.code(), error.details(), message));
    return Fail(message, status);
  } catch (const std::exception&) {  // standard output is gone, or memory
    return Fail(error.what(), status);
  }
}

// The same for flags that cannot be parsed: whether --json is among them has to be looked up.
int FailParsing(const CLI::ParseError& error, const CLI::App& app,
                std::span<char* const> arguments) {
  const auto chosen = app.get_subcommands();
  const CLI::App* const command = chosen.empty() ? nullptr : chosen.front();
  const std::string message =
      UsageMessage(error, command == nullptr ? "" : command->get_name() + " ");
  const bool has_json = command != nullptr && command->get_option_no_throw("--json") != nullptr;
  if (has_json && std::ranges::find(arguments, std::string_view("--json")) != arguments.end()) {
    PrintJson(ErrorJson(ErrorCode::kInvalidArgument, {.problem = message}, message));
  }
  return Fail(message, kUsage);
}

// Descriptions beside the flags, in lines of the width of a usual terminal.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(kColumn); }

  std::string make_option_desc(const CLI::Option* option) const override {
    return Wrapped(CLI::Formatter::make_option_desc(option), 0, kWidth - kColumn, "");
  }

  // Without what excludes what: the message of who tries tells.
  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string text = CLI::Formatter::make_option_opts(option);
    const size_t used = 2 + Length(make_option_name(option, option->get_positional()));
    return Wrapped(text.substr(0, text.find(" Excludes:")), used, kWidth, "      ");
  }

 private:
  static constexpr size_t kColumn = 34;
  static constexpr size_t kWidth = 99;

  // In lines of that width, behind so much of the first; all others begin with the indent.
  static std::string Wrapped(const std::string& plain, size_t used, size_t width,
                             const std::string& indent) {
    std::string text;
    std::istringstream words(plain);
    size_t at = used;
    for (std::string word; words >> word;) {
      const size_t length = Length(word);
      if (at > used && at + 1 + length > width) {
        text += '\n' + indent;
        at = used = indent.size();
      } else if (at > 0) {
        text += ' ';
        ++at;
      }
      text += word;
      at += length;
    }
    return text;
  }

  // In characters.
  static size_t Length(const std::string& utf8) {
    return static_cast<size_t>(
        std::ranges::count_if(utf8, [](char c) { return (c & 0xc0) != 0x80; }));
  }
};

int Run(int argc, char** argv, Common& common) {
  CLI::App app("Trains and runs dense neural networks on multicore CPUs.", "colonnade");
  app.set_version_flag("--version", std::string("colonnade ") + Version());
  app.require_subcommand(1);
  app.fallthrough();
  app.formatter(std::make_shared<HelpFormatter>());
  app.add_flag("-q,--quiet", common.quiet, "Print nothing but results and errors");
  app.add_flag("-v,--verbose", common.verbose, "Print a line for every epoch");
  app.footer(
      "Examples:\n"
      "  colonnade train train.csv --test test.csv -o model.safetensors\n"
      "  colonnade sweep train.csv --grid lr=0.01,0.1 --grid hidden=64,128 --seeds 3\n"
      "  colonnade tune train.csv --budget 60s -o model.safetensors\n"
      "  colonnade evaluate model.safetensors test.csv\n"
      "  colonnade predict model.safetensors new.csv -o predictions.csv\n"
      "\n"
      "'colonnade COMMAND --help' explains a command.\n"
      "Exit status: 0 done, 1 failure, 2 usage, 3 bad data, 4 bad model, 130/143 stopped by "
      "signal.");
  AddTrainCommand(app, common);
  AddSweepCommand(app, common);
  AddTuneCommand(app, common);
  AddEvaluateCommand(app, common);
  AddPredictCommand(app, common);
  AddInspectCommand(app, common);
  AddConvertCommand(app, common);
  AddCheckCommand(app, common);
  AddOptionsCommand(app, common);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {  // --help, --version
    const int status = app.exit(request);
    return std::cout.flush() ? status : Fail("cannot write to standard output", kFailure);
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    const std::string_view first = argc > 1 ? argv[1] : "";
    if (chosen.empty() && !first.empty() && first[0] != '-') {
      return Fail(fmt::format("unknown command '{}', expected train, sweep, tune, evaluate, "
                              "predict, inspect, convert, check or options",
                              first),
                  kUsage);
    }
    return FailParsing(error, app, {argv, static_cast<size_t>(argc)});
  }
  return 0;
}

// A file opened while a standard descriptor is closed would take its place, and get what is printed
// there.
void OccupyStandardDescriptors() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free number is this one. Read-only, so that printing still fails and is noticed.
    if (open("/dev/null", descriptor == 2 ? O_WRONLY : O_RDONLY) == -1) return;
  }
}

}  // namespace
}  // namespace colonnade::cli

int main(int argc, char** argv) {
  using colonnade::cli::Fail;
  colonnade::cli::Common common;
  colonnade::cli::OccupyStandardDescriptors();
  colonnade::cli::ExplainLostPages();
  try {
    return colonnade::cli::Run(argc, argv, common);
  } catch (const colonnade::cli::ExitStatus& exit) {
    return exit.status;
  } catch (const colonnade::Error& error) {
    return Fail(error, common);
  } catch (const std::bad_alloc&) {
    return Fail("out of memory", colonnade::cli::kFailure);
  } catch (const std::exception& error) {
    return Fail(error.what(), colonnade::cli::kFailure);
  }
}
