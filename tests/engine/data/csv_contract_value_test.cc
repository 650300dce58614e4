// SPDX-License-Identifier: Apache-2.0
// What fields are worth: numbers however written, dates, missing values, categories.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/csv_tables.h"

namespace colonnade {
namespace {

using test::Column;
using test::ColumnTable;
using test::ReadText;
using test::Refusal;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

// ---- Numbers ----

TEST(CsvContractTest, NumbersHoweverWritten) {
  struct Case {
    std::vector<std::string> fields;
    std::vector<float> values;
    char separator = ',';
  };
  for (const Case& c : std::vector<Case>{
           {{"+5", "-.5", "7.", "1e3", "2.5E-1"}, {5, -0.5F, 7, 1000, 0.25F}},
           {{"\"5\"", "\"   5.75\"", "\" 6 \""}, {5, 5.75F, 6}},
           {{"3,25", "2,5", "7"}, {3.25F, 2.5F, 7}, ';'},
           {{"\"3,25\"", "\"-2,5\"", "7"}, {3.25F, -2.5F, 7}},
           {{"1.234,50", "12.345,25", "7,00"}, {1234.5F, 12345.25F, 7}, ';'},
           {{"\"1,234.50\"", "\"12,345.25\"", "7.00"}, {1234.5F, 12345.25F, 7}},
           {{"\"1,234\"", "\"12,345,678\"", "7"}, {1234, 12345678, 7}},
           {{"1'234.50", "12'345", "7"}, {1234.5F, 12345, 7}},
           {{"1 234,5", "12 345,25", "7,0"}, {1234.5F, 12345.25F, 7}, ';'},
           {{"1\xc2\xa0"
             "234,5",
             "12\xc2\xa0"
             "345",
             "7"},
            {1234.5F, 12345, 7},
            ';'},
           {{"1\xe2\x80\xaf"
             "234,5",
             "-7", "8"},
            {1234.5F, -7, 8},
            ';'},
           {{"\xe2\x88\x92"
             "5.5",
             "4",
             "\xc2\xa0"
             "6"},
            {-5.5F, 4, 6}},
           {{"$5.50", "$1000", "-$3.25"}, {5.5F, 1000, -3.25F}},
           {{"\"$1,234.50\"", "$5", "$-7.25"}, {1234.5F, 5, -7.25F}},
           {{"5,50 \xe2\x82\xac", "10 \xe2\x82\xac", "3,25 \xe2\x82\xac"}, {5.5F, 10, 3.25F}, ';'},
           {{"5%", "10.5 %", "-3%"}, {5, 10.5F, -3}},
           {{"5kg", "10 kg", "3.5kg"}, {5, 10, 3.5F}},
           {{"USD 5", "USD 10.5", "USD -3"}, {5, 10.5F, -3}},
           {{"21\xc2\xb0"
             "C",
             "-3.5 \xc2\xb0"
             "C",
             "0\xc2\xb0"
             "C"},
            {21, -3.5F, 0}},
           {{"true", "FALSE", "True"}, {1, 0, 1}},
           {{"yes", "No", "Y"}, {1, 0, 1}},
           {{"t", "f", "T"}, {1, 0, 1}},
       }) {
    const Dataset data = ReadText(ColumnTable(c.fields, c.separator));
    EXPECT_EQ(data.features(), 1U) << c.fields[0];
    EXPECT_THAT(Column(data, 0), ElementsAreArray(c.values)) << c.fields[0];
  }
}

TEST(CsvContractTest, PointsGroupDigitsWhereOtherColumnsHaveCommas) {
  const Dataset data = ReadText("a;b;label\n1.234;0,5;x\n12.345;1,5;y\n7.500;2,5;x\n");
  EXPECT_THAT(Column(data, 0), ElementsAre(1234, 12345, 7500));
  EXPECT_THAT(Column(ReadText("a;label\n1.234;x\n12.345;y\n"), 0), ElementsAre(1.234F, 12.345F));
  const CsvOptions said = {.decimal = Decimal::kComma};
  EXPECT_THAT(Column(ReadText("a;label\n1.234;x\n12.345;y\n", said), 0), ElementsAre(1234, 12345));
}

TEST(CsvContractTest, NumbersWithMistakesAreBadRows) {
  for (const char* const bad : {"5.5O", "abc", "1.2.3", "0x1F", "--5", "5 5"}) {
    EXPECT_THAT(Refusal(ColumnTable({"1.5", "2.5", bad, "4.5"})),
                HasSubstr("t.csv:4: column 1 ('a'): found '" + std::string(bad) + "'"));
  }
  EXPECT_THAT(Refusal(ColumnTable({"$1.50", "$2.50", "3.50", "$4.50"})),
              HasSubstr("t.csv:4: column 1 ('a'): found '3.50', expected a number with '$'"));
  EXPECT_THAT(Refusal(ColumnTable({"1,5", "2,5", "oops", "4,5"}, ';')),
              HasSubstr("t.csv:4: column 1 ('a'): found 'oops', expected a number with a decimal"));
  EXPECT_THAT(Refusal(ColumnTable({"1", "inf", "3"})),
              HasSubstr("t.csv:3: column 1 ('a'): found 'inf', expected a finite number"));
  EXPECT_THAT(Refusal(ColumnTable({"1", "1e400", "3"})), HasSubstr("t.csv:3: column 1 ('a')"));
  EXPECT_THAT(Column(ReadText(ColumnTable({"1", "1e-400", "3"})), 0), ElementsAre(1, 0, 3));
  EXPECT_THAT(Refusal(ColumnTable({"5k", "1.5M", "3k"})), HasSubstr("multipliers"));
  // Ordinals are categories.
  EXPECT_EQ(ReadText(ColumnTable({"1st", "1st", "2nd"})).schema().categorical.size(), 1U);
}

TEST(CsvContractTest, OffsetsKeepWhatF32WouldMerge) {
  const Dataset data = ReadText(ColumnTable({"1700000001", "1700000002", "1700000003"}));
  const double offset = data.schema().offsets.at(0);
  for (size_t e = 0; e < 3; ++e) {
    EXPECT_EQ(static_cast<double>(test::ValueOf(data, e, 0)) + offset,
              1700000001.0 + static_cast<double>(e));
  }
  const Dataset next =
      ReadText("a\n1700000007\n", {.like = data.schema(), .labels_optional = true});
  EXPECT_EQ(static_cast<double>(test::ValueOf(next, 0, 0)) + offset, 1700000007.0);
  const Dataset target = ReadText("a,y\n1,1000000000.25\n2,1000000000.5\n3,1000000001\n");
  EXPECT_EQ(target.TargetOf(0), 1000000000.25);
  EXPECT_EQ(target.TargetOf(2), 1000000001);
}

// ---- Dates ----

TEST(CsvContractTest, DatesBecomeDays) {
  struct Case {
    std::vector<std::string> fields;
    std::vector<float> days;
  };
  for (const Case& c : std::vector<Case>{
           {{"2021-01-30", "2021-02-28", "2020-12-31"}, {0, 29, -30}},
           {{"2021/01/30", "2021/2/28", "2021/03/01"}, {0, 29, 30}},
           {{"30.01.2021", "28.02.2021", "1.3.2021"}, {0, 29, 30}},
           {{"01/30/2021", "02/28/2021", "3/1/2021"}, {0, 29, 30}},
           {{"30/01/2021", "28/02/2021", "01/03/2021"}, {0, 29, 30}},
           {{"2021-01-30T12:00:00Z", "2021-01-31 06:00", "2021-01-31T01:00:00+01:00"},
            {0.5F, 1.25F, 1}},
           {{"01/30/2021 12:00 PM", "01/30/2021 6:00 PM", "1/31/2021 12:00 AM"}, {0.5F, 0.75F, 1}},
           {{"1899-12-31", "NA", "1900-01-01"}, {0, 0.5F, 1}},
       }) {
    const Dataset data = ReadText(ColumnTable(c.fields), {.dates = Dates::kNumber});
    ASSERT_EQ(data.schema().dates.size(), 1U) << c.fields[0];
    EXPECT_THAT(Column(data, 0), ElementsAreArray(c.days)) << c.fields[0];
  }
}

TEST(CsvContractTest, PartsOfDatesWhereTheyVary) {
  const auto features = [](const std::vector<std::string>& fields, Dates dates) {
    return ReadText(ColumnTable(fields), {.dates = dates}).features();
  };
  EXPECT_EQ(features({"2021-01-30", "2021-02-28"}, Dates::kParts), 3U);
  EXPECT_EQ(features({"2021-01-04", "2021-01-11"}, Dates::kParts), 1U);  // Mondays
  EXPECT_EQ(features({"2021-01-04T06:00", "2021-01-11T18:00"}, Dates::kParts), 3U);
  EXPECT_EQ(features({"2021-01-04T06:00", "2021-01-12T18:00"}, Dates::kParts), 5U);
  EXPECT_EQ(features({"2021-01-30", "2021-02-28"}, Dates::kNumber), 1U);
  const Dataset ignored =
      ReadText("when,w,label\n2021-01-30,1,x\n2021-02-01,2,y\n", {.dates = Dates::kIgnore});
  EXPECT_EQ(ignored.features(), 1U);
}

TEST(CsvContractTest, DatesInDoubtAreRefused) {
  for (const std::vector<std::string>& fields : {
           std::vector<std::string>{"01/02/2021", "02/03/2021"},
           std::vector<std::string>{"30/01/2021", "02/28/2021", "03/01/2021"},
       }) {
    EXPECT_THAT(Refusal(ColumnTable(fields)), HasSubstr("date-format dmy or mdy")) << fields[0];
  }
  const CsvOptions dmy = {.dates = Dates::kNumber, .date_order = DateOrder::kDmy};
  EXPECT_THAT(Column(ReadText(ColumnTable({"01/02/2021", "02/03/2021"}), dmy), 0),
              ElementsAre(0, 29));
  EXPECT_THAT(Refusal(ColumnTable({"2021-02-28", "2021-02-30", "2021-03-01"})),
              HasSubstr("t.csv:3: column 1 ('a'): found '2021-02-30', expected a date"));
}

// ---- Missing ----

TEST(CsvContractTest, WordsForMissingValues) {
  for (const char* const word :
       {"",     "?",    "NA",   "N/A",  "n/a",    "#N/A",    "#N/A N/A", "#NA",      "<NA>",
        "NaN",  "nan",  "-NaN", "-nan", "1.#IND", "1.#QNAN", "-1.#IND",  "-1.#QNAN", "NULL",
        "null", "None", "NaT",  ".",    "-",      "\"\"",    "\"  \"",   "\"NA\"",   " NA "}) {
    const Dataset data = ReadText(ColumnTable({"1", word, "2.5"}));
    EXPECT_THAT(Column(data, 0), ElementsAre(1, 1.75F, 2.5F)) << word;
  }
  // In a column of text a point and a dash are text, and so are words in quotes.
  EXPECT_EQ(ReadText(ColumnTable({"u", ".", "-", "\"NA\"", "NA"})).features(), 5U);
  EXPECT_THAT(Column(ReadText(ColumnTable({"1", "-999", "3"}), {.na_values = {"-999"}}), 0),
              ElementsAre(1, 2, 3));
  EXPECT_THAT(Column(ReadText(ColumnTable({"1", "-999.0", "3"}), {.na_values = {"-999"}}), 0),
              ElementsAre(1, 2, 3));
  EXPECT_THAT(Column(ReadText(ColumnTable({"1", "none yet", "3"}), {.na_values = {"none yet"}}), 0),
              ElementsAre(1, 2, 3));
}

TEST(CsvContractTest, WhatStandsForMissingValues) {
  const std::string text = ColumnTable({"1", "", "3", "11"});
  EXPECT_THAT(Column(ReadText(text), 0), ElementsAre(1, 5, 3, 11));
  EXPECT_THAT(Column(ReadText(text, {.missing = Missing::kMedian}), 0), ElementsAre(1, 3, 3, 11));
  EXPECT_THAT(Column(ReadText(text, {.missing = Missing::kZero}), 0), ElementsAre(1, 0, 3, 11));
  EXPECT_THAT(Column(ReadText(text, {.missing = Missing::kDrop}), 0), ElementsAre(1, 3, 11));
  EXPECT_THAT(Refusal(text, {.missing = Missing::kRefuse}), HasSubstr("t.csv:3: column 1 ('a')"));
  EXPECT_THAT(Refusal(text, {.strict = true}), HasSubstr("t.csv:3: column 1 ('a')"));
  const Dataset indicated = ReadText(text, {.missing_indicator = true});
  EXPECT_THAT(Column(indicated, 1), ElementsAre(0, 1, 0, 0));
  const Dataset throughout = ReadText("a,b,label\n1,,x\n2,NA,y\n");
  EXPECT_EQ(throughout.features(), 1U);
  EXPECT_EQ(throughout.schema().ignored.at(0).reason, "missing throughout");
}

// ---- Text ----

TEST(CsvContractTest, CategoriesBecomeOutputs) {
  const Dataset data = ReadText(ColumnTable({"b", "a", "", "b"}));
  const CategoricalColumn& column = data.schema().categorical.at(0);
  EXPECT_THAT(column.categories, ElementsAre("a", "b", "missing"));
  EXPECT_THAT(Column(data, 0), ElementsAre(0, 1, 0, 0));
  EXPECT_THAT(Column(data, 2), ElementsAre(0, 0, 1, 0));
  EXPECT_THAT(ReadText(ColumnTable({"10", "9", "10"}), {.categorical = {"a"}})
                  .schema()
                  .categorical.at(0)
                  .categories,
              ElementsAre("9", "10"));
  EXPECT_THAT(ReadText(ColumnTable({"01", "1", "01"}), {.categorical = {"a"}})
                  .schema()
                  .categorical.at(0)
                  .categories,
              ElementsAre("01", "1"));
}

TEST(CsvContractTest, ManyCategories) {
  const auto features = [](size_t rows, size_t different, const CsvOptions& options = {}) {
    std::string text = "w,a,label\n";
    for (size_t i = 0; i < rows; ++i) {
      text += fmt::format("{}.5,c{},{}\n", i % 7, i * i % different, i % 2);
    }
    return ReadText(text, options).features() - 1;
  };
  const auto cycle = [](size_t rows, size_t different, const CsvOptions& options = {}) {
    std::string text = "w,a,label\n";
    for (size_t i = 0; i < rows; ++i) {
      text += fmt::format("{}.5,c{},{}\n", i % 7, i % different, i % 2);
    }
    return ReadText(text, options).features() - 1;
  };
  EXPECT_EQ(cycle(200, 64), 64U);
  EXPECT_EQ(cycle(200, 65), 65U);  // 64, and one for the rest
  EXPECT_EQ(cycle(650, 65), 65U);  // each of its own
  EXPECT_EQ(cycle(2550, 255), 255U);
  EXPECT_EQ(cycle(2560, 256), 256U);  // 255, and one for the rest
  EXPECT_EQ(cycle(21, 21), 0U);       // an identifier
  EXPECT_EQ(cycle(300, 200), 0U);
  EXPECT_EQ(cycle(20, 20), 20U);
  EXPECT_EQ(cycle(300, 10, {.max_categories = 3}), 4U);
  EXPECT_EQ(cycle(300, 200, {.categorical = {"a"}}), 200U);
  EXPECT_EQ(features(50, 4), 2U);
}

}  // namespace
}  // namespace colonnade
