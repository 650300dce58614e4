// SPDX-License-Identifier: Apache-2.0
// How the text of a table is taken: separators, headers, what stands around the table.
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

std::vector<std::string> NamesOf(const Dataset& data) { return data.schema().feature_names; }

// ---- Separators ----

TEST(CsvContractTest, SeparatorIsWhatCutsMostRowsAlike) {
  struct Case {
    const char* text;
    const char* separator;
  };
  for (const Case& c : std::vector<Case>{
           {"mass,kind\n1.5,oak\n2.5,elm\n", "','"},
           {"mass;kind\n1,5;oak\n2,5;elm\n3,5;oak\n", "';'"},
           {"mass\tkind\n1 500\toak tree\n2 500\telm tree\n", "tab"},
           {"mass|kind\n1|oak, old\n2|elm, old\n", "'|'"},
           {"1.0   2.0  0\n10.0 20.0  1\n", "spaces"},
           {"note;kind\n\"1,2,3\";oak\n\"4,5,6\";elm\n", "';'"},
           {"sep=|\na|b,c|kind\n1|2|oak\n3|4|elm\n", "'|'"},
           {"\"sep=;\"\na;kind\n1;oak\n3;elm\n", "';'"},
       }) {
    EXPECT_EQ(ReadText(c.text).summary().delimiter, c.separator) << c.text;
  }
}

TEST(CsvContractTest, AnEmptyCellBetweenTabsIsEmpty) {
  const Dataset data = ReadText("a\tb\tlabel\n1\t\tx\n2\t3\ty\n\t5\tx\n");
  EXPECT_THAT(Column(data, 0), ElementsAre(1, 2, 1.5F));
  EXPECT_THAT(Column(data, 2), ElementsAre(4, 3, 5)) << "behind the indicator of the first";
}

// ---- What stands around the table ----

TEST(CsvContractTest, RowNamesOfRAreLeftOut) {
  for (const char* const text : {"\"w\" \"h\" \"kind\"\n\"1\" 1.5 2 \"oak\"\n\"2\" 2.5 3 \"elm\"\n",
                                 "w,h,kind\nr1,1.5,2,oak\nr2,2.5,3,elm\nr3,2.5,3,oak\n",
                                 "w\th\tkind\nA\t1.5\t2\toak\nB\t2.5\t3\telm\n"}) {
    const Dataset data = ReadText(text);
    EXPECT_THAT(NamesOf(data), ElementsAre("w", "h")) << text;
    EXPECT_EQ(data.schema().label_name, "kind");
    ASSERT_EQ(data.schema().ignored.size(), 1U);
    EXPECT_EQ(data.schema().ignored[0].index, 0U);
    EXPECT_NE(data.schema().ignored[0].reason, "");
  }
}

TEST(CsvContractTest, TrailingSeparatorsAreNoColumn) {
  for (const char* const text :
       {"w,h,kind,\n1,2,oak,\n3,4,elm,\n5,6,oak,\n", "w,h,kind,\n1,2,oak\n3,4,elm\n5,6,oak\n",
        "w,h,kind\n1,2,oak,\n3,4,elm,\n5,6,oak,\n"}) {
    const Dataset data = ReadText(text);
    EXPECT_THAT(NamesOf(data), ElementsAre("w", "h")) << text;
    EXPECT_THAT(LabelTextsOf(data), ElementsAre("oak", "elm", "oak"));
  }
}

TEST(CsvContractTest, TitlesAndNotesAreSkipped) {
  const std::string table = "w,h,kind\n1,2,oak\n3,4,elm\n5,6,oak\n7,8,elm\n";
  for (const char* const notes :
       {"Trees of the park\n", "Trees of the park\n\nCounted in 2020, by hand\n",
        "\"Trees, \"\"old\"\" ones, and others, too\"\n", "Trees of the park,,\n"}) {
    const Dataset data = ReadText(notes + table);
    EXPECT_THAT(NamesOf(data), ElementsAre("w", "h")) << notes;
    EXPECT_EQ(data.examples(), 4U);
    EXPECT_GT(data.summary().preamble, 0U);
    // Places are those of the file.
    const auto lines = std::count(notes, notes + std::string(notes).size(), '\n');
    EXPECT_THAT(Refusal(notes + table + "9,oops,oak\n"),
                HasSubstr("t.csv:" + std::to_string(lines + 6) + ": column 2"));
  }
  EXPECT_EQ(ReadText("1\n2\nw,kind\n3,oak\n4,elm\n", {.skip_rows = 2}).examples(), 2U);
}

TEST(CsvContractTest, AHeaderWithTooManyNamesIsNoTitle) {
  EXPECT_THAT(Refusal("w,h,d,kind\n1,2,3\n3,4,5\n5,6,7\n7,8,9\n"), HasSubstr("t.csv:2: "));
}

