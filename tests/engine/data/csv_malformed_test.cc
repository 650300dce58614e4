// SPDX-License-Identifier: Apache-2.0
// Every complaint of the CSV reader, word for word.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv_lines.h"
#include "tests/support/errors.h"
#include "tests/support/temp_dir.h"

// Designated initializers leave the other members at their defaults, which is the point of them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace colonnade {
namespace {

using namespace std::string_literals;  // for text with NUL bytes
using test::ExpectError;
using test::TempDir;

const std::string kAdvice = " (missing mean, zero or drop says what to do with them)";
const std::string kTextColumn =
    "; leave the column of text out (ignore-columns) or make each of its values a feature "
    "(categorical)";

struct Case {
  std::string text;
  std::string message;  // without the name of the file before it
  CsvOptions options = {};
};

// option: that the message begins with.
void Check(const std::vector<Case>& cases, ErrorCode code = ErrorCode::kBadData,
           const std::string& option = "") {
  ASSERT_FALSE(cases.empty());
  const TempDir dir;
  for (const auto& [text, message, options] : cases) {
    SCOPED_TRACE(testing::PrintToString(text));
    const auto file = dir.WriteFile("t.csv", text);
    ExpectError(code, option + file.string() + message, [&] { return ReadCsv(file, options); });
  }
}

TEST(CsvMalformedTest, FilesThatAreNoTables) {
  Check({
      {"", ": found an empty file, expected a table of numbers"},
      {"\xef\xbb\xbf", ": found an empty file, expected a table of numbers"},
      {"\n\n", ":1: found an empty line, expected a table of numbers"},
      {"\n1,2\n", ":1: found an empty line, expected a table of numbers"},
      {"label,a,b\n", ": found no examples after the header"},
      {"label,a,b", ": found no examples after the header"},
      {"label,a,b\n\n\n", ": found no examples after the header"},
      {"1\n2\n",
       ":1: found 1 column, expected a class label and at least one feature, separated by a comma, "
       "semicolon, tab or space"},
      {"label\n2\n",
       ":1: found 1 column, expected a class label and at least one feature, separated by a comma, "
       "semicolon, tab or space"},
      {"1;2;3\n",
       ":1: found 1 column, expected a class label and at least one feature, separated by a comma, "
       "semicolon, tab or space",
       {.delimiter = ','}},
      {"# only\n# words\n",
       ": found nothing but comments, expected a table of numbers",
       {.comment = '#'}},
      {"#c\n\n1,2\n", ":2: found an empty line, expected a table of numbers", {.comment = '#'}},
      {"\x1f\x8b\x08\n", ": the gzip data ends early: the file is not complete"},
      {"\xff\xfel\0,\0a\0\n\0"s, ":1: found text in UTF-16, expected plain text in UTF-8"},
      {"\xfe\xff\0l\0,\0a\0\n"s, ":1: found text in UTF-16, expected plain text in UTF-8"},
  });
}

TEST(CsvMalformedTest, Rows) {
  Check({
      {"1,2,3\n1,2\n", ":2: found 2 fields, expected 3 (as in the first row)"},
      {"1,2,3\n1\n", ":2: found 1 field, expected 3 (as in the first row)"},
      {"label,a,b\n1,2,3\n1,2,3,4\n", ":3: found 4 fields, expected 3 (as in the first row)"},
      {"label,a,b\n1,2,3,\n", ":2: found 4 fields, expected 3 (as in the first row)"},
      {"1,2,3\n1,2.5,3\n1,2.5\n", ":3: found 2 fields, expected 3 (as in the first row)"},
      {"1,2\n\n1,2\n", ":2: found an empty line with rows after it, expected 2 fields"},
      {"a,b\n1,2\n\r\n\n1,2\n", ":3: found an empty line with rows after it, expected 2 fields"},
      {"label,a\n\n1,2\n", ":2: found an empty line with rows after it, expected 2 fields"},
  });
}

TEST(CsvMalformedTest, Features) {
  Check({
      {"label,1x1\n1,abc\n", ":2: column 2 ('1x1'): found 'abc', expected a number" + kTextColumn},
      {"label,1x1\n1,2\n1,abc\n", ":3: column 2 ('1x1'): found 'abc', expected a number"},
      {"1,2\n1,abc\n", ":2: column 2: found 'abc', expected a number"},
      {"1,2,3\n1,,3\n",
       ":2: column 2: found nothing, expected a value; missing values: 1" + kAdvice},
      {"1,2,3\n1,2,\n",
       ":2: column 3: found nothing, expected a value; missing values: 1" + kAdvice},
      {"1,2,\n", ":1: column 3: found nothing, expected a value; missing values: 1" + kAdvice},
      {"1,2\n1,nan\n", ":2: column 2: found 'nan', expected a value; missing values: 1" + kAdvice},
      {"1,nan\n", ":1: column 2: found 'nan', expected a value; missing values: 1" + kAdvice},
      {"1,2\n1,-INF\n", ":2: column 2: found '-INF', expected a finite number"},
      {"1,2\n1,Infinity\n", ":2: column 2: found 'Infinity', expected a finite number"},
      {"1,2\n1,nano\n", ":2: column 2: found 'nano', expected a number"},
      {"1,2\n1,1e39\n", ":2: column 2: found '1e39', expected a finite number in the range of f32"},
      {"1,2\n1,-3.5e38\n",
       ":2: column 2: found '-3.5e38', expected a finite number in the range of f32"},
      {"1,2\n1, \n", ":2: column 2: found nothing, expected a value; missing values: 1" + kAdvice},
      {"1,2\n1,1 2\n", ":2: column 2: found '1 2', expected a number"},
      {"1,2\n1,0x1F\n", ":2: column 2: found '0x1F', expected a number"},
      {"1,2\n1,1e\n", ":2: column 2: found '1e', expected a number"},
      {"1,2\n1,1.2.3\n", ":2: column 2: found '1.2.3', expected a number"},
      {"1,2\n1,.\n", ":2: column 2: found '.', expected a number"},
      {"1,2\n1,-\n", ":2: column 2: found '-', expected a number"},
      {"1,2\n1,+-2\n", ":2: column 2: found '+-2', expected a number"},
      {"1,2\n1,--2\n", ":2: column 2: found '--2', expected a number"},
      {"1,2\n1,1_000\n", ":2: column 2: found '1_000', expected a number"},
      {"1,2\n1,2\xb2\n", ":2: column 2: found '2\\xB2', expected a number"},
      {"1,2\n1,2\0\n"s, ":2: column 2: found '2\\x00', expected a number"},
      {"1,2\n1,\x1b[31m\n", ":2: column 2: found '\\x1B[31m', expected a number"},
      {"1,2\n1,2\r3\n", ":2: column 2: found '2\\x0D3', expected a number"},
      {"1,2\n1,é\n", ":2: column 2: found 'é', expected a number"},
      {"1,2\n1,\xc2\x9b\n", ":2: column 2: found '\\xC2\\x9B', expected a number"},
      {"1,2\n1,"s + std::string(40, 'x') + "\n",
       ":2: column 2: found '"s + std::string(40, 'x') + "', expected a number"},
      {"1,2\n1,"s + std::string(41, 'x') + "\n",
       ":2: column 2: found '"s + std::string(40, 'x') + "…', expected a number"},
      {"1,2.5\n1,x\n", ":2: column 2: found 'x', expected a number"},
  });
}

TEST(CsvMalformedTest, Quotes) {
  Check({
      {"1,2\n1,\"3,4\"\n", ":2: column 2: found '3,4', expected a number"},
      {"1,2\n1,\"3\"\"4\"\n", ":2: column 2: found '3\"4', expected a number"},
      {"1,2\n1,3\"\n", ":2: column 2: found '3\"', expected a number"},
      {"1,2\n1,\"3\" 4\n",
       ":2: column 2: found '\"3\" 4', expected nothing between the closing quotation mark and the "
       "separator"},
      {"1,2\n\"1\"1,2\n",
       ":2: column 1: found '\"1\"1', expected nothing between the closing quotation mark and the "
       "separator"},
      {"1,2\n1,\"3\n4,5\n6,7\n",
       ":2: column 2: found quotes that are not closed, expected a closing quotation mark"},
      {"label,a\n1,2\n\"1\n\",\"3\n4,5\n",
       ":4: column 2 ('a'): found quotes that are not closed, expected a closing quotation mark"},
      {"1,2\n1,\"3\n\"\"4,5\n6,7\n",
       ":2: column 2: found quotes that are not closed, expected a closing quotation mark"},
      {"\"1,2\n1,3\n",
       ":1: column 1: found quotes that are not closed, expected a closing quotation mark"},
      // The line of the field, and of rows after line ends in quotes.
      {"label,\"a\nb\",b\n1,2,3\n1,x,3\n",
       ":4: column 2 ('a\\x0Ab'): found 'x', expected a number"},
      {"label,a,b\n1,\"2\n\",x\n",
       ":2: column 2 ('a'): found '2\\x0A', expected a number" + kTextColumn},
  });
}

TEST(CsvMalformedTest, MissingValues) {
  Check({
      {"label,a,b\n1,2,NA\n1,,?\n1,2,3\n",
       ":2: column 3 ('b'): found 'NA', expected a value; missing values: 3" + kAdvice},
      {"1,2\n1,n/a\n1,Null\n",
       ":2: column 2: found 'n/a', expected a value; missing values: 2" + kAdvice},
      {"1,2\n1,\n1,x\n",
       ":2: column 2: found nothing, expected a value; missing values: at least 1" + kAdvice},
      {"1,2\n1,?\n1\n",
       ":2: column 2: found '?', expected a value; missing values: at least 1" + kAdvice},
      {"1,2\n1,-nan\n", ":2: column 2: found '-nan', expected a finite number"},
      {"1,2\n,3\n",
       ":2: column 1: found nothing, expected a class label (an integer or text)",
       {.missing = Missing::kMean}},
      {"1,?\n2,\n", ": found no examples without missing values", {.missing = Missing::kDrop}},
      {"a,?\nb,\n",
       ": column 2: found no value, expected categories",
       {.header = Header::kNo, .categorical = {"1"}, .missing = Missing::kZero}},
  });
}

TEST(CsvMalformedTest, Labels) {
  Check({
      {"1,2\n1.5,2\n",
       ":2: column 1: found '1.5', expected a class label (an integer or text)",
       {.task = Task::kClassify}},
      {"1,2\ncat,2\n",
       ":2: column 1: found 'cat', expected a number",
       {.header = Header::kNo, .task = Task::kRegress}},
      {"1,2\n1.5,2\ncat,2\n", ":3: column 1: found 'cat', expected a number, as in rows before"},
      {"cat,2\ndog,2\n1.5,2\n",
       ":3: column 1: found '1.5', expected a class label (an integer or text)",
       {.header = Header::kNo}},
      {"1,2\n,2\n", ":2: column 1: found nothing, expected a class label (an integer or text)"},
      {"1,2\nNA,2\n", ":2: column 1: found 'NA', expected a class label (an integer or text)"},
      {"1,2\n1e1,2\n",
       ":2: column 1: found '1e1', expected a class label (an integer or text)",
       {.task = Task::kClassify}},
      {"1,2\ninf,2\n", ":2: column 1: found 'inf', expected a class label (an integer or text)"},
      {"1,2\n99999999999999999999,2\n",
       ":2: column 1: found '99999999999999999999', expected a class label (an integer or text)",
       {.task = Task::kClassify}},
      {"1,2\nx\x01,2\n",
       ":2: column 1: found 'x\\x01', expected a class label in UTF-8 without control characters"},
      {"1,2\n\xe4,2\n",
       ":2: column 1: found '\\xE4', expected a class label in UTF-8 without control characters"},
      {"1,2\n\"x\"y,2\n",
       ":2: column 1: found '\"x\"y', expected nothing between the closing quotation mark and the "
       "separator"},
  });
}

TEST(CsvMalformedTest, Headers) {
  Check({
      {"label,a\x01\n1,2\n",
       ":1: column 2: found 'a\\x01', expected a name in UTF-8 without control characters"},
      {"label,\xe4\n1,2\n",
       ":1: column 2: found '\\xE4', expected a name in UTF-8 without control characters"},
      {"label,a,label\n1,2,3\n", ":1: found 2 columns named 'label', expected one"},
  });
  const TempDir dir;
  EXPECT_EQ(ReadCsv(dir.WriteFile("t.csv", "label,a,a\n1,2,3\n")).features(), 2u)
      << "features of one name are nobody's business";
}

TEST(CsvMalformedTest, ChosenLabelColumns) {
  std::string wide = "label";
  std::string row = "\n1";
  for (int i = 1; i <= 784; ++i) {
    wide += ",1x" + std::to_string(i);
    row += ",0";
  }
  wide += row;
  Check(
      {
          {wide,
           " has no column 'foo'; its columns are label, 1x1, 1x2, … (785 in all)",
           {.label_column = "foo"}},
          {wide,
           " has no column ''; its columns are label, 1x1, 1x2, … (785 in all)",
           {.label_column = ""}},
          {"a,b\n1,2\n",
           " has no column '1x'; its columns are a, b (2 in all)",
           {.label_column = "1x"}},
          {"a,b\n1,2\n",
           " has no column 2; it has 2 columns, 0 to 1 (or -2 to -1)",
           {.label_column = "2"}},
          {"a,b\n1,2\n",
           " has no column -3; it has 2 columns, 0 to 1 (or -2 to -1)",
           {.label_column = "-3"}},
          {"1,2\n",
           " has no column 'foo'; it has no header, so choose by index, 0 to 1",
           {.label_column = "foo"}},
          {"a,a,b\n1,2,3\n",
           " has 2 columns named 'a'; choose one by its index, 0 to 2",
           {.label_column = "a"}},
      },
      ErrorCode::kInvalidArgument, "label-column: ");
}

TEST(CsvMalformedTest, TablesThatDoNotFit) {
  const Schema named = {.features = 2,
                        .feature_names = {"a", "b"},
                        .label_name = "y",
                        .label_index = 2,
                        .classes = {"3", "5"}};
  Schema nameless = {.features = 2, .classes = {}};
  for (int i = 0; i < 12; ++i) nameless.classes.push_back(std::to_string(i));
  const CsvOptions like_named = {.like = named};
  const CsvOptions like_nameless = {.like = nameless};
  const CsvOptions predict_named = {.like = named, .labels_optional = true};
  const CsvOptions predict_nameless = {.like = nameless, .labels_optional = true};
  Check({
      {"y,a,b\n4,1,2\n", ":2: column 1 ('y'): found '4', expected one of the classes 3, 5",
       like_named},
      {"y,a,b\nx,1,2\n", ":2: column 1 ('y'): found 'x', expected one of the classes 3, 5",
       like_named},
      {"12,1,2\n",
       ":1: column 1: found '12', expected one of the classes 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …",
       like_nameless},
      {"y,a,c\n3,1,2\n",
       ":1: found no column 'b', expected every feature by its name, in any order", like_named},
      {"c,y,d\n3,1,2\n",
       ":1: found no columns 'a', 'b', expected every feature by its name, in any order",
       like_named},
      {"b,y,a,a\n3,1,2,3\n",
       ":1: found several columns named 'a' and others in another order than expected", like_named},
      {"a,b\n1,2\n", ":1: found no column 'y', expected one with the class labels", like_named},
      {"y,a,b,y\n3,1,2,3\n", ":1: found 2 columns named 'y', expected one", like_named},
      {"y,a\n3,1\n", ":1: found no column 'b', expected every feature by its name, in any order",
       like_named},
      {"3,1\n", ":1: found 2 columns with 1 feature, expected 2 features", like_named},
      {"3,1,2,3\n", ":1: found 4 columns with 3 features, expected 2 features", like_nameless},
      {"3,1\n", ":1: found 2 columns with 1 feature, expected 2 features", like_nameless},
      {"a,c\n1,2\n", ":1: found no column 'b', expected every feature by its name, in any order",
       predict_named},
      {"1\n", ":1: found 1 column with 1 feature, expected 2 features", predict_nameless},
      {"1,2\n3,\n",
       ":2: column 2: found nothing, expected a value; missing values: 1 (the model was trained "
       "without any)",
       predict_nameless},
      {"1,2,3,4\n", ":1: found 4 columns with 4 features, expected 2 features", predict_nameless},
      {"?,1,x\n",
       ":1: column 3: found 'x', expected a number",
       {.header = Header::kNo, .like = nameless, .labels_optional = true}},
  });
}

TEST(CsvMalformedTest, LinesWithoutEnd) {
  ExpectError(ErrorCode::kBadData,
              "/dev/zero:1: found a line of more than 64 MiB, expected fields separated by "
              "commas or the like, one example per line",
              [] { return ReadCsv("/dev/zero"); });
}

TEST(CsvMalformedTest, FilesThatCannotBeRead) {
  const TempDir dir;
  const std::string missing = (dir / "missing.csv").string();
  ExpectError(ErrorCode::kIo, "cannot read '" + missing + "': No such file or directory",
              [&] { return ReadCsv(missing); });
  ExpectError(ErrorCode::kIo, "cannot read '" + dir.path().string() + "': is a directory",
              [&] { return ReadCsv(dir.path()); });
}

}  // namespace
}  // namespace colonnade
