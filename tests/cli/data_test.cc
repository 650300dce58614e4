// Data files as people have them, through all the commands that read them.
#include <string>

#include "tests/cli/cli_fixture.h"

namespace colonnade::test {
namespace {

using ::testing::HasSubstr;

class DataTest : public CliTest {};

TEST_F(DataTest, EveryFileHasItsOwnDialect) {
  Write("train.csv", "# made by hand\nlabel;a;b\n0;1;2\n1;3;4,\n");
  const std::string message =
      RunBad(3, {"train", "train.csv", "--comment", "#", "--delimiter", "semicolon"});
  EXPECT_THAT(message, HasSubstr("train.csv:4: column 3 ('b'): found '4,', expected a number"));
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

}  // namespace
}  // namespace colonnade::test
