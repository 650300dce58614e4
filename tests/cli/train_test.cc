// SPDX-License-Identifier: Apache-2.0
// The commands on good input.
#include <algorithm>
#include <csignal>
#include <sstream>
#include <thread>

#include "tests/cli/cli_fixture.h"

namespace colonnade::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::vector<std::string> kQuick = {"train",    "digits.csv", "--hidden", "32",
                                         "--epochs", "4",          "-o",       "m.safetensors"};

std::vector<std::string> With(std::vector<std::string> base, const std::vector<std::string>& more) {
  base.insert(base.end(), more.begin(), more.end());
  return base;
}

class TrainCliTest : public CliTest {
 protected:
  void SetUp() override { WriteDigits(); }
};

TEST_F(TrainCliTest, JsonHasEveryFieldOfTheContract) {
  const nlohmann::json j = RunJson(With(kQuick, {"--test", "digits_test.csv", "--threads", "2"}));
  EXPECT_EQ(j["command"], "train");
  EXPECT_EQ(j["data"]["train_examples"], 600);
  EXPECT_EQ(j["data"]["test_examples"], 200);
  EXPECT_EQ(j["data"]["features"], 784);
  EXPECT_EQ(j["data"]["classes"], 10);
  EXPECT_EQ(j["network"]["layers"], "784-32-10");
  EXPECT_EQ(j["network"]["activation"], "relu");
  EXPECT_EQ(j["network"]["parameters"], 784 * 32 + 32 + 32 * 10 + 10);
  EXPECT_EQ(j["training"]["epochs"], 4);
  EXPECT_TRUE(j["training"]["steps"].is_number_unsigned());
  EXPECT_TRUE(j["training"]["batch_size"].is_number_unsigned());
  EXPECT_EQ(j["training"]["optimizer"], "momentum");
  EXPECT_EQ(j["training"]["seed"], 0);
  EXPECT_EQ(j["training"]["precision"], "f32");
  EXPECT_GT(j["train"]["accuracy"], 0.5);
  EXPECT_GT(j["train"]["loss"], 0.0);
  EXPECT_TRUE(j.contains("validation"));
  EXPECT_GT(j["test"]["accuracy"], 0.5);
  for (const char* part : {"load", "train", "evaluate", "save", "total"}) {
    EXPECT_GE(j["seconds"][part], 0.0) << part;
  }
  EXPECT_GT(j["examples_per_second"], 0.0);
  EXPECT_EQ(j["parameters_hash"].get<std::string>().size(), 32u);
  EXPECT_EQ(j["machine"]["threads"], 2);
  EXPECT_TRUE(j["machine"]["simd"].is_string());
  EXPECT_EQ(j["output"], "m.safetensors");
  EXPECT_TRUE(std::filesystem::exists(File("m.safetensors")));
}

TEST_F(TrainCliTest, TextGoesToStdoutAndProgressToStderr) {
  const Outcome outcome = Run(With(kQuick, {"--test", "digits_test.csv"}));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.out, HasSubstr("test   accuracy 0."));
  EXPECT_THAT(outcome.out, HasSubstr("model  m.safetensors"));
  EXPECT_THAT(outcome.err, ::testing::StartsWith("data     digits.csv: 600 rows; separator ','; "
                                                 "header\nlabel    label (10 classes: 0 60, "));
  EXPECT_THAT(outcome.err, HasSubstr("… and 776 more\ndigits_test.csv: 200 rows\nchosen   "));
  EXPECT_THAT(outcome.err, ::testing::ContainsRegex(
                               "\nchosen .* optimizer momentum, lr 0.15, .*\nnetwork 784-"));
  EXPECT_THAT(outcome.err, HasSubstr("epoch 4/4  loss"));
  EXPECT_EQ(outcome.err.find('\x1b'), std::string::npos) << "escape codes off a terminal";
  EXPECT_EQ(outcome.err.find('\r'), std::string::npos);
}

TEST_F(TrainCliTest, QuietPrintsResultsOnly) {
  const Outcome outcome = Run(With(kQuick, {"-q"}));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, HasSubstr("model  m.safetensors"));
}

