// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "colonnade/cache.h"
#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "tests/support/errors.h"
#include "tests/support/format_text.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using namespace std::string_literals;  // for text with NUL bytes
using test::ExpectError;
using test::FormatText;
using test::ReadFile;
using test::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string MessageOf(const std::filesystem::path& file) {
  try {
    const Dataset ignored = ReadData(file);
    return "read";
  } catch (const Error& error) {
    return error.what();
  }
}

// What is not read, by its first bytes.
TEST(Formats, NamesWhatItDoesNotRead) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more", "(xls)"},
      {"PAR1\x15\x04", "a Parquet file"},
      {"ORC\x08\x03", "an ORC file"},
      {"Obj\x01\x04", "an Avro file"},
      {"FEA1", "Feather"},
      {"\x89HDF\r\n\x1a\n", "an HDF5 file"},
      {"MATLAB 5.0 MAT-file, Platform: GLNXA64", "a MATLAB file"},
      {"\x80\x04\x95\x10"s, "a Python pickle"},
      {"RDX3\nX\n"s, "an R file"},
      {"X\n\0\0\0\x03"s, "an R file"},
      {"<stata_dta><header>", "Stata"},
      {"SQLite format 3\0"s, "an SQLite database"},
      {"%PDF-1.7", "a PDF document"},
      {"\n<!DOCTYPE html>\n<html>", "an HTML page"},
      {"{\"a\": 1, \"label\": 2}\n{\"a\": 2, \"label\": 1}\n", "JSON"},
      {"[\n  {\"a\": 1}]", "JSON"},
      {"[[1, 2], [3, 4]]", "JSON"},
      {"\xef\xbb\xbf<?xml version=\"1.0\"?>", "XML"},
      {"\x89PNG\r\n\x1a\n", "an image"},
      {"\xff\xd8\xff\xe0", "an image"},
      {"\x7f"
       "ELF\x02",
       "a program"},
      {std::string(257, 'x') + "ustar", "an archive"},
      {"\x04\x22\x4d\x18", "compressed data of another kind"},
  };
  const TempDir dir;
  for (const auto& [bytes, name] : cases) {
    const std::string message = MessageOf(dir.WriteFile("t.csv", bytes));
    EXPECT_THAT(message, HasSubstr("t.csv: found ")) << name;
    EXPECT_THAT(message, HasSubstr(name));
    EXPECT_THAT(message,
                HasSubstr("expected a table as CSV, ARFF, LIBSVM, NumPy or Arrow have it; "));
  }
}

TEST(Formats, TakesTablesForWhatTheyAre) {
  const TempDir dir;
  for (const std::string text :
       {"label,x\n1,2\n2,3\n", "ORC,x\n1,2\n2,3\n", "BMI,label\n1,2\n2,3\n", "1,2\n3,4\n",
        "1 2 3\n4 5 6\n", "\"a\",\"b\"\n1,2\n3,4\n", "MM,x\n1,2\n2,3\n"}) {
    const auto file = dir.WriteFile("t", text);
    EXPECT_EQ(ReadData(file).Hash(), ReadCsv(file).Hash()) << text;
  }
}

// As Python's zipfile writes one, each member stored and empty: enough to tell what it is.
std::string ZipOf(const std::vector<std::string>& names) {
  const auto number = [](size_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
    return text;
  };
  std::string zip;
  std::string directory;
  for (const std::string& name : names) {
    const std::string common =
        "\x14\0\0\0\0\0\0\0\x21\0\0\0\0\0\0\0\0\0\0\0\0\0"s + number(name.size(), 2) + "\0\0"s;
    directory +=
        "PK\x01\x02\x14\x03"s + common + "\0\0\0\0\0\0\0\0\0\0"s + number(zip.size(), 4) + name;
    zip += "PK\x03\x04"s + common + name;
  }
  const size_t count = names.size();
  return zip + directory + "PK\x05\x06\0\0\0\0"s + number(count, 2) + number(count, 2) +
         number(directory.size(), 4) + number(zip.size(), 4) + "\0\0"s;
}

TEST(Formats, NamesZipFilesByTheirMembers) {
  const TempDir dir;
  const auto message = [&](const std::vector<std::string>& names) {
    return MessageOf(dir.WriteFile("t", ZipOf(names)));
  };
  EXPECT_THAT(message({"[Content_Types].xml", "xl/workbook.xml"}), HasSubstr("an Excel workbook"));
  EXPECT_THAT(message({"mimetype", "content.xml"}), HasSubstr("an OpenDocument file"));
  EXPECT_THAT(message({"word/document.xml"}), HasSubstr("a Word document"));
  EXPECT_THAT(message({"archive/data.pkl", "archive/version"}), HasSubstr("a PyTorch file"));
}

