// SPDX-License-Identifier: Apache-2.0
// Damaged tables, tables that must fit others, and columns with parts of their own.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/csv_tables.h"

namespace colonnade {
namespace {

using test::Column;
using test::LabelTextsOf;
using test::ReadText;
using test::Refusal;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- Damage ----

TEST(CsvContractTest, BlankLinesAreNoRows) {
  const Dataset data = ReadText("\n\na,label\n\n1,x\n   \n\t\n2,y\r\n\r\n\n");
  EXPECT_THAT(Column(data, 0), ElementsAre(1, 2));
}

TEST(CsvContractTest, BadRowsAreRefusedOrSkipped) {
  const auto table = [](size_t bad) {
    std::string text = "a,b,label\n";
    for (size_t i = 0; i < 100; ++i) {
      text += i < bad ? "oops,1,x\n" : fmt::format("{}.5,2,{}\n", i % 9, i % 2 == 0 ? "x" : "y");
    }
    return text;
  };
  EXPECT_THAT(Refusal(table(3)), HasSubstr("t.csv:2: column 1 ('a'): found 'oops'"));
  const Dataset some = ReadText(table(10), {.bad_rows = BadRows::kSkip});
  EXPECT_EQ(some.examples(), 90U);
  EXPECT_EQ(some.summary().bad_rows, 10U);
  EXPECT_EQ(some.summary().bad.size(), 10U);
  EXPECT_THAT(some.summary().bad[9], HasSubstr("t.csv:11: "));
  EXPECT_THAT(Refusal(table(11), {.bad_rows = BadRows::kSkip}), HasSubstr("11 of 100 rows"));
  EXPECT_EQ(ReadText(table(40), {.bad_rows = BadRows::kSkipAny}).examples(), 60U);
  // A bad row takes no part in anything.
  EXPECT_THAT(ReadText("a,b,label\n1.5,u,x\nno,v,z\n2.5,w,y\n", {.bad_rows = BadRows::kSkipAny})
                  .schema()
                  .feature_names,
              ElementsAre("a", "b_u", "b_w"));
}

TEST(CsvContractTest, QuotesWithinFieldsAreText) {
  const Dataset data = ReadText("name,w,label\n5\" pipe,1,x\nthe \"big\" one,2,y\n6' 2\",3,x\n");
  EXPECT_THAT(data.schema().categorical.at(0).categories,
              ElementsAre("5\" pipe", "6' 2\"", "the \"big\" one"));
}

TEST(CsvContractTest, QuotesThatDoNotClose) {
  for (const size_t rows : {size_t{30}, size_t{3000}}) {
    for (const std::vector<std::string>& ignored : {std::vector<std::string>{}, {"name"}}) {
      std::string text = "a,name,label\n";
      for (size_t i = 0; i < rows; ++i) {
        text += fmt::format("{}.5,{}n{},{}\n", i % 9, i == 5 ? "\"" : "", i % 3, i % 2);
      }
      EXPECT_THAT(Refusal(text, {.ignore_columns = ignored}),
                  HasSubstr("t.csv:7: column 2 ('name'): found quotes that are not closed"));
      const CsvOptions skip = {.bad_rows = BadRows::kSkip, .ignore_columns = ignored};
      EXPECT_EQ(ReadText(text, skip).examples(), rows - 1);
      EXPECT_EQ(ReadText(text, {.quote = '\0'}).examples(), rows);
    }
  }
}

TEST(CsvContractTest, QuotesThatCloseAtAnOddPlace) {
  const std::string text = "a,name,label\n1,\"big,x\n2,ok,y\n3,a \"small\",y\n4,ok,x\n";
  const std::string problem = Refusal(text);
  EXPECT_THAT(problem, HasSubstr("t.csv:2: column 2 ('name')"));
  EXPECT_THAT(problem, HasSubstr("close in line 4"));
  EXPECT_THAT(Refusal(text, {.ignore_columns = {"name"}}), HasSubstr("t.csv:2: column 2"));
  EXPECT_EQ(ReadText(text, {.quote = '\0'}).examples(), 4U);
}

TEST(CsvContractTest, LinesWithinQuotes) {
  std::string text = "a,name,label\n1,\"";
  for (int i = 0; i < 999; ++i) text += "line\n";
  const Dataset data = ReadText(text + "\",x\n2,ok,y\n");
  EXPECT_EQ(data.examples(), 2U);
  EXPECT_THAT(data.notes(), testing::Contains(HasSubstr("span lines, the first in line 2")));
}

TEST(CsvContractTest, OtherQuotes) {
  EXPECT_THAT(LabelTextsOf(ReadText("a,label\n1,'x,y'\n2,'it''s'\n", {.quote = '\''})),
              ElementsAre("x,y", "it's"));
  const CsvOptions escape = {.escape = '\\'};
  EXPECT_THAT(LabelTextsOf(ReadText("a,label\n1,\"x \\\"y\\\", z\"\n2,\"\\\\\"\n", escape)),
              ElementsAre("x \"y\", z", "\\"));
  EXPECT_THAT(Refusal("a,label\n1,\"x \\\"y\\\", z\"\n2,u\n"), HasSubstr("escape \\ says"));
}

// ---- Tables that must fit ----

Schema TrainedOn() {
  std::string text = "when,w,kind,paid,label\n";
  for (int i = 0; i < 12; ++i) {
    text += fmt::format("2021-01-{:02},{}.5,{},${}.25,{}\n", i + 1, i, i % 3 == 0 ? "oak" : "elm",
                        i * 3, i % 2 == 0 ? "x" : "y");
  }
  return ReadText(text, {.dates = Dates::kNumber}).schema();
}

TEST(CsvContractTest, ColumnsByNameInAnyOrder) {
  const Schema like = TrainedOn();
  const Dataset data =
      ReadText("label,paid,extra,kind,w,when\ny,$5.25,9,elm,2.5,2021-01-03\n", {.like = like});
  EXPECT_EQ(data.schema().feature_names, like.feature_names);
  EXPECT_THAT(std::vector<float>(data.FloatsOf(0), data.FloatsOf(0) + 5),
              ElementsAre(2, 2.5F, 1, 0, 5.25F));
  EXPECT_THAT(LabelTextsOf(data), ElementsAre("y"));
  EXPECT_THAT(data.notes(), ElementsAre(HasSubstr("ignored 1 unknown column: 'extra'")));
  EXPECT_THAT(Refusal("label,paid,kind,W,when\ny,$5.25,elm,2.5,2021-01-03\n", {.like = like}),
              HasSubstr("no column 'w'; there is 'W'"));
}

TEST(CsvContractTest, WithoutLabels) {
  const Schema like = TrainedOn();
  const CsvOptions predict = {.like = like, .labels_optional = true, .keep_columns = {"Id"}};
  const Dataset data = ReadText(
      "Id,when,w,kind,paid\n007,2021-01-03,2.5,elm,5\n 8 "
      ",2021-02-03,,elm,$5\n9,2021-01-03,1,ash,1\n",
      predict);
  EXPECT_FALSE(data.labelled());
  EXPECT_THAT(data.incomplete(), ElementsAre(1));
  EXPECT_THAT(data.texts().at(0).values, ElementsAre("007", "8", "9"));
  EXPECT_EQ(test::ValueOf(data, 2, 2) + test::ValueOf(data, 2, 3), 0);  // an unknown category
  EXPECT_THAT(data.notes(), ElementsAre(HasSubstr("1 row with unknown categories")));
  // One row goes by the names, whatever it looks like.
  const Schema texts = ReadText("u,v,label\na,b,x\nc,d,y\na,b,x\nc,d,y\n").schema();
  EXPECT_EQ(ReadText("u,v\na,d\n", {.like = texts, .labels_optional = true}).examples(), 1U);
}

TEST(CsvContractTest, MeansOfTheModelStandForMissingValues) {
  const Schema like = ReadText("a,b,label\n1,u,x\n3,,y\n,v,x\n").schema();
  const Dataset data = ReadText("a,b\n,\n5,u\n", {.like = like, .labels_optional = true});
  EXPECT_THAT(data.incomplete(), IsEmpty());
  EXPECT_THAT(Column(data, 0), ElementsAre(2, 5));
  EXPECT_THAT(Column(data, 1), ElementsAre(1, 0));  // the indicator
  EXPECT_THAT(Column(data, 4), ElementsAre(1, 0));  // the category of missing values
}

// ---- Parts of their own ----

TEST(CsvContractTest, WeightsGroupsAndTimes) {
  const std::string text =
      "w,g,t,a,label\n0.5,u,2021-01-02,1,x\n2,v,2021-01-01,2,y\n0,u,2021-01-05,3,x\n";
  const Dataset data =
      ReadText(text, {.weight_column = "w", .group_column = "g", .time_column = "t"});
  EXPECT_THAT(data.weights(), ElementsAre(0.5F, 2, 0));
  EXPECT_THAT(data.groups(), ElementsAre(0, 1, 0));
  EXPECT_THAT(data.times(), ElementsAre(18629, 18628, 18632));
  EXPECT_EQ(data.features(), 1U);
  EXPECT_THAT(Refusal("w,a,label\n1,1,x\n-1,2,y\n", {.weight_column = "w"}),
              HasSubstr("t.csv:3: column 1 ('w'): found '-1'"));
  EXPECT_THAT(Refusal("w,a,label\n0,1,x\n0,2,y\n", {.weight_column = "w"}), HasSubstr("all 0"));
  EXPECT_THAT(Refusal("w,a,label\n1,1,x\n1,2,y\n", {.weight_column = "w", .ignore_columns = {"w"}}),
              HasSubstr("cannot be both weight and ignored"));
}

TEST(CsvContractTest, TheBlock) {
  std::string text = "id,when,w,h,kind,label\n";
  for (int i = 0; i < 1200; ++i) {
    text += fmt::format("u{},2021-01-{:02},{}.5,{},{},{}\n", i, i % 28 + 1, i % 90,
                        i % 3 == 0 ? "" : "7.5", i % 2 == 0 ? "oak" : "elm", i % 4);
  }
  const std::vector<std::string> lines = Lines(ReadText(text).summary());
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_THAT(lines[0], HasSubstr("t.csv: 1,200 rows; separator ','; header"));
  EXPECT_EQ(lines[1], "label    label (4 classes: 0 300, 1 300, 2 300, 3 300)");
  EXPECT_THAT(lines[2], HasSubstr("h (400 missing, mean)"));
  EXPECT_THAT(lines[3], HasSubstr("when"));
  EXPECT_EQ(lines[4], "category kind 2; 1 column → 2 features");
  EXPECT_EQ(lines[5], "left out id (1,200 different texts in 1,200 rows)");
}

}  // namespace
}  // namespace colonnade