TEST(CsvContractTest, TotalsAreBadRows) {
  std::string text = "w,h,kind\n";
  for (int i = 0; i < 30; ++i)
    text += std::to_string(i * i) + (i % 2 == 0 ? ",2,oak\n" : ",3,elm\n");
  EXPECT_THAT(Refusal(text + "Total,8555\n"),
              HasSubstr("t.csv:32: found 2 fields, expected 3 (as in the header)"));
  const Dataset data = ReadText(text + "Total,8555\n", {.bad_rows = BadRows::kSkip});
  EXPECT_EQ(data.examples(), 30U);
  EXPECT_EQ(data.summary().bad_rows, 1U);
  EXPECT_THAT(data.summary().bad, ElementsAre(HasSubstr("t.csv:32: found 2 fields")));
}

// ---- Headers ----

TEST(CsvContractTest, HeadersByEvidence) {
  for (const char* const text : {
           "w,kind\n1,oak\n2,elm\n",
           "0,1,2\n5.1,3.5,oak\n4.9,3.0,oak\n7.0,3.2,elm\n",                 // of pandas
           ",0,1\n0,5.1,oak\n1,4.9,oak\n2,7.0,elm\n",                        // with its index
           "400.5,401.2,kind\n0.31,0.22,oak\n0.29,0.25,elm\n0.3,0.2,oak\n",  // wavelengths
           "place,2019,2020\nRome,1.5,2.5\nOslo,1.2,2.2\nRome,1.1,2.1\n",
           "2018,2019,2020\n1.5,2.5,3\n1.2,2.2,4\n1.1,2.1,3\n",
           "\"1\",\"2\",\"3\"\n4,5,0\n6,7,1\n5,5,0\n",
           "colour,shape\nred,round\nblue,square\nred,square\n",
           "place,lat,lon,1/22/20,1/23/20\nRome,41.9,12.5,0,3\nOslo,59.9,10.8,1,2\n",
           "day,2020-01-22,2020-01-23\n1,0,3\n2,1,2\n", "1st,2nd,3rd\n1,2,0\n3,4,1\n",
           "when,kind\n2021-01-02,oak\n2021-01-03,elm\n", "price,kind\n$1.50,oak\n$2.50,elm\n",
           "a,y\n1,x\n2,y\n",  // a name that is a class, too
       }) {
    EXPECT_TRUE(ReadText(text).summary().header) << text;
  }
  for (const char* const text : {
           "1,2,0\n3,4,1\n",
           "2021-01-01,1.5,0\n2021-01-02,1.7,1\n2021-01-03,1.9,0\n",
           "red,round,yes\nblue,square,no\nred,square,no\nblue,round,yes\n",
           "5.1,3.5,oak\n4.9,3.0,oak\n7.0,3.2,elm\n",
           "$1.50,oak\n$2.50,elm\n$3.50,oak\n",
           "2019,1.5\n2020,1.7\n2021,1.6\n",
       }) {
    EXPECT_FALSE(ReadText(text).summary().header) << text;
  }
}

TEST(CsvContractTest, BrokenFirstRowsAreBadRows) {
  for (const char* const first : {"1.2,ERR,0", "ERR,ERR,ERR", "NA,NA,NA", "#DIV/0!,#DIV/0!,1",
                                  "#REF!,#VALUE!,#REF!", "1.2.3,4,0", "12/31,4,0"}) {
    EXPECT_THAT(Refusal(std::string(first) + "\n1.5,2.5,1\n1.7,2.2,0\n1.4,2.7,1\n"),
                HasSubstr("t.csv:1: column "))
        << first;
  }
}

TEST(CsvContractTest, DoubtsAreSaid) {
  const Dataset header = ReadText("400.5,401.2,kind\n0.3,0.2,oak\n0.2,0.2,elm\n0.3,0.1,oak\n");
  EXPECT_THAT(header.notes(), ElementsAre(HasSubstr("(`header` no if")));
  const Dataset named = ReadText("40,kind\n3,oak\n2,elm\n1,oak\n", {.label_column = "kind"});
  EXPECT_TRUE(named.summary().header);
  EXPECT_THAT(named.notes(), ElementsAre());
}

// ---- Names ----

TEST(CsvContractTest, NamesAreComparedAsTheyAreMeant) {
  const Dataset model = ReadText("prix\xc2\xa0net,caf\xc3\xa9,kind\n1.5,2,oak\n3,5,elm\n");
  const Dataset data =
      ReadText(" cafe\xcc\x81 ,\"prix net\",kind\n2,1.5,oak\n", {.like = model.schema()});
  EXPECT_THAT(Column(data, 0), ElementsAre(1.5F));
  EXPECT_THAT(Column(data, 1), ElementsAre(2));
  EXPECT_THAT(Refusal("Prix_net,caf\xc3\xa9,kind\n1,2,oak\n", {.like = model.schema()}),
              HasSubstr("; there is 'Prix_net'"));
  EXPECT_THAT(Refusal("w,Kind\n1,oak\n2,elm\n", {.label_column = "kind"}),
              HasSubstr("has no column 'kind'; there is 'Kind'"));
}

}  // namespace
}  // namespace colonnade