TEST(Formats, APipeIsReadAsItsFormat) {
  const TempDir dir;
  const std::string fifo = (dir / "pipe").string();
  const auto read = [&](const std::string& content) {
    std::filesystem::remove(fifo);
    EXPECT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    std::thread writer([&] { std::ofstream(fifo, std::ios::binary) << content; });
    std::string outcome;
    try {
      outcome = ReadData(fifo).Hash();
    } catch (const Error& error) {
      outcome = error.what();
    }
    writer.join();
    return outcome;
  };
  std::string long_table = "label,x,y\n";
  for (int i = 0; i < 5000; ++i)
    long_table += std::to_string(i % 3) + "," + std::to_string(i) + ",7\n";
  for (const std::string& text : {"1 1:0.5 2:3\n2 1:2\n"s,
                                  "@relation r\n@attribute a real\n"
                                  "@attribute b real\n@data\n1,2\n3,4\n"s,
                                  long_table}) {
    EXPECT_EQ(read(text), ReadData(dir.WriteFile("t", text)).Hash());
  }
  EXPECT_EQ(read("PAR1"),
            MessageOf(dir.WriteFile("t", "PAR1")).replace(0, (dir / "t").string().size(), fifo));
}

TEST(Formats, OnlyCsvIsJoined) {
  const TempDir dir;
  dir.WriteFile("a.svm", "1 1:2\n2 1:3\n");
  EXPECT_EQ(ReadData(dir.path()).examples(), 2u);
  dir.WriteFile("b.svm", "1 1:2\n2 1:3\n");
  ExpectError(ErrorCode::kBadData,
              dir.path().string() +
                  ": found 2 files, the first of them a LIBSVM file, expected one such file, or "
                  "several of CSV",
              [&] { return ReadData(dir.path()); });
}

// ---- ARFF ----

constexpr const char* kArff = R"(% a comment

@RELATION 'iris data'
@attribute 'sepal length' REAL
@ATTRIBUTE code {x, 'y z', "w,v"}	% types
@attribute name string
@attribute Class {a,b}
@attribute last numeric
@DATA
5.1, x, 'O\'Brien, Pat', a, 1

% between
?, 'y z', "say \"hi\"", b, 2 % end
{0 3.5, 3 b}
{}
1,"w,v",?,a,-1
)";

TEST(Arff, BecomesTextWhoseLinesHaveTheNumbersOfTheFile) {
  const std::string text = FormatText(kArff);
  EXPECT_THAT(
      text, StartsWith("\n\n\n\n\n\n\n\n\"sepal length\",\"code\",\"name\",\"Class\",\"last\"\n"));
  EXPECT_THAT(text, HasSubstr("\n5.1,x,\"O'Brien, Pat\",a,1\n\n\n,y z,\"say \"\"hi\"\"\",b,2\n"
                              "3.5,x,,b,0\n0,x,,a,0\n1,\"w,v\",,a,-1\n"));
}

CsvOptions ArffOptions(const std::string& text, const CsvOptions& given = {}) {
  InputFile input("t", [rest = std::string_view(text)](std::span<char> to) mutable {
    const size_t count = std::min(rest.size(), to.size());
    std::copy_n(rest.data(), count, to.data());
    rest.remove_prefix(count);
    return count;
  });
  return ArffText(input, given).options;
}

TEST(Arff, NominalAttributesAreCategories) {
  const CsvOptions options = ArffOptions(kArff);
  EXPECT_EQ(options.label_column, "Class");
  EXPECT_EQ(options.task, Task::kClassify);
  EXPECT_THAT(options.categorical, ElementsAre("code"));
  EXPECT_EQ(options.skip_rows, 8u);

  CsvOptions given;
  given.label_column = "-1";
  EXPECT_EQ(ArffOptions(kArff, given).task, Task::kAuto);
  EXPECT_THAT(ArffOptions(kArff, given).categorical, ElementsAre("code", "Class"));
  given.ignore_columns = {"Class"};
  EXPECT_THAT(ArffOptions(kArff, given).categorical, ElementsAre("code"));
}

TEST(Arff, IsReadLikeTheSameTableAsCsv) {
  const TempDir dir;
  const Dataset arff = ReadData(dir.WriteFile(
      "t.arff",
      "@relation r\n@attribute a real\n@attribute c {p,q}\n@attribute class {y,n}\n@data\n"
      "0.5,p,n\n\n1,q,y\n{0 2}\n"));
  CsvOptions options;
  options.categorical = {"c"};
  options.label_column = "class";
  const Dataset csv =
      ReadCsv(dir.WriteFile("t.csv", "a,c,class\n0.5,p,n\n1,q,y\n2,p,y\n"), options);
  EXPECT_EQ(arff.Hash(), csv.Hash());
  EXPECT_EQ(arff.schema().feature_names, csv.schema().feature_names);
  EXPECT_EQ(arff.schema().classes, csv.schema().classes);
}

TEST(Arff, MayBeInAnotherEncoding) {
  const TempDir dir;
  const auto file = dir.WriteFile("t",
                                  "@relation r\n@attribute a real\n@attribute b {caf\xe9,q}\n"
                                  "@data\n1,caf\xe9\n2,q\n");
  CsvOptions options;
  options.encoding = "latin1";
  EXPECT_THAT(ReadData(file, options).schema().classes, ElementsAre("café", "q"));
}

