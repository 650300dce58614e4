// SPDX-License-Identifier: Apache-2.0
// Many models side by side, as a user sees them.
#include <algorithm>
#include <cmath>
#include <csignal>
#include <set>
#include <sstream>
#include <thread>

#include "tests/cli/cli_fixture.h"

namespace colonnade::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

using Words = std::vector<std::string>;

Words With(Words base, const Words& more) {
  base.insert(base.end(), more.begin(), more.end());
  return base;
}

// The runs of all configurations.
std::vector<json> RunsOf(const json& sweep) {
  std::vector<json> runs;
  for (const json& c : sweep["configurations"]) {
    for (const json& run : c["runs"]) runs.push_back(run);
  }
  return runs;
}

class SweepCliTest : public CliTest {
 protected:
  void SetUp() override { WriteDigits(); }

  // Two numbers and a sum of them.
  void WriteNumbers() const {
    std::string text = "y,a,b\n";
    for (int i = 0; i < 120; ++i) {
      text += std::to_string(0.5 + i % 7 + 3 * (i % 5)) + ',' + std::to_string(i % 7) + ',' +
              std::to_string(i % 5) + '\n';
    }
    Write("numbers.csv", text);
  }

  const Words small_ = {"sweep", "digits.csv", "--epochs", "2", "--batch-size", "60"};
};

TEST_F(SweepCliTest, RanksEveryCombination) {
  const json j = RunJson(With(small_, {"--grid", "lr=0.001,0.1", "--grid", "hidden=16,12+8",
                                       "--seeds", "2", "--seed", "5"}));
  EXPECT_EQ(j["command"], "sweep");
  EXPECT_EQ(j["grid"], json::parse(R"({"lr": ["0.001", "0.1"], "hidden": ["16", "12+8"]})"));
  ASSERT_EQ(j["configurations"].size(), 4u);
  std::set<std::string> combinations;
  double before = 1;
  for (const json& c : j["configurations"]) {
    combinations.insert(c["options"].dump());
    const double mean = c["accuracy"]["mean"];
    EXPECT_LE(mean, before) << "best first";
    before = mean;
    ASSERT_EQ(c["runs"].size(), 2u);
    EXPECT_EQ(c["runs"][0]["seed"], 5);
    EXPECT_EQ(c["runs"][1]["seed"], 6);
    const double a = c["runs"][0]["accuracy"];
    const double b = c["runs"][1]["accuracy"];
    EXPECT_NEAR(mean, (a + b) / 2, 1e-12);
    EXPECT_NEAR(c["accuracy"]["deviation"], std::abs(a - b) / std::sqrt(2), 1e-12);
  }
  EXPECT_EQ(combinations.size(), 4u);
  EXPECT_EQ(j["configurations"][0]["options"]["lr"], "0.1");
  EXPECT_TRUE(j["model"].is_null());
}

TEST_F(SweepCliTest, EachModelIsThatOfTrainAtAnyNumberOfThreads) {
  const json one =
      RunJson(With(small_, {"--grid", "lr=0.05,0.1", "--seeds", "2", "--threads", "1"}));
  std::multiset<std::string> hashes;
  for (const json& run : RunsOf(one)) hashes.insert(run["parameters_hash"]);
  std::multiset<std::string> alone;
  for (const char* rate : {"0.05", "0.1"}) {
    for (const char* seed : {"0", "1"}) {
      alone.insert(RunJson({"train", "digits.csv", "--epochs", "2", "--batch-size", "60", "--lr",
                            rate, "--seed", seed, "--validation", "0.1"})["parameters_hash"]);
    }
  }
  EXPECT_EQ(hashes, alone);
  for (const char* threads : {"2", "3", "8"}) {
    json many =
        RunJson(With(small_, {"--grid", "lr=0.05,0.1", "--seeds", "2", "--threads", threads}));
    std::multiset<std::string> found;
    for (const json& run : RunsOf(many)) found.insert(run["parameters_hash"]);
    EXPECT_EQ(found, hashes) << threads;
  }
}

