// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv/reader.h"
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
using ::testing::IsEmpty;

Dataset Read(const std::string& text, const CsvOptions& options = {}) {
  const TempDir dir;
  return ReadCsv(dir.WriteFile("t.csv", text), options);
}

// Two features "a" and "b", and a label "y" in the last column.
Schema NamedSchema() {
  return {.features = 2,
          .feature_names = {"a", "b"},
          .label_name = "y",
          .label_index = 2,
          .classes = {"3", "5", "9"}};
}

Schema NamelessSchema() {
  return {.features = 2,
          .feature_names = {},
          .label_name = "",
          .label_index = 0,
          .classes = {"3", "5", "9"}};
}

TEST(CsvReaderTest, ReadsATableWithHeader) {
  const Dataset data = Read("label,a,b,c\n7,0,10,255\n3,1,2,3\n7,4,5,6\n");
  EXPECT_EQ(data.examples(), 3u);
  EXPECT_EQ(data.features(), 3u);
  EXPECT_EQ(data.classes(), 2u);
  EXPECT_TRUE(data.labelled());
  EXPECT_EQ(data.element_type(), ElementType::kU8);
  EXPECT_EQ(data.floats(), nullptr);
  EXPECT_THAT(ValuesOf(data, 0), ElementsAre(0, 10, 255));
  EXPECT_THAT(ValuesOf(data, 1), ElementsAre(1, 2, 3));
  EXPECT_THAT(ValuesOf(data, 2), ElementsAre(4, 5, 6));
  EXPECT_THAT(LabelsOf(data), ElementsAre(1, 0, 1));
  EXPECT_THAT(data.schema().classes, ElementsAre("3", "7"));
  EXPECT_THAT(data.schema().feature_names, ElementsAre("a", "b", "c"));
  EXPECT_EQ(data.schema().label_name, "label");
  EXPECT_EQ(data.schema().label_index, 0u);
  EXPECT_EQ(data.schema().features, 3u);
}

TEST(CsvReaderTest, ALabelThatIsNoIntegerMakesAllOfThemNumbers) {
  const Dataset data = Read("x,label\n1,7\n2,-0.5\n3,7.0\n4,1e3\n5,2.5e8\n");
  EXPECT_TRUE(data.labelled());
  EXPECT_TRUE(data.regression());
  EXPECT_EQ(data.classes(), 0u);
  EXPECT_THAT(data.schema().classes, IsEmpty());
  EXPECT_THAT(data.labels(), IsEmpty());
  EXPECT_THAT(data.targets(), ElementsAre(7, -0.5f, 7, 1000, 2.5e8f));
  EXPECT_EQ(data.element_type(), ElementType::kU8);

  // What must fit it has numbers, too.
  const Dataset like = Read("x,label\n1,3\n2,1e-3\n", {.like = data.schema()});
  EXPECT_THAT(like.targets(), ElementsAre(3, 1e-3f));
  EXPECT_THROW(Read("x,label\n1,x\n", {.like = data.schema()}), Error);
}

TEST(CsvReaderTest, TheTaskDecidesAboutIntegers) {
  const std::string integers = "label,x\n7,1\n3,2.5\n7,3\n";
  EXPECT_THAT(Read(integers).schema().classes, ElementsAre("3", "7"));
  EXPECT_THAT(Read(integers, {.task = Task::kRegress}).targets(), ElementsAre(7, 3, 7));
  EXPECT_THAT(Read("label,x\n1e0,1\n2.0,1\n").schema().classes, ElementsAre("1e0", "2.0"))
      << "as they are written";
  EXPECT_THAT(Read("label,x\n7,1\n0.5,2\n", {.task = Task::kClassify}).schema().classes,
              ElementsAre("0.5", "7"));
}

