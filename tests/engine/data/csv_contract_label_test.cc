// SPDX-License-Identifier: Apache-2.0
// Which column is the label, what it is read as, and what is left out.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/support/csv_tables.h"

namespace colonnade {
namespace {

using test::LabelTextsOf;
using test::ReadText;
using test::Refusal;
using testing::ElementsAre;
using testing::HasSubstr;

std::string Rows(const char* header, size_t count, const std::function<std::string(size_t)>& row) {
  std::string text = header;
  for (size_t i = 0; i < count; ++i) text += row(i) + "\n";
  return text;
}

// ---- Which column ----

TEST(CsvContractTest, LabelByName) {
  for (const char* const name : {"label", "Target", "CLASS", "y", " Label "}) {
    const std::string text = fmt::format("w,{},h\n1.5,oak,2\n2.5,elm,3\n", name);
    EXPECT_EQ(ReadText(text).schema().label_index, 1U) << name;
  }
}

TEST(CsvContractTest, LabelByEvidence) {
  // The last, behind an index.
  const Dataset last = ReadText(Rows("Id,size,price\n", 120, [](size_t i) {
    return fmt::format("{},{},{}.5", i + 1, i * 3 % 40, 100'000 + i * 917 % 5000);
  }));
  EXPECT_EQ(last.schema().label_name, "price");
  EXPECT_THAT(last.schema().feature_names, ElementsAre("size"));
  // The first, where it has few values and the last has many.
  const Dataset first = ReadText(Rows("kind,w,h\n", 60, [](size_t i) {
    return fmt::format("{},{}.25,{}.5", i % 3 == 0 ? "oak" : "elm", i, i * i);
  }));
  EXPECT_EQ(first.schema().label_name, "kind");
  // Of pixels the first.
  EXPECT_EQ(ReadText("7,0,255,3\n2,0,0,9\n1,7,255,3\n").schema().label_index, 0U);
}

TEST(CsvContractTest, IndexesAreNoFeatures) {
  for (const size_t start : {size_t{0}, size_t{1}}) {
    const auto row = [&](size_t i) { return fmt::format("{},{}.5,{}", i + start, i % 7, i % 2); };
    const Dataset data = ReadText(Rows("n,w,kind\n", 30, row));
    EXPECT_THAT(data.schema().feature_names, ElementsAre("w"));
    ASSERT_EQ(data.schema().ignored.size(), 1U);
    EXPECT_THAT(data.schema().ignored[0].reason, HasSubstr("index"));
    // Asked for, it is one.
    EXPECT_THAT(
        ReadText(Rows("n,w,kind\n", 30, row), {.columns = {"n", "w"}}).schema().feature_names,
        ElementsAre("n", "w"));
  }
  // A column that only starts as one.
  const auto late = [](size_t i) {
    return fmt::format("{},{}.5,{}", i == 29 ? 7 : i, i % 7, i % 2);
  };
  EXPECT_EQ(ReadText(Rows("n,w,kind\n", 30, late)).features(), 2U);
  const Dataset unnamed = ReadText(",w,kind\n5,1.5,oak\n9,2.5,elm\n");
  EXPECT_THAT(unnamed.schema().feature_names, ElementsAre("w"));
}

// ---- Classes or numbers ----

TEST(CsvContractTest, NumbersToPredict) {
  const auto table = [](size_t rows, const std::function<std::string(size_t)>& label) {
    return Rows("w,y\n", rows,
                [&](size_t i) { return fmt::format("{}.5,{}", i * 7 % 11, label(i)); });
  };
  const auto half = [](size_t i) { return fmt::format("{}.5", i % 3); };
  const auto thirty = [](size_t i) { return fmt::format("{}", i % 30); };
  EXPECT_TRUE(ReadText(table(12, half)).regression());
  EXPECT_FALSE(ReadText(table(12, half), {.task = Task::kClassify}).regression());
  EXPECT_TRUE(ReadText(table(120, thirty)).regression());
  EXPECT_FALSE(ReadText(table(99, thirty)).regression());   // too few rows to tell
  EXPECT_FALSE(ReadText(table(400, thirty)).regression());  // they come again and again
  EXPECT_FALSE(
      ReadText(table(120, [](size_t i) { return fmt::format("{}", i % 20); })).regression());
  EXPECT_TRUE(ReadText(table(99, thirty), {.task = Task::kRegress}).regression());
  const Dataset money = ReadText(table(30, [](size_t i) { return fmt::format("\"${},500\"", i); }));
  EXPECT_TRUE(money.regression());
  EXPECT_EQ(money.TargetOf(3), 3500);
  const Dataset share = ReadText(table(30, [](size_t i) { return fmt::format("{}%", i); }));
  EXPECT_EQ(share.TargetOf(3), 3);
  EXPECT_EQ(share.schema().label_format.unit, "%");
}

TEST(CsvContractTest, AsManyClassesAsRowsAreRefused) {
  const auto table = [](size_t rows) {
    return Rows("w,y\n", rows, [](size_t i) { return fmt::format("{}.5,u{}", i % 5, i); });
  };
  EXPECT_THAT(Refusal(table(25)), HasSubstr("25 different labels in 25 rows"));
  EXPECT_EQ(ReadText(table(20)).classes(), 20U);
  EXPECT_EQ(ReadText(table(25), {.task = Task::kClassify}).classes(), 25U);
}

TEST(CsvContractTest, LargeIntegersAreText) {
  const Dataset data =
      ReadText("w,y\n1,9007199254740993\n2,9007199254740992\n3,9007199254740993\n");
  EXPECT_THAT(data.schema().classes, ElementsAre("9007199254740992", "9007199254740993"));
}

// ---- Spelling ----

TEST(CsvContractTest, LabelsAreAsWritten) {
  struct Case {
    std::vector<std::string> labels;
    std::vector<std::string> classes;
  };
  for (const Case& c : std::vector<Case>{
           {{"10", "9", "10"}, {"9", "10"}},
           {{"001", "1", "01"}, {"001", "01", "1"}},
           {{"+1", "-1", "+1"}, {"-1", "+1"}},
           {{"1.0", "0.0", "1.0"}, {"0.0", "1.0"}},
           {{"1.0", "1", "0"}, {"0", "1", "1.0"}},
           {{"\"1\"", "oak", "\" 0 \""}, {"0", "1", "oak"}},
           {{"-0", "0", "1"}, {"-0", "0", "1"}},
           {{"true", "false", "TRUE"}, {"TRUE", "false", "true"}},
           {{"yes", "no", "yes"}, {"no", "yes"}},
           {{"\"a,b\"", "\"say \"\"so\"\"\"", "c"}, {"a,b", "c", "say \"so\""}},
       }) {
    std::string text = "w,label\n";
    for (size_t i = 0; i < c.labels.size(); ++i) {
      text += fmt::format("{}.5,{}\n", i * i, c.labels[i]);
    }
    const Dataset data = ReadText(text);
    EXPECT_FALSE(data.regression()) << text;
    EXPECT_EQ(data.schema().classes, c.classes) << text;
  }
}

TEST(CsvContractTest, LabelsOfAnotherTableFitBySpellingOrNumber) {
  const Dataset model = ReadText("w,y\n1,01\n2,02\n3,01\n");
  EXPECT_THAT(LabelTextsOf(ReadText("w,y\n5,1\n6,2\n7,01\n", {.like = model.schema()})),
              ElementsAre("01", "02", "01"));
  EXPECT_THAT(Refusal("w,y\n5,1\n6,3\n", {.like = model.schema()}),
              HasSubstr("t.csv:3: column 2 ('y'): found '3', expected one of the classes 01, 02"));
}

// ---- Missing labels ----

TEST(CsvContractTest, MissingLabels) {
  const std::string text = "w,y\n1.5,oak\n2.5,\n3.5,NA\n4.5,elm\n";
  EXPECT_THAT(Refusal(text), HasSubstr("t.csv:3: column 2 ('y'): found nothing"));
  const Dataset dropped = ReadText(text, {.missing = Missing::kDrop});
  EXPECT_EQ(dropped.examples(), 2U);
  EXPECT_EQ(dropped.summary().dropped, 2U);
  EXPECT_THAT(ReadText("w,y\n1.5,EU\n2.5,NA\n3.5,NA\n", {.keep_na = true}).schema().classes,
              ElementsAre("EU", "NA"));
  EXPECT_THAT(ReadText("w,y\n1.5,EU\n2.5,\"NA\"\n3.5,EU\n").schema().classes,
              ElementsAre("EU", "NA"));
}

}  // namespace
}  // namespace colonnade