TEST_F(TrainCliTest, WritesTheModelToItsDefaultPlace) {
  RunOk({"train", "digits.csv", "--epochs", "1"});
  EXPECT_TRUE(std::filesystem::exists(File("model.safetensors")));
}

TEST_F(TrainCliTest, SameFileForAnyThreadsAndOtherForAnotherSeed) {
  RunOk(With(kQuick, {"--threads", "1"}));
  const std::string one = ReadFile(File("m.safetensors"));
  for (const char* threads : {"2", "3", "8"}) {
    RunOk(With(kQuick, {"--threads", threads}));
    EXPECT_TRUE(ReadFile(File("m.safetensors")) == one) << threads << " threads";
  }
  RunOk(With(kQuick, {"--seed", "1"}));
  EXPECT_FALSE(ReadFile(File("m.safetensors")) == one);
}

TEST_F(TrainCliTest, PrecisionIsThatOfTheProducts) {
  const nlohmann::json f32 = RunJson(kQuick);
  const nlohmann::json bf16 = RunJson(With(kQuick, {"--precision", "bf16"}));
  EXPECT_EQ(bf16["training"]["precision"], "bf16");
  EXPECT_NE(bf16["parameters_hash"], f32["parameters_hash"]);
  EXPECT_GT(bf16["train"]["accuracy"], 0.5);
  EXPECT_EQ(Run(With(kQuick, {"--precision", "fp16"})).status, 2);
}

TEST_F(TrainCliTest, LearningFlagsReachTheTraining) {
  const nlohmann::json j = RunJson(
      With(kQuick, {"--optimizer",  "adamw", "--beta1",     "0.8", "--epsilon",         "1e-6",
                    "--schedule",   "step",  "--lr-decay",  "0.5", "--lr-decay-epochs", "2",
                    "--warmup",     "3",     "--clip-norm", "2.5", "--batch-size",      "20",
                    "--accumulate", "3"}));
  const nlohmann::json& training = j["training"];
  EXPECT_EQ(training["optimizer"], "adamw");
  EXPECT_EQ(training["learning_rate"], 0.001);
  EXPECT_EQ(training["weight_decay"], 0.01);
  EXPECT_EQ(training["beta1"], 0.8);
  EXPECT_EQ(training["beta2"], 0.999);
  EXPECT_EQ(training["epsilon"], 1e-6);
  EXPECT_EQ(training["schedule"], "step");
  EXPECT_EQ(training["lr_decay"], 0.5);
  EXPECT_EQ(training["lr_decay_epochs"], 2);
  EXPECT_EQ(training["warmup"], 3);
  EXPECT_EQ(training["clip_norm"], 2.5);
  EXPECT_EQ(training["accumulate"], 3);
  EXPECT_EQ(training["steps"], 40) << "600 examples, 60 a step, 4 epochs";
}

TEST_F(TrainCliTest, LrFindSuggestsARateAndWritesNothing) {
  const std::vector<std::string> before = Listing();
  const std::string chart = RunOk({"train", "digits.csv", "--hidden", "32", "--lr-find"});
  EXPECT_THAT(chart, StartsWith("loss, by learning rate\n"));
  EXPECT_THAT(chart, HasSubstr("suggested: --lr 0."));
  EXPECT_EQ(std::count(chart.begin(), chart.end(), '\n'), 16);
  const nlohmann::json j = RunJson({"train", "digits.csv", "--hidden", "32", "--lr-find"});
  EXPECT_GT(j["lr_find"]["suggested"], 1e-4);
  EXPECT_LT(j["lr_find"]["suggested"], 1);
  EXPECT_GT(j["lr_find"]["points"].size(), 40u);
  EXPECT_EQ(Listing(), before);
  EXPECT_EQ(Run({"train", "digits.csv", "--lr-find", "--lr", "0.1"}).status, 2);
  EXPECT_EQ(Run({"train", "digits.csv", "--lr-find", "-o", "m.safetensors"}).status, 2);
}

