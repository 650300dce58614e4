// SPDX-License-Identifier: Apache-2.0
// The commands on bad input: one clear line, the right exit status, nothing left behind.
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/cli/cli_fixture.h"

namespace colonnade::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kFailure = 1;
constexpr int kUsage = 2;
constexpr int kBadData = 3;
constexpr int kBadModel = 4;

constexpr const char* kGood = "label,a,b\n0,1,2\n1,3,4\n0,5,6\n1,7,8\n";

class BadInputTest : public CliTest {
 protected:
  void SetUp() override { Write("good.csv", kGood); }

  // Trains on a file of that content, which is not good data.
  std::string TrainOn(const std::string& text, const std::vector<std::string>& more = {}) {
    Write("bad.csv", text);
    std::vector<std::string> train = {"train", "bad.csv", "-o", "m.safetensors"};
    train.insert(train.end(), more.begin(), more.end());
    return RunBad(kBadData, train);
  }
};

TEST_F(BadInputTest, FilesThatCannotBeRead) {
  EXPECT_THAT(RunBad(kFailure, {"train", "missing.csv"}),
              AllOf(HasSubstr("missing.csv"), HasSubstr("No such file")));
  std::filesystem::create_directory(File("empty"));
  EXPECT_THAT(RunBad(kFailure, {"train", "empty"}), HasSubstr("'empty': "));
  EXPECT_THAT(RunBad(kFailure, {"train", "good.csv", "--test", "missing.csv"}),
              HasSubstr("missing.csv"));
  EXPECT_THAT(RunBad(kFailure, {"evaluate", "missing.safetensors", "good.csv"}),
              HasSubstr("missing.safetensors"));
}

TEST_F(BadInputTest, MessagesAreOneLineWhateverIsInThem) {
  EXPECT_THAT(RunBad(kFailure, {"train", "two\nlines\x1b[31m.csv"}),
              HasSubstr("two?lines?[31m.csv"));
  EXPECT_THAT(RunBad(kUsage, {"train", "good.csv", "--lr", "a\nb"}),
              HasSubstr("--lr: found 'a?b', expected a number"));
}

TEST_F(BadInputTest, DataThatIsNoTable) {
  EXPECT_THAT(TrainOn(""), HasSubstr("bad.csv"));
  EXPECT_THAT(TrainOn("label,a\n"), HasSubstr("header"));
  EXPECT_THAT(TrainOn("label,a,b\n0,1,2\n1,3\n"),
              AllOf(HasSubstr("bad.csv:3"), HasSubstr("found 2 fields, expected 3")));
  EXPECT_THAT(TrainOn("label,a,b\n0,1,2\n1,,4\n", {"--missing", "refuse"}),
              AllOf(HasSubstr("bad.csv:3"), HasSubstr("column 2 ('a')")));
  EXPECT_THAT(TrainOn("label,a,b\n0,1,2\n1,x,4\n"),
              AllOf(HasSubstr("bad.csv:3"), HasSubstr("found 'x', expected a number")));
  EXPECT_THAT(TrainOn("label,a,b\n0,1,nan\n1,3,4\n", {"--missing", "refuse"}),
              HasSubstr("missing"));
  EXPECT_THAT(TrainOn("label,a,b\n0,1,inf\n1,3,4\n"), HasSubstr("finite"));
  EXPECT_THAT(TrainOn("label,a,b\n0,1,1e99\n1,3,4\n"), HasSubstr("finite"));
  EXPECT_THAT(TrainOn("label,a,b\n,1,2\n1,3,4\n"), HasSubstr("class label"));
  EXPECT_THAT(TrainOn("label,a,b\n0,1,2\n0,3,4\n"), HasSubstr("class"));
}

TEST_F(BadInputTest, LabelColumnThatDoesNotExist) {
  EXPECT_THAT(RunBad(kUsage, {"train", "good.csv", "--label-column", "species"}),
              AllOf(HasSubstr("species"), HasSubstr("good.csv")));
  EXPECT_THAT(RunBad(kUsage, {"train", "good.csv", "--label-column", "3"}), HasSubstr("3"));
}

