// SPDX-License-Identifier: Apache-2.0
// Data files as people have them, through all the commands that read them.
#include <string>
#include <vector>

#include "tests/cli/cli_fixture.h"

namespace colonnade::test {
namespace {

using ::testing::HasSubstr;

class DataTest : public CliTest {};

TEST_F(DataTest, EveryFileHasItsOwnDialect) {
  std::string table = "# made by hand\nlabel;a;b\n0;1;2\n1;3;4x\n";
  for (int i = 0; i < 10; ++i) table += i % 2 == 0 ? "0;5;6\n" : "1;7;8\n";
  Write("train.csv", table);
  const std::string message =
      RunBad(3, {"train", "train.csv", "--comment", "#", "--delimiter", "semicolon"});
  EXPECT_THAT(message, HasSubstr("train.csv:4: column 3 ('b'): found '4x', expected a number"));
  Write("train.csv", "# made by hand\nlabel;a;b\n0;1;2\n1;3;4\n0;5;6\n1;7;8\n");
  RunOk({"train", "train.csv", "--comment", "#", "--epochs", "1"});
  Write("comma.csv", "\xef\xbb\xbflabel,a,b\r\n0, 1, 2\r\n");
  Write("space.txt", "! spaces\n0  1  2\n1 3 4\n");
  Write("tab.tsv", "\"a\"\t\"b\"\r1\t2\r3\t4\r5\t6\r");
  EXPECT_EQ(RunJson({"evaluate", "model.safetensors", "comma.csv"})["examples"], 1);
  EXPECT_EQ(RunJson({"evaluate", "model.safetensors", "space.txt", "--comment", "!", "--delimiter",
                     "space"})["examples"],
            2);
  const std::string predictions = RunOk({"predict", "model.safetensors", "tab.tsv"});
  EXPECT_EQ(std::count(predictions.begin(), predictions.end(), '\n'), 4);
}

TEST_F(DataTest, WhatWasLearntOfTheTrainingDataIsInTheModel) {
  Write("train.csv",
        "id,size,color,species\n1,1.5,red,\"big, cat\"\n2,,blue,dog\n3,2.5,red,\"big, cat\"\n"
        "4,3.5,blue,dog\n");
  const std::vector<std::string> columns = {"--label-column", "species", "--ignore-columns", "id"};
  std::vector<std::string> train = {"train", "train.csv", "--epochs", "60"};
  train.insert(train.end(), columns.begin(), columns.end());
  RunOk(train);
  // Other order, other separator, no label, no id, an unknown color, a missing size.
  Write("new.csv", "color;extra;size\nred;x;1\nblue;x;3\ngreen;x;\n");
  const Outcome outcome = Run({"predict", "model.safetensors", "new.csv"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out.substr(0, outcome.out.find("dog") + 4), "prediction\n\"big, cat\"\ndog\n");
  EXPECT_THAT(outcome.err, HasSubstr("new.csv: ignored 1 unknown column: 'extra'"));
  EXPECT_THAT(outcome.err, HasSubstr("new.csv: 1 row with unknown categories"));
  EXPECT_EQ(Run({"predict", "model.safetensors", "new.csv", "-q"}).err, "");
  const nlohmann::json evaluation = RunJson({"evaluate", "model.safetensors", "train.csv"});
  EXPECT_EQ(evaluation["examples"], 4);
  EXPECT_EQ(evaluation["accuracy"], 1);
  EXPECT_THAT(RunOk({"predict", "model.safetensors", "new.csv", "--proba", "-q"}),
              ::testing::StartsWith("\"big, cat\",dog\n"));
}

TEST_F(DataTest, AColumnOfWeights) {
  Write("train.csv", "label,a,w\n0,1,1\n1,2,0\n0,3,2\n1,4,1\n");
  Write("without.csv", "label,a\n0,1\n0,3\n1,4\n");
  const std::vector<std::string> train = {"train",    "train.csv", "--hidden",        "none",
                                          "--epochs", "5",         "--weight-column", "w"};
  const nlohmann::json trained = RunJson(train);
  EXPECT_EQ(trained["data"]["features"], 1);
  const nlohmann::json weighted = RunJson({"evaluate", "model.safetensors", "train.csv"});
  EXPECT_EQ(weighted["sample_weights"], true);
  EXPECT_THAT(RunOk({"evaluate", "model.safetensors", "train.csv"}), HasSubstr("4, weighted"));
  const Outcome outcome = Run({"evaluate", "model.safetensors", "without.csv", "--json"});
  EXPECT_EQ(nlohmann::json::parse(outcome.out)["sample_weights"], false);
  EXPECT_THAT(outcome.err, HasSubstr("found no column 'w' with weights"));
  EXPECT_EQ(Run({"predict", "model.safetensors", "without.csv"}).err,
            "data     without.csv: 3 rows; separator ','; header\nnumbers  a\n");
  // Other weights are another training.
  Write("train.csv", "label,a,w\n0,1,1\n1,2,0\n0,3,2\n1,4,1.5\n");
  EXPECT_NE(RunJson(train)["parameters_hash"], trained["parameters_hash"]);
  EXPECT_THAT(RunBad(2, {"train", "train.csv", "--weight-column", "v"}),
              HasSubstr("train.csv has no column 'v'"));
  const std::string report = RunOk({"check", "train.csv", "--weight-column", "w"});
  EXPECT_THAT(report, HasSubstr("weight      number   w"));
}

TEST_F(DataTest, WhatIsNoNumberIsRefusedWithTheWaysOn) {
  Write("text.csv", "y,a,b\n0,1,2\n1,2,red\n0,3,3\n1,4,5\n0,5,7\n");
  const std::string text = RunBad(3, {"train", "text.csv"});
  EXPECT_THAT(text, HasSubstr("text.csv:3: column 3 ('b'): found 'red', expected a number"));
  for (const char* const flag :
       {"--na-values", "--bad-rows skip", "--categorical", "--ignore-columns"}) {
    EXPECT_THAT(text, HasSubstr(flag));
  }
  Write("holes.csv", "y,a,b\n0,1,\n1,,3\n");
  EXPECT_THAT(RunBad(3, {"train", "holes.csv", "--missing", "refuse"}),
              HasSubstr("holes.csv:2: column 3 ('b'): found nothing, expected a value"));
  EXPECT_THAT(RunBad(3, {"train", "holes.csv", "--strict"}), HasSubstr("column 3 ('b')"));
  EXPECT_THAT(RunBad(2, {"train", "holes.csv", "--missing", "guess"}),
              HasSubstr("--missing: found 'guess', expected refuse, mean, median, zero or drop"));
  EXPECT_THAT(RunBad(2, {"train", "holes.csv", "--ignore-columns", "a,"}),
              HasSubstr("--ignore-columns: holes.csv has no column ''"));
  EXPECT_THAT(RunBad(2, {"train", "holes.csv", "--ignore-columns", "z"}),
              HasSubstr("holes.csv has no column 'z'"));
  const Outcome outcome = Run({"train", "holes.csv", "--missing", "zero", "--epochs", "1"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("numbers  a (1 missing, zero), b (1 missing, zero)\n"));
}

// What it was called at first, in configuration files and models.
TEST_F(DataTest, AnOldNameOfAnOptionIsKnown) {
  Write("holes.csv", "y,a,b\n0,1,2\n1,,3\n0,4,4\n");
  Write("old.toml", "missing = \"error\"\n");
  for (const std::vector<std::string>& how :
       {std::vector<std::string>{"--missing", "error"}, {"--config", "old.toml"}}) {
    std::vector<std::string> train = {"train", "holes.csv"};
    train.insert(train.end(), how.begin(), how.end());
    EXPECT_THAT(RunBad(3, train), HasSubstr("found nothing, expected a value"));
  }
}

}  // namespace
}  // namespace colonnade::test
