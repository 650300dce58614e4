// SPDX-License-Identifier: Apache-2.0
#include "engine/data/schema_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "engine/data/summary_json.h"
#include "tests/support/errors.h"
#include "tests/support/random.h"

// Designated initializers leave the other members at their defaults, which is the point of them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace colonnade {
namespace {

using test::ExpectError;
using test::Random;
using ::testing::HasSubstr;

JsonNode Node(const std::string& text) {
  return {{.value = ParseJson<Json32>(text).value_or(nullptr),
           .code = ErrorCode::kBadModel,
           .file = "m"},
          "schema"};
}

Schema RoundTrip(const Schema& schema) { return ReadSchema(Node(ToJson(schema).dump())); }

void ExpectSame(const Schema& found, const Schema& expected) {
  EXPECT_EQ(found.features, expected.features);
  EXPECT_EQ(found.feature_names, expected.feature_names);
  EXPECT_EQ(found.label_name, expected.label_name);
  EXPECT_EQ(found.label_index, expected.label_index);
  EXPECT_EQ(found.classes, expected.classes);
  EXPECT_EQ(found.categorical, expected.categorical);
  EXPECT_EQ(found.ignored, expected.ignored);
  EXPECT_EQ(found.dates, expected.dates);
  EXPECT_EQ(found.formats, expected.formats);
  EXPECT_EQ(found.indicators, expected.indicators);
  EXPECT_EQ(found.label_format, expected.label_format);
  EXPECT_EQ(found.missing, expected.missing);
  EXPECT_EQ(found.na_values, expected.na_values);
  EXPECT_EQ(found.keep_na, expected.keep_na);
  EXPECT_EQ(found.means, expected.means);
  EXPECT_EQ(found.offsets, expected.offsets);
  EXPECT_EQ(found.target_offset, expected.target_offset);
}

std::string RandomText(Random& random) {
  static const std::vector<std::string> kTexts = {
      "", "a", "x,y", "\"q\"", "\xc3\xa9", "\xff\xfe", "line\nend", "NA", "0.5"};
  return kTexts[random.Below(kTexts.size())];
}

double RandomOffset(Random& random) {
  const double mantissa = static_cast<double>(random.Next() >> 11);
  return (random.Below(2) == 0 ? -1 : 1) *
         std::ldexp(mantissa, static_cast<int>(random.Below(100)) - 80);
}

NumberFormat RandomFormat(Random& random) {
  NumberFormat format = {.unit = random.Below(2) == 0 ? "" : "€", .boolean = random.Below(5) == 0};
  if (random.Below(2) == 0) format.decimal = ',';
  if (random.Below(2) == 0) format.thousands = format.decimal == ',' ? '.' : '\'';
  return format;
}

// One that fits together.
Schema RandomSchema(Random& random) {
  Schema schema;
  for (size_t columns = 1 + random.Below(8); columns > 0; --columns) {
    const size_t first = schema.features;
    switch (random.Below(4)) {
      case 0: {
        CategoricalColumn column = {.name = RandomText(random), .first = first};
        for (size_t i = 1 + random.Below(3); i > 0; --i) {
          column.categories.push_back(RandomText(random));
        }
        column.other = random.Below(2) == 0;
        column.missing = column.categories.size() > 1 && random.Below(2) == 0;
        schema.features += column.categories.size();
        schema.categorical.push_back(std::move(column));
        break;
      }
      case 1: {
        const DateColumn column = {
            .name = RandomText(random),
            .first = first,
            .weekday = random.Below(2) == 0,
            .hour = random.Below(2) == 0,
            .origin = static_cast<int64_t>(random.Below(40000)) - 20000,
            .order = random.Below(2) == 0 ? DateOrder::kDmy : DateOrder::kYmd};
        schema.features += column.features();
        schema.dates.push_back(column);
        break;
      }
      default:
        if (random.Below(3) == 0) {
          schema.formats.push_back({.feature = first, .format = RandomFormat(random)});
        }
        ++schema.features;
        break;
    }
    if (random.Below(4) == 0 &&
        (schema.categorical.empty() || schema.categorical.back().first != first)) {
      schema.indicators.push_back({.feature = schema.features++, .of = first});
    }
  }
  for (size_t f = 0; f < schema.features; ++f) schema.feature_names.push_back(RandomText(random));
  if (random.Below(3) == 0) schema.feature_names.clear();
  for (size_t i = random.Below(3); i > 0; --i) schema.classes.push_back(RandomText(random));
  for (size_t i = random.Below(3); i > 0; --i) {
    schema.ignored.push_back({.name = RandomText(random),
                              .index = random.Below(1000),
                              .weight = random.Below(4) == 0,
                              .reason = RandomText(random)});
  }
  schema.label_name = RandomText(random);
  schema.label_format = RandomFormat(random);
  schema.missing = NamesOf(Missing())[random.Below(NamesOf(Missing()).size())].value;
  if (schema.missing == Missing::kMean || schema.missing == Missing::kMedian) {
    for (size_t f = 0; f < schema.features; ++f) schema.means.push_back(random.Uniform(-9, 9));
  }
  for (size_t i = random.Below(3); i > 0; --i) schema.na_values.push_back(RandomText(random));
  schema.keep_na = random.Below(2) == 0;
  if (random.Below(2) == 0) {
    schema.offsets.resize(schema.features);
    schema.offsets[random.Below(schema.features)] = RandomOffset(random);
    schema.offsets[random.Below(schema.features)] = 1.7e9;
  }
  if (random.Below(2) == 0) schema.target_offset = RandomOffset(random);
  return schema;
}

TEST(SchemaJsonTest, WhatGoesWithoutSayingIsNotWritten) {
  const Schema plain = {.features = 2,
                        .feature_names = {"a", "b"},
                        .label_name = "y",
                        .classes = {"0", "1"},
                        .categorical = {{.name = "a", .first = 0, .categories = {"x"}}},
                        .ignored = {{.name = "id", .index = 2}},
                        .missing = Missing::kMean,
                        .means = {1, 1},
                        .offsets = {0, 0}};
  EXPECT_EQ(ToJson(plain).dump(),
            R"({"features":2,"feature_names":["a","b"],"label_name":"y","label_index":0,)"
            R"("classes":["0","1"],"categorical":[{"name":"a","first":0,"categories":["x"]}],)"
            R"("ignored":[{"name":"id","index":2}],"missing":"mean","means":1.0})");
  EXPECT_EQ(VersionFor(plain), 2u);
}

TEST(SchemaJsonTest, SaysTheRest) {
  Schema schema = {.features = 4};
  schema.ignored = {{.name = "id", .index = 2, .reason = "an index"}};
  schema.dates = {{.name = "d", .first = 2, .origin = -5, .order = DateOrder::kMdy}};
  schema.formats = {{.feature = 0, .format = {.decimal = ',', .thousands = '.', .unit = "$"}}};
  schema.indicators = {{.feature = 1, .of = 0}};
  schema.label_format = {.unit = "%"};
  schema.na_values = {"n"};
  schema.keep_na = true;
  schema.offsets = {0.1, 0, 0, 1.7e9};
  schema.target_offset = 1e300;
  const std::string json = ToJson(schema).dump();
  EXPECT_THAT(json,
              HasSubstr(R"("ignored":[{"name":"id","index":2,"reason":"an index"}],)"
                        R"("dates":[{"name":"d","first":2,"origin":-5,"order":"mdy"}],)"
                        R"("formats":[{"feature":0,"decimal":",","thousands":".","unit":"$"}],)"
                        R"("indicators":[{"feature":1,"of":0}],"label_format":{"unit":"%"},)"
                        R"("na_values":["n"],"keep_na":true,)"
                        R"("offsets":[{"feature":0,"offset":"0.1"},)"
                        R"({"feature":3,"offset":"1700000000"}],"target_offset":"1e+300"})"));
  EXPECT_EQ(VersionFor(schema), 3u);
}

TEST(SchemaJsonTest, RandomSchemasComeBack) {
  Random random(1);
  for (int round = 0; round < 500; ++round) {
    const Schema schema = RandomSchema(random);
    const auto mismatch = FindMismatch(schema);
    ASSERT_FALSE(mismatch) << round << ' ' << Error(ErrorCode::kBadData, *mismatch).what();
    ExpectSame(RoundTrip(schema), schema);
    if (testing::Test::HasFailure()) FAIL() << round << ": " << ToJson(schema).dump();
  }
}

TEST(SchemaJsonTest, RefusesTextOfAnotherForm) {
  const std::string start =
      R"({"features":2,"feature_names":[],"label_name":"","label_index":0,"classes":[])";
  const auto refuses = [&](const std::string& member, const std::string& message) {
    ExpectError(ErrorCode::kBadModel, "m: schema" + message,
                [&] { return ReadSchema(Node(start + "," + member + "}")); });
  };
  refuses(R"("dates":{})", ".dates: found an object, expected an array");
  refuses(R"("dates":[{"name":"d","first":0,"origin":1e9}])",
          ".dates[0].origin: found 1e+09, expected an integer from -10000000 to 10000000");
  refuses(R"("dates":[{"name":"d","first":0,"origin":-10000001}])",
          ".dates[0].origin: found -10000001, expected an integer from -10000000 to 10000000");
  refuses(R"("dates":[{"name":"d","first":0,"order":"auto"}])",
          ".dates[0].order: found \"auto\", expected \"ymd\", \"dmy\" or \"mdy\"");
  refuses(R"("dates":[{"name":"d","first":99999999}])",
          ".dates[0].first: found 99999999, expected an integer from 0 to 1048576");
  refuses(R"("dates":[{"name":"d","first":0,"hour":1}])",
          ".dates[0].hour: found 1, expected true or false");
  refuses(R"("formats":[{"feature":0,"decimal":"x"}])",
          ".formats[0].decimal: found \"x\", expected one of the characters \".,\"");
  refuses(R"("label_format":{"decimal":",","thousands":","})",
          ".label_format: found an object, expected two characters for fraction and thousands");
  refuses(R"("indicators":[{"feature":-1,"of":0}])",
          ".indicators[0].feature: found -1, expected an integer from 0 to 1048576");
  refuses(R"("offsets":[{"feature":2,"offset":"1"}])",
          ".offsets[0].feature: found 2, expected an integer from 0 to 1");
  for (const char* offset : {"nan", "inf", "1e400", "", "1x", " 1"}) {
    refuses(R"("offsets":[{"feature":0,"offset":")" + std::string(offset) + R"("}])",
            ".offsets[0].offset: found \"" + std::string(offset) +
                "\", expected a finite number as a string");
  }
  refuses(R"("target_offset":1)", ".target_offset: found 1, expected a string");
  refuses(R"("na_values":"x")", ".na_values: found \"x\", expected an array");
  refuses(R"("keep_na":"x")", ".keep_na: found \"x\", expected true or false");
  refuses(R"("missing":"refuse")",
          ".missing: found \"refuse\", expected \"mean\", \"median\", \"zero\" or \"drop\"");
}

TEST(SchemaJsonTest, FindsWhatDoesNotFitTogether) {
  const auto finds = [](const Schema& schema, const std::string& message) {
    const auto mismatch = FindMismatch(schema);
    ASSERT_TRUE(mismatch) << message;
    EXPECT_EQ(Error(ErrorCode::kBadData, *mismatch).what(), message);
  };
  const CategoricalColumn two = {.name = "c", .first = 1, .categories = {"x", "y"}};
  finds({.features = 2, .categorical = {two}},
        "schema.categorical[0]: found 2 categories from feature 1 on, expected features of their "
        "own among 2");
  finds({.features = 4, .categorical = {two}, .dates = {{.first = 2}}},
        "schema.dates[0]: found 1 features from feature 2 on, expected features of their own "
        "among 4");
  finds({.features = 4, .categorical = {two}, .dates = {{.first = 0, .hour = true}}},
        "schema.categorical[0]: found 2 categories from feature 1 on, expected features of their "
        "own among 4");
  finds({.features = 4, .dates = {{.first = 2}, {.first = 0}}},
        "schema.dates[1]: found 1 features from feature 0 on, expected features of their own "
        "among 4");
  finds({.features = 2, .categorical = {{.categories = {"x"}, .other = true, .missing = true}}},
        "schema.categorical[0]: found 1 categories, expected one for other and one for missing "
        "values");
  finds({.features = 4, .categorical = {two}, .formats = {{.feature = 2}}},
        "schema.formats[0]: found feature 2, expected the next one of numbers among 4");
  finds({.features = 4, .formats = {{.feature = 2}, {.feature = 2}}},
        "schema.formats[1]: found feature 2, expected the next one of numbers among 4");
  for (const MissingIndicator indicator :
       {MissingIndicator{.feature = 0, .of = 0}, MissingIndicator{.feature = 2, .of = 0},
        MissingIndicator{.feature = 4, .of = 3}, MissingIndicator{.feature = 0, .of = SIZE_MAX}}) {
    EXPECT_TRUE(FindMismatch({.features = 4, .indicators = {indicator}}));
  }
  EXPECT_TRUE(FindMismatch({.features = 4, .categorical = {two}, .indicators = {{2, 1}}}));
  EXPECT_TRUE(FindMismatch({.features = 4, .indicators = {{1, 0}, {2, 1}}})) << "of an indicator";
  EXPECT_FALSE(FindMismatch({.features = 4, .dates = {{.weekday = true}}, .indicators = {{3, 0}}}));
  finds({.features = 2, .offsets = {1}}, "schema.offsets: found 1, expected 2 or none");
  finds({.features = 1, .offsets = {std::numeric_limits<double>::infinity()}},
        "schema.offsets[0]: found inf, expected a finite number");
  finds({.features = 1, .missing = Missing::kMedian}, "schema.means: found 0, expected 1");
}

TEST(SummaryJsonTest, ComesBack) {
  DataSummary summary;
  EXPECT_EQ(SummaryJson(summary).dump(), "{}");
  summary.source = "t.csv";
  summary.files = 3;
  summary.rows = 7043;
  summary.bad = {"t.csv:3: found"};
  summary.header = true;
  summary.classes = {{"No", 5174}, {"\xff", 1869}};
  summary.special = {{.name = "id", .role = ColumnRole::kIgnored, .features = 0, .note = "n"},
                     {.name = "x", .missing = 11}};
  const std::string json = SummaryJson(summary).dump();
  EXPECT_EQ(json,
            R"({"source":"t.csv","files":3,"rows":7043,"bad":["t.csv:3: found"],"header":true,)"
            R"("classes":[["No",5174],[[255],1869]],"special":[{"name":"id","role":"ignored",)"
            R"("features":0,"note":"n"},{"name":"x","missing":11}]})");
  EXPECT_EQ(SummaryJson(ReadSummary(Node(json))).dump(), json);
  for (const char* bad : {"[]", R"({"rows":-1})", R"({"files":"x"})", R"({"classes":[["a"]]})",
                          R"({"classes":{}})", R"({"special":[1]})", R"({"header":0})",
                          R"({"special":[{"role":"king"}]})", R"({"rows":18446744073709551615})"}) {
    EXPECT_THROW(ReadSummary(Node(bad)), Error) << bad;
  }
}

}  // namespace
}  // namespace colonnade