TEST_F(SweepCliTest, TheBestModelIsTheFileThatTrainWrites) {
  const json sweep = RunJson(With(small_, {"--grid", "lr=0.001,0.1", "--seeds", "3", "--test",
                                           "digits_test.csv", "-o", "best.st"}));
  const json& best = sweep["configurations"][0];
  EXPECT_EQ(best["options"]["lr"], "0.1");
  size_t first = 0;
  for (size_t i = 1; i < 3; ++i) {
    const auto key = [&](size_t r) {
      return std::pair(-best["runs"][r]["accuracy"].get<double>(),
                       best["runs"][r]["loss"].get<double>());
    };
    if (key(i) < key(first)) first = i;
  }
  EXPECT_EQ(sweep["model"]["seed"], best["runs"][first]["seed"]);
  const json train = RunJson({"train", "digits.csv", "--epochs", "2", "--batch-size", "60", "--lr",
                              "0.1", "--seed", std::to_string(first), "--validation", "0.1",
                              "--test", "digits_test.csv", "-o", "alone.st"});
  EXPECT_EQ(sweep["model"]["parameters_hash"], train["parameters_hash"]);
  EXPECT_EQ(sweep["model"]["test"]["accuracy"], train["test"]["accuracy"]);
  EXPECT_EQ(ReadFile(File("best.st")), ReadFile(File("alone.st"))) << "to the byte";
}

TEST_F(SweepCliTest, CrossValidationTrainsTheBestAgainOnAllExamples) {
  const json sweep =
      RunJson(With(small_, {"--grid", "lr=0.001,0.1", "--folds", "3", "-o", "best.st"}));
  EXPECT_EQ(sweep["folds"], 3);
  for (const json& c : sweep["configurations"]) {
    ASSERT_EQ(c["runs"].size(), 3u);
    size_t examples = 0;
    std::set<std::string> hashes;
    for (size_t fold = 0; fold < 3; ++fold) {
      EXPECT_EQ(c["runs"][fold]["fold"], fold);
      examples += c["runs"][fold]["validation_examples"].get<size_t>();
      hashes.insert(c["runs"][fold]["parameters_hash"]);
    }
    EXPECT_EQ(examples, 600u);
    EXPECT_EQ(hashes.size(), 3u);
  }
  RunJson({"train", "digits.csv", "--epochs", "2", "--batch-size", "60", "--lr", "0.1", "-o",
           "alone.st"});
  EXPECT_EQ(ReadFile(File("best.st")), ReadFile(File("alone.st")));
}

TEST_F(SweepCliTest, TheTableMarksTheBest) {
  const std::string table =
      RunOk(With(small_, {"--grid", "lr=0.001,0.1", "--seeds", "2", "-o", "best.st"}));
  std::istringstream lines(table);
  std::string header, first, second, model;
  std::getline(lines, header);
  std::getline(lines, first);
  std::getline(lines, second);
  std::getline(lines, model);
  EXPECT_THAT(header, AllOf(HasSubstr("lr"), HasSubstr("accuracy"), HasSubstr("loss"),
                            HasSubstr("seconds"), EndsWith("models")));
  EXPECT_THAT(first, AllOf(::testing::StartsWith("best  0.1 "), HasSubstr(" ± "), EndsWith("2")));
  EXPECT_THAT(second, ::testing::StartsWith("      0.001 "));
  EXPECT_THAT(model, ::testing::StartsWith("model  best.st  (seed "));
}

TEST_F(SweepCliTest, ValidatesOnATenthUnlessItIsToldOtherwise) {
  const Outcome outcome = Run(With(small_, {"--json"}));
  EXPECT_THAT(outcome.err, HasSubstr("validation on 10 % of the examples"));
  EXPECT_EQ(RunsOf(json::parse(outcome.out))[0]["validation_examples"], 60);
  const Outcome file = Run(With(small_, {"--json", "--validation-file", "digits_test.csv"}));
  EXPECT_THAT(file.err, Not(HasSubstr("10 %")));
  EXPECT_EQ(RunsOf(json::parse(file.out))[0]["validation_examples"], 200);
  EXPECT_EQ(RunsOf(RunJson(With(small_, {"--validation", "0.5"})))[0]["validation_examples"], 300);
}