TEST(CsvReaderTest, ManyDifferentIntegersAreNumbersToPredict) {
  // rows, different values, and whether they are numbers
  const std::vector<std::tuple<int, int, bool>> cases = {
      {100, 21, true}, {100, 20, false}, {210, 21, false}, {209, 21, true}, {99, 50, false}};
  for (const auto& [rows, different, numbers] : cases) {
    std::string text = "a,label\n";
    for (int i = 0; i < rows; ++i) text += "1," + std::to_string(i % different) + "\n";
    EXPECT_EQ(Read(text).regression(), numbers) << rows << ", " << different;
  }
}

TEST(CsvReaderTest, ReadsATableWithoutHeader) {
  const Dataset data = Read("7,0,10,255\n3,1,2,3\n");
  EXPECT_EQ(data.examples(), 2u);
  EXPECT_THAT(LabelsOf(data), ElementsAre(1, 0));
  EXPECT_THAT(data.schema().feature_names, IsEmpty());
  EXPECT_EQ(data.schema().label_name, "");
}

// The label has been seen before, so that only the value can stop the fast parser.
TEST(CsvReaderTest, WidensToFloatsAtTheFirstValueThatNeedsIt) {
  for (const char* value : {"256", "999", "1000", "-1", "0.5", "1e9", "-0"}) {
    for (const bool last : {false, true}) {
      const std::string row = last ? "5," + std::string(value) : value + std::string(",5");
      const Dataset data = Read("1,0,255\n1,3,4\n1," + row + "\n2,6,7\n", {.label_column = "0"});
      ASSERT_EQ(data.element_type(), ElementType::kF32) << row;
      EXPECT_EQ(data.bytes(), nullptr);
      EXPECT_THAT(ValuesOf(data, 0), ElementsAre(0, 255));
      EXPECT_THAT(ValuesOf(data, 1), ElementsAre(3, 4));
      EXPECT_EQ(ValuesOf(data, 2)[last ? 0 : 1], 5);
      EXPECT_EQ(ValuesOf(data, 2)[last ? 1 : 0], std::strtof(value, nullptr));
      EXPECT_THAT(ValuesOf(data, 3), ElementsAre(6, 7));
      EXPECT_THAT(LabelsOf(data), ElementsAre(0, 0, 0, 1));
    }
  }
}

TEST(CsvReaderTest, TheTypeDependsOnValuesNotOnTheirText) {
  const std::string hash = Read("1,10,0,7\n").Hash();
  for (const char* row : {"1,10.0,0,7", "1,1e1,0,7", "1,+10,0,+7", "1,010,000,0007", "1,10.,.0,7",
                          "1,1000e-2,0,7", "+1,10,0,7", "1.0,10,0,7", "1.,10,0,7"}) {
    const Dataset data = Read(std::string(row) + "\n");
    EXPECT_EQ(data.element_type(), ElementType::kU8) << row;
    EXPECT_EQ(data.Hash(), hash) << row;
  }
}

TEST(CsvReaderTest, RoundsAsStrtof) {
  for (const char* value :
       {"0.1", "-0.5", "1e-3", "1E+3", "3.4028235e38", "1.17549435e-38", "1e-45", "1e-50", "-1e-50",
        "0.30000001192092895", "16777217", "123456789012345678901234567890", ".5", "5.",
        "1.00000005960464477539062500000000000000000000000000000000001", "+2.5", "1e-400"}) {
    const Dataset data = Read(std::string("0,0.5,") + value + "\n");
    const float expected = std::strtof(value, nullptr);
    EXPECT_EQ(ValuesOf(data, 0)[1], expected) << value;
    EXPECT_EQ(std::signbit(ValuesOf(data, 0)[1]), std::signbit(expected)) << value;
  }
}