TEST(Arff, RefusesWithTheReason) {
  const std::string head = "@relation r\n@attribute a real\n@attribute b {p,q}\n@data\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {head + "1,p\n1\n", "t:6: found 1 values, expected 2, one for each attribute"},
      {head + "1,p,2\n", "t:5: found 3 values, expected 2, one for each attribute"},
      {head + "1,r\n", "t:5: found 'r' for 'b', expected one of its values p, q"},
      {head + "1,p, {3}\n",
       "t:5: found a weight of the row in braces, expected no weights; make it an attribute, and "
       "name that by weight-column"},
      {head + "1,'p\n", "t:5: found quotes that are not closed, expected a closing quotation mark"},
      {head + "{1 p, 0 1}\n", "t:5: found '0', expected the index of an attribute, 2 to 1"},
      {head + "{0 1\n", "t:5: found values that do not end, expected '}' behind the last one"},
      {"@relation r\n@attribute bag relational\n",
       "t:2: found an attribute of type 'relational', expected numeric, integer, real, string, "
       "date "
       "or {values}; write one row for each example"},
      {"@relation r\n@attribute a {p\n",
       "t:2: found values that do not end, expected '}' behind the last one"},
      {"@relation r\n@data\n1\n", "t:2: found rows, expected attributes before them"},
      {"@relation r\n@attribute a real\n",
       "t: found an ARFF file without rows, expected @data and rows behind it"},
      {"@relation r\nhello\n", "t:2: found 'hello', expected @relation, @attribute or @data"},
  };
  for (const auto& [text, message] : cases) {
    ExpectError(ErrorCode::kBadData, message, [&, &of = text] { return FormatText(of); });
  }
}

// ---- LIBSVM ----

TEST(Libsvm, BecomesTextWithItsZeros) {
  EXPECT_EQ(FormatText("# head\n+1 1:0.5 3:-2 # c\r\n-1 2:1\n\n1.0 4:1e-3"),
            "\"label\",\"1\",\"2\",\"3\",\"4\"\n\n1,0.5,0,-2,0\n-1,0,1,0,0\n\n1,0,0,0,1e-3\n");
  EXPECT_EQ(FormatText("3 qid:1 0:1 2:2\n2 qid:1 1:2\n1.5 qid:2 2:1\n"),
            "\"label\",\"qid\",\"0\",\"1\",\"2\"\n3,1,1,0,2\n2,1,0,2,0\n1.5,2,0,0,1\n");
}

TEST(Libsvm, FitsWhatItIsComparedWith) {
  const TempDir dir;
  const Dataset train = ReadData(dir.WriteFile("train", "+1 0:1 3:2\n-1 1:5\n"));
  EXPECT_EQ(train.features(), 4u);
  EXPECT_THAT(train.schema().classes, ElementsAre("-1", "1"));
  // From 0, though nothing shows it here, and with zeros at the end.
  const Dataset test = ReadData(dir.WriteFile("test", "1 1:7\n1 2:8\n"), {.like = train.schema()});
  EXPECT_EQ(test.features(), 4u);
  EXPECT_THAT(test.labels(), ElementsAre(1u, 1u));
  EXPECT_EQ(test.BytesOf(0)[1], 7);
  EXPECT_EQ(test.BytesOf(1)[2], 8);
  const auto wide = dir.WriteFile("wide", "1 1:7\n1 4:8\n");
  ExpectError(ErrorCode::kBadData, wide.string() + ": found 5 features, expected 4",
              [&] { return ReadData(wide, {.like = train.schema()}); });
}

TEST(Libsvm, RefusesWithTheReason) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"1 1:2\n0 2:1 2:3\n", "t:2: found '2:3', expected an index above 2: they ascend"},
      {"1 1:2\nfoo 2:1\n", "t:2: found 'foo', expected a label, a single number"},
      {"1 1:2\n1,2 2:1\n", "t:2: found '1,2', expected a label, a single number"},
      {"1 1:2\n0 2:x\n", "t:2: found '2:x', expected index:value"},
      {"1 1:2\n0 -2:1\n", "t:2: found '-2:1', expected index:value"},
  };
  for (const auto& [text, message] : cases) {
    ExpectError(ErrorCode::kBadData, message, [&, &of = text] { return FormatText(of); });
  }
  EXPECT_THAT(test::FormatOutcome("1 4000000000:1\n"),
              HasSubstr("found 4000000000 features, expected at most 1048576; leave out"));
}

TEST(Libsvm, IsToldFromOtherText) {
  const auto is = [](std::string_view text) { return IsLibsvm({.bytes = text}); };
  EXPECT_TRUE(is("1 1:2\n"));
  EXPECT_TRUE(is("# c\n-1.5 qid:3 1:2 7:3"));
  EXPECT_TRUE(is("1\n0\n1 1:2\n"));
  EXPECT_FALSE(is("1 2 3\n"));
  EXPECT_FALSE(is("1\n2\n"));
  EXPECT_FALSE(is("day 12:30\n1 13:30\n"));
  EXPECT_FALSE(is("1 12:05\n2 13:30\n"));
  EXPECT_FALSE(is("2020-01-01 12:30,1\n"));
  EXPECT_FALSE(is(""));
}

}  // namespace
}  // namespace colonnade
