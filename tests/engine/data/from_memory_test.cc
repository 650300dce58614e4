// SPDX-License-Identifier: Apache-2.0
// Datasets from the memory of the caller.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/dataset.h"
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

const std::vector<double> kValues = {1, 2.5, -3, 0.1, 5, 1e-3};

Dataset Read(const std::string& text, const CsvOptions& options = {}) {
  const TempDir dir;
  return ReadCsv(dir.WriteFile("t.csv", text), options);
}

void ExpectSame(const Dataset& data, const Dataset& expected) {
  EXPECT_EQ(data.Hash(), expected.Hash());
  EXPECT_EQ(data.element_type(), expected.element_type());
  EXPECT_EQ(data.stride(), expected.stride());
  EXPECT_EQ(data.schema().classes, expected.schema().classes);
  EXPECT_EQ(data.regression(), expected.regression());
}

void Fails(const std::string& message, const Rows& rows, const Labels& labels,
           const Schema& schema = {}) {
  ExpectError(ErrorCode::kBadData, message,
              [&] { return Dataset::FromMemory(rows, labels, schema); });
}

TEST(FromMemory, GivesWhatTheReaderGivesForTheSameTable) {
  const CsvOptions first = {.header = Header::kNo, .label_column = "0"};
  ExpectSame(Dataset::FromMemory({kValues, 2}, std::vector<int64_t>{10, -9, 10}),
             Read("10,1,2.5\n-9,-3,0.1\n10,5,1e-3\n", first));
  ExpectSame(Dataset::FromMemory({kValues, 2}, std::vector<int32_t>{2, 10, 9}),
             Read("2,1,2.5\n10,-3,0.1\n9,5,1e-3\n", first));
  ExpectSame(Dataset::FromMemory({kValues, 2}, std::vector<std::string>{"b", "10", "9.0"}),
             Read("b,1,2.5\n10,-3,0.1\n9.0,5,1e-3\n", first));
  ExpectSame(Dataset::FromMemory({kValues, 2}, std::vector<std::string>{"10", "9", "+9"}),
             Read("10,1,2.5\n9,-3,0.1\n+9,5,1e-3\n", first));
  ExpectSame(Dataset::FromMemory({kValues, 2}, std::vector<std::string>{"007", "7", "1"}),
             Read("007,1,2.5\n7,-3,0.1\n1,5,1e-3\n", first));
  ExpectSame(Dataset::FromMemory({kValues, 2}, std::vector<double>{0.1, 2, -3.5}),
             Read("0.1,1,2.5\n2,-3,0.1\n-3.5,5,1e-3\n", first));
  CsvOptions regress = first;
  regress.task = Task::kRegress;
  ExpectSame(Dataset::FromMemory({kValues, 2}, std::vector<float>{1, 2, 3}),
             Read("1,1,2.5\n2,-3,0.1\n3,5,1e-3\n", regress));
}

TEST(FromMemory, TakesEveryTypeOfValues) {
  const std::vector<uint8_t> bytes = {1, 2, 3, 255};
  const std::vector<float> floats(bytes.begin(), bytes.end());
  const std::vector<double> doubles(bytes.begin(), bytes.end());
  const std::vector<uint32_t> labels = {0, 1};
  const Dataset data = Dataset::FromMemory({bytes, 2}, labels);
  EXPECT_EQ(data.element_type(), ElementType::kU8);
  ExpectSame(Dataset::FromMemory({floats, 2}, labels), data);
  ExpectSame(Dataset::FromMemory({doubles, 2}, labels), data);
  const Dataset rounded = Dataset::FromMemory({kValues, 2}, {});
  EXPECT_EQ(rounded.element_type(), ElementType::kF32);
  EXPECT_THAT(ValuesOf(rounded, 1), ElementsAre(-3, 0.1F));
}