TEST(CsvReaderTest, PaddingIsZero) {
  const Dataset bytes = Read("1,1,2,3\n2,4,5,6\n");
  ASSERT_GT(bytes.stride(), bytes.features());
  const Dataset floats = Read("1,1,2,3\n2,4,5,6.5\n3,7,8,9\n", {.label_column = "0"});
  ASSERT_EQ(floats.element_type(), ElementType::kF32);
  ASSERT_GT(floats.stride(), floats.features());
  for (size_t e = 0; e < 2; ++e) {
    for (size_t i = 3; i < bytes.stride(); ++i) EXPECT_EQ(bytes.bytes()[e * bytes.stride() + i], 0);
  }
  for (size_t e = 0; e < 3; ++e) {
    for (size_t i = 3; i < floats.stride(); ++i) {
      EXPECT_EQ(floats.floats()[e * floats.stride() + i], 0);
    }
  }
  EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes.bytes()) % 64, 0u);
  EXPECT_EQ(bytes.stride() % 64, 0u);
}

TEST(CsvReaderTest, LineEndsAndEmptyLinesAtTheEnd) {
  const std::string hash = Read("label,a,b\n1,2,3\n4,5,6\n").Hash();
  for (const char* text :
       {"label,a,b\n1,2,3\n4,5,6", "label,a,b\r\n1,2,3\r\n4,5,6\r\n", "label,a,b\r\n1,2,3\n4,5,6\r",
        "label,a,b\n1,2,3\n4,5,6\n\n\n", "label,a,b\n1,2,3\n4,5,6\r\n\r\n\n",
        "\xef\xbb\xbflabel,a,b\n1,2,3\n4,5,6\n"}) {
    EXPECT_EQ(Read(text).Hash(), hash) << testing::PrintToString(text);
  }
  EXPECT_THAT(Read("\xef\xbb\xbflabel,a\r\n1,2\r\n").schema().feature_names, ElementsAre("a"));
}

TEST(CsvReaderTest, ClassesAreTheIntegersInAscendingOrder) {
  const Dataset data = Read("100000,1\n-5,1\n7,1\n7,1\n999,1\n1000,1\n0,1\n",
                            {.header = Header::kNo, .label_column = "0"});
  EXPECT_THAT(data.schema().classes, ElementsAre("-5", "0", "7", "999", "1000", "100000"));
  EXPECT_THAT(LabelsOf(data), ElementsAre(5, 0, 2, 2, 3, 4, 1));
}

TEST(CsvReaderTest, TakesAsManyClassesAsTheLimit) {
  std::string text;
  for (int i = 65535; i >= 0; --i) text += std::to_string(i) + ",1\n";
  const CsvOptions options = {.label_column = "0", .task = Task::kClassify};
  const Dataset data = Read(text, options);
  ASSERT_EQ(data.classes(), 65536u);
  EXPECT_EQ(data.labels()[0], 65535u);
  const TempDir dir;
  const auto file = dir.WriteFile("t.csv", text + "70000,1\n");
  ExpectError(ErrorCode::kBadData,
              file.string() +
                  ": column 1: found 65537 different labels, expected at most 65536 classes; for "
                  "numbers ask for regression (task regress), else choose another label-column",
              [&] { return ReadCsv(file, options); });
}

TEST(CsvReaderTest, FindsTheLabelColumn) {
  const std::string text = "a,label,b,4\n10,20,30,40\n";
  struct Case {
    std::optional<std::string> choice;
    uint32_t label;
    size_t index;
  };
  const std::vector<Case> cases = {{std::nullopt, 20, 1}, {"a", 10, 0}, {"b", 30, 2},
                                   {"4", 40, 3},          {"0", 10, 0}, {"2", 30, 2},
                                   {"-1", 40, 3},         {"-4", 10, 0}};
  for (const auto& [choice, label, index] : cases) {
    const Dataset data = Read(text, {.label_column = choice});
    EXPECT_THAT(data.schema().classes, ElementsAre(std::to_string(label))) << *choice;
    EXPECT_EQ(data.schema().label_index, index);
    EXPECT_EQ(data.features(), 3u);
    std::vector<float> expected = {10, 20, 30, 40};
    expected.erase(expected.begin() + static_cast<ptrdiff_t>(index));
    EXPECT_EQ(ValuesOf(data, 0), expected);
  }
  EXPECT_THAT(Read("10,20,30\n", {.label_column = "-1"}).schema().classes, ElementsAre("30"));
  EXPECT_THAT(Read("a,b\n10,20\n15,10\n").schema().label_name, "b") << "no 'label': the last";
  for (const char* name : {"Target", "CLASS", "y", " label "}) {
    EXPECT_EQ(Read("a," + std::string(name) + ",b\n1,2,3\n").schema().label_index, 1u) << name;
  }
  EXPECT_EQ(Read("9,0,1\n8,1,255\n9,2,3\n").schema().label_index, 0u) << "pixels: the first";
}

