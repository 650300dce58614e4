// SPDX-License-Identifier: Apache-2.0
// Predictions as tables that others, and this program, read.
#include <cmath>
#include <sstream>

#include "tests/cli/cli_fixture.h"

namespace colonnade::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PredictCliTest : public CliTest {
 protected:
  // Two classes that a line separates, with names that CSV has to quote.
  void SetUp() override {
    std::ostringstream train("x,y,kind\n", std::ios::ate);
    for (int i = 0; i < 60; ++i) {
      train << i % 10 << '.' << i % 3 << ',' << i % 7 << ".5,"
            << (i % 10 > 4 ? "\"big, cat\"" : "\"NA\"") << '\n';
    }
    Write("train.csv", train.str());
    RunOk({"train", "train.csv", "--label-column", "kind", "--keep-na", "--epochs", "60", "-o",
           "model"});
  }
};

TEST_F(PredictCliTest, QuotesWhatWouldBeReadAsSomethingElse) {
  Write("new.csv", "x,y\n9.1,2.5\n0.1,2.5\n");
  EXPECT_EQ(RunOk({"predict", "model", "new.csv"}), "prediction\n\"big, cat\"\n\"NA\"\n");
  EXPECT_THAT(RunOk({"predict", "model", "new.csv", "--proba"}),
              StartsWith("\"NA\",\"big, cat\"\n"));
}

TEST_F(PredictCliTest, PassesColumnsThroughInTheOrderAsked) {
  Write("new.csv",
        "name,x,code,y\n\"Smith, J\",9.1,007,2.5\n\" space \",0.1,1,2.5\n\"say "
        "\"\"hi\"\"\",9.2,NA,2.5\n");
  EXPECT_EQ(RunOk({"predict", "model", "new.csv", "--id-columns", "code,name", "--prediction-name",
                   "the kind"}),
            "code,name,the kind\n"
            "\"007\",\"Smith, J\",\"big, cat\"\n"
            "1,\" space \",\"NA\"\n"
            "\"NA\",\"say \"\"hi\"\"\",\"big, cat\"\n");
  EXPECT_THAT(RunOk({"predict", "model", "new.csv", "--id-columns", "code", "--proba"}),
              StartsWith("code,\"NA\",\"big, cat\"\n\"007\","));
  EXPECT_THAT(RunBad(2, {"predict", "model", "new.csv", "--id-columns", "cod"}), HasSubstr("cod"));
  EXPECT_THAT(RunBad(2, {"predict", "model", "new.csv", "--proba", "--prediction-name", "p"}),
              HasSubstr("--prediction-name"));
}

// A model of data without missing values has nothing to put in their place.
TEST_F(PredictCliTest, RowsStayAlignedWhereOneLacksAValue) {
  RunOk({"train", "train.csv", "--label-column", "kind", "--keep-na", "--epochs", "60", "--missing",
         "drop", "-o", "model"});
  Write("new.csv", "id,x,y\na,9.1,2.5\nb,,2.5\nc,0.1,2.5\n");
  const Outcome outcome = Run({"predict", "model", "new.csv", "--id-columns", "id"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "id,prediction\na,\"big, cat\"\nb,\nc,\"NA\"\n");
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("numbers  x (1 missing), y\n"),
                                 HasSubstr("1 of 3 rows lack a value")));
  // A line with nothing in it would be no row.
  EXPECT_EQ(RunOk({"predict", "model", "new.csv"}), "prediction\n\"big, cat\"\n\"\"\n\"NA\"\n");
}

TEST_F(PredictCliTest, NumbersOfManyDigitsAreThoseOfTheTable) {
  std::ostringstream train("x,t\n", std::ios::ate);
  for (int i = 0; i < 200; ++i) train << i << ',' << 1700000000 + i << '\n';
  Write("times.csv", train.str());
  const nlohmann::json j =
      RunJson({"train", "times.csv", "--label-column", "t", "--task", "regress", "-o", "times",
               "--validation", "0", "--hidden", "none"});
  EXPECT_GT(j["train"]["r2"], 0.99);
  EXPECT_LT(j["train"]["rmse"], 5);
  EXPECT_THAT(RunOk({"predict", "times", "times.csv"}), HasSubstr("\n1700000"));
}