TEST(FromMemory, NumbersThatF32CannotTellApartAreKeptLessAnOffset) {
  const std::vector<double> values = {1700000007, 0.1, 1700000011, 0.2, 1700000010, 0.3};
  const std::vector<double> targets = {20000001, 20000000, 20000003.1};
  const Dataset data = Dataset::FromMemory({values, 2}, targets);
  const std::vector<double>& offsets = data.schema().offsets;
  ASSERT_EQ(offsets.size(), 2u);
  EXPECT_EQ(offsets[1], 0);
  for (size_t e = 0; e < 3; ++e) {
    EXPECT_EQ(static_cast<double>(ValuesOf(data, e)[0]) + offsets[0], values[2 * e]);
    EXPECT_EQ(ValuesOf(data, e)[1], static_cast<float>(values[2 * e + 1]));
    EXPECT_EQ(data.TargetOf(e), targets[e]);
    EXPECT_LE(std::fabs(data.targets()[e]), 2.0F);
  }
  // Of another table, the same is taken off.
  const std::vector<double> others = {1700000100, 1};
  const Dataset like =
      Dataset::FromMemory({others, 2}, std::vector<double>{20000010}, data.schema());
  EXPECT_EQ(like.schema().offsets, offsets);
  EXPECT_EQ(static_cast<double>(ValuesOf(like, 0)[0]) + offsets[0], 1700000100);
  EXPECT_EQ(like.TargetOf(0), 20000010);
  const std::vector<float> floats = {2e9F, 1};
  EXPECT_EQ(ValuesOf(Dataset::FromMemory({floats, 2}, {}, data.schema()), 0)[0],
            static_cast<float>(2e9 - offsets[0]));
  const std::vector<uint8_t> bytes = {7, 1};
  EXPECT_EQ(ValuesOf(Dataset::FromMemory({bytes, 2}, {}, data.schema()), 0)[0],
            static_cast<float>(7 - offsets[0]));
}

TEST(FromMemory, NumbersThatF32HoldsHaveNoOffset) {
  const std::vector<double> values = {1e9, 16777215, 1024e6, 16777216};
  const Dataset data = Dataset::FromMemory({values, 2}, std::vector<double>{0.1, 100.25});
  EXPECT_THAT(data.schema().offsets, IsEmpty());
  EXPECT_EQ(data.schema().target_offset, 0);
  EXPECT_EQ(data.targets()[0], 0.1F);
  EXPECT_EQ(data.TargetOf(0), 0.1) << "as the table has it";
}

TEST(FromMemory, RefusesOffsetsThatDoNotFit) {
  Fails("schema.offsets: found 1, expected 2 or none", {kValues, 2}, {}, {.offsets = {1}});
  Fails("schema.offsets[1]: found nan, expected a finite number", {kValues, 2}, {},
        {.offsets = {1, NAN}});
  Fails("schema.target_offset: found inf, expected a finite number", {kValues, 2}, {},
        {.target_offset = INFINITY});
}

TEST(FromMemory, LeavesOutWhatIsBetweenExamples) {
  const std::vector<float> values = {1, 2, NAN, 3, 4, NAN};
  const std::vector<uint32_t> labels = {0, 1};
  const Dataset data = Dataset::FromMemory({values, 2, 3}, labels);
  EXPECT_EQ(data.element_type(), ElementType::kU8);
  EXPECT_THAT(ValuesOf(data, 1), ElementsAre(3, 4));
  const std::span<const float> early = std::span<const float>(values).first(5);
  ExpectSame(Dataset::FromMemory({early, 2, 3}, labels), data);
  EXPECT_EQ(Dataset::FromMemory({early, 2, 3}, {}).examples(), 2u);
}

TEST(FromMemory, WithoutLabels) {
  const Dataset data = Dataset::FromMemory({kValues, 3}, {}, {.classes = {"a", "b"}});
  EXPECT_EQ(data.examples(), 2u);
  EXPECT_FALSE(data.labelled());
  EXPECT_EQ(data.classes(), 0u);
  EXPECT_THAT(data.labels(), IsEmpty());
  EXPECT_THAT(data.targets(), IsEmpty());
}

