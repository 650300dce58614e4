// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

// Designated initializers leave the other members at their defaults, which is the point of them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace colonnade {
namespace {

using test::ExpectError;
using test::ReadFile;
using test::TempDir;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Dataset Bytes(const std::vector<uint8_t>& values, const std::vector<uint32_t>& labels,
              const Schema& schema) {
  return Dataset::FromMemory(std::span<const uint8_t>(values), labels, schema);
}

TEST(CsvWriterTest, WritesBytesAsIntegers) {
  const TempDir dir;
  WriteCsv(Bytes({0, 9, 10, 99, 100, 255}, {1, 0}, {.features = 3, .classes = {"3", "7"}}),
           dir / "t.csv");
  EXPECT_EQ(ReadFile(dir / "t.csv"), "7,0,9,10\n3,99,100,255\n");
  EXPECT_THAT(dir.List(), ElementsAre("t.csv"));
}

TEST(CsvWriterTest, WritesTheHeaderOfNamedData) {
  const TempDir dir;
  const Schema schema = {.features = 2,
                         .feature_names = {"a", "b"},
                         .label_name = "kind",
                         .label_index = 2,
                         .classes = {"0"}};
  WriteCsv(Bytes({1, 2}, {0}, schema), dir / "t.csv");
  EXPECT_EQ(ReadFile(dir / "t.csv"), "kind,a,b\n0,1,2\n");
  WriteCsv(Bytes({1, 2}, {0}, {.features = 2, .feature_names = {"a", "b"}}), dir / "t.csv");
  EXPECT_EQ(ReadFile(dir / "t.csv"), "label,a,b\n0,1,2\n");
}

TEST(CsvWriterTest, WritesUnlabelledData) {
  const TempDir dir;
  const Schema like = {.features = 2, .feature_names = {"a", "b"}};
  const Dataset data =
      ReadCsv(dir.WriteFile("in.csv", "a,b\n1,2\n3,4\n"), {.like = like, .labels_optional = true});
  WriteCsv(data, dir / "t.csv");
  EXPECT_EQ(ReadFile(dir / "t.csv"), "a,b\n1,2\n3,4\n");
}

TEST(CsvWriterTest, FloatsComeBackBitByBit) {
  const TempDir dir;
  test::Random random(1);
  std::vector<float> values = {0.1F,        -0.0F, 1e-45F, 3.4028235e38F, -1.17549435e-38F,
                               16777216.0F, 1.5F,  1e10F,  -1e-10F,       255.0F};
  while (values.size() < 3000) {
    const auto bits = static_cast<uint32_t>(random.Next());
    float value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    if (std::isfinite(value)) values.push_back(value);
  }
  std::vector<uint32_t> labels(values.size() / 10);
  for (uint32_t& label : labels) label = static_cast<uint32_t>(random.Below(10));
  labels[0] = 9;
  Schema schema = {.features = 10};
  const Dataset data = Dataset::FromMemory(std::span<const float>(values), labels, schema);
  ASSERT_EQ(data.element_type(), ElementType::kF32);
  WriteCsv(data, dir / "t.csv");
  EXPECT_EQ(ReadCsv(dir / "t.csv").Hash(), data.Hash());
}

TEST(CsvWriterTest, LargeTablesComeBack) {
  const TempDir dir;
  test::Random random(2);
  std::vector<uint8_t> values(3000 * 300);  // more than two pieces of text
  for (uint8_t& value : values) value = static_cast<uint8_t>(random.Next());
  std::vector<uint32_t> labels(3000);
  for (size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<uint32_t>(i % 10);
  const Dataset data = Bytes(values, labels, {.features = 300});
  WriteCsv(data, dir / "t.csv");
  EXPECT_GT(std::filesystem::file_size(dir / "t.csv"), 2u << 20);
  EXPECT_EQ(ReadCsv(dir / "t.csv").Hash(), data.Hash());
}

TEST(CsvWriterTest, QuotesTextsThatWouldBeTakenForSomethingElse) {
  const TempDir dir;
  const std::vector<std::string> names = {"a,b", "a\"b\"", "a;b", " a", "b ", "a\nb", "x y", "+1"};
  Schema schema = {.features = names.size(), .feature_names = names, .label_name = "NA"};
  schema.classes = {"n/a", "None", "-", "yes", "NAN of it"};
  const std::vector<uint8_t> values(5 * names.size(), 7);
  const Dataset data = Bytes(values, {0, 1, 2, 3, 4}, schema);
  WriteCsv(data, dir / "t.csv");
  const std::string row = ",7,7,7,7,7,7,7,7\n";
  EXPECT_EQ(ReadFile(dir / "t.csv"),
            "\"NA\",\"a,b\",\"a\"\"b\"\"\",\"a;b\",\" a\",\"b \",\"a\nb\",x y,+1\n\"n/a\"" + row +
                "\"None\"" + row + "\"-\"" + row + "yes" + row + "NAN of it" + row);
}

// ---- Tables with more than numbers ----

// A table of 4 examples of which the features came from columns of all kinds.
Dataset Everything() {
  Schema schema = {.features = 10};
  schema.feature_names = {"n",       "n missing", "c_x",   "c_y,z", "c missing",
                          "c other", "d",         "d sin", "d cos", "t"};
  schema.label_name = "y";
  schema.indicators = {{.feature = 1, .of = 0}};
  schema.categorical = {{.name = "c",
                         .first = 2,
                         .categories = {"x", "y,z", "", "other"},
                         .other = true,
                         .missing = true}};
  schema.dates = {{.name = "d", .first = 6, .weekday = true, .origin = 18628}};
  schema.offsets = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1700000000};
  schema.target_offset = 20000000;
  const std::vector<double> values = {0.5, 0, 1, 0, 0, 0, 0,   0, 1, 1700000007,  //
                                      1.5, 1, 0, 1, 0, 0, 31,  0, 1, 1700000011,  //
                                      2,   0, 0, 0, 1, 0, 59,  0, 1, 1699999990,  //
                                      -1,  0, 0, 0, 0, 1, 365, 0, 1, 1700000000};
  const std::vector<double> targets = {20000001, 20000002, 20000003, 20000003.1};
  return Dataset::FromMemory(values, targets, schema)
      .WithWeights(std::vector<float>{1, 2, 0.5F, 1});
}

TEST(CsvWriterTest, WritesTheColumnsThatFeaturesCameFrom) {
  const TempDir dir;
  WriteCsv(Everything(), dir / "t.csv");
  EXPECT_EQ(ReadFile(dir / "t.csv"),
            "y,n,c,d,t,weight\n"
            "20000001,0.5,x,2021-01-01,1700000007,1\n"
            "20000002,,\"y,z\",2021-02-01,1700000011,2\n"
            "20000003,2,,2021-03-01,1699999990,0.5\n"
            "20000003.1,-1,other,2022-01-01,1700000000,1\n");
}

TEST(CsvWriterTest, WritesTimesAsFinelyAsTheirColumnTakesIt) {
  const TempDir dir;
  const auto written = [&](const std::vector<double>& days) {
    Schema schema = {.features = 1, .feature_names = {"d"}};
    schema.dates = {{.name = "d", .origin = 18628}};
    WriteCsv(Dataset::FromMemory({days, 1}, {}, schema), dir / "t.csv");
    return ReadFile(dir / "t.csv");
  };
  EXPECT_EQ(written({0, 1, -18628}), "d\n2021-01-01\n2021-01-02\n1970-01-01\n");
  EXPECT_EQ(written({0, 1.25}), "d\n2021-01-01T00:00\n2021-01-02T06:00\n");
  EXPECT_EQ(written({0, 1.0 / 86400}), "d\n2021-01-01T00:00:00\n2021-01-01T00:00:01\n");
  EXPECT_EQ(written({1.0 / 86400000, 0.5}),
            "d\n2021-01-01T00:00:00.001\n2021-01-01T12:00:00.000\n");
  EXPECT_EQ(written({1e30}), "d\n9999-12-31\n");
}

TEST(CsvWriterTest, ARowIsNeverAnEmptyLine) {
  const TempDir dir;
  const Schema schema = {.features = 2,
                         .feature_names = {"c_x", "c_missing"},
                         .categorical = {{.name = "c", .categories = {"x", ""}, .missing = true}}};
  WriteCsv(Dataset::FromMemory(std::vector<uint8_t>{1, 0, 0, 1}, {}, schema), dir / "t.csv");
  EXPECT_EQ(ReadFile(dir / "t.csv"), "c\nx\n\"\"\n");
}

TEST(CsvWriterTest, NumbersWithOffsetsComeBack) {
  const TempDir dir;
  test::Random random(3);
  for (int round = 0; round < 50; ++round) {
    const double unit = std::pow(10, static_cast<double>(random.Below(7)) - 4);
    const double base = std::round(static_cast<double>(random.Uniform(-1, 1)) * 1e8);
    std::vector<double> values(40);
    for (double& value : values) {
      value = base + std::round(static_cast<double>(random.Uniform(0, 1000))) * unit;
    }
    const Dataset data = Dataset::FromMemory({values, 2}, std::vector<uint32_t>(20));
    WriteCsv(data, dir / "t.csv");
    // Read as doubles, as the table has them.
    std::string text = ReadFile(dir / "t.csv");
    std::ranges::replace(text, ',', ' ');
    std::istringstream stream(text);
    for (size_t i = 0; i < values.size(); ++i) {
      double read = 0;
      if (i % 2 == 0) stream >> read;
      stream >> read;
      const std::vector<double>& offsets = data.schema().offsets;
      const double offset = offsets.empty() ? 0 : offsets[i % 2];
      ASSERT_EQ(static_cast<float>(read - offset), test::ValuesOf(data, i / 2)[i % 2]) << round;
    }
  }
}

TEST(CsvWriterTest, CategoriesComeBack) {
  const TempDir dir;
  CsvOptions options;
  options.categorical = {"c"};
  options.label_column = "kind";
  options.weight_column = "w";
  options.missing = Missing::kRefuse;
  const Dataset data = ReadCsv(
      dir.WriteFile("in.csv", "kind,c,x,w\na,red,1,1\nb,\"blue, light\",2.5,0\na,red,3,2\n"),
      options);
  WriteCsv(data, dir / "t.csv");
  const Dataset again = ReadCsv(dir / "t.csv", options);
  EXPECT_EQ(again.Hash(), data.Hash());
  EXPECT_EQ(again.schema().feature_names, data.schema().feature_names);
  EXPECT_EQ(again.schema().categorical, data.schema().categorical);
}

TEST(CsvWriterTest, AFailureLeavesTheOldFile) {
  const TempDir dir;
  const Dataset data = Bytes({1}, {0}, {.features = 1});
  ExpectError(ErrorCode::kIo, "cannot write '/dev/full': No space left on device",
              [&] { WriteCsv(data, "/dev/full"); });
  ExpectError(ErrorCode::kIo, "cannot write '" + dir.path().string() + "': is a directory",
              [&] { WriteCsv(data, dir.path()); });
  EXPECT_THAT(dir.List(), IsEmpty());
}

}  // namespace
}  // namespace colonnade