TEST_F(BadInputTest, TestDataUnlikeTheTrainingData) {
  const auto test_on = [&](const std::string& text) {
    Write("test.csv", text);
    return RunBad(kBadData, {"train", "good.csv", "--test", "test.csv"});
  };
  EXPECT_THAT(test_on("label,a\n0,1\n"), HasSubstr("test.csv"));
  EXPECT_THAT(test_on("label,a,c\n0,1,2\n"), HasSubstr("found no column 'b'"));
  EXPECT_THAT(test_on("label,a,b\n7,1,2\n"), AllOf(HasSubstr("test.csv:2"), HasSubstr("'7'")));
}

TEST_F(BadInputTest, ModelAndDataThatDoNotFit) {
  RunOk({"train", "good.csv", "-o", "m.safetensors", "--epochs", "1"});
  Write("other.csv", "label,a,c\n0,1,2\n");
  EXPECT_THAT(RunBad(kBadData, {"evaluate", "m.safetensors", "other.csv"}), HasSubstr("other.csv"));
  EXPECT_THAT(RunBad(kBadData, {"predict", "m.safetensors", "other.csv"}), HasSubstr("other.csv"));
}

TEST_F(BadInputTest, DamagedModels) {
  RunOk({"train", "good.csv", "-o", "m.safetensors", "--epochs", "1"});
  const std::string good = ReadFile(File("m.safetensors"));
  Write("short.safetensors", good.substr(0, good.size() - 5));
  EXPECT_THAT(RunBad(kBadModel, {"inspect", "short.safetensors"}), HasSubstr("short.safetensors"));
  std::string altered = good;
  altered[altered.size() - 3] ^= 1;
  Write("altered.safetensors", altered);
  EXPECT_THAT(RunBad(kBadModel, {"evaluate", "altered.safetensors", "good.csv"}),
              HasSubstr("altered"));
  Write("empty.safetensors", "");
  RunBad(kBadModel, {"inspect", "empty.safetensors"});
  EXPECT_THAT(RunBad(kBadModel, {"inspect", "good.csv"}), HasSubstr("good.csv"));
}

TEST_F(BadInputTest, OutputThatCannotBeWritten) {
  EXPECT_THAT(RunBad(kFailure, {"train", "good.csv", "-o", "no/such/folder/m.safetensors"}),
              HasSubstr("no/such/folder"));
  EXPECT_THAT(RunBad(kFailure, {"train", "good.csv", "-o", "."}), HasSubstr("directory"));
  EXPECT_THAT(RunBad(kFailure, {"train", "good.csv", "--log", "no/folder/log.jsonl"}),
              HasSubstr("no/folder"));
  // Before anything is read.
  EXPECT_THAT(RunBad(kFailure, {"train", "missing.csv", "--profile", "no/folder/trace.json"}),
              HasSubstr("cannot write 'no/folder/trace.json'"));
}

TEST_F(BadInputTest, FullDisks) {
  // A model that cannot be written is a failure that says why.
  EXPECT_EQ(Run({"train", "good.csv", "--epochs", "1", "-o", "/dev/full"}).status, kFailure);
  // So are results that cannot be printed.
  RunOk({"train", "good.csv", "--epochs", "1", "-o", "m.safetensors"});
  Program program(dir_.path(), {"predict", "m.safetensors", "good.csv"}, "/dev/null", "/dev/full");
  const Outcome outcome = program.Wait();
  EXPECT_EQ(outcome.status, kFailure);
  EXPECT_THAT(outcome.err, HasSubstr("standard output"));
}

TEST_F(BadInputTest, AFailedTrainingLeavesTheOldModelAlone) {
  RunOk({"train", "good.csv", "--epochs", "1", "-o", "m.safetensors"});
  const std::string before = ReadFile(File("m.safetensors"));
  EXPECT_THAT(RunBad(kFailure, {"train", "good.csv", "--hidden", "64,64,64", "--lr", "1e6",
                                "--epochs", "1000", "-o", "m.safetensors"}),
              HasSubstr("diverged"));
  EXPECT_TRUE(ReadFile(File("m.safetensors")) == before);
}