TEST(FromMemory, LabelsAreLookedUpInTheClassesOfTheSchema) {
  const Schema schema = {.features = 2, .classes = {"7", "cat", "-1"}};
  EXPECT_THAT(LabelsOf(Dataset::FromMemory(kValues, std::vector<int32_t>{-1, 7, 7}, schema)),
              ElementsAre(2, 0, 0));
  const std::vector<std::string> words = {"cat", "7.0", "-1"};
  EXPECT_THAT(LabelsOf(Dataset::FromMemory(kValues, words, schema)), ElementsAre(1, 0, 2));
  // As they are written; in another way only where that can be but one.
  const Schema codes = {.features = 2, .classes = {"007", "7", "08"}};
  EXPECT_THAT(
      LabelsOf(Dataset::FromMemory(kValues, std::vector<std::string>{"7", "8", "007"}, codes)),
      ElementsAre(1, 2, 0));
  Fails("example 0: found the label '7.0', expected one of the classes 007, 7, 08", {kValues},
        std::vector<std::string>{"7.0", "7", "7"}, codes);
  Fails("example 1: found the label '8', expected one of the classes 7, cat, -1", {kValues},
        std::vector<int64_t>{7, 8, 7}, schema);
  Fails("example 2: found the label 'dog', expected one of the classes 7, cat, -1", {kValues},
        std::vector<std::string>{"cat", "7", "dog"}, schema);
}

TEST(FromMemory, RefusesWhatF32DoesNotHold) {
  const std::vector<uint32_t> labels = {0, 0};
  Fails("example 1, feature 0: found 1e+39, expected a finite number in the range of f32",
        {std::vector<double>{1, 2, 1e39, 4}, 2}, labels);
  Fails("example 0, feature 1: found nan, expected a finite number",
        {std::vector<double>{1, NAN, 3, 4}, 2}, labels);
  const std::vector<double> values = {1, 2};
  Fails("example 1: found the target -1e+300, expected a finite number in the range of f32",
        {values, 1}, std::vector<double>{1, -1e300});
  Fails("example 0: found the target inf, expected a finite number", {values, 1},
        std::vector<float>{INFINITY, 1});
  const double largest = std::numeric_limits<float>::max();
  EXPECT_EQ(Dataset::FromMemory({values, 1}, std::vector<double>{largest, 1}).targets()[0],
            std::numeric_limits<float>::max());
}

TEST(FromMemory, RefusesTextThatIsNoLabel) {
  const std::vector<double> values = {1, 2};
  Fails("example 0: found the label nothing, expected a class label", {values, 1},
        std::vector<std::string>{"", "a"});
  Fails("example 1: found the label 'NA', expected a class label", {values, 1},
        std::vector<std::string>{"a", "NA"});
  Fails(
      "example 1: found the label '\\xE4', expected a class label in UTF-8 without control "
      "characters",
      {values, 1}, std::vector<std::string>{"a", "\xe4"});
  // Any other text is one.
  EXPECT_THAT(
      Dataset::FromMemory({values, 1}, std::vector<std::string>{"a", "1.5"}).schema().classes,
      ElementsAre("1.5", "a"));
}

TEST(FromMemory, RefusesSizesThatDoNotMatch) {
  const std::vector<uint32_t> labels = {0, 0};
  Fails("found 3 features, expected 2 as in the schema", {kValues, 3}, labels, {.features = 2});
  Fails("found examples 2 elements apart, expected at least the 3 features", {kValues, 3, 2},
        labels);
  Fails("found 6 values, expected 4 features for each of 2 examples", {kValues, 4}, {});
  Fails("found 6 values, expected 2 features for each of 2 examples", {kValues, 2}, labels);
  Fails("found 6 values, expected 1 features for each of 2 examples", {kValues, 1, SIZE_MAX},
        labels);
}

}  // namespace
}  // namespace colonnade
