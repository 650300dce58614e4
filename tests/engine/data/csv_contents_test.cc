// SPDX-License-Identifier: Apache-2.0
// What tables hold beyond numbers: text labels, categories, missing values, columns to leave out,
// and how later files fit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"
#include "tests/support/temp_dir.h"

// Designated initializers leave the other members at their defaults, which is the point of them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace colonnade {
namespace {

using test::ExpectError;
using test::LabelsOf;
using test::TempDir;
using test::ValuesOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Dataset Read(const std::string& text, const CsvOptions& options = {}) {
  const TempDir dir;
  return ReadCsv(dir.WriteFile("t.csv", text), options);
}

TEST(CsvContentsTest, TextLabelsBecomeSortedClasses) {
  const CsvOptions first = {.label_column = "0"};
  const Dataset data =
      Read("species,a\nvirginica,1\nsetosa,2\n virginica ,3\n\"two, words\",4\n", first);
  EXPECT_THAT(data.schema().classes, ElementsAre("setosa", "two, words", "virginica"));
  EXPECT_THAT(LabelsOf(data), ElementsAre(2, 0, 2, 1));
  const CsvOptions nameless = {.header = Header::kNo, .label_column = "0"};
  const Dataset mixed = Read("b,1\n10,2\n9,3\na,4\n\"NA\",5\n", nameless);
  EXPECT_THAT(mixed.schema().classes, ElementsAre("10", "9", "NA", "a", "b"));
  EXPECT_THAT(LabelsOf(mixed), ElementsAre(4, 0, 1, 3, 2));
  EXPECT_THAT(LabelsOf(Read("a,1\nb,2\n9.0,3\n", {.header = Header::kNo, .like = mixed.schema()})),
              ElementsAre(3, 4, 1));
}

// A class is what is written: "007" and "7" are two.
TEST(CsvContentsTest, LabelsKeepTheirSpelling) {
  const CsvOptions last = {.header = Header::kNo, .label_column = "-1"};
  const auto classes = [&](const std::string& text) { return Read(text, last).schema().classes; };
  EXPECT_THAT(classes("1,007\n2,7\n3,08\n"), ElementsAre("007", "7", "08")) << "by value";
  EXPECT_THAT(classes("1,1.0\n2,1\n3,2\n"), ElementsAre("1", "1.0", "2"));
  EXPECT_THAT(classes("1,+1\n2,-1\n3,+1\n"), ElementsAre("-1", "+1"));
  EXPECT_THAT(classes("1,\"2\"\n2,x\n3,\" 2\"\n"), ElementsAre("2", "x"));
  EXPECT_THAT(classes("1,18446744073709551616\n2,18446744073709551617\n"),
              ElementsAre("18446744073709551616", "18446744073709551617"));
  // What must fit it may be written in another way, if it can be only one of them.
  const Dataset codes = Read("1,007\n2,7\n3,08\n", last);
  EXPECT_THAT(LabelsOf(Read("5,08\n6,8\n7,7\n", {.header = Header::kNo, .like = codes.schema()})),
              ElementsAre(2, 2, 1));
  EXPECT_THROW(Read("5,7.0\n", {.header = Header::kNo, .like = codes.schema()}), Error)
      << "007 or 7";
}

TEST(CsvContentsTest, IgnoredColumns) {
  for (const auto& choice :
       {std::vector<std::string>{"id", "note"}, {"0", "-1"}, {"note", "id", "id"}}) {
    const Dataset data = Read("id,a,y,b,note\nx1,1,0,2,\nx2,3,1,4,\"?\"\n",
                              {.label_column = "y", .ignore_columns = choice});
    EXPECT_THAT(data.schema().feature_names, ElementsAre("a", "b"));
    EXPECT_THAT(ValuesOf(data, 1), ElementsAre(3, 4));
    EXPECT_EQ(data.schema().label_index, 2u);
    ASSERT_EQ(data.schema().ignored.size(), 2u);
    EXPECT_EQ(data.schema().ignored[1], (IgnoredColumn{.name = "note", .index = 4}));
  }
  const Dataset data = Read("x,7,1,0\ny,8,2,9\n", {.header = Header::kNo, .ignore_columns = {"0"}});
  EXPECT_THAT(data.schema().classes, ElementsAre("7", "8"))
      << "of bytes, the first column that is left";
}

TEST(CsvContentsTest, CategoriesBecomeFeatures) {
  const std::string text = "y,size,color,n\n0,1,red,10\n1,2,\"dark, blue\",20\n0,3,red,30\n";
  const Dataset data = Read(text, {.categorical = {"color"}});
  EXPECT_THAT(data.schema().feature_names,
              ElementsAre("size", "color_dark, blue", "color_red", "n"));
  EXPECT_EQ(data.element_type(), ElementType::kU8);
  EXPECT_THAT(ValuesOf(data, 0), ElementsAre(1, 0, 1, 10));
  EXPECT_THAT(ValuesOf(data, 1), ElementsAre(2, 1, 0, 20));
  EXPECT_THAT(LabelsOf(data), ElementsAre(0, 1, 0));
  ASSERT_EQ(data.schema().categorical.size(), 1u);
  EXPECT_EQ(data.schema().categorical[0],
            (CategoricalColumn{.name = "color", .first = 1, .categories = {"dark, blue", "red"}}));
  EXPECT_EQ(Read(text, {.categorical = {"auto"}}).Hash(), data.Hash());

  const Dataset codes = Read("0,10\n1,9\n0,-1\n1,10.0\n", {.categorical = {"1"}});
  EXPECT_THAT(codes.schema().categorical[0].categories, ElementsAre("-1", "9", "10", "10.0"))
      << "as they are written";
  EXPECT_THAT(ValuesOf(codes, 3), ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(codes.schema().feature_names, IsEmpty());
}

TEST(CsvContentsTest, MoreCategoriesThanBytes) {
  std::string text = "y,c\n";
  for (int i = 0; i < 300; ++i) text += "0,v" + std::to_string(i + 100) + "\n1,v100\n";
  // Few of them come often.
  const Dataset few = Read(text);
  EXPECT_EQ(few.features(), 65u);
  EXPECT_TRUE(few.schema().categorical.at(0).other);
  EXPECT_EQ(few.schema().feature_names.at(0), "c_v100");
  EXPECT_EQ(few.schema().feature_names.at(63), "c_v163") << "of equally rare ones, the first";
  EXPECT_EQ(few.schema().feature_names.at(64), "c_other");
  EXPECT_EQ(ValuesOf(few, 598)[64], 1);

  const Dataset data = Read(text, {.categorical = {"c"}});
  ASSERT_EQ(data.features(), 300u);
  EXPECT_EQ(data.element_type(), ElementType::kU8);
  for (size_t e = 0; e < 600; ++e) {
    const std::vector<float> values = ValuesOf(data, e);
    const size_t hot = e % 2 == 0 ? e / 2 : 0;
    for (size_t f = 0; f < 300; ++f) ASSERT_EQ(values[f], f == hot ? 1 : 0) << e << ", " << f;
  }
}

TEST(CsvContentsTest, UnknownCategoriesAreNone) {
  const Dataset train = Read("y,c,n\n0,a,1\n1,b,2\n", {.categorical = {"c"}});
  const Dataset data = Read("y,c,n\n0,z,3\n1,b,4\n1,\"A\",5\n", {.like = train.schema()});
  EXPECT_THAT(ValuesOf(data, 0), ElementsAre(0, 0, 3));
  EXPECT_THAT(ValuesOf(data, 1), ElementsAre(0, 1, 4));
  ASSERT_EQ(data.notes().size(), 1u);
  EXPECT_THAT(data.notes()[0],
              HasSubstr("2 rows with unknown categories, all of whose features are 0"));
}

TEST(CsvContentsTest, MissingValues) {
  const std::string text = "y,a,b\n0,1,10\n1,,20\n0,3,NA\n1,?,\n";
  const CsvOptions no_indicator = {.missing_indicator = false};
  const Dataset mean = Read(text, no_indicator);
  EXPECT_EQ(mean.schema().missing, Missing::kMean) << "unless something else is said";
  EXPECT_EQ(Read("y,a\n0,1\n1,2\n").schema().missing, Missing::kRefuse) << "nothing to fill";
  EXPECT_THAT(ValuesOf(mean, 1), ElementsAre(2, 20));
  EXPECT_THAT(ValuesOf(mean, 3), ElementsAre(2, 15));
  EXPECT_THAT(mean.schema().means, ElementsAre(2, 15));
  EXPECT_EQ(mean.element_type(), ElementType::kU8) << "the means happen to be bytes";
  EXPECT_EQ(Read(text, {.missing = Missing::kMean, .missing_indicator = false}).Hash(),
            mean.Hash());
  const Dataset median = Read("y,a,b\n0,1,10\n1,,20\n0,3,NA\n1,?,0\n0,11,-\n",
                              {.missing = Missing::kMedian, .missing_indicator = false});
  EXPECT_THAT(median.schema().means, ElementsAre(3, 10));
  EXPECT_THAT(ValuesOf(median, 3), ElementsAre(3, 0));
  EXPECT_THAT(ValuesOf(median, 4), ElementsAre(11, 10));
  const Dataset told = Read(text, {.missing = Missing::kMean});
  EXPECT_THAT(told.schema().feature_names, ElementsAre("a", "a_missing", "b", "b_missing"));
  EXPECT_THAT(ValuesOf(told, 2), ElementsAre(3, 0, 15, 1));
  EXPECT_THAT(Read("y,b,a\n1,2,\n", {.like = told.schema()}).schema().feature_names,
              ElementsAre("a", "a_missing", "b", "b_missing"));
  const Dataset zero = Read(text, {.missing = Missing::kZero, .missing_indicator = false});
  EXPECT_THAT(ValuesOf(zero, 3), ElementsAre(0, 0));
  EXPECT_THAT(zero.schema().means, IsEmpty());
  const Dataset drop = Read(text, {.missing = Missing::kDrop});
  EXPECT_EQ(drop.examples(), 1u);
  EXPECT_THAT(drop.schema().classes, ElementsAre("0"));
  ASSERT_EQ(drop.notes().size(), 1u);
  EXPECT_THAT(drop.notes()[0], HasSubstr("left out 3 rows with missing values"));
  EXPECT_EQ(Read("y,a\n0,1\n,2\n", {.missing = Missing::kDrop}).examples(), 1u) << "no label";

  // Later files get the means of the training data, also where that had nothing missing.
  const Dataset whole = Read("y,a,b\n0,1,0.5\n1,4,1.5\n", {.missing = Missing::kMean});
  const Dataset later = Read("y,a,b\n0,,NaN\n0,7,7\n", {.like = whole.schema()});
  EXPECT_THAT(ValuesOf(later, 0), ElementsAre(2.5, 1));
  EXPECT_THAT(ValuesOf(later, 1), ElementsAre(7, 7));
  EXPECT_EQ(
      Read("y,a,b\n0,,2\n0,1,1\n", {.like = drop.schema(), .labels_optional = false}).examples(),
      1u);
  // A prediction has every row, and says which mean nothing.
  const Dataset predict =
      Read("a,b\n1,2\n,2\n3,NaN\n4,5\n", {.like = drop.schema(), .labels_optional = true});
  EXPECT_EQ(predict.examples(), 4u);
  EXPECT_THAT(predict.incomplete(), ElementsAre(1, 2));
  EXPECT_THAT(ValuesOf(predict, 3), ElementsAre(4, 5));
  const TempDir dir;
  const auto file = dir.WriteFile("t.csv", "y,a,b\n0,1,2\n1,,2\n");
  const Dataset refuse = Read("y,a,b\n0,1,0.5\n1,4,1.5\n", {.missing = Missing::kRefuse});
  ExpectError(ErrorCode::kBadData,
              file.string() +
                  ":3: column 2 ('a'): found nothing, expected a value; a missing "
                  "value; the model was trained without any",
              [&] { return ReadCsv(file, {.like = refuse.schema()}); });
}

TEST(CsvContentsTest, WordsForMissingValues) {
  const std::string text = "y,a\n0,1\n1,n.d.\n0,NA\n1,3\n0,n.d.\n1,8\n";
  const Dataset more = Read(text, {.na_values = {"n.d.", "x"}, .missing_indicator = false});
  EXPECT_THAT(ValuesOf(more, 1), ElementsAre(4));
  EXPECT_THAT(more.schema().na_values, ElementsAre("n.d.", "x"));
  EXPECT_THAT(ValuesOf(Read("y,a\n0,n.d.\n", {.like = more.schema()}), 0), ElementsAre(4))
      << "later files, too";
  const Dataset kept =
      Read("y,a\nNA,u\nx,null\nNA,u\nx,null\n", {.keep_na = true, .label_column = "y"});
  EXPECT_THAT(kept.schema().classes, ElementsAre("NA", "x"));
  EXPECT_THAT(kept.schema().feature_names, ElementsAre("a_null", "a_u"));
  // In columns of numbers alone.
  const Dataset dashes = Read("y,a,b\n0,1,-\n1,-,x\n0,.,-\n1,3,x\n", {.missing_indicator = false});
  EXPECT_THAT(dashes.schema().feature_names, ElementsAre("a", "b_-", "b_x"));
  EXPECT_THAT(ValuesOf(dashes, 2), ElementsAre(2, 1, 0));
}

TEST(CsvContentsTest, MissingCategories) {
  const std::string text = "y,c\n0,a\n1,b\n0,a\n1,\n0,\"NA\"\n";
  const CsvOptions zero = {.categorical = {"c"}, .missing = Missing::kZero};
  EXPECT_THAT(ValuesOf(Read(text, zero), 3), ElementsAre(0, 0, 0)) << "NA in quotes is text";
  const Dataset mean = Read(text, {.categorical = {"c"}, .missing = Missing::kMean});
  EXPECT_THAT(mean.schema().feature_names, ElementsAre("c_NA", "c_a", "c_b", "c_missing"));
  EXPECT_THAT(ValuesOf(mean, 3), ElementsAre(0, 0, 0, 1)) << "a category of its own";
  EXPECT_THAT(ValuesOf(mean, 4), ElementsAre(1, 0, 0, 0));
  EXPECT_THAT(ValuesOf(Read("c\n?\n", {.like = mean.schema(), .labels_optional = true}), 0),
              ElementsAre(0, 0, 0, 1));
  // Where the training data had none, there is nothing that stands for them.
  const Dataset whole = Read("y,c\n0,a\n1,b\n", {.missing = Missing::kMean});
  EXPECT_THAT(Read("c\na\n?\n", {.like = whole.schema(), .labels_optional = true}).incomplete(),
              ElementsAre(1));
}

TEST(CsvContentsTest, ColumnsAreFoundByName) {
  const Dataset train = Read("id,y,a,c,b\n1,0,1,u,2\n2,1,3,v,4\n",
                             {.label_column = "y", .ignore_columns = {"id"}, .categorical = {"c"}});
  const CsvOptions like = {.like = train.schema()};
  const Dataset data = Read("c,extra,b,id,a,y\nv,x,30,9,40,1\n", like);
  EXPECT_THAT(ValuesOf(data, 0), ElementsAre(40, 0, 1, 30));
  EXPECT_THAT(LabelsOf(data), ElementsAre(1));
  EXPECT_THAT(data.schema().feature_names, ElementsAre("a", "c_u", "c_v", "b"));
  ASSERT_EQ(data.notes().size(), 1u) << "nothing about 'id', which was ignored before";
  EXPECT_THAT(data.notes()[0], HasSubstr("ignored 1 unknown column: 'extra'"));
  // All text, and yet a header, because the names are known.
  const Dataset words = Read("y,a,b\nx,p,q\nz,r,s\n", {.categorical = {"a", "b"}});
  EXPECT_EQ(Read("b,a\nq,p\nr,r\n", {.like = words.schema(), .labels_optional = true}).examples(),
            2u);
}

TEST(CsvContentsTest, ColumnsAreTakenByPlaceWithoutNames) {
  const Dataset train = Read("9,5,1,u,2\n9,6,3,v,4\n", {.header = Header::kNo,
                                                        .label_column = "1",
                                                        .ignore_columns = {"0", "4"},
                                                        .categorical = {"3"}});
  const CsvOptions predict = {
      .header = Header::kNo, .like = train.schema(), .labels_optional = true};
  EXPECT_THAT(ValuesOf(Read("8,?,7,v,x\n", predict), 0), ElementsAre(7, 0, 1));
  EXPECT_THAT(ValuesOf(Read("8,7,v,x\n", predict), 0), ElementsAre(7, 0, 1)) << "without a label";
  EXPECT_THAT(LabelsOf(Read("8,6,7,v,x\n", {.header = Header::kNo, .like = train.schema()})),
              ElementsAre(1));
}

TEST(CsvContentsTest, AFewTextsAmongIntegerLabelsAreTold) {
  std::string text = "label,a\n";
  for (int row = 0; row < 120; ++row)
    text += row == 70 ? "o,1\n" : std::to_string(row % 3) + ",1\n";
  const Dataset few = Read(text);
  EXPECT_EQ(few.classes(), 4u);
  ASSERT_EQ(few.notes().size(), 1u);
  EXPECT_THAT(few.notes()[0],
              HasSubstr(": found 1 label of text among 119 integers: 'o'; each is a class"));
  EXPECT_THAT(Read("a,1\nb,2\n3,4\n", {.header = Header::kNo, .label_column = "0"}).notes(),
              IsEmpty())
      << "names, one of which is a number";
  text.replace(text.find("o,1"), 1, "0.5");
  const Dataset numbers = Read(text);
  EXPECT_TRUE(numbers.regression());
  EXPECT_THAT(numbers.notes(), IsEmpty());
}

TEST(CsvContentsTest, AColumnOfWeights) {
  const Dataset train = Read("w,y,a,b\n0.5,0,1,2\n2,1,3,4\n0,1,5,6\n", {.weight_column = "w"});
  EXPECT_THAT(train.weights(), ElementsAre(0.5F, 2, 0));
  EXPECT_THAT(ValuesOf(train, 1), ElementsAre(3, 4)) << "the label is the first of the others";
  EXPECT_THAT(LabelsOf(train), ElementsAre(0, 1, 1));
  EXPECT_EQ(train.element_type(), ElementType::kU8) << "weights do not widen the values";

  // The schema finds it wherever it is, and does without.
  CsvOptions like = {.like = train.schema()};
  const Dataset weighted = Read("a,b,w,y\n1,2,7,0\n", like);
  EXPECT_THAT(weighted.weights(), ElementsAre(7));
  EXPECT_THAT(weighted.notes(), testing::IsEmpty());
  const Dataset lacking = Read("a,b,y\n1,2,0\n", like);
  EXPECT_THAT(lacking.weights(), testing::IsEmpty());
  ASSERT_EQ(lacking.notes().size(), 1u);
  EXPECT_THAT(lacking.notes()[0], HasSubstr("no column 'w' with weights"));
  EXPECT_THAT(Read("y,a,b\n0,1,2\n", like).weights(), testing::IsEmpty()) << "the usual order";
  // A prediction counts nothing.
  like.labels_optional = true;
  EXPECT_THAT(Read("a,b,w,y\n1,2,x,0\n", like).weights(), testing::IsEmpty());

  // Without names, by its place.
  const Dataset plain = Read("1,2,0.5,0\n3,4,2,1\n",
                             {.header = Header::kNo, .label_column = "-1", .weight_column = "2"});
  EXPECT_THAT(Read("5,6,9,1\n", {.header = Header::kNo, .like = plain.schema()}).weights(),
              ElementsAre(9));

  // With a missing weight, a row is bad or dropped.
  EXPECT_THAT(
      Read("w,y,a\n1,0,2\n?,0,2\n3,1,4\n", {.weight_column = "w", .missing = Missing::kDrop})
          .weights(),
      ElementsAre(1, 3));
  const TempDir dir;
  const auto fails = [&](const std::string& text, const std::string& message) {
    const auto file = dir.WriteFile("t.csv", text);
    ExpectError(ErrorCode::kBadData, file.string() + message,
                [&] { return ReadCsv(file, {.weight_column = "w", .missing = Missing::kZero}); });
  };
  const std::string expected = ", expected a weight (a finite number of at least 0)";
  fails("y,a,w\n0,1,2\n1,2,-1\n", ":3: column 3 ('w'): found '-1'" + expected);
  fails("y,a,w\n0,1,2\n1,2,x\n", ":3: column 3 ('w'): found 'x'" + expected);
  fails("y,a,w\n0,1,2\n1,2,\n", ":3: column 3 ('w'): found nothing" + expected);
  fails("y,a,w\n0,1,2\n1,2,inf\n", ":3: column 3 ('w'): found 'inf'" + expected);
  fails("y,a,w\n0,1,0\n1,2,0\n",
        ": column 3 ('w'): found weights that are all 0, expected one above 0");
}

TEST(CsvContentsTest, OptionsThatDoNotFitTheTable) {
  const TempDir dir;
  const auto file = dir.WriteFile("t.csv", "y,a,b\n0,1,2\n");
  const auto fails = [&](const CsvOptions& options, const std::string& message) {
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { return ReadCsv(file, options); });
  };
  fails({.ignore_columns = {"c"}}, "ignore-columns: " + file.string() +
                                       " has no column 'c'; its columns are y, a, b (3 in all)");
  fails({.categorical = {"7"}}, "categorical: " + file.string() +
                                    " has no column 7; it has 3 columns, 0 to 2 (or -3 to -1)");
  fails({.label_column = "a", .ignore_columns = {"a"}},
        "ignore-columns: " + file.string() + ": column 'a' cannot be both label and ignored");
  fails({.label_column = "a", .weight_column = "1"},
        "weight-column: " + file.string() + ": column 'a' cannot be both label and weight");
  fails({.label_column = "y", .categorical = {"0"}},
        "categorical: " + file.string() + ": column 'y' cannot be both label and categorical");
  fails({.group_column = "a", .time_column = "a"},
        "split-by-time: " + file.string() + ": column 'a' cannot be both group and time");
  EXPECT_THROW(std::ignore = ReadCsv(file, {.ignore_columns = {"a", "b"}}), Error);
}

}  // namespace
}  // namespace colonnade
