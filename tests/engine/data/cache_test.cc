// SPDX-License-Identifier: Apache-2.0
#include "colonnade/cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/model.h"
#include "colonnade/split.h"
#include "colonnade/train.h"
#include "engine/data/schema_json.h"
#include "engine/data/storage.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using test::DigitsDataset;
using test::ExpectError;
using test::RandomDataset;
using test::ReadFile;
using test::TempDir;
using test::ValuesOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

void ExpectSame(const Dataset& found, const Dataset& expected) {
  ASSERT_EQ(found.examples(), expected.examples());
  ASSERT_EQ(found.element_type(), expected.element_type());
  EXPECT_EQ(found.stride(), expected.stride());
  EXPECT_EQ(ToJson(found.schema()).dump(), ToJson(expected.schema()).dump());
  for (size_t e = 0; e < found.examples(); ++e) {
    ASSERT_EQ(ValuesOf(found, e), ValuesOf(expected, e)) << e;
  }
  EXPECT_TRUE(std::ranges::equal(found.labels(), expected.labels()));
  EXPECT_TRUE(std::ranges::equal(found.targets(), expected.targets()));
  EXPECT_TRUE(std::ranges::equal(found.weights(), expected.weights()));
  EXPECT_EQ(found.Hash(), expected.Hash());
}

class CacheTest : public ::testing::Test {
 protected:
  std::filesystem::path File() const { return dir_ / "x.colonnade"; }

  Dataset RoundTrip(const Dataset& data) const {
    WriteCache(data, File());
    return ReadData(File());
  }

  // What is thrown for these bytes; empty: nothing.
  std::string Refusal(const std::string& content) const {
    const auto file = dir_.WriteFile("bad.colonnade", content);
    try {
      const Dataset data = ReadData(file);
      return "";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadData) << error.what();
      EXPECT_THAT(error.what(), HasSubstr("bad.colonnade"));
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.what();
    }
  }

  TempDir dir_;
};

TEST_F(CacheTest, GivesBackWhatWasWritten) {
  ExpectSame(RoundTrip(DigitsDataset(70, 1)), DigitsDataset(70, 1));
  ExpectSame(RoundTrip(RandomDataset(9, 17, 3, 2)), RandomDataset(9, 17, 3, 2));
  ExpectSame(RoundTrip(RandomDataset(2, 1024, 2, 3)), RandomDataset(2, 1024, 2, 3));
  ExpectSame(RoundTrip(test::RandomTargets(30, 5, 4)), test::RandomTargets(30, 5, 4));
  Dataset weighted = RandomDataset(4, 3, 2, 5);
  weighted = weighted.WithWeights(std::vector<float>{1, 0, 2.5F, 1});
  ExpectSame(RoundTrip(weighted), weighted);
  const Dataset whole = DigitsDataset(50, 6);
  const Dataset part = whole.Part(std::vector<uint32_t>{7, 3, 49, 3});
  ExpectSame(RoundTrip(part), part);
}

TEST_F(CacheTest, KeepsWhatOnlySomeTablesHave) {
  const std::vector<double> values = {1700000007, 1, 1700000011, 2, 1700000015, 3};
  const std::vector<double> targets = {20000001.1, 20000002.2, 20000003.3};
  const Dataset from = Dataset::FromMemory({values, 2}, targets);
  auto storage = std::make_unique<Dataset::Storage>();
  storage->schema = from.schema();
  storage->schema.na_values = {"none"};
  storage->examples = 3;
  storage->type = from.element_type();
  storage->stride = from.stride();
  storage->floats = AlignedBuffer<float>(3 * from.stride());
  std::copy_n(from.floats(), 3 * from.stride(), storage->floats.data());
  storage->targets = AlignedBuffer<float>(3);
  storage->exact_targets = AlignedBuffer<double>(3);
  storage->groups = AlignedBuffer<uint32_t>(3);
  storage->times = AlignedBuffer<double>(3);
  for (uint32_t e = 0; e < 3; ++e) {
    storage->targets[e] = from.targets()[e];
    storage->exact_targets[e] = targets[e];
    storage->groups[e] = 7 * e;
    storage->times[e] = 18628.1 + e;
  }
  DataSummary summary;
  summary.source = "t.csv";
  summary.rows = 3;
  storage->summary = std::make_shared<const DataSummary>(summary);
  const Dataset data(std::move(storage));
  const Dataset again = RoundTrip(data);
  ExpectSame(again, data);
  EXPECT_TRUE(std::ranges::equal(again.groups(), data.groups()));
  EXPECT_TRUE(std::ranges::equal(again.times(), data.times()));
  for (size_t e = 0; e < 3; ++e) EXPECT_EQ(again.TargetOf(e), targets[e]);
  EXPECT_EQ(again.summary().source, "t.csv");
  EXPECT_EQ(again.summary().rows, 3u);
  const std::string whole = ReadFile(File());
  EXPECT_THAT(whole, HasSubstr("\"colonnade.dataset_version\":\"3\""));
  // What is in the tensors is covered by their checksum.
  for (size_t i = whole.size() - 3 * (8 + 8 + 4 + 4); i < whole.size(); ++i) {
    std::string altered = whole;
    altered[i] ^= 1;
    ASSERT_THAT(Refusal(altered), HasSubstr("the data do not match their checksum")) << i;
  }
}