TEST(CsvReaderTest, HeaderAsTheOptionSays) {
  EXPECT_EQ(Read("1,2\n3,4\n").examples(), 2u);
  EXPECT_EQ(Read("1,2\n3,4\n", {.header = Header::kNo}).examples(), 2u);
  const Dataset data = Read("1,2\n3,4\n", {.header = Header::kYes});
  EXPECT_EQ(data.examples(), 1u);
  EXPECT_EQ(data.schema().features, 1u);
  EXPECT_EQ(data.schema().feature_names.size(), 1u);
  EXPECT_THAT(Read("ä,é ü\n3,4\n", {.label_column = "ä"}).schema().feature_names,
              ElementsAre("é ü"));
}

TEST(CsvReaderTest, LabelsBecomeTheClassesOfTheSchema) {
  const Schema schema = NamedSchema();
  const Dataset data = Read("y,a,b\n9,1,2\n3.0,3,4\n", {.like = schema});
  EXPECT_THAT(LabelsOf(data), ElementsAre(2, 0));
  EXPECT_THAT(data.schema().classes, ElementsAre("3", "5", "9"));
  EXPECT_EQ(data.schema().label_index, 0u) << "found by name, wherever it is";

  Schema words = NamelessSchema();
  words.classes = {"cat", "dog", "7"};
  EXPECT_THAT(LabelsOf(Read("dog,1,2\n7,1,2\ncat,3,4\n", {.header = Header::kNo, .like = words})),
              ElementsAre(1, 2, 0));
}

TEST(CsvReaderTest, FindsTheLabelColumnOfTheSchemaByPlaceWhereNamesLack) {
  const Schema named = NamedSchema();
  EXPECT_THAT(LabelsOf(Read("1,2,5\n", {.like = named})), ElementsAre(1)) << "file without names";
  const Schema nameless = NamelessSchema();
  const Dataset data = Read("x,y,z\n5,1,2\n", {.like = nameless});
  EXPECT_THAT(LabelsOf(data), ElementsAre(1));
  EXPECT_THAT(data.schema().feature_names, ElementsAre("y", "z"));
}

TEST(CsvReaderTest, LabelsAreOptionalForPrediction) {
  const Schema named = NamedSchema();
  const Schema nameless = NamelessSchema();
  struct Case {
    const Schema* like;
    const char* text;
  };
  const std::vector<Case> cases = {
      {&named, "a,b\n1,2\n3,4\n"},
      {&named, "y,a,b\ncat,1,2\n,3,4\n"},
      {&named, "a,y,b\n1,\"x\",2\n3,0,4"},
      {&named, "a,b,y\n1,2,?\r\n3,4,\r\n"},
      {&named, "1,2\n3,4\n"},
      {&named, "1,2,7\n3,4,?\n"},
      {&nameless, "1,2\n3,4\n"},
      {&nameless, "7,1,2\n?,3,4\n"},
      {&nameless, "p,q\n1,2\n3,4\n"},
      {&nameless, "p,q,r\n?,1,2\n?,3,4\n"},
  };
  for (const auto& [like, text] : cases) {
    const Dataset data = Read(text, {.like = *like, .labels_optional = true});
    EXPECT_FALSE(data.labelled()) << text;
    EXPECT_EQ(data.classes(), 0u);
    EXPECT_THAT(data.labels(), IsEmpty());
    ASSERT_EQ(data.examples(), 2u) << text;
    EXPECT_THAT(ValuesOf(data, 0), ElementsAre(1, 2)) << text;
    EXPECT_THAT(ValuesOf(data, 1), ElementsAre(3, 4)) << text;
  }
  const Schema one = {.features = 1};
  EXPECT_EQ(Read("1\n2\n", {.like = one, .labels_optional = true}).examples(), 2u);
}