TEST_F(BadInputTest, FlagsThatCannotBeMeant) {
  const auto usage = [&](const std::vector<std::string>& flags) {
    std::vector<std::string> arguments = {"train", "good.csv"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return RunBad(kUsage, arguments);
  };
  EXPECT_THAT(usage({"--epochs", "0"}), HasSubstr("--epochs"));
  EXPECT_THAT(usage({"--epochs", "-3"}), HasSubstr("--epochs"));
  EXPECT_THAT(usage({"--epochs", "many"}), HasSubstr("--epochs"));
  EXPECT_THAT(usage({"--epochs", "99999999999999999999999"}), HasSubstr("--epochs"));
  EXPECT_THAT(usage({"--batch-size", "0"}), HasSubstr("--batch-size"));
  EXPECT_THAT(usage({"--batch-size", "12x"}), HasSubstr("--batch-size"));
  EXPECT_THAT(usage({"--hidden", "0"}), HasSubstr("--hidden"));
  EXPECT_THAT(usage({"--hidden", "12,"}), HasSubstr("--hidden"));
  EXPECT_THAT(usage({"--hidden", "-5"}), HasSubstr("--hidden"));
  EXPECT_THAT(usage({"--hidden", "9999999999"}), HasSubstr("9999999999"));
  EXPECT_THAT(usage({"--lr", "0"}), HasSubstr("--lr"));
  EXPECT_THAT(usage({"--lr", "nan"}), HasSubstr("--lr"));
  EXPECT_THAT(usage({"--momentum", "1"}), HasSubstr("--momentum"));
  EXPECT_THAT(usage({"--momentum", "0.5", "--optimizer", "sgd"}), HasSubstr("--momentum"));
  EXPECT_THAT(usage({"--optimizer", "momentum", "--beta1", "0.5"}),
              HasSubstr("--beta1: found '0.5 with the optimizer momentum', expected the optimizer "
                        "adam, adamw, lion, schedule-free or muon"));
  EXPECT_THAT(usage({"--optimizer", "adam", "--beta2", "1"}), HasSubstr("--beta2: found 1"));
  EXPECT_THAT(usage({"--optimizer", "rmsprop", "--alpha", "-1"}), HasSubstr("--alpha: found -1"));
  EXPECT_THAT(usage({"--optimizer", "rmsprop", "--epsilon", "0"}), HasSubstr("--epsilon"));
  EXPECT_THAT(usage({"--weight-decay", "-0.1"}), HasSubstr("--weight-decay: found -0.1"));
  EXPECT_THAT(usage({"--clip-norm", "-1"}), HasSubstr("--clip-norm: found -1"));
  EXPECT_THAT(usage({"--accumulate", "0"}), HasSubstr("--accumulate: found 0"));
  EXPECT_THAT(usage({"--accumulate", "2", "--batch-size", "full"}), HasSubstr("full batches"));
  EXPECT_THAT(usage({"--lr-decay", "0.5"}), HasSubstr("expected the schedule step or exponential"));
  EXPECT_THAT(usage({"--schedule", "step", "--lr-decay", "2"}), HasSubstr("--lr-decay: found 2"));
  EXPECT_THAT(usage({"--warmup", "1000000"}), HasSubstr("--warmup: found 1000000 steps"));
  EXPECT_THAT(usage({"--threads", "-1"}), HasSubstr("--threads"));
  EXPECT_THAT(usage({"--threads", "100000"}), HasSubstr("--threads"));
  EXPECT_THAT(usage({"--simd", "MMX"}), HasSubstr("MMX"));
  EXPECT_THAT(usage({"--optimizer", "newton"}), HasSubstr("--optimizer"));
  EXPECT_THAT(usage({"--seed", "-1"}), HasSubstr("--seed"));
  EXPECT_THAT(usage({"--hidden", "1000000,1000000"}), HasSubstr("GiB"));
  EXPECT_THAT(usage({"--delimiter", "x"}), HasSubstr("--delimiter: found 'x'"));
  EXPECT_THAT(usage({"--delimiter", "colon"}), HasSubstr("--delimiter: found 'colon'"));
  EXPECT_THAT(usage({"--comment", "//"}), HasSubstr("--comment: found '//'"));
  EXPECT_THAT(usage({"--comment", "7"}), HasSubstr("--comment: found '7'"));
  EXPECT_THAT(usage({"--delimiter", ";", "--comment", ";"}), HasSubstr("--comment"));
  EXPECT_THAT(usage({"--dropout", "1"}), HasSubstr("--dropout: found 1, expected"));
  EXPECT_THAT(usage({"--batch-norm", "yes"}), HasSubstr("--batch-norm: found 'yes', expected on"));
  EXPECT_THAT(usage({"--batch-norm", "--hidden", "none"}),
              HasSubstr("--batch-norm: found '--hidden', expected on or off"));
  EXPECT_THAT(usage({"--batch-norm", "on,off"}), HasSubstr("one for each of the 1 hidden layers"));
  EXPECT_THAT(usage({"--batch-norm", "on", "--hidden", "none"}),
              HasSubstr("--batch-norm: found on, expected hidden layers"));
  EXPECT_THAT(usage({"--batch-norm", "on", "--batch-size", "1"}),
              HasSubstr("--batch-size: found 1, expected at least 2"));
  EXPECT_THAT(usage({"--batch-norm", "on", "--precision", "bf16"}),
              HasSubstr("--precision: found bf16, expected f32"));
}

TEST_F(BadInputTest, NoFileIsReadAndWrittenInOneRun) {
  EXPECT_THAT(RunBad(kUsage, {"train", "good.csv", "-o", "good.csv"}), HasSubstr("--output"));
  EXPECT_THAT(RunBad(kUsage, {"train", "good.csv", "--log", "./good.csv"}), HasSubstr("--log"));
  EXPECT_THAT(RunBad(kUsage, {"train", "good.csv", "-o", "x", "--log", "x"}), HasSubstr("--"));
  EXPECT_THAT(RunBad(kUsage, {"train", "good.csv", "-o", "-"}), HasSubstr("--output"));
  EXPECT_THAT(RunBad(kUsage, {"train", "good.csv", "--profile", "good.csv"}),
              HasSubstr("--profile"));
  EXPECT_THAT(RunBad(kUsage, {"train", "good.csv", "--profile", "-"}), HasSubstr("--profile"));
  RunOk({"train", "good.csv", "--epochs", "1", "-o", "m.safetensors"});
  EXPECT_THAT(RunBad(kUsage, {"predict", "m.safetensors", "good.csv", "-o", "good.csv"}),
              HasSubstr("--output"));
  EXPECT_EQ(ReadFile(File("good.csv")), kGood);
}

TEST_F(BadInputTest, AnOldLogSurvivesBadData) {
  Write("log.jsonl", "old");
  Write("bad.csv", "label,a\n0,x\n");
  RunBad(kBadData, {"train", "bad.csv", "--log", "log.jsonl"});
  EXPECT_EQ(ReadFile(File("log.jsonl")), "old");
}

TEST_F(BadInputTest, ErrorsThatNobodyHears) {
  // Standard error full or closed: the exit status is all that is left, and it is right.
  const auto status = [&](const std::string& redirections) {
    const std::string command = "cd '" + dir_.path().string() + "' && exec '" + ProgramPath() +
                                "' train missing.csv " + redirections;
    return WEXITSTATUS(std::system(command.c_str()));
  };
  EXPECT_EQ(status("2>/dev/full"), kFailure);
  EXPECT_EQ(status("2>&-"), kFailure);
  EXPECT_EQ(status(">&- 2>&- <&-"), kFailure);
}

TEST_F(BadInputTest, ClosedOutputsAreNotTakenByFiles) {
  const std::string command = "cd '" + dir_.path().string() + "' && exec '" + ProgramPath() +
                              "' train good.csv --epochs 2 --log log.jsonl >&- 2>&-";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), kFailure) << "the result was not printed";
  const std::string log = ReadFile(File("log.jsonl"));
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 2) << log;
}

TEST_F(BadInputTest, CommandsThatDoNotExist) {
  EXPECT_THAT(RunBad(kUsage, {"fly"}), HasSubstr("'fly'"));
  EXPECT_EQ(Run({}).status, kUsage);
  EXPECT_EQ(Run({"fly"}).status, kUsage);
  EXPECT_EQ(Run({"train"}).status, kUsage);
  EXPECT_EQ(Run({"evaluate", "m.safetensors"}).status, kUsage);
}

TEST_F(BadInputTest, IdxFilesThatAreNone) {
  EXPECT_THAT(RunBad(kBadData, {"convert", "good.csv", "good.csv", "out.csv"}),
              HasSubstr("good.csv"));
}

}  // namespace
}  // namespace colonnade::test