TEST_F(CacheTest, TakesTheFormatThatOlderProgramsReadWhereItWillDo) {
  WriteCache(RandomDataset(9, 17, 3, 2), File());
  EXPECT_THAT(ReadFile(File()), HasSubstr("\"colonnade.dataset_version\":\"2\""));
}

TEST_F(CacheTest, KeepsTheSchema) {
  dir_.WriteFile("t.csv",
                 "id,size,color,kind\n1,1.5,red,\"b \"\"x\"\"\"\n2,,blue,a\n3,2,\xc3\xa9,a\n");
  CsvOptions options;
  options.label_column = "kind";
  options.ignore_columns = {"id"};
  options.categorical = {"auto"};
  options.missing = Missing::kMean;
  const Dataset data = ReadCsv(dir_ / "t.csv", options);
  ASSERT_EQ(data.schema().means.size(), 5u);
  ExpectSame(RoundTrip(data), data);
  // The same options may be given again, and no others.
  ExpectSame(ReadData(File(), options), data);
  options.label_column = "3";
  ExpectSame(ReadData(File(), options), data);
  const auto refuse = [&](const std::string& option, const std::string& made) {
    ExpectError(ErrorCode::kInvalidArgument,
                option + ": " + File().string() + ": this cache was made " + made +
                    "; make it again from its source",
                [&] { return ReadData(File(), options); });
  };
  options.label_column = "color";
  refuse("label-column", "with the label column 'kind', not 'color'");
  options.label_column.reset();
  options.ignore_columns = {"size"};
  refuse("ignore-columns", "without ignoring the column 'size'");
  options.ignore_columns.clear();
  options.categorical = {"size"};
  refuse("categorical", "without 'size' as a categorical column");
  options.categorical.clear();
  options.weight_column = "size";
  refuse("weight-column", "without 'size' as the weight column");
  options.weight_column.reset();
  options.missing = Missing::kDrop;
  refuse("missing", "with missing values taken as mean, not drop");
}

TEST_F(CacheTest, IsMappedOntoCacheLinesAndOutlivesItsReplacement) {
  WriteCache(DigitsDataset(100, 1), File());
  const Dataset data = ReadCache(File());
  ASSERT_NE(data.storage().file, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(data.bytes()) % 64, 0u);
  EXPECT_GE(data.storage().MappedBytes(), 100 * 784u);
  WriteCache(DigitsDataset(10, 2), File());
  ExpectSame(data, DigitsDataset(100, 1));
  std::filesystem::remove(File());
  ExpectSame(data, DigitsDataset(100, 1));
}

TEST_F(CacheTest, TruncatedAnywhereItIsRefused) {
  WriteCache(RandomDataset(40, 5, 2, 1), File());
  const std::string whole = ReadFile(File());
  for (size_t size = 0; size < whole.size(); size += size < 1200 ? 1 : 61) {
    ASSERT_NE(Refusal(whole.substr(0, size)), "") << size;
  }
  ASSERT_NE(Refusal(whole + "x"), "");
  ASSERT_EQ(Refusal(whole), "");
}