TEST(CsvReaderTest, ReadsFromAPipe) {
  const TempDir dir;
  const auto fifo = dir / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  std::string text = "label,a\n";
  for (int i = 0; i < 5000; ++i) text += std::to_string(i % 10) + "," + std::to_string(i) + "\n";
  std::thread writer([&] { std::ofstream(fifo) << text; });
  const Dataset data = ReadCsv(fifo);
  writer.join();
  EXPECT_EQ(data.examples(), 5000u) << "grown, since nobody told the size";
  EXPECT_EQ(data.Hash(), Read(text).Hash());
}

// A table whose text exercises both row parsers and both element types.
std::string MixedTable(size_t rows, bool floats) {
  std::string text = "label,a,b,c,d,e,f\r\n";
  for (size_t i = 0; i < rows; ++i) {
    text += std::to_string(i % 3) + ",0,0,0,0," + std::to_string(i * 37 % 256) +
            (floats && i == rows / 2 ? ",1.25e1" : ",9") + (i % 5 == 0 ? "\r\n" : "\n");
  }
  return text;
}

TEST(CsvReaderTest, TheEndsOfPiecesDoNotMatter) {
  const TempDir dir;
  for (const bool floats : {false, true}) {
    const std::string text = MixedTable(50, floats);
    const auto file = dir.WriteFile("t.csv", text);
    const std::string hash = ReadCsv(file).Hash();
    for (const size_t piece : {1u, 2u, 3u, 7u, 64u, 1000u}) {
      EXPECT_EQ(ReadCsvInPieces(file, {}, piece).Hash(), hash) << piece;
    }
    for (size_t piece = text.size() - 3; piece < text.size() + 3; ++piece) {
      EXPECT_EQ(ReadCsvInPieces(file, {}, piece).Hash(), hash) << piece;
    }
  }
}

TEST(CsvReaderTest, AFileCutAnywhereIsAShorterTableOrAnError) {
  const TempDir dir;
  const std::string text = MixedTable(6, true);
  size_t tables = 0;
  for (size_t size = 0; size <= text.size(); ++size) {
    const auto file = dir.WriteFile("t.csv", text.substr(0, size));
    for (const size_t piece : {1u, 8u, 1000u}) {
      try {
        const Dataset data = ReadCsvInPieces(file, {}, piece);
        ++tables;
        EXPECT_LE(data.examples(), 6u);
        const auto lines =
            std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(size), '\n');
        EXPECT_GE(data.examples() + 1, static_cast<size_t>(lines)) << size << ": a row was lost";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kBadData) << size << ": " << error.what();
      }
    }
  }
  EXPECT_GE(tables, 3u * 6u);
}

// Whatever happens, no crash: another program truncates and extends the file all the time.
TEST(CsvReaderTest, SurvivesAFileThatChanges) {
  const TempDir dir;
  const std::string text = MixedTable(2000, false);
  const auto file = dir.WriteFile("t.csv", text);
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) {
      std::filesystem::resize_file(file, text.size() / 3);
      dir.WriteFile("t.csv", text + text.substr(text.find('\n') + 1));
    }
  });
  for (int i = 0; i < 100; ++i) {
    try {
      if (i % 2 == 0) {
        EXPECT_LE(ReadCsvInPieces(file, {}, 4096).examples(), 4000u);
      } else {
        EXPECT_LE(ReadCsvInChunks(file, {}, 1024).examples(), 4000u);
      }
    } catch (const Error& error) {
      // Either it is seen to have changed, or a fault in what there is comes first.
      EXPECT_TRUE(error.code() == ErrorCode::kBadData || error.code() == ErrorCode::kIo)
          << error.what();
    }
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace colonnade
