// SPDX-License-Identifier: Apache-2.0
// Cached datasets, through all the commands that read data.
#include "colonnade/cache.h"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "colonnade/dataset.h"
#include "tests/cli/cli_fixture.h"
#include "tests/support/datasets.h"

namespace colonnade::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class CacheCommandTest : public CliTest {
 protected:
  void SetUp() override { WriteDigits(); }

  nlohmann::json Train(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "train");
    arguments.insert(arguments.end(), {"--epochs", "2", "--hidden", "16", "-q"});
    return RunJson(arguments);
  }
};

TEST_F(CacheCommandTest, ConvertedDataTakeThePlaceOfCsv) {
  RunOk({"convert", "digits.csv", "digits.colonnade"});
  RunOk({"convert", "digits_test.csv", "t.bin", "--format", "cache"});
  const nlohmann::json csv = Train({"digits.csv", "--test", "digits_test.csv"});
  const nlohmann::json cached = Train({"digits.colonnade", "--test", "t.bin"});
  EXPECT_EQ(cached["parameters_hash"], csv["parameters_hash"]);
  EXPECT_EQ(cached["test"], csv["test"]);
  EXPECT_EQ(Train({"digits.colonnade", "--validation", "0.2"})["parameters_hash"],
            Train({"digits.csv", "--validation", "0.2"})["parameters_hash"]);
  const std::string model = "model.safetensors";
  nlohmann::json of_cache = RunJson({"evaluate", model, "t.bin"});
  nlohmann::json of_csv = RunJson({"evaluate", model, "digits_test.csv"});
  EXPECT_EQ(of_csv["data"]["source"], "digits_test.csv");
  of_cache.erase("data");
  of_csv.erase("data");
  EXPECT_EQ(of_cache, of_csv);
  EXPECT_EQ(RunOk({"predict", model, "t.bin", "--proba"}),
            RunOk({"predict", model, "digits_test.csv", "--proba"}));
  RunOk({"convert", "digits.colonnade", "again.csv"});
  EXPECT_EQ(ReadFile(File("again.csv")), ReadFile(File("digits.csv")));
}

