// SPDX-License-Identifier: Apache-2.0
// Regression and the losses from the command line.
#include <sstream>

#include "tests/cli/cli_fixture.h"

namespace colonnade::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class RegressionCliTest : public CliTest {
 protected:
  // price = 100 + 3 · a − 2 · b, in three columns, of which it is the last; and two classes.
  void SetUp() override {
    std::ostringstream prices("a,b,price\n", std::ios::ate);
    std::ostringstream classes("class,a,b\n", std::ios::ate);
    for (int i = 0; i < 300; ++i) {
      const int a = i * 7 % 50;
      const int b = i * 11 % 30;
      prices << a << ',' << b << ',' << 100.5 + 3 * a - 2 * b << '\n';
      classes << (a > b ? "7" : "4") << ',' << a << ',' << b << '\n';
    }
    Write("prices.csv", prices.str());
    Write("classes.csv", classes.str());
  }

  const std::vector<std::string> train_ = {"train",  "prices.csv", "--label-column", "price",
                                           "--test", "prices.csv", "--hidden",       "16"};
};

TEST_F(RegressionCliTest, NumbersAreRecognisedTrainedAndPredicted) {
  const nlohmann::json j = RunJson(train_);
  EXPECT_EQ(j["data"]["classes"], 0);
  EXPECT_EQ(j["training"]["loss"], "squared");
  EXPECT_TRUE(j["train"]["accuracy"].is_null());
  EXPECT_GT(j["train"]["r2"], 0.95);
  EXPECT_GT(j["test"]["r2"], 0.95);
  EXPECT_EQ(j["test"]["rmse"], j["train"]["rmse"]);
  EXPECT_THAT(RunOk(train_), StartsWith("train  RMSE "));

  const nlohmann::json e = RunJson({"evaluate", "model.safetensors", "prices.csv"});
  EXPECT_EQ(e["r2"], j["test"]["r2"]);
  EXPECT_EQ(e["mae"], j["test"]["mae"]);
  EXPECT_THAT(RunOk({"evaluate", "model.safetensors", "prices.csv"}), HasSubstr("\nR2 "));

  std::istringstream lines(RunOk({"predict", "model.safetensors", "prices.csv"}));
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "prediction");
  std::getline(lines, line);
  EXPECT_NEAR(std::stod(line), 100.5, 40);
  EXPECT_THAT(RunOk({"predict", "model.safetensors", "prices.csv", "--logits"}),
              StartsWith("output\n"));
  EXPECT_THAT(RunBad(2, {"predict", "model.safetensors", "prices.csv", "--proba"}),
              HasSubstr("--proba: found a model that predicts numbers"));
  EXPECT_EQ(RunJson({"inspect", "model.safetensors"})["task"], "regress");
  EXPECT_THAT(RunOk({"inspect", "model.safetensors"}), HasSubstr("predicts    "));
}

TEST_F(RegressionCliTest, TaskAndLossDecideWhatLabelsAre) {
  const auto train = [](const std::vector<std::string>& more) {
    std::vector<std::string> command = {"train",   "classes.csv", "--epochs",       "2",
                                        "--embed", "none",        "--label-column", "class"};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  };
  EXPECT_EQ(RunJson(train({}))["data"]["classes"], 2);
  EXPECT_EQ(RunJson(train({"--task", "regress"}))["data"]["classes"], 0);
  const nlohmann::json huber = RunJson(train({"--loss", "huber", "--huber-delta", "0.5"}));
  EXPECT_EQ(huber["training"]["loss"], "huber");
  EXPECT_EQ(huber["training"]["huber_delta"], 0.5);
  const nlohmann::json bce = RunJson(train({"--loss", "bce", "--lr", "0.01"}));
  EXPECT_EQ(bce["network"]["layers"], "2-192-1");
  EXPECT_GT(bce["train"]["accuracy"], 0.9);
  EXPECT_THAT(RunOk({"predict", "model.safetensors", "classes.csv", "--proba"}),
              StartsWith("4,7\n"));
  EXPECT_THAT(RunOk({"predict", "model.safetensors", "classes.csv"}), HasSubstr("\n7\n"));
  EXPECT_EQ(RunJson({"evaluate", "model.safetensors", "classes.csv"})["per_class"].size(), 2u);

  EXPECT_THAT(RunBad(2, train({"--task", "classify", "--loss", "huber"})),
              HasSubstr("--loss: found huber with --task classify"));
  EXPECT_THAT(RunBad(2, train({"--task", "regress", "--loss", "bce"})),
              HasSubstr("--loss: found bce with --task regress"));
  EXPECT_THAT(RunBad(2, train({"--task", "regress", "--label-smoothing", "0.1"})),
              HasSubstr("--label-smoothing: found 0.1"));
  EXPECT_THAT(RunBad(2, train({"--loss", "squared", "--class-weight", "balanced"})),
              HasSubstr("--class-weight: found balanced for numbers"));
  EXPECT_THAT(RunBad(2, train({"--huber-delta", "2"})), HasSubstr("expected the loss huber"));
  EXPECT_THAT(RunBad(2, train({"--label-smoothing", "1"})),
              HasSubstr("--label-smoothing: found 1, expected"));
  // Any values are classes for who says so.
  EXPECT_GT(RunJson({"train", "prices.csv", "--label-column", "price", "--task",
                     "classify"})["data"]["classes"],
            2);
}

TEST_F(RegressionCliTest, ClassWeightsFromAFile) {
  const std::vector<std::string> train = {
      "train",          "classes.csv", "--label-column", "class",
      "--class-weight", "w.csv",       "--epochs",       "2"};
  Write("w.csv", "class,weight\n7,2\n4,0.5\n");
  EXPECT_EQ(RunJson(train)["training"]["class_weight"], nlohmann::json({0.5, 2.0}));
  Write("w.csv", "weight;label\n2;\"7.0\"\n0,5;+4\n");
  EXPECT_EQ(RunJson(train)["training"]["class_weight"], nlohmann::json({0.5, 2.0}));
  Write("w.csv", "7,2\n");
  EXPECT_THAT(RunBad(3, train), HasSubstr("found no weight for the class"));
  Write("w.csv", "7,2\n4,x\n");
  EXPECT_THAT(RunBad(3, train), HasSubstr(":2: found the weight"));
  Write("w.csv", "7,2\n5,1\n");
  EXPECT_THAT(RunBad(3, train), HasSubstr(":2: found"));
  std::vector<std::string> balanced = train;
  balanced[5] = "balanced";
  EXPECT_EQ(RunJson(balanced)["training"]["class_weight"], "balanced");
}

}  // namespace
}  // namespace colonnade::test
