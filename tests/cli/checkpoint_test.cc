// SPDX-License-Identifier: Apache-2.0
// Stopping, checkpoints and resuming, as a user sees them.
#include <algorithm>
#include <csignal>
#include <sstream>
#include <thread>

#include "tests/cli/cli_fixture.h"
#include "tests/support/random.h"

namespace colonnade::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

using Words = std::vector<std::string>;

Words With(Words base, const Words& more) {
  base.insert(base.end(), more.begin(), more.end());
  return base;
}

class CheckpointCliTest : public CliTest {
 protected:
  void SetUp() override { WriteDigits(); }

  // Lets the program run until its standard error has `text`, then sends the signal.
  Outcome SignalAt(const std::string& text, int signal, const Words& arguments) {
    Program program(dir_.path(), arguments);
    EXPECT_TRUE(program.AwaitError(text));
    program.Signal(signal);
    return program.Wait();
  }

  std::vector<nlohmann::json> Log(const std::string& name) const {
    std::vector<nlohmann::json> lines;
    std::istringstream text(ReadFile(File(name)));
    for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }
};

TEST_F(CheckpointCliTest, KilledAtAnyMomentItEndsWithTheSameBits) {
  const Words command = {"train",
                         "digits.csv",
                         "--hidden",
                         "24",
                         "--epochs",
                         "12",
                         "--optimizer",
                         "adam",
                         "--validation",
                         "0.2",
                         "--early-stopping",
                         "50",
                         "-o",
                         "m.st",
                         "--log",
                         "log.jsonl",
                         "--checkpoint",
                         "c.ckpt",
                         "--checkpoint-every",
                         "3s"};
  const nlohmann::json whole = RunJson(command);
  const std::vector<nlohmann::json> whole_log = Log("log.jsonl");
  std::filesystem::remove(File("c.ckpt"));
  std::filesystem::remove(File("m.st"));

  Random random(20);
  const Words resume = With(command, {"--resume", "-q"});
  int killed = 0;
  for (int moment = 0; moment < 20; ++moment) {
    Program program(dir_.path(), With(resume, {"--threads", std::to_string(1 + moment % 3)}));
    std::this_thread::sleep_for(std::chrono::microseconds(1000 + random.Below(60'000)));
    program.Signal(SIGKILL);
    const int status = program.Wait().status;
    if (status == 128 + SIGKILL) ++killed;
    ASSERT_TRUE(status == 0 || status == 128 + SIGKILL) << status;
    // A file gets a name of its own only when it is whole, in the moment before it is renamed; a
    // kill just there leaves it behind, and it is as good as the one that it was to replace.
    for (const std::string& name : Listing()) {
      if (name.starts_with(".c.ckpt.tmp-")) std::filesystem::rename(File(name), File("c.ckpt"));
      if (name.starts_with(".m.st.tmp-")) std::filesystem::rename(File(name), File("m.st"));
    }
    EXPECT_LE(Listing().size(), 5u);  // the two tables, the log, the checkpoint, the model
    // A model is there when the training is done, perhaps just before the kill, and it is whole.
    const bool done = std::filesystem::exists(File("m.st"));
    EXPECT_TRUE(done || status != 0);
    if (done) {  // from the beginning, for the next moment to hit something
      EXPECT_EQ(RunJson({"inspect", "m.st", "--json"})["parameters_hash"],
                whole["parameters_hash"]);
      std::filesystem::remove(File("c.ckpt"));
      std::filesystem::remove(File("m.st"));
    }
  }
  EXPECT_GT(killed, 0);
  for (const char* threads : {"1", "2", "3"}) {
    const nlohmann::json j = RunJson(With(resume, {"--threads", threads}));
    EXPECT_EQ(j["parameters_hash"], whole["parameters_hash"]);
    EXPECT_EQ(j["train"], whole["train"]);
    EXPECT_EQ(j["validation"], whole["validation"]);
    EXPECT_EQ(j["training"]["steps"], whole["training"]["steps"]);
    EXPECT_EQ(j["training"]["best_epoch"], whole["training"]["best_epoch"]);
  }
  const std::vector<nlohmann::json> log = Log("log.jsonl");
  ASSERT_EQ(log.size(), whole_log.size());
  for (size_t i = 0; i < log.size(); ++i) {
    for (const char* key : {"epoch", "loss", "accuracy", "validation_loss", "parameter_norm"}) {
      EXPECT_EQ(log[i][key], whole_log[i][key]) << key;
    }
  }
}

TEST_F(CheckpointCliTest, ASignalSavesTheTrainingAndSaysHowToGoOn) {
  const Words command = {"train", "digits.csv", "--hidden", "16",         "--epochs",
                         "300",   "-o",         "m.st",     "--schedule", "constant"};
  const nlohmann::json whole = RunJson(command);
  std::filesystem::remove(File("m.st"));
  const Words kept = With(command, {"--checkpoint", "c.ckpt", "--checkpoint-every", "1000", "-v"});
  for (const int signal : {SIGINT, SIGTERM}) {
    std::filesystem::remove(File("c.ckpt"));
    const Outcome outcome = SignalAt("epoch 3/", signal, kept);
    EXPECT_EQ(outcome.status, 128 + signal);
    EXPECT_THAT(outcome.err,
                AllOf(HasSubstr("stopped by signal after step"),
                      HasSubstr("the same command with --resume goes on from c.ckpt")));
    EXPECT_EQ(outcome.out, "");
    EXPECT_FALSE(std::filesystem::exists(File("m.st")));
  }
  const nlohmann::json j = RunJson(With(kept, {"--resume"}));
  EXPECT_EQ(j["parameters_hash"], whole["parameters_hash"]);
  EXPECT_GE(j["training"]["resumed_step"], 3);
}

TEST_F(CheckpointCliTest, ASignalWithoutACheckpointSavesTheModel) {
  const Outcome outcome = SignalAt(
      "epoch 2/", SIGINT, {"train", "digits.csv", "-v", "--epochs", "100000", "-o", "m.st"});
  EXPECT_EQ(outcome.status, 128 + SIGINT);
  EXPECT_THAT(outcome.err, HasSubstr("m.st has the parameters so far, --start m.st"));
  const nlohmann::json j = RunJson({"inspect", "m.st"});
  EXPECT_EQ(j["provenance"]["training"]["stopped_by"], "signal");
  EXPECT_GE(j["provenance"]["training"]["epochs"], 2);
}

TEST_F(CheckpointCliTest, ASecondSignalEndsItAtOnce) {
  // Both come in the second step, which takes much longer than the time between them; on a machine
  // that stops this test for long enough, the second one comes too late, and another try is due.
  for (int tries = 0;; ++tries) {
    ASSERT_LT(tries, 10);
    Program program(dir_.path(), {"train", "digits.csv", "--hidden", "3072,3072", "--batch-size",
                                  "full", "--epochs", "1000", "-v", "-o", "m.st"});
    EXPECT_TRUE(program.AwaitError("epoch 1/"));
    program.Signal(SIGINT);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    program.Signal(SIGINT);
    const Outcome outcome = program.Wait();
    EXPECT_EQ(outcome.status, 128 + SIGINT);
    if (outcome.err.find("stopped by signal") != std::string::npos) {
      std::filesystem::remove(File("m.st"));
      continue;
    }
    EXPECT_EQ(Listing(), (Words{"digits.csv", "digits_test.csv"}));
    return;
  }
}

TEST_F(CheckpointCliTest, ResumeSaysWhatItDoes) {
  const Words command = {"train",    "digits.csv", "--epochs",     "2",
                         "--hidden", "8",          "--checkpoint", "c.ckpt"};
  const Words resume = With(command, {"--resume"});
  EXPECT_THAT(Run(resume).err, HasSubstr("no checkpoint c.ckpt yet: starting from the beginning"));
  EXPECT_THAT(Run(resume).err, HasSubstr("resuming from the checkpoint c.ckpt"));
  EXPECT_THAT(Run(command).err, HasSubstr("c.ckpt will be replaced; --resume would"));
  EXPECT_EQ(RunJson(resume)["training"]["resumed_step"], RunJson(resume)["training"]["steps"]);
}

TEST_F(CheckpointCliTest, CheckpointsOfOtherTrainingsAndBrokenOnesAreRefused) {
  const Words command = {"train",    "digits.csv", "--epochs",     "2",
                         "--hidden", "8",          "--checkpoint", "c.ckpt"};
  RunOk(command);
  const Words resume = With(command, {"--resume"});
  const std::string good = ReadFile(File("c.ckpt"));
  EXPECT_THAT(RunBad(4, With(resume, {"--lr", "0.01"})),
              AllOf(HasSubstr("c.ckpt: "), HasSubstr("another training: found lr")));
  EXPECT_THAT(RunBad(4, With(resume, {"--validation", "0.1"})), HasSubstr("training data"));
  EXPECT_THAT(RunBad(4, {"train", "digits_test.csv", "--epochs", "2", "--hidden", "8",
                         "--checkpoint", "c.ckpt", "--resume"}),
              HasSubstr("training data"));
  EXPECT_THAT(RunBad(4, {"train", "digits.csv", "--epochs", "2", "--hidden", "9", "--checkpoint",
                         "c.ckpt", "--resume"}),
              HasSubstr("network"));
  EXPECT_TRUE(ReadFile(File("c.ckpt")) == good);
  Write("c.ckpt", good.substr(0, good.size() / 2));
  EXPECT_THAT(RunBad(4, resume), HasSubstr("c.ckpt"));
  Write("c.ckpt", "");
  EXPECT_THAT(RunBad(4, resume), HasSubstr("c.ckpt"));
  EXPECT_THAT(RunBad(4, {"train", "digits.csv", "-o", "m.st", "--checkpoint", "model.safetensors",
                         "--resume"}),
              HasSubstr("found a model, expected a checkpoint"));
}

TEST_F(CheckpointCliTest, FlagsThatCannotBeMeant) {
  const auto usage = [&](const Words& flags) {
    return RunBad(2, With({"train", "digits.csv"}, flags));
  };
  EXPECT_THAT(usage({"--resume"}), HasSubstr("--resume: found no --checkpoint"));
  EXPECT_THAT(usage({"--checkpoint-every", "5"}), HasSubstr("--checkpoint-every"));
  for (const char* every : {"0", "0s", "5x", "s", "-1", "1.5"}) {
    EXPECT_THAT(usage({"--checkpoint", "c", "--checkpoint-every", every}),
                HasSubstr("--checkpoint-every"));
  }
  EXPECT_THAT(usage({"--checkpoint", "digits.csv"}), HasSubstr("--checkpoint"));
  EXPECT_THAT(usage({"--checkpoint", "-"}), HasSubstr("--checkpoint"));
  EXPECT_THAT(usage({"--early-stopping", "3"}), HasSubstr("--validation"));
  EXPECT_THAT(usage({"--early-stopping", "-1", "--validation", "0.1"}),
              HasSubstr("--early-stopping: found '-1', expected 0 or more"));
  for (const char* fraction : {"1", "nan", "-0.1", "10"}) {
    EXPECT_THAT(usage({"--validation", fraction}), HasSubstr("--validation"));
  }
  EXPECT_THAT(usage({"--validation", "0.1", "--validation-file", "digits_test.csv"}),
              HasSubstr("--validation-file"));
  EXPECT_THAT(usage({"--target-accuracy", "98"}), HasSubstr("--target-accuracy"));
  EXPECT_THAT(usage({"--target-accuracy", "0"}), HasSubstr("--target-accuracy"));
  EXPECT_THAT(usage({"--max-seconds", "0"}), HasSubstr("--max-seconds"));
  EXPECT_THAT(usage({"--max-seconds", "inf"}), HasSubstr("--max-seconds"));
  EXPECT_THAT(usage({"--start", "m.st", "--hidden", "8"}), HasSubstr("--hidden"));
  EXPECT_THAT(RunBad(1, {"train", "digits.csv", "--checkpoint", "no/such/c"}),
              HasSubstr("no/such"));
}

// Where data decide, 0 is how to say none.
TEST_F(CheckpointCliTest, NothingIsValidatedWhereThatIsSaid) {
  const nlohmann::json none = RunJson({"train", "digits.csv", "--hidden", "8", "--epochs", "2",
                                       "--validation", "0", "--early-stopping", "0"});
  EXPECT_EQ(none["data"]["train_examples"], 600);
  EXPECT_TRUE(none["validation"].is_null()) << none["validation"];
  const nlohmann::json all = RunJson({"train", "digits.csv", "--hidden", "8", "--epochs", "2",
                                      "--validation", "0.1", "--early-stopping", "0"});
  EXPECT_EQ(all["data"]["validation_examples"], 60);
  EXPECT_EQ(all["options"]["early_stopping"], 0);
}

TEST_F(CheckpointCliTest, ValidationIsInTheReportAndInTheLog) {
  for (const Words& flags :
       {Words{"--validation", "0.25"}, Words{"--validation-file", "digits_test.csv"}}) {
    const nlohmann::json j = RunJson(With(
        {"train", "digits.csv", "--hidden", "16", "--epochs", "3", "--log", "l.jsonl"}, flags));
    const bool split = flags[0] == "--validation";
    EXPECT_EQ(j["data"]["train_examples"], split ? 450 : 600);
    EXPECT_EQ(j["data"]["validation_examples"], split ? 150 : 200);
    EXPECT_GT(j["validation"]["accuracy"], 0.3);
    const std::vector<nlohmann::json> log = Log("l.jsonl");
    ASSERT_EQ(log.size(), 3u);
    EXPECT_EQ(log[2]["validation_loss"], j["validation"]["loss"]);
    for (const char* key :
         {"gradient_norm", "parameter_norm", "learning_rate", "seconds", "examples_per_second"}) {
      EXPECT_GT(log[1][key], 0.0) << key;
    }
  }
  EXPECT_THAT(RunOk({"train", "digits.csv", "--epochs", "2", "--validation", "0.2"}),
              HasSubstr("valid  accuracy"));
}

TEST_F(CheckpointCliTest, StoppingIsTold) {
  const auto stopped_by = [&](const Words& flags) {
    return RunJson(
        With({"train", "digits.csv", "--hidden", "16"}, flags))["training"]["stopped_by"];
  };
  EXPECT_EQ(stopped_by({"--epochs", "2"}), "epochs");
  EXPECT_EQ(stopped_by({"--epochs", "200", "--target-accuracy", "0.5"}), "target-accuracy");
  EXPECT_EQ(stopped_by({"--epochs", "100000", "--max-seconds", "0.2"}), "max-seconds");
  EXPECT_EQ(stopped_by({"--epochs", "2000", "--validation", "0.3", "--early-stopping", "2",
                        "--schedule", "constant"}),
            "early-stopping");
}

TEST_F(CheckpointCliTest, StartTakesNetworkParametersAndScalingFromAModel) {
  const Words sgd = {"--optimizer", "sgd", "--schedule", "constant", "--batch-size", "full"};
  const Words train = With({"train", "digits.csv"}, sgd);
  const nlohmann::json whole = RunJson(
      With(train, {"--hidden", "12", "--activation", "tanh", "--epochs", "4", "-o", "w.st"}));
  RunOk(With(train, {"--hidden", "12", "--activation", "tanh", "--epochs", "2", "-o", "a.st"}));
  const nlohmann::json two_more =
      RunJson(With(train, {"--start", "a.st", "--epochs", "2", "-o", "b.st"}));
  EXPECT_EQ(two_more["parameters_hash"], whole["parameters_hash"]);
  EXPECT_EQ(two_more["network"], whole["network"]);
  // The classes are those of the model, whatever the new data have.
  Write("few.csv", ReadFile(File("digits.csv")).substr(0, 20'000));
  const std::string few = ReadFile(File("few.csv"));
  Write("few.csv", few.substr(0, few.rfind('\n') + 1));
  EXPECT_EQ(RunJson({"train", "few.csv", "--start", "a.st", "--epochs", "1"})["data"]["classes"],
            10);
  Write("other.csv", "label,a\n0,1\n1,2\n");
  EXPECT_THAT(RunBad(3, {"train", "other.csv", "--start", "a.st"}), HasSubstr("other.csv"));
  EXPECT_THAT(RunBad(1, {"train", "digits.csv", "--start", "missing.st"}), HasSubstr("missing.st"));
  EXPECT_THAT(RunBad(4, {"train", "digits.csv", "--start", "digits.csv"}), HasSubstr("digits.csv"));
}

TEST_F(CheckpointCliTest, ALongerTrainingGoesOn) {
  const auto train = [&](const char* epochs) {
    return std::vector<std::string>{"train",    "digits.csv", "--checkpoint",
                                    "run.ckpt", "--resume",   "--epochs",
                                    epochs,     "--hidden",   "8"};
  };
  RunOk(train("2"));
  const nlohmann::json longer = RunJson(train("4"));
  EXPECT_EQ(longer["training"]["epochs"], 4);
  EXPECT_GT(longer["training"]["resumed_step"], 0);
  EXPECT_THAT(RunBad(4, train("3")), HasSubstr("found epochs \"4\", expected \"3\""));
}

}  // namespace
}  // namespace colonnade::test