TEST_F(CacheTest, AlteredAnywhereItIsRefusedOrTheSame) {
  const Dataset data = RandomDataset(40, 5, 2, 1);
  WriteCache(data, File());
  const std::string whole = ReadFile(File());
  const size_t values = whole.size() - 40 * (64 + 4);
  test::Random random(7);
  int refused = 0;
  for (size_t i = 0; i < whole.size(); i += i < values ? 1 : 13) {
    std::string altered = whole;
    altered[i] = static_cast<char>(altered[i] ^ (1 << random.Below(8)));
    const std::string message = Refusal(altered);
    if (message.empty()) {  // another kind of space
      ASSERT_LT(i, values);
      ExpectSame(ReadData(dir_ / "bad.colonnade"), data);
      continue;
    }
    ++refused;
    if (i >= values) {
      ASSERT_THAT(message, HasSubstr("the data do not match their checksum"));
    }
  }
  EXPECT_GT(refused, 500);
}

// Files whose checksums are right, made by a program that has another idea of a dataset.
TEST_F(CacheTest, WhatNoDatasetHasIsRefused) {
  const auto refusal = [&](const auto& change) {
    auto storage = std::make_unique<Dataset::Storage>();
    storage->schema = test::SchemaOf(3, 2);
    storage->examples = 2;
    storage->type = ElementType::kF32;
    storage->stride = 16;
    storage->floats = AlignedBuffer<float>::Zeroed(32);
    storage->labels = AlignedBuffer<uint32_t>::Zeroed(2);
    change(*storage);
    WriteCache(Dataset(std::move(storage)), File());
    return Refusal(ReadFile(File()));
  };
  EXPECT_EQ(refusal([](Dataset::Storage&) {}), "");
  const char* const kUnsound =
      "example 1: found a value that is not finite, or padding that is not zero";
  EXPECT_THAT(refusal([](auto& s) { s.floats[18] = std::numeric_limits<float>::infinity(); }),
              HasSubstr(kUnsound));
  EXPECT_THAT(refusal([](auto& s) { s.floats[16] = std::nanf(""); }), HasSubstr(kUnsound));
  EXPECT_THAT(refusal([](auto& s) { s.floats[31] = 1; }), HasSubstr(kUnsound));
  EXPECT_THAT(refusal([](auto& s) { s.labels[1] = 2; }),
              HasSubstr("example 1: found label 2, expected 0 to 1"));
  EXPECT_THAT(refusal([](auto& s) {
                s.stride = 32;
                s.floats = AlignedBuffer<float>::Zeroed(64);
              }),
              HasSubstr("tensor \"values\": found shape [2, 32], expected [2, 16]"));
  EXPECT_THAT(refusal([](auto& s) { s.schema.feature_names = {"a"}; }),
              HasSubstr("schema.feature_names: found 1, expected 3"));
  EXPECT_THAT(refusal([](auto& s) { s.weights = AlignedBuffer<float>::Zeroed(2); }),
              HasSubstr("weights that are all 0"));
  EXPECT_THAT(refusal([](auto& s) {
                s.times = AlignedBuffer<double>::Zeroed(2);
                s.times[1] = std::numeric_limits<double>::infinity();
              }),
              HasSubstr("example 1: found the time inf, expected a finite number"));
  EXPECT_THAT(refusal([](auto& s) {
                s.exact_targets = AlignedBuffer<double>::Zeroed(2);
                s.labels = {};
                s.schema.classes.clear();
              }),
              HasSubstr("found the tensor exact_targets without targets"));
  EXPECT_THAT(refusal([](auto& s) { s.exact_targets = AlignedBuffer<double>::Zeroed(2); }),
              HasSubstr("found the tensor exact_targets with 2 classes"));
  EXPECT_THAT(refusal([](auto& s) {
                s.targets = AlignedBuffer<float>::Zeroed(2);
                s.labels = {};
              }),
              HasSubstr("found the tensor targets with 2 classes"));
}

TEST_F(CacheTest, OtherFilesAreToldApart) {
  const Dataset data = DigitsDataset(30, 1);
  TrainOptions options;
  options.epochs = 1;
  Train(data, options).model.Save(dir_ / "m.safetensors");
  EXPECT_THAT(Refusal(ReadFile(dir_ / "m.safetensors")),
              HasSubstr("found a model, expected a dataset"));
  WriteCache(data, File());
  ExpectError(ErrorCode::kBadModel, File().string() + ": found a cached dataset, expected a model",
              [&] { static_cast<void>(Model::Load(File())); });
  EXPECT_TRUE(IsCache(File()));
  dir_.WriteFile("t.csv", "label,a\n0,1\n");
  EXPECT_FALSE(IsCache(dir_ / "t.csv"));
}