TEST_F(TrainCliTest, SimdChoosesTheTarget) {
  const nlohmann::json best = RunJson(kQuick);
  for (const char* target : {"AVX2", "avx3", "AVX3_ZEN4"}) {
    const Outcome outcome = Run(With(kQuick, {"--simd", target, "--json"}));
    if (outcome.status == 2) continue;  // not on this machine
    const nlohmann::json j = nlohmann::json::parse(outcome.out);
    EXPECT_EQ(strcasecmp(j["machine"]["simd"].get<std::string>().c_str(), target), 0);
    if (best["machine"]["simd"].get<std::string>().rfind("AVX", 0) == 0) {
      EXPECT_EQ(j["parameters_hash"], best["parameters_hash"]) << target;
    }
  }
}

TEST_F(TrainCliTest, LogHasOneJsonLinePerEpoch) {
  RunOk(With(kQuick, {"--log", "log.jsonl"}));
  std::istringstream lines(ReadFile(File("log.jsonl")));
  int epoch = 0;
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json j = nlohmann::json::parse(line);
    EXPECT_EQ(j["epoch"], ++epoch);
    for (const char* key : {"loss", "accuracy", "learning_rate", "seconds"}) {
      EXPECT_TRUE(j[key].is_number()) << key;
    }
  }
  EXPECT_EQ(epoch, 4);
}

