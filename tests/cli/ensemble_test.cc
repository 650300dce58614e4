// SPDX-License-Identifier: Apache-2.0
// Several networks as one model, as a user sees them.
#include <sstream>
#include <string>
#include <vector>

#include "tests/cli/cli_fixture.h"

namespace colonnade::test {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kFolds = {
    "train", "digits.csv", "--hidden",      "16",   "--epochs",  "3",
    "-o",    "m.st",       "--ensemble",    "3",    "--threads", "2",
    "--log", "log",        "--ensemble-by", "folds"};

class EnsembleCliTest : public CliTest {
 protected:
  void SetUp() override { WriteDigits(); }
};

TEST_F(EnsembleCliTest, IsToldFromStartToEnd) {
  const Outcome run = Run(kFolds);
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("; 3 networks by folds; 3 epochs"));
  EXPECT_THAT(run.err, HasSubstr("member 2/3  epoch 3/3  loss "));
  EXPECT_THAT(run.out, HasSubstr("of 600 right), out of fold\n"));
  EXPECT_THAT(run.out, HasSubstr("the model is the mean of 3 networks\n"));
  std::istringstream log(ReadFile(File("log")));
  std::vector<size_t> epochs(3);
  for (std::string line; std::getline(log, line);) {
    const nlohmann::json json = nlohmann::json::parse(line);
    EXPECT_EQ(++epochs.at(json["member"].get<size_t>() - 1), json["epoch"]);
  }
  EXPECT_EQ(epochs, std::vector<size_t>(3, 3));
  EXPECT_THAT(RunOk({"inspect", "m.st"}), HasSubstr("members     3, such a network each"));
  EXPECT_EQ(RunJson({"inspect", "m.st"})["members"], 3);
  EXPECT_THAT(RunOk({"evaluate", "m.st", "digits_test.csv"}), HasSubstr("accuracy"));
}

TEST_F(EnsembleCliTest, JsonHasItsMembers) {
  const nlohmann::json j = RunJson(kFolds);
  EXPECT_EQ(j["network"]["members"], 3);
  EXPECT_EQ(j["training"]["ensemble"], 3);
  EXPECT_EQ(j["training"]["ensemble_by"], "folds");
  ASSERT_EQ(j["training"]["members"].size(), 3u);
  EXPECT_EQ(j["training"]["members"][2]["seed"], 2);
  EXPECT_GT(j["training"]["members"][2]["validation"]["accuracy"], 0.1);
  EXPECT_EQ(j["validation"]["out_of_fold"], true);
  EXPECT_EQ(j["data"]["validation_examples"], 600);
}

TEST_F(EnsembleCliTest, WhatCannotBeIsSaidInOneLine) {
  EXPECT_THAT(RunBad(2, {"train", "digits.csv", "--ensemble", "0"}),
              HasSubstr("--ensemble: found 0, expected 1 to 1000"));
  EXPECT_THAT(RunBad(2, {"train", "digits.csv", "--ensemble", "2", "--ensemble-by", "x"}),
              HasSubstr("found 'x', expected seeds or folds"));
}

}  // namespace
}  // namespace colonnade::test
