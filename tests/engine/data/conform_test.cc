// SPDX-License-Identifier: Apache-2.0
// Tables in memory that have to fit a schema.
#include "engine/data/conform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/cache.h"
#include "colonnade/error.h"
#include "engine/data/cache/file.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

// Designated initializers leave the other members at their defaults, which is the point of them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace colonnade {
namespace {

using test::ExpectError;
using test::ValuesOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A copy of a table, as a cache has it.
std::unique_ptr<Dataset::Storage> StorageOf(const Dataset& table) {
  const test::TempDir dir;
  WriteCache(table, dir / "t.colonnade");
  return CacheFile(dir / "t.colonnade").Load(1);
}

Dataset Conformed(const Dataset& table, const Schema& like, bool labels_optional = true) {
  std::unique_ptr<Dataset::Storage> storage = StorageOf(table);
  Conform("t", like, labels_optional, *storage);
  return Dataset(std::move(storage));
}

void Refuses(const Dataset& table, const Schema& like, const std::string& message) {
  ExpectError(ErrorCode::kBadData, "t: " + message, [&] { return Conformed(table, like); });
}

Dataset Unlabelled(const std::vector<double>& values, const Schema& schema) {
  return Dataset::FromMemory(values, {}, schema);
}

const Schema kAbc = {.features = 3, .feature_names = {"a", "b", "c"}};

TEST(ConformTest, FeaturesComeByNameInAnyOrder) {
  const Dataset table = Unlabelled({1, 2.5, 3, 4, 5, 6}, kAbc);
  const Schema like = {.features = 2, .feature_names = {"c", "a"}};
  const Dataset data = Conformed(table, like);
  EXPECT_EQ(data.schema().feature_names, like.feature_names);
  EXPECT_EQ(data.element_type(), ElementType::kU8) << "as if read from its source";
  EXPECT_THAT(ValuesOf(data, 0), ElementsAre(3, 1));
  EXPECT_THAT(ValuesOf(data, 1), ElementsAre(6, 4));
  EXPECT_THAT(data.notes(), ElementsAre("t: ignored 1 unknown column: 'b'"));
}

TEST(ConformTest, WhatFitsStaysWhereItIs) {
  const Dataset table = Unlabelled({1, 2.5, 3, 4, 5, 6}, kAbc);
  for (const Schema& like : {kAbc, Schema{.features = 3}}) {
    const Dataset data = Conformed(table, like);
    EXPECT_EQ(data.Hash(), table.Hash());
    EXPECT_NE(data.storage().file, nullptr);
    EXPECT_THAT(data.notes(), IsEmpty());
  }
}

TEST(ConformTest, RefusesFeaturesThatAreNotThere) {
  const Dataset table = Unlabelled({1, 2, 3}, kAbc);
  Refuses(table, {.features = 2, .feature_names = {"a", "x"}},
          "found no column 'x', expected every feature by its name, in any order");
  Refuses(table, {.features = 2}, "found 3 features, expected 2");
  Refuses(Unlabelled({1, 2, 3}, {.features = 3, .feature_names = {"a", "a", "b"}}),
          {.features = 2, .feature_names = {"b", "a"}},
          "found several columns named 'a' and others in another order than expected");
  Refuses(table, {.features = 1, .feature_names = {"b_x"}, .categorical = {{"b", 0, {"x"}}}},
          "found the column 'b' as numbers, expected categories; convert the source again like the "
          "model or the training data");
}

TEST(ConformTest, OffsetsBecomeThoseOfTheSchema) {
  const std::vector<double> values = {1700000007, 1, 1700000011, 2};
  const Schema names = {.features = 2, .feature_names = {"t", "x"}};
  Schema like = names;
  like.offsets = {1700001000, 0};
  const Dataset expected = Unlabelled(values, like);
  EXPECT_EQ(Conformed(Unlabelled(values, names), like).Hash(), expected.Hash());
  Schema swapped = {.features = 2, .feature_names = {"x", "t"}, .offsets = {0, 1700001000}};
  const Dataset data = Conformed(Unlabelled(values, names), swapped);
  EXPECT_THAT(ValuesOf(data, 0), ElementsAre(1, -993));
  EXPECT_EQ(data.schema().offsets, swapped.offsets);
}

TEST(ConformTest, TargetsAreLessTheOffsetOfTheSchema) {
  const std::vector<double> values = {1, 2};
  const std::vector<double> targets = {20000001.5, 20000002.25};
  const Dataset table = Dataset::FromMemory({values, 1}, targets);
  ASSERT_NE(table.schema().target_offset, 0);
  const Dataset data = Conformed(table, {.features = 1, .target_offset = 20000100}, false);
  EXPECT_EQ(data.schema().target_offset, 20000100);
  EXPECT_THAT(data.targets(), ElementsAre(-98.5F, -97.75F));
  EXPECT_EQ(data.TargetOf(0), 20000001.5);
  // Integers that were taken for classes.
  const Dataset classes =
      Dataset::FromMemory({values, 1}, std::vector<int64_t>{20000001, 20000003});
  const Dataset numbers = Conformed(classes, {.features = 1, .target_offset = 2e7}, false);
  EXPECT_THAT(numbers.targets(), ElementsAre(1, 3));
  EXPECT_EQ(numbers.TargetOf(1), 20000003);
}

TEST(ConformTest, CategoriesComeByName) {
  const Schema from = {
      .features = 5,
      .feature_names = {"c_x", "c_y", "c_z", "c_missing", "n"},
      .categorical = {
          {.name = "c", .first = 0, .categories = {"x", "y", "z", ""}, .missing = true}}};
  const Dataset table = Unlabelled({1, 0, 0, 0, 5,  //
                                    0, 1, 0, 0, 6,  //
                                    0, 0, 1, 0, 7,  //
                                    0, 0, 0, 1, 8},
                                   from);
  const Schema like = {
      .features = 4,
      .feature_names = {"n", "c_w", "c_y", "c_other"},
      .categorical = {{.name = "c", .first = 1, .categories = {"w", "y", "other"}, .other = true}}};
  const Dataset data = Conformed(table, like);
  EXPECT_THAT(ValuesOf(data, 0), ElementsAre(5, 0, 0, 1)) << "not known";
  EXPECT_THAT(ValuesOf(data, 1), ElementsAre(6, 0, 1, 0));
  EXPECT_THAT(ValuesOf(data, 2), ElementsAre(7, 0, 0, 1));
  EXPECT_THAT(ValuesOf(data, 3), ElementsAre(8, 0, 0, 0)) << "missing, which is no category here";
  EXPECT_EQ(data.schema().categorical, like.categorical);
}

TEST(ConformTest, DatesHaveTheOriginOfTheSchema) {
  const Schema from = {.features = 6,
                       .dates = {{.first = 1, .weekday = true, .hour = true, .origin = 100}}};
  const Dataset table = Unlabelled({9, 5, 0.25, 0.5, 0.75, 1}, from);
  const Schema like = {.features = 4, .dates = {{.first = 1, .hour = true, .origin = 90}}};
  EXPECT_THAT(ValuesOf(Conformed(table, like), 0), ElementsAre(9, 15, 0.75, 1));
  const Schema more = {.features = 4, .dates = {{.first = 1, .weekday = true}}};
  EXPECT_THAT(ValuesOf(Conformed(table, more), 0), ElementsAre(9, 105, 0.25, 0.5));
  Refuses(Unlabelled({9, 5}, {.features = 2, .dates = {{.name = "d", .first = 1}}}), like,
          "found dates without the hour in the column nothing; convert the source again like the "
          "model or the training data");
}

TEST(ConformTest, IndicatorsComeAndGo) {
  const Schema with = {.features = 3, .indicators = {{.feature = 1, .of = 0}}};
  const Schema without = {.features = 2};
  EXPECT_THAT(ValuesOf(Conformed(Unlabelled({7, 1, 8}, with), without), 0), ElementsAre(7, 8));
  EXPECT_THAT(ValuesOf(Conformed(Unlabelled({7, 8}, without), with), 0), ElementsAre(7, 0, 8));
}

TEST(ConformTest, MeansMatterOnlyWhereSomethingWasMissing) {
  Schema from = {.features = 1, .missing = Missing::kMean, .means = {2}};
  const Schema like = {.features = 1, .missing = Missing::kMean, .means = {3}};
  const Dataset table = Unlabelled({1, 3}, from);
  const std::string message =
      "found missing values taken as mean of this file, expected mean of the training data; "
      "convert "
      "the source again like the model or the training data";
  Refuses(table, like, message);
  std::unique_ptr<Dataset::Storage> storage = StorageOf(table);
  auto summary = std::make_shared<DataSummary>();
  storage->summary = summary;
  Conform("t", like, true, *storage);
  EXPECT_EQ(storage->schema.means, like.means);
  storage = StorageOf(table);
  summary->special = {{.name = "x", .missing = 1}};
  storage->summary = summary;
  ExpectError(ErrorCode::kBadData, "t: " + message, [&] { Conform("t", like, true, *storage); });
}

// Any part of the columns, in any order.
TEST(ConformTest, EqualsTheTableOfTheSameColumns) {
  test::Random random(1);
  for (int round = 0; round < 50; ++round) {
    const size_t features = 1 + random.Below(70);
    Schema schema = {.features = features};
    for (size_t f = 0; f < features; ++f) schema.feature_names.push_back("f" + std::to_string(f));
    std::vector<float> values(5 * features);
    for (float& value : values) {
      value = random.Below(3) == 0 ? random.Uniform(-1, 1) : static_cast<float>(random.Below(256));
    }
    std::vector<size_t> chosen;
    for (size_t f = 0; f < features; ++f) {
      if (random.Below(4) > 0) {
        chosen.insert(chosen.begin() + static_cast<ptrdiff_t>(random.Below(chosen.size() + 1)), f);
      }
    }
    if (chosen.empty()) continue;
    Schema like = {.features = chosen.size()};
    std::vector<float> expected;
    for (const size_t f : chosen) like.feature_names.push_back(schema.feature_names[f]);
    for (size_t e = 0; e < 5; ++e) {
      for (const size_t f : chosen) expected.push_back(values[e * features + f]);
    }
    const Dataset data = Conformed(Dataset::FromMemory(values, {}, schema), like);
    const Dataset same = Dataset::FromMemory(expected, {}, like);
    ASSERT_EQ(data.Hash(), same.Hash()) << round;
    ASSERT_EQ(data.element_type(), same.element_type()) << round;
  }
}

}  // namespace
}  // namespace colonnade