TEST_F(TrainCliTest, ProfileIsATraceAndATable) {
  const std::string hash = RunJson(kQuick)["parameters_hash"];
  const Outcome outcome =
      Run(With(kQuick, {"--profile", "trace.json", "--threads", "2", "--json"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const nlohmann::json report = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(report["parameters_hash"], hash);
  for (const char* line : {"layer 0: 784-32\n  forward", "layer 1: 32-10\n", "\n  backward ",
                           "\n  weight gradient ", "\n  update ", "\nread ", "\nloss ", "\nwait ",
                           "\nother ", "\ntotal ", "100.0 %", "trace.json holds all steps"}) {
    EXPECT_THAT(outcome.err, HasSubstr(line));
  }
  const nlohmann::json trace = nlohmann::json::parse(ReadFile(File("trace.json")));
  EXPECT_EQ(trace["otherData"]["steps"], report["training"]["steps"]);
  EXPECT_TRUE(trace["traceEvents"].is_array());

  std::filesystem::remove(File("trace.json"));
  const Outcome quiet = Run(With(kQuick, {"--profile", "trace.json", "-q"}));
  EXPECT_EQ(quiet.err, "");
  EXPECT_TRUE(std::filesystem::exists(File("trace.json")));
}

TEST_F(TrainCliTest, ClassicPresetPrintsItsLinePairs) {
  const std::string out = RunOk(
      {"train", "digits.csv", "--preset", "classic", "--epochs", "201", "-o", "c.safetensors"});
  EXPECT_THAT(out, StartsWith("Iteration: 0\nAccuracy: 0."));
  EXPECT_THAT(out, HasSubstr("\nIteration: 100\nAccuracy: 0."));
  EXPECT_THAT(out, HasSubstr("\nIteration: 200\nAccuracy: 0."));
  const nlohmann::json j = RunJson(
      {"train", "digits.csv", "--preset", "classic", "--epochs", "2", "-o", "c.safetensors"});
  EXPECT_EQ(j["network"]["layers"], "784-10-10");
  EXPECT_EQ(j["training"]["batch_size"], 600);
  EXPECT_EQ(j["training"]["optimizer"], "sgd");
  EXPECT_EQ(j["training"]["steps"], 2);
}

TEST_F(TrainCliTest, HiddenNoneAndSeveralLayers) {
  EXPECT_EQ(
      RunJson({"train", "digits.csv", "--hidden", "none", "--epochs", "1"})["network"]["layers"],
      "784-10");
  EXPECT_EQ(
      RunJson({"train", "digits.csv", "--hidden", "20,11", "--epochs", "1"})["network"]["layers"],
      "784-20-11-10");
}

TEST_F(TrainCliTest, ActivationsAreKeptInTheModel) {
  const auto command = [](const char* names) {
    return std::vector<std::string>{"train",        "digits.csv", "--epochs", "12",
                                    "--hidden",     "20,11",      "--lr",     "0.1",
                                    "--activation", names,        "--test",   "digits_test.csv"};
  };
  const nlohmann::json train = RunJson(command("gelu,leaky-relu"));
  EXPECT_EQ(train["network"]["activation"], "gelu,leaky-relu");
  EXPECT_GT(train["train"]["accuracy"], 0.5);
  const nlohmann::json model = RunJson({"inspect", "model.safetensors"});
  EXPECT_EQ(model["layers"][0]["activation"], "gelu");
  EXPECT_EQ(model["layers"][1]["activation"], "leaky-relu");
  EXPECT_EQ(model["layers"][2]["activation"], "identity");
  const nlohmann::json test = RunJson({"evaluate", "model.safetensors", "digits_test.csv"});
  EXPECT_EQ(test["loss"], train["test"]["loss"]);

  EXPECT_EQ(RunJson(command("tanh"))["network"]["activation"], "tanh");
  EXPECT_EQ(RunJson({"inspect", "model.safetensors"})["layers"][1]["activation"], "tanh");
  EXPECT_THAT(RunBad(2, command("tanh,swish")), HasSubstr("--activation: found 'tanh,swish'"));
  EXPECT_THAT(RunBad(2, command("tanh,relu,elu")),
              HasSubstr("expected one name, or one for each of the 2 hidden layers"));
  EXPECT_THAT(RunBad(2, command("")), HasSubstr("--activation: found ''"));
}

TEST_F(TrainCliTest, BatchNormIsKeptInTheModel) {
  const std::vector<std::string> command = {"train", "digits.csv", "--epochs", "6", "--lr", "0.1"};
  const nlohmann::json train =
      RunJson(With(command, {"--hidden", "20,11", "--batch-norm", "on,off", "-o", "m.safetensors",
                             "--test", "digits_test.csv"}));
  EXPECT_EQ(train["network"]["batch_norm"], "on,off");
  EXPECT_EQ(train["network"]["parameters"], 784 * 20 + 2 * 20 + 21 * 11 + 12 * 10);
  EXPECT_GT(train["train"]["accuracy"], 0.5);
  const nlohmann::json model = RunJson({"inspect", "m.safetensors"});
  EXPECT_EQ(model["layers"][0]["batch_norm"], true);
  EXPECT_EQ(model["layers"][1]["batch_norm"], false);
  EXPECT_EQ(model["parameters_hash"], train["parameters_hash"]);
  EXPECT_THAT(RunOk({"inspect", "m.safetensors"}),
              HasSubstr("784 → 20, batch normalisation, relu"));
  const nlohmann::json test = RunJson({"evaluate", "m.safetensors", "digits_test.csv"});
  EXPECT_EQ(test["loss"], train["test"]["loss"]);

  const nlohmann::json more =
      RunJson(With(command, {"--start", "m.safetensors", "-o", "more.safetensors"}));
  EXPECT_EQ(more["network"]["batch_norm"], "on,off");
  EXPECT_THAT(RunBad(2, With(command, {"--start", "m.safetensors", "--batch-norm", "on"})),
              HasSubstr("--batch-norm: found 'on', expected no such flag with --start"));
  EXPECT_FALSE(RunJson(command)["network"].contains("batch_norm"));
}

TEST_F(TrainCliTest, EvaluateAgreesWithTrain) {
  const nlohmann::json train = RunJson(With(kQuick, {"--test", "digits_test.csv"}));
  const nlohmann::json j = RunJson({"evaluate", "m.safetensors", "digits_test.csv"});
  EXPECT_EQ(j["examples"], 200);
  EXPECT_EQ(j["accuracy"], train["test"]["accuracy"]);
  EXPECT_EQ(j["loss"], train["test"]["loss"]);
  int sum = 0;
  for (const auto& row : j["confusion"]) {
    for (const auto& count : row) sum += count.get<int>();
  }
  EXPECT_EQ(sum, 200);
  EXPECT_EQ(j["per_class"].size(), 10u);
  const std::string text = RunOk({"evaluate", "m.safetensors", "digits_test.csv"});
  EXPECT_THAT(text, HasSubstr("precision  recall      f1  support"));
  EXPECT_THAT(text, HasSubstr("confusion matrix"));
}

TEST_F(TrainCliTest, PredictFromFileAndPipeLabelledOrNot) {
  RunOk(kQuick);
  const std::string predictions = RunOk({"predict", "m.safetensors", "digits_test.csv"});
  EXPECT_THAT(predictions, StartsWith("prediction\n"));
  EXPECT_EQ(std::count(predictions.begin(), predictions.end(), '\n'), 201);

  // The same without labels and without a header, through a pipe.
  std::istringstream lines(ReadFile(File("digits_test.csv")));
  std::string line;
  std::getline(lines, line);
  std::string bare;
  while (std::getline(lines, line)) bare += line.substr(line.find(',') + 1) + "\n";
  Write("bare.csv", bare);
  const Outcome piped = Run({"predict", "m.safetensors", "-"}, File("bare.csv"));
  EXPECT_EQ(piped.status, 0) << piped.err;
  EXPECT_EQ(piped.out, predictions);

  RunOk({"predict", "m.safetensors", "digits_test.csv", "-o", "p.csv"});
  EXPECT_EQ(ReadFile(File("p.csv")), predictions);

  const std::string proba = RunOk({"predict", "m.safetensors", "digits_test.csv", "--proba"});
  EXPECT_THAT(proba, StartsWith("0,1,2,3,4,5,6,7,8,9\n"));
  const std::string logits = RunOk({"predict", "m.safetensors", "digits_test.csv", "--logits"});
  EXPECT_EQ(std::count(logits.begin(), logits.end(), ','), 201 * 9);
}

TEST_F(TrainCliTest, InspectShowsTheModel) {
  const nlohmann::json train = RunJson(kQuick);
  const nlohmann::json j = RunJson({"inspect", "m.safetensors"});
  EXPECT_EQ(j["network"], "784-32-10");
  EXPECT_EQ(j["parameters_hash"], train["parameters_hash"]);
  EXPECT_EQ(j["provenance"]["training"]["seed"], 0);
  EXPECT_EQ(j["provenance"]["data"]["train_file"], "digits.csv");
  EXPECT_THAT(RunOk({"inspect", "m.safetensors"}), HasSubstr("784-32-10"));
}

TEST_F(TrainCliTest, SignalEndsTrainingInOrder) {
  for (const int signal : {SIGINT, SIGTERM}) {
    Program program(dir_.path(), {"train", "digits.csv", "--epochs", "1000000"});
    EXPECT_TRUE(program.AwaitError("network"));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    program.Signal(signal);
    const Outcome outcome = program.Wait();
    EXPECT_EQ(outcome.status, 128 + signal);
    EXPECT_THAT(outcome.err, HasSubstr("stopped by signal after step"));
    EXPECT_EQ(Listing(),
              (std::vector<std::string>{"digits.csv", "digits_test.csv", "model.safetensors"}));
  }
}

TEST_F(TrainCliTest, AStoppedTrainingLeavesItsProfile) {
  Program program(dir_.path(),
                  {"train", "digits.csv", "--epochs", "1000000", "-v", "--profile", "trace.json"});
  EXPECT_TRUE(program.AwaitError("epoch 1/"));
  program.Signal(SIGINT);
  const Outcome outcome = program.Wait();
  EXPECT_EQ(outcome.status, 128 + SIGINT);
  EXPECT_THAT(outcome.err, HasSubstr("\ntotal "));
  EXPECT_TRUE(nlohmann::json::accept(ReadFile(File("trace.json"))));
}

TEST_F(TrainCliTest, HelpAndVersion) {
  EXPECT_THAT(RunOk({"--version"}), StartsWith("colonnade 0."));
  EXPECT_THAT(RunOk({"--help"}), HasSubstr("Examples:"));
  for (const char* command : {"train", "evaluate", "predict", "inspect", "convert"}) {
    EXPECT_THAT(RunOk({command, "--help"}), HasSubstr(command));
  }
}

}  // namespace
}  // namespace colonnade::test
