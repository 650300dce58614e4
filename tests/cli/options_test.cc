// SPDX-License-Identifier: Apache-2.0
// colonnade options: the table of all options, of which the manual has a copy.
#include "colonnade/options.h"

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "tests/cli/cli_fixture.h"
#include "tests/support/paths.h"

namespace colonnade::test {
namespace {

class OptionsTest : public CliTest {};

TEST_F(OptionsTest, TheManualHasTheTable) {
  std::ostringstream manual;
  manual << std::ifstream(Repository() / "cli" / "OPTIONS.md").rdbuf();
  EXPECT_EQ(manual.str(), RunOk({"options"}))
      << "to renew the table: colonnade options > cli/OPTIONS.md";
}

TEST_F(OptionsTest, JsonHasEveryOptionOfTheLibraryOnce) {
  std::multiset<std::string> expected;
  for (const Option& option : OptionsOf<CsvOptions>()) expected.insert(option.info.name);
  for (const Option& option : OptionsOf<TrainOptions>()) expected.insert(option.info.name);
  std::multiset<std::string> names;
  nlohmann::json rate;
  const nlohmann::json printed = RunJson({"options"});
  for (const nlohmann::json& option : printed["options"]) {
    names.insert(option["name"].get<std::string>());
    if (option["name"] == "lr-decay") rate = option;
    EXPECT_FALSE(option["commands"].empty()) << option["name"] << ": no command has it";
  }
  EXPECT_EQ(names, expected);
  EXPECT_EQ(rate["key"], "lr_decay");
  EXPECT_EQ(rate["type"], "number");
  EXPECT_EQ(rate["default"], 0.1);
  EXPECT_EQ(rate["exclusive_minimum"], 0);
  EXPECT_EQ(rate["maximum"], 1);
  EXPECT_EQ(rate["for"], "step or exponential");
  EXPECT_EQ(rate["effect"], "value");
  EXPECT_EQ(rate["commands"].dump(), R"(["train","sweep","tune"])");
  EXPECT_EQ(rate["grid"], true);
}

TEST_F(OptionsTest, PrintedOptionsAreReadBack) {
  WriteDigits();
  const std::string text = RunOk({"train", "--hidden", "8", "--epochs", "1", "--print-config"});
  Write("all.toml", text);
  EXPECT_EQ(RunOk({"train", "--config", "all.toml", "--print-config"}), text);
  EXPECT_EQ(RunJson({"train", "digits.csv", "--config", "all.toml"})["options"]["epochs"], 1);
  Write("threads.toml", "threads = 1\nepochs = 1\n");
  const nlohmann::json r = RunJson({"train", "digits.csv", "--config", "threads.toml"});
  EXPECT_EQ(r["options"]["threads"], 1);
}

}  // namespace
}  // namespace colonnade::test