TEST_F(SweepCliTest, NumbersAreRankedByTheirError) {
  WriteNumbers();
  const json j = RunJson({"sweep", "numbers.csv", "--epochs", "40", "--batch-size", "20", "--grid",
                          "lr=0.000001,0.01", "--folds", "3"});
  const json& best = j["configurations"][0];
  EXPECT_EQ(best["options"]["lr"], "0.01");
  EXPECT_LT(best["rmse"]["mean"], j["configurations"][1]["rmse"]["mean"]);
  EXPECT_TRUE(best["runs"][0].contains("r2"));
  EXPECT_FALSE(best["runs"][0].contains("accuracy"));
  EXPECT_THAT(RunOk({"sweep", "numbers.csv", "--epochs", "1"}), HasSubstr("RMSE"));
}

TEST_F(SweepCliTest, AModelThatDivergesEndsNoOther) {
  const Words command = With(small_, {"--lr", "100", "--grid", "weight-decay=1000,0", "--log",
                                      "log.jsonl", "-o", "best.st"});
  const Outcome outcome = Run(With(command, {"--json"}));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("weight-decay=1000 seed 0: training diverged: "));
  const json j = json::parse(outcome.out);
  EXPECT_EQ(j["configurations"][0]["options"]["weight-decay"], "0");
  EXPECT_TRUE(j["configurations"][1]["accuracy"].is_null());
  EXPECT_THAT(std::string(j["configurations"][1]["runs"][0]["failure"]), HasSubstr("diverged"));
  std::istringstream log(ReadFile(File("log.jsonl")));
  size_t lines = 0;
  for (std::string line; std::getline(log, line); ++lines) {
    const json entry = json::parse(line);
    EXPECT_EQ(entry["failure"].is_null(), entry["options"]["weight-decay"] == "0");
  }
  EXPECT_EQ(lines, 2u);

  std::filesystem::remove(File("best.st"));
  const Outcome none =
      Run(With(small_, {"--lr", "100", "--weight-decay", "1000", "-o", "best.st"}));
  EXPECT_EQ(none.status, 1);
  EXPECT_THAT(none.err, HasSubstr("no model could be trained: training diverged: "));
  EXPECT_THAT(none.out, HasSubstr("0 of 1"));
  EXPECT_FALSE(std::filesystem::exists(File("best.st")));
}

TEST_F(SweepCliTest, ASignalPrintsWhatIsDone) {
  Program program(dir_.path(), {"sweep", "digits.csv", "--grid", "max-seconds=0.01,1000",
                                "--epochs", "1000000", "--threads", "1", "-o", "best.st"});
  EXPECT_TRUE(program.AwaitError("model 1/2"));
  program.Signal(SIGINT);
  const Outcome outcome = program.Wait();
  EXPECT_EQ(outcome.status, 128 + SIGINT);
  EXPECT_THAT(outcome.err,
              HasSubstr("stopped by signal after 1 of 2 models; no model was written"));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\n  0.01 "), HasSubstr("\n  1000 "),
                                 HasSubstr("0 of 1"), Not(HasSubstr("best"))));
  EXPECT_FALSE(std::filesystem::exists(File("best.st")));
}

