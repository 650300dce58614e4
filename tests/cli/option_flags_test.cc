// SPDX-License-Identifier: Apache-2.0
// Every option of the library is where users look for it: among the flags, in the help, in reports.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "colonnade/options.h"
#include "tests/cli/cli_fixture.h"

namespace colonnade::test {
namespace {

using Names = std::set<std::string>;

// The flags that a help has lines for, without dashes.
Names FlagsOf(const std::string& help) {
  Names flags;
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    const size_t at = line.find("--");
    if (at == std::string::npos || line.find_first_not_of(' ') > 2) continue;
    flags.insert(line.substr(at + 2, line.find_first_of(" =", at) - at - 2));
  }
  return flags;
}

// With one space for any run of spaces and line ends: a help breaks lines.
std::string OneLine(const std::string& text) {
  std::string line;
  std::istringstream words(text);
  for (std::string word; words >> word;) line += (line.empty() ? "" : " ") + word;
  return line;
}

class OptionsCliTest : public CliTest {};

TEST_F(OptionsCliTest, CommandsHaveTheFlagsThatTheOptionsSay) {
  struct Command {
    const char* name;
    std::set<Commands> of;
    bool cache;
    bool threads;
  };
  const std::set<Commands> both = {Commands::kReading, Commands::kColumns};
  for (const Command& command : std::vector<Command>{
           {"train",
            {Commands::kTraining, Commands::kFixed, Commands::kTrain, Commands::kReading,
             Commands::kColumns},
            true,
            true},
           {"sweep",
            {Commands::kTraining, Commands::kFixed, Commands::kReading, Commands::kColumns},
            true,
            true},
           {"check", both, false, false},
           {"convert", both, false, true},
           {"evaluate", {Commands::kReading}, true, true},
           {"predict", {Commands::kReading}, false, true},
           {"inspect", {}, false, false}}) {
    const Names flags = FlagsOf(RunOk({command.name, "--help"}));
    ASSERT_TRUE(flags.contains("help")) << command.name;
    const auto check = [&](std::span<const Option> options) {
      for (const Option& option : options) {
        const std::string name = option.info.name;
        const bool wanted = name == "cache"     ? command.cache
                            : name == "threads" ? command.threads
                                                : command.of.contains(option.info.commands);
        EXPECT_EQ(flags.contains(name), wanted) << command.name << " --" << name;
      }
    };
    check(OptionsOf<CsvOptions>());
    check(OptionsOf<TrainOptions>());
  }
}

TEST_F(OptionsCliTest, TheHelpTellsDefaults) {
  const std::string help = RunOk({"train", "--help"});
  const auto check = [&](std::span<const Option> options) {
    for (const Option& option : options) {
      const bool flag = option.type == OptionType::kFlag && !option.list;
      const std::string preset = option.unset.empty() ? option.preset : option.unset;
      const size_t at = help.find("  --" + std::string(option.info.name) + ' ');
      ASSERT_NE(at, std::string::npos) << option.info.name;
      if (flag) continue;
      EXPECT_NE(OneLine(help.substr(at)).find("=" + OneLine(preset)), std::string::npos)
          << option.info.name;
    }
  };
  check(OptionsOf<CsvOptions>());
  check(OptionsOf<TrainOptions>());
  EXPECT_EQ(help.find('`'), std::string::npos) << "an option that is not spelt as a flag";
}

TEST_F(OptionsCliTest, TheHelpHasWhatAPresetSets) {
  const std::string help = OneLine(RunOk({"train", "--help"}));
  for (const char* const text :
       {"classic: 10 hidden", "fast-mnist (", "best-mnist (", "augment shift:", "hidden 512,512"}) {
    EXPECT_NE(help.find(text), std::string::npos) << text;
  }
}

TEST_F(OptionsCliTest, TheHelpFitsIntoAHundredColumns) {
  for (const char* const command : {"train", "sweep", "tune", "evaluate", "predict", "inspect",
                                    "convert", "check", "options"}) {
    std::istringstream lines(RunOk({command, "--help"}));
    for (std::string line; std::getline(lines, line);) {
      const auto width = std::ranges::count_if(line, [](char c) { return (c & 0xc0) != 0x80; });
      EXPECT_LE(width, 100) << command << ": " << line;
    }
  }
}

TEST_F(OptionsCliTest, ReportsHaveAllThatIsInForce) {
  Write("d.csv", "label,a,b\n0,1,2\n1,3,4\n0,5,6\n1,7,8\n0,2,1\n1,4,4\n");
  for (const char* const optimizer :
       {"momentum", "adamw", "rmsprop", "lion", "schedule-free", "muon"}) {
    const nlohmann::json options =
        RunJson({"train", "d.csv", "--optimizer", optimizer, "--schedule", "step"})["options"];
    TrainOptions training;
    SetOption(training, "optimizer", optimizer);
    SetOption(training, "schedule", "step");
    SetOption(training, "loss", "cross-entropy");
    // Open until the data are there.
    Names decided = {"loss",     "lr",          "epochs",     "weight-decay",
                     "beta2",    "schedule",    "hidden",     "activation",
                     "dropout",  "batch-size",  "validation", "early-stopping",
                     "ensemble", "ensemble-by", "ema",        "embed-pieces"};
    Names keys;
    for (const Option& option : OptionsOf<TrainOptions>()) {
      keys.insert(option.info.Key());
      const bool set =
          !OptionText(training, option.info.name).empty() || decided.contains(option.info.name);
      EXPECT_EQ(options.contains(option.info.Key()), set && Belongs(training, option.info.name))
          << option.info.name;
    }
    for (const Option& option : OptionsOf<CsvOptions>()) {
      keys.insert(option.info.Key());
      EXPECT_EQ(options.contains(option.info.Key()), !option.preset.empty()) << option.info.name;
    }
    for (const auto& [key, value] : options.items()) EXPECT_TRUE(keys.contains(key)) << key;
    EXPECT_EQ(options["optimizer"], optimizer);
    EXPECT_EQ(options["hidden"], nlohmann::json::parse("[192]"));
    EXPECT_EQ(options["cache"], false);
    EXPECT_TRUE(options["lr"].is_number());
  }
}

}  // namespace
}  // namespace colonnade::test
