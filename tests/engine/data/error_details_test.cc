// SPDX-License-Identifier: Apache-2.0
// What errors about data tell, part by part.
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "colonnade/check.h"
#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "colonnade/split.h"
#include "tests/support/datasets.h"
#include "tests/support/temp_dir.h"

// Designated initializers leave the other members at their defaults, which is the point of them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace colonnade {
namespace {

using test::TempDir;

template <class F>
Error Thrown(const F& f) {
  try {
    f();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing thrown";
  return {ErrorCode::kIo, ""};
}

std::string Flag(std::string_view name) { return "--" + std::string(name); }

TEST(ErrorDetailsTest, OfACell) {
  const TempDir dir;
  const auto file = dir.WriteFile("t.csv", "y,a\n0,1\n1,x\n");
  const Error error = Thrown([&] { return ReadCsv(file); });
  EXPECT_EQ(error.code(), ErrorCode::kBadData);
  const ErrorDetails& details = error.details();
  EXPECT_EQ(details.file, file.string());
  EXPECT_EQ(details.row, 3u);
  EXPECT_EQ(details.column, 2u);
  EXPECT_EQ(details.column_name, "'a'");
  EXPECT_EQ(details.found, "'x'");
  EXPECT_EQ(details.expected, "a number");
  EXPECT_EQ(details.problem, "");
}

TEST(ErrorDetailsTest, OptionsInAdviceAreSpeltAsTheFrontEndDoes) {
  const TempDir dir;
  const auto file = dir.WriteFile("t.csv", "y,a\n0,1\n1,\n");
  const Error error = Thrown([&] { return ReadCsv(file, {.missing = Missing::kRefuse}); });
  EXPECT_EQ(error.details().expected, "a value");
  const std::string advice =
      "missing mean, median, zero or drop says what to do with missing values";
  EXPECT_EQ(error.details().advice, "`missing`" + advice.substr(7));
  const std::string begin = file.string() + ":3: column 2 ('a'): found nothing, expected a value; ";
  EXPECT_EQ(error.what(), begin + advice);
  EXPECT_EQ(error.Message(Flag), begin + "--" + advice);
  EXPECT_EQ(SpellOptions("not by `cache`, but `this one`", Flag), "not by --cache, but `this one`");
}

TEST(ErrorDetailsTest, OfAnOption) {
  const TempDir dir;
  const auto file = dir.WriteFile("t.csv", "y,a\n0,1\n1,2\n");
  const Error error = Thrown([&] { return ReadCsv(file, {.label_column = "z"}); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.details().subject, "label-column");
  EXPECT_EQ(error.details().file, file.string());
  EXPECT_EQ(error.details().advice, "its columns are y, a (2 in all)");
  EXPECT_EQ(error.Message(Flag), "--label-column: " + file.string() +
                                     " has no column 'z'; its columns are y, a (2 in all)");
  const Error delimiter = Thrown([&] { return ReadCsv(file, {.delimiter = '1'}); });
  EXPECT_EQ(delimiter.details().subject, "delimiter");
  EXPECT_EQ(delimiter.details().found, "'1'");
  const Dataset data = test::RandomDataset(10, 2, 2, 1);
  const Error folds = Thrown([&] { return SplitFolds(data, 1); });
  EXPECT_EQ(folds.details().subject, "folds");
  EXPECT_EQ(folds.details().found, "1");
  EXPECT_EQ(folds.details().expected, "at least 2");
}

TEST(ErrorDetailsTest, OfAFileThatCannotBeRead) {
  const Error error = Thrown([&] { return ReadCsv("no/such/file"); });
  EXPECT_EQ(error.code(), ErrorCode::kIo);
  EXPECT_EQ(error.details().file, "no/such/file");
  EXPECT_EQ(error.details().problem, "cannot read 'no/such/file': No such file or directory");
}

TEST(ErrorDetailsTest, OfExamplesInMemory) {
  const std::vector<float> values = {1, 2, 3, std::numeric_limits<float>::infinity()};
  const Error error =
      Thrown([&] { return Dataset::FromMemory({values, 2}, std::vector<uint32_t>{0, 1}); });
  EXPECT_EQ(error.details().subject, "example 1, feature 1");
  EXPECT_EQ(error.details().found, "inf");
  EXPECT_EQ(error.details().expected, "a finite number");
}

TEST(ErrorDetailsTest, OfACheckedFile) {
  const TempDir dir;
  const auto file = dir.WriteFile("t.csv", "y,a\n0,1\n1,x\n");
  const std::optional<Error> problem = CheckCsv(file).problem;
  ASSERT_TRUE(problem.has_value());
  EXPECT_EQ(problem->details().file, file.string());
  EXPECT_EQ(problem->details().found, "1 bad cell or row");
  EXPECT_FALSE(CheckCsv(dir.WriteFile("good.csv", "y,a\n0,1\n1,2\n")).problem.has_value());
}

}  // namespace
}  // namespace colonnade