TEST_F(CacheCommandTest, CacheIsMadeAndUsedWithALineEach) {
  for (const char* file : {"digits.csv", "digits_test.csv"}) {
    std::filesystem::last_write_time(
        File(file), std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  }
  const std::vector<std::string> train = {"train",   "digits.csv", "--test", "digits_test.csv",
                                          "--cache", "--epochs",   "1",      "--hidden",
                                          "16"};
  const Outcome first = Run(train);
  EXPECT_THAT(first.err, AllOf(HasSubstr("digits.csv: made the cache digits.csv.colonnade\n"),
                               HasSubstr("made the cache digits_test.csv.colonnade\n")));
  const std::string model = ReadFile(File("model.safetensors"));
  const Outcome second = Run(train);
  EXPECT_THAT(second.err, AllOf(HasSubstr("digits.csv: read from the cache digits.csv.colonnade\n"),
                                HasSubstr("read from the cache digits_test.csv.colonnade\n")));
  const auto hash = [](const std::string& file) { return file.find("parameters_hash"); };
  EXPECT_EQ(ReadFile(File("model.safetensors")).substr(hash(model), 60),
            model.substr(hash(model), 60));
  // What training has left there, evaluation takes.
  const std::string without = Run({"evaluate", "model.safetensors", "digits_test.csv"}).err;
  EXPECT_THAT(without, HasSubstr("digits_test.csv: 200 rows"));
  EXPECT_EQ(Run({"evaluate", "model.safetensors", "digits_test.csv", "--cache"}).err,
            without + "digits_test.csv: read from the cache digits_test.csv.colonnade\n");
}

TEST_F(CacheCommandTest, RefusesWithOneLine) {
  RunOk({"convert", "digits_test.csv", "t.colonnade"});
  Train({"digits.csv"});
  EXPECT_THAT(RunBad(2, {"train", "t.colonnade", "--label-column", "1x1"}),
              HasSubstr("this cache was made with the label column 'label', not '1x1'"));
  EXPECT_THAT(RunBad(4, {"inspect", "t.colonnade"}), HasSubstr("found a cached dataset"));
  EXPECT_THAT(RunBad(3, {"evaluate", "model.safetensors", "model.safetensors"}),
              HasSubstr("found a model"));
  EXPECT_THAT(RunBad(2, {"convert", "t.colonnade", "t.colonnade"}),
              HasSubstr("expected another file than the input"));
  EXPECT_THAT(RunOk({"check", "t.colonnade"}), HasSubstr("format    a cache\nrows      200\n"));
  std::filesystem::resize_file(File("t.colonnade"), 100'000);
  EXPECT_THAT(RunBad(3, {"evaluate", "model.safetensors", "t.colonnade"}), HasSubstr("truncated?"));
  EXPECT_EQ(RunBad(2, {"convert", "digits.csv"}).find("colonnade: FILES"), 0u);
}

TEST_F(CacheCommandTest, DataToEvaluateOnAreConvertedLikeTheModel) {
  Write("train.csv", "color,size,y\nred,1,a\nblue,,b\ngreen,3,a\n");
  Write("test.csv", "size,color,y\n,red,b\n");
  const std::vector<std::string> columns = {"--categorical", "color",          "--missing",
                                            "mean",          "--label-column", "y"};
  std::vector<std::string> train = {"train", "train.csv", "--epochs", "2"};
  train.insert(train.end(), columns.begin(), columns.end());
  RunOk(train);
  RunOk({"convert", "test.csv", "test.colonnade", "--like", "model.safetensors"});
  EXPECT_EQ(RunJson({"evaluate", "model.safetensors", "test.colonnade"}),
            RunJson({"evaluate", "model.safetensors", "test.csv"}));
}

// As a training runs whose data were overwritten by something other than this program.
TEST_F(CacheCommandTest, AFileTruncatedUnderATrainingEndsItWithAMessage) {
  RunOk({"convert", "digits.csv", "digits.colonnade"});
  Program training(dir_.path(),
                   {"train", "digits.colonnade", "--epochs", "1000000", "--hidden", "16", "-v"});
  EXPECT_TRUE(training.AwaitError("epoch 1/"));
  std::filesystem::resize_file(File("digits.colonnade"), 4096);
  const Outcome outcome = training.Wait();
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("colonnade: a cached dataset cannot be read any more"));
  EXPECT_FALSE(std::filesystem::exists(File("model.safetensors")));
}

// Memory of its own is limited to a quarter of the dataset, so that values cannot be copied.
TEST_F(CacheCommandTest, TrainsAndEvaluatesInAQuarterOfTheDatasetsMemory) {
#ifdef COLONNADE_SANITIZED
  GTEST_SKIP() << "sanitizers take more memory than any limit would leave them";
#endif
  constexpr size_t kExamples = 48'000;
  const Dataset some = DigitsDataset(1000, 1);
  std::vector<uint32_t> indices(kExamples);
  for (uint32_t i = 0; i < kExamples; ++i) indices[i] = i % 1000;
  WriteCache(some.Part(indices), File("large.colonnade"));
  const size_t quarter = std::filesystem::file_size(File("large.colonnade")) / 4;
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--threads", "1", "-q"});
    const Outcome outcome = Program(dir_.path(), arguments, "/dev/null", "", 0, quarter).Wait();
    EXPECT_EQ(outcome.err, "");
    return outcome.status;
  };
  EXPECT_EQ(run({"train", "large.colonnade", "--epochs", "1", "--hidden", "16", "--validation",
                 "0.1", "--scale", "standard"}),
            0);
  EXPECT_EQ(run({"evaluate", "model.safetensors", "large.colonnade"}), 0);
}

}  // namespace
}  // namespace colonnade::test
