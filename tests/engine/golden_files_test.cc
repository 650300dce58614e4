// SPDX-License-Identifier: Apache-2.0
// Files that older versions wrote: each opens, and means what it meant.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "colonnade/cache.h"
#include "colonnade/csv.h"
#include "colonnade/model.h"
#include "colonnade/split.h"
#include "colonnade/train.h"
#include "engine/train/checkpoint.h"
#include "kernels/targets.h"
#include "tests/support/paths.h"
#include "tests/support/plain_options.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

constexpr const char* kClassesHash = "94acbb212964b572cad3d1a745ca5c4c";
constexpr const char* kNumbersHash = "509d549df013f1466432624f21b8dbaf";

std::filesystem::path Golden(const std::string& name, int version = 1) {
  return test::TestData() / "golden" / ("format-" + std::to_string(version)) / name;
}

// As the training data were read.
CsvOptions ClassesOptions() {
  CsvOptions options;
  options.categorical = {"colour"};
  options.missing = Missing::kMean;
  options.missing_indicator = false;
  return options;
}

CsvOptions NumbersOptions() {
  CsvOptions options;
  options.label_column = "price";
  options.weight_column = "weight";
  return options;
}

Dataset ReadLike(const std::string& name, const Model& model) {
  CsvOptions options;
  options.like = model.schema();
  return ReadCsv(Golden(name), options);
}

// All numbers below the first line.
std::vector<float> ReadNumbers(const std::string& name) {
  std::string text = test::ReadFile(Golden(name));
  text.erase(0, text.find('\n'));
  std::ranges::replace(text, ',', '\n');
  std::istringstream stream(text);
  return {std::istream_iterator<float>(stream), {}};
}

void ExpectNear(const std::vector<float>& found, const std::vector<float>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-5) << i;
}

TEST(GoldenFilesTest, ModelsPredictWhatTheyPredicted) {
  const Model classes = Model::Load(Golden("classes.safetensors"));
  EXPECT_EQ(classes.ParametersHash(), kClassesHash);
  EXPECT_EQ(classes.provenance().at("version"), "\"0.1.0\"");
  ExpectNear(classes.Probabilities(ReadLike("classes.csv", classes)),
             ReadNumbers("classes.predicted.csv"));

  const Model numbers = Model::Load(Golden("numbers.safetensors"));
  EXPECT_EQ(numbers.ParametersHash(), kNumbersHash);
  const std::vector<double> predicted = numbers.Values(ReadLike("numbers.csv", numbers));
  ExpectNear(std::vector<float>(predicted.begin(), predicted.end()),
             ReadNumbers("numbers.predicted.csv"));
}

TEST(GoldenFilesTest, ModelsAreTheSameInTheFormatOfNow) {
  const Model model = Model::Load(Golden("classes.safetensors"));
  const Model again = Model::FromBytes(model.ToBytes());
  EXPECT_EQ(again.ParametersHash(), kClassesHash);
  EXPECT_EQ(again.provenance(), model.provenance());
  EXPECT_EQ(again.schema().means, model.schema().means);
  EXPECT_EQ(again.ToBytes(), model.ToBytes());
}

// What version 2 has all of is written as that still.
TEST(GoldenFilesTest, PlainFilesAreWrittenAsVersion2) {
  const test::TempDir dir;
  for (const char* name : {"classes.safetensors", "numbers.safetensors"}) {
    Model::Load(Golden(name)).Save(dir / name);
    EXPECT_TRUE(test::ReadFile(dir / name) == test::ReadFile(Golden(name, 2))) << name;
  }
  for (const char* name : {"classes.colonnade", "numbers.colonnade"}) {
    WriteCache(ReadCache(Golden(name)), dir / name);
    EXPECT_TRUE(test::ReadFile(dir / name) == test::ReadFile(Golden(name, 2))) << name;
    EXPECT_EQ(ReadCache(Golden(name, 2)).Hash(), ReadCache(Golden(name)).Hash());
  }
}

// Of a table that has all that version 3 added.
TEST(GoldenFilesTest, Version3HoldsTheRest) {
  const Dataset data = ReadCache(Golden("all.colonnade", 3));
  EXPECT_EQ(data.Hash(), "024fd35da49ccb66bf1689e2a1ad7342");
  const Schema& schema = data.schema();
  ASSERT_EQ(schema.features, 10u);
  EXPECT_EQ(schema.offsets[9], 1700000000);
  EXPECT_EQ(schema.target_offset, 20000000);
  EXPECT_EQ(schema.indicators, (std::vector<MissingIndicator>{{.feature = 1, .of = 0}}));
  EXPECT_EQ(schema.categorical[0].categories, (std::vector<std::string>{"x", "y,z", "", "other"}));
  EXPECT_TRUE(schema.categorical[0].other && schema.categorical[0].missing);
  EXPECT_EQ(schema.dates[0].origin, 18628);
  EXPECT_EQ(schema.formats[0].format.unit, "kg");
  EXPECT_EQ(schema.missing, Missing::kMedian);
  EXPECT_EQ(data.TargetOf(3), 20000003.1);
  EXPECT_EQ(data.groups()[3], 7u);
  EXPECT_EQ(data.times()[3], 18628.25);
  EXPECT_EQ(data.summary().rows, 4u);
  const test::TempDir dir;
  WriteCache(data, dir / "all.colonnade");
  EXPECT_TRUE(test::ReadFile(dir / "all.colonnade") == test::ReadFile(Golden("all.colonnade", 3)));
}

