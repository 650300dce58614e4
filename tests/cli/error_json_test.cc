// SPDX-License-Identifier: Apache-2.0
// Errors as JSON: one object on standard output, and the line for people beside it.
#include <map>
#include <string>
#include <vector>

#include "tests/cli/cli_fixture.h"
#include "tests/support/small_model.h"

namespace colonnade::test {
namespace {

using nlohmann::json;

class ErrorJsonTest : public CliTest {
 protected:
  void SetUp() override { Write("good.csv", "label,a,b\n0,1,2\n1,3,4\n0,5,6\n1,7,8\n"); }

  // Runs with --json, expects that error; `parts` are those that are not null.
  void ExpectParts(const std::vector<std::string>& arguments, const std::string& code, int status,
                   const std::map<std::string, json>& parts) {
    std::vector<std::string> with_json = arguments;
    with_json.push_back("--json");
    const Outcome outcome = Run(with_json);
    SCOPED_TRACE(outcome.out + outcome.err);
    EXPECT_EQ(outcome.status, status);
    const json parsed = json::parse(outcome.out, nullptr, false);
    ASSERT_TRUE(parsed.is_object()) << "standard output is not one JSON object";
    ASSERT_EQ(parsed.size(), 1u);
    const json& error = parsed["error"];
    EXPECT_EQ(error.size(), 12u);
    EXPECT_EQ(error["code"], code);
    EXPECT_EQ(error["exit_status"], status);
    for (const char* part : {"subject", "file", "row", "column", "column_name", "problem", "found",
                             "expected", "advice"}) {
      ASSERT_TRUE(error.contains(part)) << part;
      const auto expected = parts.find(part);
      EXPECT_EQ(error[part], expected == parts.end() ? json() : expected->second) << part;
    }
    EXPECT_THAT(outcome.err,
                ::testing::EndsWith("colonnade: " + error["message"].get<std::string>() + "\n"));
    // The same line without --json, and nothing on standard output.
    const Outcome plain = Run(arguments);
    EXPECT_EQ(plain.status, status);
    EXPECT_EQ(plain.out, "");
    EXPECT_EQ(plain.err, outcome.err);
  }
};

TEST_F(ErrorJsonTest, OfUsage) {
  ExpectParts({"train", "good.csv", "--dropout", "1.5"}, "usage", 2,
              {{"subject", "dropout"}, {"found", "1.5"}, {"expected", "a number in [0, 1)"}});
  // Options are spelt as flags; the subject is the option's name.
  ExpectParts({"train", "good.csv", "--checkpoint-every", "5"}, "usage", 2,
              {{"subject", "checkpoint-every"},
               {"found", "no --checkpoint"},
               {"expected", "the file to write"}});
  Write("c.toml", "lr = 0.1\nhiden = 3\n");
  ExpectParts({"train", "good.csv", "--config", "c.toml"}, "usage", 2,
              {{"subject", "config"},
               {"file", "c.toml"},
               {"row", 2},
               {"problem", "c.toml:2"},
               {"found", "the name 'hiden'"},
               {"expected", "that of an option, such as lr or hidden"}});
  ExpectParts({"sweep", "good.csv", "--grid", "lr"}, "usage", 2,
              {{"subject", "grid"},
               {"found", "'lr'"},
               {"expected", "NAME=VALUE,VALUE…, such as lr=0.01,0.1"}});
}

// What the parser of flags refuses has no parts.
TEST_F(ErrorJsonTest, OfFlagsThatThereAreNot) {
  ExpectParts({"train", "good.csv", "--no-such-flag"}, "usage", 2,
              {{"problem",
                "The following argument was not expected: --no-such-flag (see 'colonnade train "
                "--help')"}});
  ExpectParts({"train"}, "usage", 2,
              {{"problem", "TRAIN is required (see 'colonnade train --help')"}});
  // A command without --json prints none.
  const Outcome outcome = Run({"predict", "m.safetensors", "good.csv", "--json"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.out, "");
}

TEST_F(ErrorJsonTest, OfFilesThatCannotBeRead) {
  for (const char* const command : {"train", "sweep"}) {
    ExpectParts({command, "missing.csv", "-q"}, "io", 1,
                {{"file", "missing.csv"},
                 {"problem", "cannot read 'missing.csv': No such file or directory"}});
  }
  ExpectParts(
      {"inspect", "missing.st"}, "io", 1,
      {{"file", "missing.st"}, {"problem", "cannot read 'missing.st': No such file or directory"}});
}

TEST_F(ErrorJsonTest, OfBadData) {
  Write("bad.csv", "label,a,größe\n0,1,2\n1,3,x\n0,1,4\n");
  ExpectParts({"train", "bad.csv"}, "data", 3,
              {{"file", "bad.csv"},
               {"row", 3},
               {"column", 3},
               {"column_name", "'größe'"},
               {"found", "'x'"},
               {"expected", "a number"},
               {"advice",
                "--na-values names words for missing values, --bad-rows skip leaves such rows out, "
                "--categorical makes the values categories, --ignore-columns leaves the column "
                "out"}});
}

TEST_F(ErrorJsonTest, OfBadModels) {
  Write("m.st", SmallFile().substr(0, SmallFile().size() - 1));
  const Outcome outcome = Run({"evaluate", "m.st", "good.csv", "--json"});
  EXPECT_EQ(outcome.status, 4);
  const json error = json::parse(outcome.out)["error"];
  EXPECT_EQ(error["code"], "model");
  EXPECT_EQ(error["file"], "m.st");
  EXPECT_EQ(error["exit_status"], 4);
  EXPECT_EQ(outcome.err, "colonnade: " + error["message"].get<std::string>() + "\n");
}

TEST_F(ErrorJsonTest, OfTrainingsThatDiverge) {
  const std::vector<std::string> diverging = {
      "train",    "good.csv", "--lr",       "100000",   "--weight-decay", "1000", "-q",
      "--hidden", "8",        "--schedule", "constant", "--epochs",       "200",  "--json"};
  const Outcome outcome = Run(diverging);
  EXPECT_EQ(outcome.status, 1);
  const json error = json::parse(outcome.out)["error"];
  EXPECT_EQ(error["code"], "diverged");
  EXPECT_TRUE(error["problem"].get<std::string>().starts_with("training diverged"));
  EXPECT_TRUE(error["file"].is_null());
  // Advice of the library names options; here they are flags.
  EXPECT_EQ(error["message"].get<std::string>().find('`'), std::string::npos);
  EXPECT_EQ(Listing(), std::vector<std::string>{"good.csv"});
}

}  // namespace
}  // namespace colonnade::test
