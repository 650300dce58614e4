// SPDX-License-Identifier: Apache-2.0
// Searches for options, as a user sees them.
#include <csignal>
#include <sstream>

#include "tests/cli/cli_fixture.h"

namespace colonnade::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using Words = std::vector<std::string>;

class TuneCliTest : public CliTest {
 protected:
  void SetUp() override { WriteDigits(); }

  Words Small(const Words& more) const {
    Words words = {
        "tune",    "digits.csv",    "--hidden",     "8",  "--epochs", "4",
        "--space", "none",          "--batch-size", "60", "--space",  "lr=0.001,0.05,0.2",
        "--space", "dropout=0..0.5"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  std::vector<json> Journal(const std::string& name) const {
    std::vector<json> lines;
    std::istringstream in(ReadFile(File(name)));
    for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
    return lines;
  }
};

TEST_F(TuneCliTest, FindsOptionsAndWritesTheModel) {
  const json j = RunJson(Small({"--trials", "4", "--test", "digits_test.csv", "-o", "best.st"}));
  EXPECT_EQ(j["command"], "tune");
  EXPECT_EQ(j["folds"], 5);
  EXPECT_EQ(j["metric"], "loss");
  EXPECT_EQ(j["space"], json::parse(R"({"lr": "0.001,0.05,0.2", "dropout": "0..0.5"})"));
  ASSERT_GT(j["trials"].size(), 3u);
  const json& best = j["trials"][0];
  EXPECT_EQ(best["finished"], true);
  EXPECT_EQ(best["trial"], j["model"]["trial"]);
  for (const json& trial : j["trials"]) {
    if (trial["finished"] == true) {
      EXPECT_LE(best["metric"]["mean"], trial["metric"]["mean"]);
    }
  }
  // The model is the file that train writes with these options.
  Words train = {"train", "digits.csv", "--hidden",        "8",  "--epochs", "4", "--batch-size",
                 "60",    "--test",     "digits_test.csv", "-o", "alone.st"};
  for (const auto& [name, value] : best["options"].items()) {
    train.insert(train.end(), {"--" + name, value.get<std::string>()});
  }
  const json alone = RunJson(train);
  EXPECT_EQ(j["model"]["parameters_hash"], alone["parameters_hash"]);
  EXPECT_EQ(j["model"]["test"]["accuracy"], alone["test"]["accuracy"]);
  EXPECT_EQ(ReadFile(File("best.st")), ReadFile(File("alone.st"))) << "to the byte";
}

TEST_F(TuneCliTest, HasTheSameModelForAnyNumberOfThreads) {
  const auto hash = [&](const char* threads) {
    return RunJson(
        Small({"--trials", "3", "--folds", "2", "--threads", threads}))["model"]["parameters_hash"];
  };
  json one = hash("1");
  for (const char* threads : {"2", "4"}) EXPECT_EQ(hash(threads), one) << threads;
}

TEST_F(TuneCliTest, TheTableHasTheBestAndTheDefaults) {
  const Outcome outcome = Run(Small({"--trials", "4", "--top", "2", "-o", "best.st"}));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("searching 2 options for 4 trainings; validation on 5"),
                                 HasSubstr("trial 0, the best so far: loss "),
                                 HasSubstr("training the best on all examples")));
  std::istringstream lines(outcome.out);
  std::string header, first;
  std::getline(lines, header);
  std::getline(lines, first);
  EXPECT_THAT(header, AllOf(HasSubstr("trial"), HasSubstr("loss"), HasSubstr("epochs")));
  EXPECT_THAT(first, AllOf(StartsWith("best  "), HasSubstr(" ± ")));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("defaults"),
                                 HasSubstr("model  best.st  (trained on all examples)\n")));
  EXPECT_LE(std::ranges::count(outcome.out, '\n'), 5) << "header, two, the defaults, the model";
}

TEST_F(TuneCliTest, AJournalIsRepeatedToTheByte) {
  RunOk(Small({"--budget", "3s", "--journal", "journal.jsonl", "-o", "best.st"}));
  const std::vector<json> journal = Journal("journal.jsonl");
  ASSERT_GE(journal.size(), 4u);
  EXPECT_EQ(journal[0]["options"]["hidden"], "8");
  EXPECT_EQ(journal[0]["folds"], 5);
  EXPECT_EQ(journal[1]["trial"], 0);
  EXPECT_TRUE(journal.back().contains("parameters_hash"));
  RunOk({"tune", "digits.csv", "--replay", "journal.jsonl", "-o", "again.st", "--threads", "1"});
  EXPECT_EQ(ReadFile(File("best.st")), ReadFile(File("again.st")));
  EXPECT_THAT(RunBad(3, {"tune", "digits_test.csv", "--replay", "journal.jsonl", "-o", "x.st"}),
              HasSubstr("replay: found other data"));
  Write("bad.jsonl", "{\"journal\": 1}\n");
  EXPECT_THAT(RunBad(3, {"tune", "digits.csv", "--replay", "bad.jsonl", "-o", "x.st"}),
              HasSubstr("line 1: found no data"));
}

