// SPDX-License-Identifier: Apache-2.0
#include "colonnade/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/datasets.h"
#include "tests/support/errors.h"

namespace colonnade {
namespace {

// Classes of very different sizes; the value of an example is its index.
Dataset Uneven(size_t examples) {
  std::vector<float> values(examples);
  std::vector<uint32_t> labels(examples);
  for (size_t e = 0; e < examples; ++e) {
    values[e] = static_cast<float>(e) + 0.5f;
    labels[e] = e == 3 ? 2 : e % 10 == 0 ? 1 : 0;
  }
  Schema schema;
  schema.features = 1;
  schema.classes = {"many", "few", "one", "none"};
  return Dataset::FromMemory(std::span<const float>(values), labels, schema);
}

std::vector<float> ValuesOf(const Dataset& data) {
  std::vector<float> values;
  for (size_t e = 0; e < data.examples(); ++e) values.push_back(*data.FloatsOf(e));
  return values;
}

size_t Count(const Dataset& data, uint32_t label) {
  return static_cast<size_t>(std::ranges::count(data.labels(), label));
}

TEST(SelectTest, CopiesTheseExamplesInThisOrder) {
  const Dataset data = Uneven(30);
  const Dataset selected = data.Select(std::vector<uint32_t>{7, 0, 7, 29});
  EXPECT_EQ(ValuesOf(selected), (std::vector<float>{7.5f, 0.5f, 7.5f, 29.5f}));
  EXPECT_EQ(selected.schema().classes, data.schema().classes);
  EXPECT_EQ(selected.labels()[1], 1u);

  const Dataset digits = test::DigitsDataset(20, 1);
  std::vector<uint32_t> all(20);
  for (uint32_t e = 0; e < 20; ++e) all[e] = e;
  EXPECT_EQ(digits.Select(all).element_type(), ElementType::kU8);
  EXPECT_EQ(digits.Select(all).Hash(), digits.Hash());
}

TEST(SelectTest, RefusesIndicesThatDoNotExist) {
  const Dataset data = Uneven(30);
  test::ExpectError(ErrorCode::kInvalidArgument, "indices: found 30, expected 0 to 29",
                    [&] { return data.Select(std::vector<uint32_t>{1, 30}); });
  test::ExpectError(ErrorCode::kInvalidArgument, "indices: found none, expected at least one",
                    [&] { return data.Select({}); });
}

TEST(SplitTest, TakesTheFractionOfEveryClassOnceEach) {
  const Dataset data = Uneven(1000);
  for (const double fraction : {0.1, 0.25, 0.333, 0.9}) {
    const Split split = SplitStratified(data, fraction, 7);
    const auto expected = static_cast<double>(split.validation.examples());
    EXPECT_NEAR(expected, 1000 * fraction, 1.5);
    for (const uint32_t label : {0u, 1u}) {
      EXPECT_NEAR(static_cast<double>(Count(split.validation, label)),
                  fraction * static_cast<double>(Count(data, label)), 1.0)
          << fraction;
    }
    EXPECT_EQ(Count(split.train, 2), 1u) << "the only example of its class";
    const std::vector<float> train = ValuesOf(split.train);
    const std::vector<float> validation = ValuesOf(split.validation);
    EXPECT_TRUE(std::ranges::is_sorted(train));
    EXPECT_TRUE(std::ranges::is_sorted(validation));
    std::vector<float> both = train;
    both.insert(both.end(), validation.begin(), validation.end());
    std::ranges::sort(both);
    EXPECT_EQ(both, ValuesOf(data));
  }
}

TEST(SplitTest, DependsOnTheSeedAlone) {
  const Dataset data = Uneven(200);
  const std::string hash = SplitStratified(data, 0.2, 1).validation.Hash();
  EXPECT_EQ(SplitStratified(data, 0.2, 1).validation.Hash(), hash);
  EXPECT_NE(SplitStratified(data, 0.2, 2).validation.Hash(), hash);
  EXPECT_EQ(SplitStratified(test::DigitsDataset(100, 1), 0.2, 1).validation.element_type(),
            ElementType::kU8);
}

TEST(SplitTest, RefusesFractionsThatCannotBeMeant) {
  const Dataset data = Uneven(30);
  for (const double fraction : {0.0, 1.0, -0.5, std::nan("")}) {
    EXPECT_THROW(std::ignore = SplitStratified(data, fraction), Error) << fraction;
  }
  test::ExpectError(ErrorCode::kBadData,
                    "validation: found 0.001 of 30 examples, which is none, expected a fraction "
                    "that gives at least one",
                    [&] { return SplitStratified(data, 0.001); });
}

TEST(PartTest, IsWhatSelectCopies) {
  Dataset data = Uneven(30);
  std::vector<float> weights(30);
  for (size_t e = 0; e < 30; ++e) weights[e] = static_cast<float>(e);
  data = data.WithWeights(weights);
  const std::vector<uint32_t> chosen = {7, 0, 7, 29, 12};
  const Dataset part = data.Part(chosen);
  const Dataset copy = data.Select(chosen);
  EXPECT_EQ(part.floats(), data.floats()) << "the values are shared";
  EXPECT_TRUE(copy.columns().empty());
  EXPECT_EQ(part.Hash(), copy.Hash());
  EXPECT_EQ(ValuesOf(part), ValuesOf(copy));
  EXPECT_EQ(test::LabelsOf(part), test::LabelsOf(copy));
  EXPECT_EQ(part.weights()[3], 29.0f);

  const Dataset of_part = part.Part(std::vector<uint32_t>{4, 1});
  EXPECT_EQ(of_part.floats(), data.floats());
  EXPECT_EQ(ValuesOf(of_part), (std::vector<float>{12.5f, 0.5f}));
  EXPECT_EQ(of_part.Hash(), part.Select(std::vector<uint32_t>{4, 1}).Hash());
  test::ExpectError(ErrorCode::kInvalidArgument, "indices: found 5, expected 0 to 4",
                    [&] { return part.Part(std::vector<uint32_t>{5}); });
}

TEST(PartTest, KeepsTheValuesWhenTheWholeGoes) {
  const auto part = [] { return test::DigitsDataset(20, 1).Part(std::vector<uint32_t>{3, 5}); }();
  const Dataset whole = test::DigitsDataset(20, 1);
  EXPECT_EQ(test::ValuesOf(part, 1), test::ValuesOf(whole, 5));
}

TEST(PartTest, OfTargetsHasTheirs) {
  const Dataset data = test::RandomTargets(20, 3, 1);
  const std::vector<uint32_t> chosen = {19, 2};
  EXPECT_EQ(data.Part(chosen).targets()[0], data.targets()[19]);
  EXPECT_EQ(data.Part(chosen).Hash(), data.Select(chosen).Hash());
  EXPECT_NE(data.Part(chosen).Hash(), data.Part(std::vector<uint32_t>{2, 19}).Hash());
}

TEST(FoldsTest, PartitionTheDataClassByClass) {
  std::vector<uint32_t> labels(103);
  for (size_t e = 0; e < labels.size(); ++e) labels[e] = e % 9 == 0 ? 1 : 0;  // 12 and 91
  std::vector<float> values(labels.size());
  for (size_t e = 0; e < values.size(); ++e) values[e] = static_cast<float>(e) + 0.5f;
  const Dataset data =
      Dataset::FromMemory(std::span<const float>(values), labels, test::SchemaOf(1, 3));
  for (const size_t folds : {2u, 3u, 5u, 12u}) {
    const std::vector<Split> splits = SplitFolds(data, folds, 7);
    ASSERT_EQ(splits.size(), folds);
    std::vector<float> validated;
    for (const Split& split : splits) {
      const std::vector<float> train = ValuesOf(split.train);
      const std::vector<float> validation = ValuesOf(split.validation);
      EXPECT_TRUE(std::ranges::is_sorted(train));
      EXPECT_TRUE(std::ranges::is_sorted(validation));
      std::vector<float> both = train;
      both.insert(both.end(), validation.begin(), validation.end());
      std::ranges::sort(both);
      EXPECT_EQ(both, ValuesOf(data));
      validated.insert(validated.end(), validation.begin(), validation.end());
      EXPECT_EQ(split.train.floats(), data.floats()) << "shared";
      EXPECT_EQ(split.validation.examples() - 103 / folds,
                split.validation.examples() * folds > 103)
          << "within one of each other";
      for (const uint32_t label : {0u, 1u}) {
        const size_t all = Count(data, label);
        EXPECT_GE(Count(split.validation, label), all / folds) << folds;
        EXPECT_LE(Count(split.validation, label), (all + folds - 1) / folds) << folds;
      }
    }
    std::ranges::sort(validated);
    EXPECT_EQ(validated, ValuesOf(data)) << "each example is in one fold";
  }
}

TEST(FoldsTest, DependOnTheSeedAlone) {
  const Dataset data = test::DigitsDataset(100, 1);
  const auto hash = [&](uint64_t seed) { return SplitFolds(data, 3, seed)[1].validation.Hash(); };
  EXPECT_EQ(hash(1), hash(1));
  EXPECT_NE(hash(1), hash(2));
}

TEST(FoldsTest, RefuseNumbersThatDoNotFit) {
  const Dataset data = test::RandomTargets(20, 3, 1);
  EXPECT_EQ(SplitFolds(data, 20).size(), 20u) << "one left out at a time";
  for (const size_t folds : {0u, 1u}) {
    test::ExpectError(ErrorCode::kInvalidArgument,
                      "folds: found " + std::to_string(folds) + ", expected at least 2",
                      [&] { return SplitFolds(data, folds); });
  }
  test::ExpectError(ErrorCode::kInvalidArgument,
                    "folds: found 21, expected at most 20, the number of examples",
                    [&] { return SplitFolds(data, 21); });
  const Dataset classes = Uneven(30);
  test::ExpectError(ErrorCode::kInvalidArgument,
                    "folds: found 2, expected at most 1, the number of examples of the class 'one'",
                    [&] { return SplitFolds(classes, 2); });
}

}  // namespace
}  // namespace colonnade