TEST_F(CacheTest, TakesTheClassesOfTheTrainingData) {
  const TempDir dir;
  CsvOptions made;
  made.missing = Missing::kRefuse;
  made.label_column = "0";
  const Dataset train =
      ReadCsv(dir.WriteFile("train.csv", "kind,a,b\nx,1,2\ny,3,4\nz,5,6\n"), made);
  CsvOptions options;
  options.like = train.schema();
  const auto cached = [&](const std::string& csv) {
    WriteCache(ReadCsv(dir.WriteFile("t.csv", csv), made), File());
    return ReadData(File(), options);
  };
  const Dataset data = cached("kind,a,b\nz,1,2\ny,3,4\n");
  ExpectSame(data, ReadCsv(dir / "t.csv", options));
  EXPECT_THAT(test::LabelsOf(data), ::testing::ElementsAre(2, 1));
  const auto refuse = [&](const std::string& csv, const std::string& message) {
    ExpectError(ErrorCode::kBadData, File().string() + ": " + message, [&] { cached(csv); });
  };
  refuse("kind,a,b\nz,1,2\nw,3,4\n", "example 1: found the class 'w', expected one of x, y, z");
  refuse("sort,a,b\nz,1,2\ny,3,4\n", "found the label column 'sort', expected 'kind'");
  refuse("kind,a,c\nz,1,2\ny,3,4\n",
         "found no column 'b', expected every feature by its name, in any order");
  options.labels_optional = true;
  EXPECT_FALSE(cached("sort,a,b\nz,1,2\nw,3,4\n").labelled());
  options.labels_optional = false;
  made.label_column = "kind";
  const Dataset rearranged = cached("b,kind,c,a\n2,z,7,1\n4,y,7,3\n");
  EXPECT_EQ(rearranged.Hash(), ReadCsv(dir / "t.csv", options).Hash());
}

TEST_F(CacheTest, FilledInMeansMustBeThoseOfTheTrainingData) {
  const TempDir dir;
  CsvOptions made;
  made.missing = Missing::kMean;
  const Dataset train = ReadCsv(dir.WriteFile("train.csv", "y,a\n0,1\n1,\n0,3\n"), made);
  CsvOptions like;
  like.like = train.schema();
  dir.WriteFile("t.csv", "y,a\n0,7\n1,\n");
  WriteCache(ReadCsv(dir / "t.csv", like), File());
  ExpectSame(ReadData(File(), like), ReadCsv(dir / "t.csv", like));
  WriteCache(ReadCsv(dir / "t.csv", made), File());
  ExpectError(
      ErrorCode::kBadData,
      File().string() +
          ": found missing values taken as mean of this file, expected mean of the training "
          "data; convert the source again like the model or the training data",
      [&] { return ReadData(File(), like); });
  CsvOptions refuse;
  refuse.missing = Missing::kRefuse;
  WriteCache(ReadCsv(dir.WriteFile("full.csv", "y,a\n0,7\n1,8\n"), refuse), File());
  EXPECT_EQ(ReadData(File(), like).examples(), 2u);
}

TEST_F(CacheTest, IntegersThatWereClassesCanBeNumbers) {
  const TempDir dir;
  dir.WriteFile("t.csv", "y,a\n7,1\n-2,3\n");
  WriteCache(ReadCsv(dir / "t.csv"), File());
  CsvOptions options;
  options.task = Task::kRegress;
  ExpectSame(ReadData(File(), options), ReadCsv(dir / "t.csv", options));
  WriteCache(ReadCsv(dir / "t.csv", options), File());
  options.task = Task::kClassify;
  ExpectError(ErrorCode::kBadData, File().string() + ": found numbers to predict, expected classes",
              [&] { return ReadData(File(), options); });
}

TEST_F(CacheTest, TrainsToTheSameBits) {
  const Dataset data = DigitsDataset(300, 1);
  WriteCache(data, File());
  for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
    for (const size_t batch : {size_t{32}, size_t{0}}) {
      TrainOptions options;
      options.hidden = {20};
      options.epochs = 20;
      options.batch_size = batch;
      options.precision = precision;
      options.scale = Scale::kStandard;
      const auto hash = [&](const Dataset& of) {
        const Split split = SplitStratified(of, 0.2);
        options.validation_data = split.validation;
        return Train(split.train, options).model.ParametersHash();
      };
      EXPECT_EQ(hash(ReadCache(File())), hash(data));
    }
  }
}

}  // namespace
}  // namespace colonnade