TEST_F(PredictCliTest, ALogarithmicScaleIsSaidWhereverItMatters) {
  std::ostringstream train("x,price\n", std::ios::ate);
  for (int i = 0; i < 200; ++i) train << i << ',' << (i + 1) * (i + 1) * i << ".25\n";
  Write("prices.csv", train.str());
  const std::vector<std::string> arguments = {
      "train", "prices.csv", "--label-column", "price", "--target-scale", "log", "-o", "prices"};
  EXPECT_THAT(Run(arguments).err, HasSubstr("losses are of log(1 + y)"));
  EXPECT_EQ(RunJson(arguments)["train"]["loss_scale"], "log");
  EXPECT_THAT(RunOk({"inspect", "prices"}), HasSubstr("exp("));
  Write("debts.csv", "x,price\n1,2.5\n2,-3.5\n");
  EXPECT_THAT(RunBad(2, {"train", "debts.csv", "--label-column", "price", "--target-scale", "log"}),
              HasSubstr("--target-scale: found log with the number -3.5 to predict (example 1)"));
}

TEST_F(PredictCliTest, AScaleThatWasFoundIsSaid) {
  std::ostringstream train("x,z,price\n", std::ios::ate);
  for (int i = 0; i < 200; ++i) {
    const int x = i * 79 % 200;
    train << x << ',' << i % 7 << ',' << std::exp(0.1 * x) << '\n';
  }
  Write("prices.csv", train.str());
  EXPECT_THAT(
      Run({"train", "prices.csv", "--label-column", "price"}).err,
      HasSubstr("the numbers to predict have a heavy tail and were learned on another scale: "
                "--target-scale log"));
  const nlohmann::json j =
      RunJson({"train", "prices.csv", "--label-column", "price", "--validation", "0"});
  EXPECT_EQ(j["training"]["target_scale"], "log");
  EXPECT_EQ(j["options"]["target_scale"], "log");
  EXPECT_GT(j["train"]["r2"], 0.8);
}

TEST_F(PredictCliTest, EachQuantileHasAColumn) {
  std::ostringstream train("x,y\n", std::ios::ate);
  for (int i = 0; i < 300; ++i) train << i % 30 << ',' << i * 37 % 101 + 0.5 << '\n';
  Write("noise.csv", train.str());
  RunOk({"train", "noise.csv", "--label-column", "y", "--loss", "quantile", "--quantiles",
         "0.25,0.75", "-o", "q"});
  EXPECT_TRUE(
      RunOk({"predict", "q", "noise.csv"}).starts_with("prediction_q0.25,prediction_q0.75\n"));
  EXPECT_TRUE(RunOk({"predict", "q", "noise.csv", "--prediction-name", "y"})
                  .starts_with("y_q0.25,y_q0.75\n"));
  EXPECT_TRUE(
      RunOk({"predict", "q", "noise.csv", "--logits"}).starts_with("output_q0.25,output_q0.75\n"));
  EXPECT_THAT(RunOk({"evaluate", "q", "noise.csv"}), HasSubstr("quantile  pinball loss  coverage"));
  EXPECT_THAT(RunOk({"inspect", "q"}), HasSubstr("quantiles   0.25, 0.75"));
  const nlohmann::json j = RunJson({"evaluate", "q", "noise.csv"});
  EXPECT_EQ(j["quantiles"][1]["level"], 0.75);
  EXPECT_NEAR(j["quantiles"][1]["coverage"], 0.75, 0.1);
  RunOk({"train", "noise.csv", "--label-column", "y", "--loss", "poisson", "-o", "p"});
  EXPECT_GT(RunJson({"evaluate", "p", "noise.csv"})["poisson_deviance"], 0);
  EXPECT_THAT(RunOk({"evaluate", "p", "noise.csv"}), HasSubstr("\ndeviance  "));
  EXPECT_THAT(RunOk({"inspect", "p"}), HasSubstr("predicts    exp("));
}

TEST_F(PredictCliTest, SplitsTellOfRareClasses) {
  std::ostringstream train("x,kind\n", std::ios::ate);
  for (int i = 0; i < 40; ++i) train << i << ".5," << (i == 7 ? "rare" : i % 2 ? "a" : "b") << '\n';
  Write("rare.csv", train.str());
  const std::vector<std::string> label = {"--label-column", "kind", "--epochs", "2"};
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), label.begin(), label.end());
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.err;
  };
  EXPECT_THAT(run({"sweep", "rare.csv", "--folds", "5"}),
              HasSubstr("the least populated class in y has only 1 member ('rare'), which is less "
                        "than n_splits=5"));
  EXPECT_THAT(run({"train", "rare.csv", "--validation", "0.2"}),
              HasSubstr("the least populated class in y has only 1 member ('rare')"));
  EXPECT_THAT(run({"train", "rare.csv"}), Not(HasSubstr("least populated")));
  EXPECT_THAT(RunBad(2, {"train", "rare.csv", "--group-column", "x", "--split-by-time", "x"}),
              HasSubstr("--split-by-time: found --group-column, too, expected one of them"));
}

}  // namespace
}  // namespace colonnade::test
