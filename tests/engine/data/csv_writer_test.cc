// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
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

TEST(CsvWriterTest, RefusesNamesThatNoReaderWouldUnderstand) {
  const TempDir dir;
  const std::string file = (dir / "t.csv").string();
  for (const char* name : {"a,b", "a\nb", "a\rb", "\"a\""}) {
    const Dataset data = Bytes({1}, {0}, {.features = 1, .feature_names = {name}});
    ExpectError(ErrorCode::kBadData,
                "cannot write '" + file + "': found the name '" + name +
                    "', expected names without commas, quotation marks and line ends",
                [&] { WriteCsv(data, file); });
  }
  EXPECT_THAT(dir.List(), IsEmpty());
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