TEST_F(TuneCliTest, ASignalWritesTheBestSoFar) {
  Program program(dir_.path(),
                  {"tune", "digits.csv", "--budget", "1h", "--hidden", "8", "--epochs", "4",
                   "--threads", "1", "--journal", "journal.jsonl", "-o", "best.st"});
  EXPECT_TRUE(program.AwaitError("the best so far"));
  program.Signal(SIGINT);
  const Outcome outcome = program.Wait();
  EXPECT_EQ(outcome.status, 128 + SIGINT);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("stopped by signal after "),
                                 HasSubstr("the best so far is in best.st")));
  EXPECT_THAT(outcome.out, HasSubstr("trained without the examples for validation"));
  EXPECT_THAT(RunOk({"inspect", "best.st"}), HasSubstr("784"));
  RunOk({"tune", "digits.csv", "--replay", "journal.jsonl", "-o", "again.st"});
  EXPECT_EQ(RunJson({"inspect", "again.st"})["parameters_hash"],
            RunJson({"inspect", "best.st"})["parameters_hash"]);
}

TEST_F(TuneCliTest, FlagsAreNotSearched) {
  const json j = RunJson({"tune", "digits.csv", "--trials", "2", "--lr", "0.05", "--hidden", "8",
                          "--epochs", "2", "--preset", "classic", "--folds", "2"});
  for (const char* name : {"lr", "hidden", "epochs", "optimizer", "batch-size", "dropout"}) {
    EXPECT_FALSE(j["space"].contains(name)) << name << " is decided by a flag or the preset";
  }
  EXPECT_TRUE(j["space"].contains("label-smoothing"));
}

TEST_F(TuneCliTest, RefusesWhatCannotBeMeant) {
  const auto refuse = [&](const Words& more, const std::string& message) {
    // Before any data are read: there are none.
    Words words = {"tune", "none.csv"};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_THAT(RunBad(2, words), HasSubstr(message));
  };
  for (const char* budget : {"fast", "0", "-5s", "10d", "s"}) {
    refuse({"--budget", budget},
           "--budget: found '" + std::string(budget) + "', expected a time, such as 60s, 5m or 2h");
  }
  refuse({"--budget", "5s", "--trials", "3"}, "--budget excludes --trials");
  refuse({"--trials", "0"}, "--trials");
  refuse({"--space", "lr"}, "--space: found 'lr', expected NAME=VALUE,VALUE…");
  refuse({"--space", "lrate=1"}, "--space: found the name 'lrate', expected that of a flag about");
  refuse({"--space", "lr=0.1..x"}, "--space: found 'lr=0.1..x', expected A..B");
  refuse({"--space", "lr=0.1", "--space", "lr=0.2"}, "--space: found 'lr' twice, expected each");
  refuse({"--lr", "1", "--space", "lr=0.1,1"}, "--space: found 'lr' and the flag --lr, expected");
  refuse({"--space", "dropout=0,1"}, "--dropout: found 1, expected a number in [0, 1)");
  refuse({"--metric", "f1"}, "--metric: found 'f1', expected loss, accuracy, roc-auc or mae");
  refuse({"--folds", "3", "--validation", "0.1"}, "--folds: found --validation too, expected one");
  refuse({"--folds", "3", "--early-stopping", "2"},
         "--early-stopping: found 2, expected no --folds: nothing would stop");
  refuse({"--max-seconds", "3"}, "--max-seconds");
  refuse({"--journal", "j", "-o", "j"}, "expected another file than that of");
  refuse({"--checkpoint", "x"}, "--checkpoint");
  Write("j.jsonl", "{}");
  refuse({"--replay", "j.jsonl", "--lr", "1"}, "--lr: found '1', expected no such flag with --re");
  refuse({"--replay", "j.jsonl", "--budget", "1s"}, "--budget excludes --replay");
  EXPECT_THAT(RunBad(1, {"tune", "digits.csv", "--replay", "none.jsonl"}),
              HasSubstr("cannot read 'none.jsonl'"));
}

TEST_F(TuneCliTest, HelpHasExamples) {
  EXPECT_THAT(RunOk({"tune", "--help"}),
              AllOf(HasSubstr("--budget"), HasSubstr("--space"), HasSubstr("Examples:"),
                    Not(HasSubstr("--checkpoint"))));
  EXPECT_THAT(RunOk({"--help"}), HasSubstr("colonnade tune train.csv"));
}

}  // namespace
}  // namespace colonnade::test
