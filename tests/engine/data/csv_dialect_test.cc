// SPDX-License-Identifier: Apache-2.0
// Tables in every dialect, after the example of the conformance collections for CSV.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv/dialect.h"
#include "engine/data/csv/lines.h"
#include "engine/data/csv/reader.h"
#include "engine/data/csv/record.h"
#include "engine/data/csv/sniff.h"
#include "engine/runtime/file.h"
#include "tests/support/errors.h"
#include "tests/support/temp_dir.h"

// Designated initializers leave the other members at their defaults, which is the point of them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace colonnade {
namespace {

using test::ExpectError;
using test::TempDir;
using ::testing::ElementsAre;

const std::string kNoNumber =
    "; na-values names words for missing values, bad-rows skip leaves such rows out, categorical "
    "makes the values categories, ignore-columns leaves the column out";

Dataset Read(const std::string& text, const CsvOptions& options = {}) {
  const TempDir dir;
  return ReadCsv(dir.WriteFile("t.csv", text), options);
}

// The fields of each record, a blank line as none, a comment as "#", a line with quotes that
// nothing closes as "unclosed".
std::vector<std::vector<std::string>> Records(const std::string& text, const CsvDialect& dialect) {
  RecordParser parser(dialect);
  std::vector<std::vector<std::string>> records;
  const char* p = text.data();
  while (p < text.data() + text.size()) {
    const RecordKind kind = parser.Parse(p, text.data() + text.size(), true);
    records.emplace_back();
    p = parser.next();
    if (kind == RecordKind::kUnclosed) {
      records.back().push_back("unclosed");
      continue;
    }
    if (kind == RecordKind::kComment) records.back().push_back("#");
    for (const CsvField& field : parser.fields()) records.back().emplace_back(field.text);
  }
  return records;
}

std::vector<std::vector<std::string>> Records(const std::string& text, char separator,
                                              char comment = '\0') {
  return Records(text, {.separator = separator, .comment = comment});
}

using Rows = std::vector<std::vector<std::string>>;

TEST(RecordParserTest, Fields) {
  EXPECT_EQ(Records("a,b\n1,2\r\n", ','), (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(Records(",\n,,\r\n", ','), (Rows{{"", ""}, {"", "", ""}}));
  EXPECT_EQ(Records(" a , b c\t, \n", ','), (Rows{{"a", "b c", ""}}));
  EXPECT_EQ(Records("\n \r\n", ','), (Rows{{}, {}}));
  EXPECT_EQ(Records("\"a,b\",\"c\"\"d\",\"\"\n", ','), (Rows{{"a,b", "c\"d", ""}}));
  EXPECT_EQ(Records("\"\"\"\",\"\"\"\"\"\"\n", ','), (Rows{{"\"", "\"\""}}));
  EXPECT_EQ(Records("\"a\nb\r\nc\",d\r\ne,f\n", ','), (Rows{{"a\nb\r\nc", "d"}, {"e", "f"}}));
  EXPECT_EQ(Records(" \"a \" , \" b\" ,\" \"\r\n", ','), (Rows{{"a", "b", ""}}));
  EXPECT_EQ(Records("a\"b\",5\" pipe\n", ','), (Rows{{"a\"b\"", "5\" pipe"}}));
  EXPECT_EQ(Records("\"a\"b,c\n", ','), (Rows{{"\"a\"b", "c"}})) << "damaged, as it stands";
  EXPECT_EQ(Records("a;b,c;\"d;e\"\n", ';'), (Rows{{"a", "b,c", "d;e"}}));
  EXPECT_EQ(Records("a\t b \t\t\"c\td\"\n", '\t'), (Rows{{"a", "b", "", "c\td"}}));
  EXPECT_EQ(Records("\t\n", '\t'), (Rows{{"", ""}})) << "not a blank line";
  EXPECT_EQ(Records("  1  2\t 3 \r\n4 \"5 6\" 7\n \n", ' '),
            (Rows{{"1", "2", "3"}, {"4", "5 6", "7"}, {}}));
  EXPECT_EQ(Records("# a\n1,2\n  #\"b\n3,#4\n", ',', '#'),
            (Rows{{"#"}, {"1", "2"}, {"#"}, {"3", "#4"}}));
  EXPECT_EQ(Records("\"a\n#b\",c\n", ',', '#'), (Rows{{"a\n#b", "c"}}));
}

TEST(RecordParserTest, QuotesAsTheDialectSays) {
  EXPECT_EQ(Records("'a,b',\"c\n", {.quote = '\''}), (Rows{{"a,b", "\"c"}}));
  EXPECT_EQ(Records("'it''s',''\n", {.quote = '\''}), (Rows{{"it's", ""}}));
  EXPECT_EQ(Records("\"a,'b\n\",\"\n", {.quote = '\0'}), (Rows{{"\"a", "'b"}, {"\"", "\""}}));
  EXPECT_EQ(Records("\"a\\\"b\",\"c\\\\\",\"d\"\"\"\n", {.escape = '\\'}),
            (Rows{{"a\"b", "c\\", "d\""}}));
  EXPECT_EQ(Records("a\\,b\n", {.escape = '\\'}), (Rows{{"a\\", "b"}})) << "outside of quotes";
  EXPECT_EQ(Records("\"a\\\nb\",c\nd,e\n", {.escape = '\\'}), (Rows{{"a\nb", "c"}, {"d", "e"}}));
}

TEST(RecordParserTest, QuotesThatNothingClosesAreARowOfTheirOwn) {
  EXPECT_EQ(Records("a,\"b\nc,d\n", ','), (Rows{{"unclosed"}, {"c", "d"}}));
  EXPECT_EQ(Records("\"a\nb\",\"c\nd,e\n", ','), (Rows{{"unclosed"}, {"d", "e"}}))
      << "the line of the quotes and all before it";
  // As far as a thousand lines.
  for (const size_t lines : {size_t{1}, kMostLines, kMostLines + 1}) {
    std::string text = "x,\"";
    for (size_t i = 0; i < lines; ++i) text += "1,2\n";
    text += "\"\n";
    const Rows rows = Records(text, ',');
    if (lines <= kMostLines) {
      EXPECT_EQ(rows.size(), 1u) << lines;
    } else {
      ASSERT_EQ(rows.size(), lines + 1);
      EXPECT_EQ(rows[0], (std::vector<std::string>{"unclosed"}));
      EXPECT_EQ(rows[1], (std::vector<std::string>{"1", "2"}));
    }
  }
}

TEST(RecordParserTest, QuotesMayBeClosedByTextToCome) {
  const std::string text = "a,\"b\nc,d\n";
  RecordParser parser(CsvDialect{});
  EXPECT_EQ(parser.Parse(text.data(), text.data() + text.size(), false), RecordKind::kOpen);
  EXPECT_EQ(parser.Parse(text.data(), text.data() + text.size(), true), RecordKind::kUnclosed);
  EXPECT_EQ(parser.next() - text.data(), 5) << "the next line";
  EXPECT_EQ(parser.lines(), 1u);
  std::string many = "\"";
  for (size_t i = 0; i <= kMostLines; ++i) many += "1\n";
  EXPECT_EQ(parser.Parse(many.data(), many.data() + many.size(), false), RecordKind::kUnclosed)
      << "whatever comes";
}

TEST(RecordParserTest, PlacesAndLines) {
  const std::string text = "ab, \"x\ny\" ,c\nnext\n";
  RecordParser parser(CsvDialect{});
  ASSERT_EQ(parser.Parse(text.data(), text.data() + text.size(), true), RecordKind::kRow);
  ASSERT_EQ(parser.count(), 3u);
  EXPECT_EQ(parser.lines(), 2u);
  EXPECT_EQ(parser.next() - text.data(), 13);
  const auto fields = parser.fields();
  EXPECT_EQ(fields[0].offset, 0u);
  EXPECT_EQ(fields[1].offset, 4u) << "the quotation mark";
  EXPECT_EQ(fields[2].offset, 11u);
  EXPECT_EQ(fields[0].line, 0u);
  EXPECT_EQ(fields[1].line, 0u);
  EXPECT_EQ(fields[2].line, 1u);
  EXPECT_FALSE(fields[0].quoted);
  EXPECT_TRUE(fields[1].quoted);
}

TEST(CsvDialectTest, EveryDialectGivesTheSameTable) {
  const std::string hash = Read("label,a,b\n1,2,-0.5\n4,5,6000\n").Hash();
  for (const char* text : {
           "label;a;b\n1;2;-0.5\n4;5;6000\n",
           "label\ta\tb\n1\t2\t-0.5\n4\t5\t6000\n",
           "label|a|b\n1|2|-0.5\n4|5|6000\n",
           "label a b\n1 2 -0.5\n4 5 6000\n",
           "label  a     b\n    1  2  -0.5\n    4  5  6000 \n",
           "label \t a \t b\n1 \t 2 \t -0.5\n4\t5 \t6000\n",
           "label, a, b\n1, 2, -0.5\n4 , 5 , 6e3\n",
           "label,a,b\r1,2,-0.5\r4,5,6000\r",
           "label,a,b\r1,2,-0.5\r4,5,6000",
           "\xef\xbb\xbflabel;a;b\r\n1;2;-.5\r\n+4;5.;6e+3\r\n\r\n",
           "\"label\",\"a\",\"b\"\n\"1\",\"2\",\"-0.5\"\n\"4\",\"5\",\"6000\"\n",
           "\"label\";\"a\";\"b\"\r1;2;\"-0.5\"\r4;\"5\";6000\r\r\r",
           "1;2;-0.5\n4;5;6000",
           "1 2 -0.5\r\n4 5 6000",
           "1|2|-0.5\n4|5|6000\n   \n\t\n",
           "\n\n1;2;-0.5\n\n  \r\n4;5;6000\n",
           "sep=;\nlabel;a;b\n1;2;-0.5\n4;5;6000\n",
           "label,a,b\n1,\" 2\",\"  -0.5 \"\n4,5,\"6000\n\"\n",
       }) {
    EXPECT_EQ(Read(text, {.label_column = "0"}).Hash(), hash) << testing::PrintToString(text);
  }
}

TEST(CsvDialectTest, BytesAreBytesWithEverySeparator) {
  const std::string hash = Read("7,0,0,0,0,0,255,30\n9,99,100,0,0,1,2,3\n").Hash();
  for (const char separator : {';', '\t', '|', ' '}) {
    std::string text = "7,0,0,0,0,0,255,30\n9,99,100,0,0,1,2,3\n";
    std::replace(text.begin(), text.end(), ',', separator);
    const Dataset data = Read(text);
    EXPECT_EQ(data.element_type(), ElementType::kU8);
    EXPECT_EQ(data.Hash(), hash) << separator;
    EXPECT_EQ(Read(text, {.delimiter = separator}).Hash(), hash) << separator;
  }
}

TEST(CsvDialectTest, Names) {
  const Dataset data =
      Read("\"weight, kg\";\"say \"\"hi\"\"\";\"two\nlines\"; label ;\"\"\n1;2;3;4;5\n",
           {.delimiter = ';'});
  EXPECT_EQ(data.schema().label_name, "label");
  EXPECT_THAT(data.schema().feature_names, ElementsAre("weight, kg", "say \"hi\"", "two\nlines"));
  ASSERT_EQ(data.schema().ignored.size(), 1u) << "a column without a name";
  EXPECT_EQ(data.schema().ignored[0].index, 4u);
  EXPECT_THAT(Read("\"1\",\"2\"\n3,4\n", {.label_column = "1"}).schema().feature_names,
              ElementsAre("2"))
      << "names in quotes above numbers without";
  EXPECT_EQ(Read("\"1\",\"2\"\n\"3\",\"4\"\n").examples(), 2u);
}

TEST(CsvDialectTest, Comments) {
  const std::string hash = Read("label,a\n1,2\n3,4\n").Hash();
  const CsvOptions hash_sign = {.comment = '#'};
  EXPECT_EQ(Read("# one, two\nlabel,a\n#\n1,2\n  # \"open\n3,4\n# end", hash_sign).Hash(), hash);
  EXPECT_EQ(Read("%\n1;2\n%;\n3;4\n", {.comment = '%', .label_column = "0"}).Hash(), hash);
  EXPECT_EQ(Read("1,2\n\n#c\n\n", hash_sign).examples(), 1u) << "among empty lines at the end";
  EXPECT_EQ(Read("#c\n\n1,2\n", hash_sign).examples(), 1u) << "and at the start";
  const TempDir dir;
  const auto file = dir.WriteFile("t.csv", "#\nlabel,a\n1,2\n#\n#\n1,x\n");
  ExpectError(ErrorCode::kBadData,
              file.string() + ":6: column 2 ('a'): found 'x', expected a number" + kNoNumber,
              [&] { return ReadCsv(file, hash_sign); });
}

// A label column that prediction does not read may look like a comment or open quotes.
TEST(CsvDialectTest, ColumnsThatAreSkippedAreParsedAllTheSame) {
  const Schema schema = {.features = 2, .classes = {"0", "1"}};
  const CsvOptions predict = {.comment = '#', .like = schema, .labels_optional = true};
  const Dataset data = Read("a,1,2\n#b,3,4\n\"c,\nd\",5,6\n\"\",7,8\n x y ,9,10\n", predict);
  ASSERT_EQ(data.examples(), 4u);
  EXPECT_EQ(data.element_type(), ElementType::kU8);
  EXPECT_EQ(data.bytes()[data.stride()], 5);
  EXPECT_EQ(data.bytes()[3 * data.stride() + 1], 10);
}

// What the first look tells.
Opening Sniffed(const std::string& text, const CsvOptions& options = {}) {
  const TempDir dir;
  InputFile input(dir.WriteFile("t.csv", text));
  LineReader reader(input, 4096);
  return Sniff(input, reader, options);
}

TEST(CsvDialectTest, DetectsTheSeparator) {
  const std::vector<std::pair<const char*, char>> cases = {
      {"a,b\n1,2\n", ','},
      {"a;b,c\n1;2,5\n3;4,5\n", ';'},  // decimal commas
      {"a, b, c\n1, 2, 3\n", ','},
      {"a\tb c\n1\t2 3\n", '\t'},
      {"a b,c d\n1,2\n", ','},  // names with spaces
      {"\"a;b;c\",d\n1,2\n", ','},
      {"a;b,c;d,e\n1,2,3\n4,5,6\n", ','},
      {"1,2,3\n1,2\n1,2,3\n1,2,3\n", ','},  // a damaged row
      {"1 2 3\n1 2 3\n", ' '},
      {"1\n2\n", ','},
      {"a|b\n1|2\n", '|'},
      {"x,\"p;q\nr;s\",y\n1,2,3\n", ','},
  };
  for (const auto& [text, separator] : cases) {
    EXPECT_EQ(Sniffed(text).dialect.separator, separator) << text;
  }
  EXPECT_EQ(Sniffed("; a ; b\n; c\n1,2\n", {.comment = ';'}).dialect.separator, ',');
}

TEST(CsvDialectTest, DetectsTheHeader) {
  const auto header = [](const std::string& text) { return Sniffed(text).header; };
  EXPECT_TRUE(header("a,b\n1,2\n"));
  EXPECT_FALSE(header("1,b\n1,2\n1,3\n")) << "rather a row with a fault";
  EXPECT_TRUE(header("a,\n1,2\n"));
  EXPECT_FALSE(header("1,2\n3,4\n"));
  EXPECT_TRUE(header("nan,x\n1,2\n"));
  EXPECT_TRUE(header("label,1x1,1x2,1x3\n7,0,0,0\n1,0,255,0\n"));
  EXPECT_TRUE(header("0,1,2\n5.5,6,7\n8,9,1\n")) << "names that count";
  EXPECT_FALSE(header("?,NA,\n1,2,3\n4,5,6\n"));
  EXPECT_FALSE(header("1.2,ERR,0\n1,2,3\n4,5,6\n"));
}

// The bytes that are looked at beforehand are no boundary either.
TEST(CsvDialectTest, LongRows) {
  std::string names = "label";
  std::string row = "1";
  for (int i = 0; i < 30000; ++i) {
    names += "; column " + std::to_string(i);
    row += "; " + std::to_string(i % 256);
  }
  const Dataset data = Read(names + "\r" + row + "\r" + row);
  EXPECT_EQ(data.examples(), 2u);
  EXPECT_EQ(data.features(), 30000u);
  EXPECT_EQ(data.schema().feature_names[29999], "column 29999");

  const std::string quoted = "\"" + std::string(300000, ',') + "\"";
  EXPECT_EQ(Read(quoted + ",label\n1,2\n").schema().feature_names[0].size(), 300000u);
}

TEST(CsvDialectTest, ThePiecesDoNotMatter) {
  const TempDir dir;
  const auto file = dir.WriteFile(
      "t.csv",
      "\xef\xbb\xbf# c\r\n\"label\" ;\"a\r\nb\";c\r\n1;\"2\";3\r\n# \"\r\n4;5;\"6\"\r\n\r\n");
  const CsvOptions options = {.comment = '#'};
  const std::string hash = ReadCsv(file, options).Hash();
  for (size_t piece = 1; piece < 80; ++piece) {
    const Dataset data = ReadCsvInPieces(file, options, piece);
    EXPECT_EQ(data.Hash(), hash) << piece;
    EXPECT_THAT(data.schema().feature_names, ElementsAre("a\r\nb", "c"));
  }
}

TEST(CsvDialectTest, OptionsThatCannotBeMeant) {
  const TempDir dir;
  const auto file = dir.WriteFile("t.csv", "1,2\n");
  const auto fails = [&](const CsvOptions& options, const std::string& message) {
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { return ReadCsv(file, options); });
  };
  fails({.delimiter = '1'},
        "delimiter: found '1', expected a character or several that no number has: a comma, "
        "semicolon, tab, space, vertical bar");
  fails({.delimiter = '"'},
        "delimiter: found '\"', expected a character or several that no number has: a comma, "
        "semicolon, tab, space, vertical bar");
  for (const char comment : {'0', '-', '.', '"', ' ', '\n', '\0', '\xe4'}) {
    EXPECT_THROW(std::ignore = ReadCsv(file, {.comment = comment}), Error) << comment;
  }
  fails({.delimiter = ';', .comment = ';'},
        "comment: found ';', expected a character that no row of data starts with, such as #");
  fails({.quote = 'x'}, "quote: found 'x', expected \", ' or none");
  fails({.delimiter = '|', .quote = '|'},
        "quote: found '|', expected another character than the delimiter");
  for (const char escape : {'"', 'n', '1', ' ', '\n', '\xe4'}) {
    EXPECT_THROW(std::ignore = ReadCsv(file, {.escape = escape}), Error) << escape;
  }
  EXPECT_THROW(std::ignore = ReadCsv(file, {.delimiter = ';', .escape = ';'}), Error);
  fails({.thousands = 'x'}, "thousands: found 'x', expected a comma, point, space, ' or _");
  fails({.decimal = Decimal::kComma, .thousands = ','},
        "thousands: found ',', expected another character than that of decimal");
}

}  // namespace
}  // namespace colonnade