// An ensemble, with limits and pieces.
TEST(GoldenFilesTest, Version4PredictsWhatItPredicted) {
  const Model model = Model::Load(Golden("ensemble.safetensors", 4));
  EXPECT_EQ(model.members(), 2u);
  ExpectNear(model.Probabilities(ReadLike("classes.csv", model)),
             ReadNumbers("../format-4/ensemble.predicted.csv"));
  EXPECT_TRUE(model.ToBytes() == test::ReadFile(Golden("ensemble.safetensors", 4)));
}

TEST(GoldenFilesTest, CachedDatasetsHoldWhatTheirSourcesDo) {
  EXPECT_EQ(ReadCache(Golden("classes.colonnade")).Hash(), "f8e4266ca5be4be413735d40e56f73f8");
  EXPECT_EQ(ReadCache(Golden("classes.colonnade")).Hash(),
            ReadCsv(Golden("classes.csv"), ClassesOptions()).Hash());
  EXPECT_EQ(ReadCache(Golden("numbers.colonnade")).Hash(), "f693428b4b9e8a13376eb6a1e3f56777");
  EXPECT_EQ(ReadCache(Golden("numbers.colonnade")).Hash(),
            ReadCsv(Golden("numbers.csv"), NumbersOptions()).Hash());
}

// It still loads by its name; but tables are read differently now.
TEST(GoldenFilesTest, TheCacheBesideAFileIsMadeAnew) {
  const test::TempDir dir;
  for (const char* name : {"numbers.csv", "numbers.csv.colonnade"}) {
    std::filesystem::copy_file(Golden(name), dir / name);
  }
  CsvOptions options = NumbersOptions();
  options.cache = true;
  const Dataset data = ReadData(dir / "numbers.csv", options);
  const std::vector<std::string>& notes = data.notes();
  EXPECT_EQ(data.Hash(), "f693428b4b9e8a13376eb6a1e3f56777");
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("rebuilt the cache"), std::string::npos) << notes[0];
}

TEST(GoldenFilesTest, CheckpointsTellWhereTheyAre) {
  const Checkpoint classes = Checkpoint::Load(Golden("classes.checkpoint"));
  EXPECT_EQ(classes.version(), 1u);
  EXPECT_EQ(classes.state().epoch, 10u);
  EXPECT_EQ(classes.state().in_epoch, 8u);
  EXPECT_EQ(classes.state().step, 41u);
  EXPECT_EQ(classes.state().sum.loss, 11.279783129692078);
  EXPECT_EQ(classes.state().best_epoch, 5u);
  EXPECT_EQ(classes.state().best_loss, 1.046263325959444);
  EXPECT_FALSE(classes.state().end);

  const Checkpoint numbers = Checkpoint::Load(Golden("numbers.checkpoint"));
  EXPECT_EQ(numbers.state().step, 20u);
  EXPECT_EQ(numbers.state().end, StopReason::kEpochs);
}

TEST(GoldenFilesTest, ACheckpointGoesOnToTheSameBits) {
  if (!kernels::CurrentTargetHasFma()) GTEST_SKIP() << "other bits without FMA";
  const test::TempDir dir;
  std::filesystem::copy_file(Golden("classes.checkpoint"), dir / "c");
  const Split split = SplitStratified(ReadCsv(Golden("classes.csv"), ClassesOptions()), 0.2);
  TrainOptions options = test::PlainOptions();
  options.hidden = {5, 4};
  options.activation = {Activation::kRelu, Activation::kTanh};
  options.batch_norm = {true, false};
  options.epochs = 3000;
  options.batch_size = 8;
  options.validation_data = split.validation;
  options.early_stopping = 3000;
  options.optimizer = Optimizer::kAdamW;
  options.schedule = Schedule::kStep;
  options.lr_decay = 0.5;
  options.class_weight.balanced = true;
  options.checkpoint = dir / "c";
  options.checkpoint_every.epochs = 1000;
  options.resume = true;
  const TrainResult result = Train(split.train, options);
  EXPECT_EQ(result.resumed_step, 41u);
  EXPECT_EQ(result.model.ParametersHash(), kClassesHash);
}

TEST(GoldenFilesTest, AFinishedCheckpointGivesItsModel) {
  if (!kernels::CurrentTargetHasFma()) GTEST_SKIP() << "other bits without FMA";
  const test::TempDir dir;
  std::filesystem::copy_file(Golden("numbers.checkpoint"), dir / "c");
  TrainOptions options = test::PlainOptions();
  options.hidden = {3};
  options.epochs = 4;
  options.batch_size = 8;
  options.loss = Loss::kHuber;
  options.huber_delta = 0.7;
  options.dropout = 0.1;
  options.checkpoint = dir / "c";
  options.resume = true;
  const Dataset data = ReadCsv(Golden("numbers.csv"), NumbersOptions());
  const TrainResult result = Train(data, options);
  EXPECT_EQ(result.resumed_step, 20u);
  EXPECT_EQ(result.model.ParametersHash(), kNumbersHash);
}

}  // namespace
}  // namespace colonnade
