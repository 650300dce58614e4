// SPDX-License-Identifier: Apache-2.0
// Every complaint of the CSV reader, word for word.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv/lines.h"
#include "tests/support/errors.h"
#include "tests/support/temp_dir.h"

// Designated initializers leave the other members at their defaults, which is the point of them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace colonnade {
namespace {

using namespace std::string_literals;  // for text with NUL bytes
using test::ExpectError;
using test::TempDir;

const std::string kNoNumber =
    "; na-values names words for missing values, bad-rows skip leaves such rows out, categorical "
    "makes the values categories, ignore-columns leaves the column out";
const std::string kNoValue =
    "; missing mean, median, zero or drop says what to do with missing values";
const std::string kNoLabel =
    "; missing drop leaves out rows without one, keep-na takes NA and the like as names of classes";
const std::string kAfterQuote =
    "; quote none takes quotation marks as text, escape names what makes them ordinary";
const std::string kEncoding =
    "; encoding says how the text is written, such as latin1 or windows-1252";
const std::string kOpen = "; quote none takes quotation marks as text";

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

// Rows that show what columns hold.
const std::string kRows = "1,2\n5,3\n1,4\n1,7\n";

// Cases of a fifth row, the label in front.
void CheckFifth(std::vector<Case> cases) {
  for (Case& c : cases) {
    c.text = kRows + c.text;
    c.message = ":5: " + c.message;
    c.options.header = Header::kNo;
    c.options.label_column = "0";
  }
  Check(cases);
}

TEST(CsvMalformedTest, FilesThatAreNoTables) {
  const std::string one =
      ":1: found 1 column, expected a class label and at least one feature, separated by a comma, "
      "semicolon, tab or space";
  Check({
      {"", ": found an empty file, expected a table, one example per line"},
      {"\xef\xbb\xbf", ": found an empty file, expected a table, one example per line"},
      {"\n\n", ": found nothing but empty lines, expected a table, one example per line"},
      {" \n  \r\n", ": found nothing but empty lines, expected a table, one example per line"},
      {"label,a,b\n", ": found no examples after the header"},
      {"label,a,b", ": found no examples after the header"},
      {"label,a,b\n\n\n", ": found no examples after the header"},
      {"1\n2\n", one},
      {"label\n2\n", one},
      {"\n\nlabel\n2\n", ":3" + one.substr(2)},
      {"1;2;3\n", one, {.delimiter = ','}},
      {"a,b\n1,2\n2,3\n",
       ":1: found no columns but the label and ignored ones",
       {.label_column = "b", .ignore_columns = {"a"}}},
      {"a,b\n,2\n?,3\n",
       ": found no column to learn from: a (missing throughout), expected at least one feature; "
       "categorical or columns take a column all the same"},
      {"# only\n# words\n",
       ": found nothing but comments and empty lines, expected a table, one example per line",
       {.comment = '#'}},
      {"\x1f\x8b\x08\n", ": the gzip data ends early: the file is not complete"},
      {"\xff\xfel\0,\0a\0\n\0"s, ": found no examples after the header"},
      {"\xfe\xff\0l\0,\0a\0\n"s, ": found no examples after the header"},
  });
}

TEST(CsvMalformedTest, Rows) {
  Check({
      {"1,2,3\n1,2\n", ":2: found 2 fields, expected 3 (as in the first row)"},
      {"1,2,3\n1\n", ":2: found 1 field, expected 3 (as in the first row)"},
      {"label,a,b\n1,2,3\n1,2,3,4\n", ":3: found 4 fields, expected 3 (as in the header)"},
      {"label,a,b\n1,2,3,\n", ":2: found 4 fields, expected 3 (as in the header)"},
      {"1,2,3\n1,2.5,3\n1,2.5\n", ":3: found 2 fields, expected 3 (as in the first row)"},
      {"1,2,3\n\n1,2,3\n  \n1,2\n", ":5: found 2 fields, expected 3 (as in the first row)"},
      {"label,a,b\n1,2,3\n1,say \\\"x,y\\\",3\n",
       ":3: found 4 fields, expected 3 (as in the header); escape \\ says that a backslash makes "
       "quotation marks ordinary"},
  });
}

TEST(CsvMalformedTest, ManyBadRows) {
  std::string text = "label,a\n";
  for (int i = 0; i < 18; ++i) text += "1,2\n";
  const CsvOptions skip = {.bad_rows = BadRows::kSkip};
  Check({
      {text + "3\n1,2,3\n4\n",
       ":20: found 1 field, expected 2 (as in the header); 3 of 21 rows are bad; bad-rows skip-any "
       "leaves out any number",
       skip},
      {"label,a\n1\n2\n", ": found no examples after the header", {.bad_rows = BadRows::kSkipAny}},
  });
  const TempDir dir;
  const Dataset data = ReadCsv(dir.WriteFile("t.csv", text + "3\n1,2,3\n"), skip);
  EXPECT_EQ(data.examples(), 18u);
  EXPECT_EQ(data.summary().bad_rows, 2u);
  ASSERT_EQ(data.summary().bad.size(), 2u);
  EXPECT_TRUE(data.summary().bad[1].ends_with(":21: found 3 fields, expected 2 (as in the header)"))
      << data.summary().bad[1];
}

TEST(CsvMalformedTest, Features) {
  const std::string number = "expected a number" + kNoNumber;
  const std::string finite = "expected a finite number";
  Check({
      {"label,1x1\n1,2\n1,3\n1,abc\n", ":4: column 2 ('1x1'): found 'abc', " + number},
      {"label,a\n1,2\n1,3\n1,\n",
       ":4: column 2 ('a'): found nothing, expected a value" + kNoValue,
       {.missing = Missing::kRefuse}},
      {"label,a\n1,2\n1,3\n1,\n",
       ":4: column 2 ('a'): found nothing, expected a value" + kNoValue,
       {.strict = true}},
  });
  CheckFifth({
      {"1,abc\n", "column 2: found 'abc', " + number},
      {"1,-INF\n", "column 2: found '-INF', " + finite},
      {"1,Infinity\n", "column 2: found 'Infinity', " + finite},
      {"1,nano\n", "column 2: found 'nano', " + number},
      {"1,1e39\n", "column 2: found '1e39', " + finite + " in the range of f32"},
      {"1,-3.5e38\n", "column 2: found '-3.5e38', " + finite + " in the range of f32"},
      {"1,1 2\n", "column 2: found '1 2', " + number},
      {"1,0x1F\n", "column 2: found '0x1F', " + number},
      {"1,1e\n", "column 2: found '1e', " + number},
      {"1,1.2.3\n", "column 2: found '1.2.3', " + number},
      {"1,+\n", "column 2: found '+', " + number},
      {"1,+-2\n", "column 2: found '+-2', " + number},
      {"1,--2\n", "column 2: found '--2', " + number},
      {"1,1_00\n", "column 2: found '1_00', " + number},
      {"1,2\xb2\n", "column 2: found '2\\xB2', " + number},
      {"1,2\0\n"s, "column 2: found '2\\x00', " + number},
      {"1,\x1b[31m\n", "column 2: found '\\x1B[31m', " + number},
      {"1,2\r3\n", "column 2: found '2\\x0D3', " + number},
      {"1,é\n", "column 2: found 'é', " + number},
      {"1,\xc2\x9b\n", "column 2: found '\\xC2\\x9B', " + number},
      {"1,"s + std::string(40, 'x') + "\n",
       "column 2: found '"s + std::string(40, 'x') + "', " + number},
      {"1,"s + std::string(41, 'x') + "\n",
       "column 2: found '"s + std::string(40, 'x') + "…', " + number},
  });
}

TEST(CsvMalformedTest, Quotes) {
  const std::string number = "expected a number" + kNoNumber;
  const std::string after =
      "expected nothing between the closing quotation mark and the separator" + kAfterQuote;
  const std::string open =
      "found quotes that are not closed, expected a closing quotation mark" + kOpen;
  CheckFifth({
      {"1,\"3,4,5\"\n", "column 2: found '3,4,5', " + number},
      {"1,\"3\"\"4\"\n", "column 2: found '3\"4', " + number},
      {"1,3\"\n", "column 2: found '3\"', " + number},
      {"1,\"3\" 4\n", "column 2: found '\"3\" 4', " + after},
      {"\"1\"1,2\n", "column 1: found '\"1\"1', " + after},
      {"\"1\"1,2\n", "column 1: found '\"1\"1', " + after, {.columns = {"1"}}},
      {"1,\"3\n4,5\n6,7\n", "column 2: " + open},
      {"1,\"3\n\"\"4,5\n6,7\n", "column 2: " + open},
      {"\"1,2\n1,3\n", "column 1: " + open},
  });
  Check({
      {"label,a\n1,2\n\"1\n\",\"3\n4,5\n", ":4: column 2 ('a'): " + open},
      {"\"1,2\n1,3\n",
       ":1: column 1: found quotes that are not closed, expected a closing quotation mark"},
      // Also in columns that are left out.
      {"label,a,b\n1,2,3\n1,2,\"3\"x\n",
       ":3: column 3 ('b'): found '\"3\"x', " + after,
       {.ignore_columns = {"b"}}},
      // The line of the field, and of rows after line ends in quotes.
      {"label,\"a\nb\",b\n1,2,3\n1,2,4\n1,x,3\n", ":5: column 2 ('a\\x0Ab'): found 'x', " + number},
      {"label,a,b\n1,2,3\n1,2,3\n1,\"2\n\",x\n", ":5: column 3 ('b'): found 'x', " + number},
      {"label,a,b\n1,2,3\n1,2,3\n1,\"2\n3\",x\n", ":4: column 2 ('a'): found '2\\x0A3', " + number},
  });
}

TEST(CsvMalformedTest, MissingValues) {
  const CsvOptions refuse = {.missing = Missing::kRefuse};
  const std::string value = ", expected a value" + kNoValue;
  for (const char* word : {"NA", "n/a", "Null", "nan", "-nan", "?", "#N/A", "1.#QNAN", ".", "-"}) {
    CheckFifth({{"1,"s + word + "\n", "column 2: found '"s + word + "'" + value, refuse}});
  }
  CheckFifth({
      {"1,\n", "column 2: found nothing" + value, refuse},
      {"1, \n", "column 2: found nothing" + value, refuse},
      {"1,\"\"\n", "column 2: found nothing" + value, refuse},
      {"1,x\n1,\n",
       "column 2: found 'x'" + value,
       {.na_values = {"x"}, .missing = Missing::kRefuse}},
      {"1,NA\n", "column 2: found 'NA', expected a number" + kNoNumber, {.keep_na = true}},
      {",3\n", "column 1: found nothing, expected a class label" + kNoLabel},
  });
  Check({
      {"label,a,b\n1,2,NA\n1,,?\n1,2,3\n", ":2: column 3 ('b'): found 'NA'" + value, refuse},
      {"label,a,b\n1,2,-\n", ":2: column 3 ('b'): found '-'" + value, refuse},
      {"1,?\n2,\n",
       ": found no examples without missing values",
       {.label_column = "0", .missing = Missing::kDrop}},
      {"label,a\n0.5,2\n,3\n",
       ":3: column 1 ('label'): found nothing, expected a number; missing drop leaves out rows "
       "without one"},
  });
}

TEST(CsvMalformedTest, Labels) {
  const std::string label = ", expected a class label" + kNoLabel;
  const std::string name = ", expected a class label in UTF-8 without control characters";
  const std::string numbers =
      ", expected a number; other labels are numbers; task classify takes any text, bad-rows skip "
      "leaves such rows out";
  const CsvOptions regress = {.task = Task::kRegress};
  CheckFifth({
      {"cat,2\n", "column 1: found 'cat'" + numbers, regress},
      {"cat,2\n1.5,2\n0.5,3\n3,3\n", "column 1: found 'cat'" + numbers},
      {"inf,2\n",
       "column 1: found 'inf', expected a finite number; other labels are numbers; task "
       "classify takes any text, bad-rows skip leaves such rows out",
       regress},
      {",2\n", "column 1: found nothing" + label},
      {"NA,2\n", "column 1: found 'NA'" + label},
      {"x\x01,2\n", "column 1: found 'x\\x01'" + name},
      {"\xe4,2\n", "column 1: found '\\xE4'" + name + kEncoding},
      {"\"x\"y,2\n",
       "column 1: found '\"x\"y', expected nothing between the closing quotation mark and the "
       "separator" +
           kAfterQuote},
  });
  // Each row its own class.
  std::string own = "label,a\n";
  for (int i = 0; i < 21; ++i) own += "c" + std::to_string(i) + ",1\n";
  Check({{own,
          ": column 1 ('label'): found 21 different labels in 21 rows, expected classes that come "
          "more than once; choose another column with label-column, or say what it holds with "
          "task"}});
  const TempDir dir;
  EXPECT_EQ(ReadCsv(dir.WriteFile("t.csv", own), {.task = Task::kClassify}).classes(), 21u);
}

// Anything may be the name of a class, where classes are asked for.
TEST(CsvMalformedTest, LabelsThatAreNoIntegers) {
  const TempDir dir;
  const auto classes = [&](const std::string& labels) {
    std::string text;
    for (const char c : labels) text += c == ' ' ? ",1\n" : std::string(1, c);
    return ReadCsv(dir.WriteFile("t.csv", text),
                   {.header = Header::kNo, .label_column = "0", .task = Task::kClassify})
        .schema()
        .classes;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(classes("1.5 1 "), (Names{"1", "1.5"}));
  EXPECT_EQ(classes("10 1e0 2 "), (Names{"1e0", "2", "10"}));
  EXPECT_EQ(classes("1 inf "), (Names{"1", "inf"}));
  EXPECT_EQ(classes("1 99999999999999999999 "), (Names{"1", "99999999999999999999"}));
  EXPECT_EQ(classes("cat 1.5 dog "), (Names{"1.5", "cat", "dog"}));
}

TEST(CsvMalformedTest, Headers) {
  Check({
      {"label,a\x01\n1,2\n",
       ":1: column 2: found 'a\\x01', expected a name in UTF-8 without control characters"},
      {"label,\xe4\n1,2\n",
       ":1: column 2: found '\\xE4', expected a name in UTF-8 without control characters" +
           kEncoding},
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
  wide += row + row + row;
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
      {"3,1,2\n3,1,\n",
       ":2: column 3: found nothing, expected a value; a missing value; the model was trained "
       "without any",
       like_nameless},
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
  ExpectError(ErrorCode::kIo,
              "cannot read '" + dir.path().string() +
                  "': the folder has no files, other than empty or hidden ones",
              [&] { return ReadCsv(dir.path()); });
}

}  // namespace
}  // namespace colonnade