TEST_F(SweepCliTest, RefusesGridsThatCannotBeMeant) {
  const auto refuse = [&](const Words& more, const std::string& message) {
    // Before any data are read: there are none.
    const std::string found = RunBad(2, With({"sweep", "none.csv"}, more));
    EXPECT_THAT(found, HasSubstr(message));
  };
  refuse({"--grid", "lr"}, "--grid: found 'lr', expected NAME=VALUE,VALUE…, such as lr=0.01,0.1");
  refuse({"--grid", "=1"}, "--grid: found '=1', expected NAME=");
  refuse({"--grid", "lrate=1"}, "--grid: found the name 'lrate', expected that of a flag about");
  for (const char* name : {"label-column", "test", "validation", "task", "threads", "resume"}) {
    refuse({"--grid", std::string(name) + "=1"}, "--grid: found the name '" + std::string(name));
  }
  refuse({"--grid", "lr=0.1,"}, "--grid: found 'lr=0.1,', expected a value on each side");
  refuse({"--grid", "lr="}, "expected a value on each side of every comma");
  refuse({"--grid", "lr=0.1,0.2,0.1"}, "--grid: found '0.1' twice in 'lr=0.1,0.2,0.1', expected");
  refuse({"--grid", "lr=0.1", "--grid", "lr=0.2"}, "--grid: found 'lr' twice, expected each name");
  refuse({"--lr", "1", "--grid", "lr=0.1"}, "--grid: found 'lr' and the flag --lr, expected one");
  refuse({"--grid", "seed=1,2", "--seeds", "2"}, "--seeds: found --grid seed too, expected one");
  refuse({"--grid", "loss=squared,bce"}, "--grid: found losses for classes and losses for numbers");
  refuse({"--seeds", "0"}, "--seeds");
  refuse({"--seed", "18446744073709551615", "--seeds", "2"}, "expected seeds below 2^64");
  refuse({"--folds", "1"}, "--folds");
  refuse({"--folds", "1001"}, "--folds");
  refuse({"--folds", "1000", "--seeds", "1001"},
         "--grid: found 1001000 models, with --seeds and --folds, expected at most 1000000");
  refuse({"--folds", "3", "--validation", "0.1"}, "--folds: found --validation too, expected one");
  refuse({"--folds", "3", "--validation-file", "x"}, "--folds: found --validation-file too");
  refuse({"--folds", "3", "--early-stopping", "2", "-o", "x"},
         "--early-stopping: found 2 with --folds, expected no --output and no --test");
  refuse({"--checkpoint", "x"}, "--checkpoint");
}

TEST_F(SweepCliTest, RefusesAValueAsItsFlagDoes) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"lr", "-1"},
                                                        {"lr", "x"},
                                                        {"hidden", "12,x"},
                                                        {"epochs", "0"},
                                                        {"optimizer", "adamm"},
                                                        {"batch-size", "0"},
                                                        {"activation", "relu,tanh"},
                                                        {"beta1", "1"},
                                                        {"scale", "log"},
                                                        {"lr-decay", "0.5"},
                                                        {"early-stopping", "-1"},
                                                        {"dropout", "1"}}) {
    std::string of_train =
        RunBad(2, {"train", "none.csv", "--validation", "0.1", "--" + name, value});
    const size_t hint = of_train.find("colonnade train --help");
    if (hint != std::string::npos) of_train.replace(hint, 15, "colonnade sweep");
    std::string in_grid = value;
    std::ranges::replace(in_grid, ',', '+');
    EXPECT_EQ(RunBad(2, {"sweep", "none.csv", "--grid", name + "=" + in_grid}), of_train);
  }
}

TEST_F(SweepCliTest, AnAxisChoosesTheOptimizerAsItsFlagDoes) {
  WriteNumbers();
  const nlohmann::json sweep = RunJson({"sweep", "numbers.csv", "--hidden", "4", "--epochs", "2",
                                        "--validation", "0.2", "--grid", "beta1=0.5"});
  const nlohmann::json train = RunJson({"train", "numbers.csv", "--hidden", "4", "--epochs", "2",
                                        "--validation", "0.2", "--beta1", "0.5"});
  EXPECT_EQ(train["options"]["optimizer"], "adamw");
  EXPECT_EQ(sweep["configurations"][0]["runs"][0]["parameters_hash"], train["parameters_hash"]);
}

TEST_F(SweepCliTest, RefusesFoldsThatTheDataDoNotHave) {
  WriteNumbers();
  EXPECT_THAT(RunBad(2, {"sweep", "numbers.csv", "--folds", "121"}),
              HasSubstr("--folds: found 121, expected at most 120, the number of examples"));
  std::string text = "label,a\n";
  for (int i = 0; i < 30; ++i) {
    text += (i < 3 ? "few," : "many,") + std::to_string(i) + '\n';
  }
  Write("few.csv", text);
  EXPECT_THAT(RunBad(2, {"sweep", "few.csv", "--folds", "28", "--grid", "lr=0.1,0.2"}),
              HasSubstr("--folds: found 28, expected at most 27, the number of examples of the "
                        "class 'many', which has the most"));
}

TEST_F(SweepCliTest, HelpHasExamples) {
  EXPECT_THAT(RunOk({"sweep", "--help"}),
              AllOf(HasSubstr("--grid"), HasSubstr("--folds"), HasSubstr("Examples:"),
                    Not(HasSubstr("--checkpoint"))));
}

}  // namespace
}  // namespace colonnade::test
