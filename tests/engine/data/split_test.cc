// SPDX-License-Identifier: Apache-2.0
#include "colonnade/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/data/storage.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"
#include "tests/support/random.h"

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
  test::ExpectError(ErrorCode::kInvalidArgument,
                    "folds: found 27, expected at most 26, the number of examples of the class "
                    "'many', which has the most",
                    [&] { return SplitFolds(Uneven(30), 27); });
}

TEST(FoldsTest, GoOnWithAClassThatIsTooRare) {
  const Dataset data = Uneven(30);
  EXPECT_EQ(SplitNotes(data, 3),
            std::vector<std::string>{"the least populated class in y has only 1 member ('one'), "
                                     "which is less than n_splits=3: not every fold has some of "
                                     "it"});
  EXPECT_EQ(SplitNotes(data),
            std::vector<std::string>{"the least populated class in y has only 1 member ('one'): "
                                     "there is none of it for validation"});
  size_t validated = 0;
  for (const Split& split : SplitFolds(data, 3)) {
    EXPECT_EQ(split.train.examples() + split.validation.examples(), 30u);
    EXPECT_EQ(Count(split.validation, 1), 1u);
    validated += Count(split.validation, 2);
  }
  EXPECT_EQ(validated, 1u);
  EXPECT_TRUE(SplitNotes(test::DigitsDataset(200, 1), 2).empty());
  EXPECT_TRUE(SplitNotes(test::RandomTargets(20, 3, 1), 20).empty());
}

// Examples with groups, with times, or both; without labels if there are none.
Dataset With(std::vector<uint32_t> labels, const std::vector<uint32_t>& groups,
             const std::vector<double>& times) {
  auto storage = std::make_unique<Dataset::Storage>();
  const size_t examples = std::max(groups.size(), times.size());
  storage->examples = examples;
  storage->type = ElementType::kF32;
  storage->stride = ColumnStride(1, sizeof(float));
  storage->floats = AlignedBuffer<float>::Zeroed(examples * storage->stride);
  for (size_t e = 0; e < examples; ++e) {
    storage->floats[e * storage->stride] = static_cast<float>(e) + 0.5f;
  }
  storage->schema.features = 1;
  if (!labels.empty()) storage->schema.classes = {"a", "b", "c"};
  const auto copy = [](const auto& from, auto& to) {
    to = std::remove_reference_t<decltype(to)>(from.size());
    std::ranges::copy(from, to.data());
  };
  copy(labels, storage->labels);
  copy(groups, storage->groups);
  copy(times, storage->times);
  return Dataset(std::move(storage));
}

// Groups of 1 to `largest` examples, each mostly of one class.
Dataset Grouped(size_t examples, uint64_t largest, uint64_t seed) {
  test::Random random(seed);
  std::vector<uint32_t> labels;
  std::vector<uint32_t> groups;
  for (uint32_t group = 0; groups.size() < examples; ++group) {
    const auto leaning = static_cast<uint32_t>(random.Below(3));
    for (uint64_t left = 1 + random.Below(largest); left > 0; --left) {
      labels.push_back(random.Below(3) == 0 ? static_cast<uint32_t>(random.Below(3)) : leaning);
      groups.push_back(1000 - group);
    }
  }
  return With(labels, groups, {});
}

// The places in the whole of the examples of a part.
std::vector<size_t> PlacesOf(const Dataset& part) {
  std::vector<size_t> places;
  for (const float value : ValuesOf(part)) places.push_back(static_cast<size_t>(value));
  return places;
}

std::set<uint32_t> GroupsIn(const Dataset& whole, const Dataset& part) {
  std::set<uint32_t> groups;
  for (const size_t e : PlacesOf(part)) groups.insert(whole.groups()[e]);
  return groups;
}

void ExpectApart(const Dataset& whole, const Split& split) {
  EXPECT_EQ(split.train.examples() + split.validation.examples(), whole.examples());
  const std::set<uint32_t> train = GroupsIn(whole, split.train);
  for (const uint32_t group : GroupsIn(whole, split.validation)) {
    EXPECT_FALSE(train.contains(group)) << "group " << group << " is on both sides";
  }
}

TEST(GroupsTest, StayOnOneSideWithClassesAsEvenAsThatAllows) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const Dataset data = Grouped(600, 8, seed);
    for (const double fraction : {0.1, 0.2, 0.5}) {
      const Split split = SplitStratified(data, fraction, seed);
      ExpectApart(data, split);
      for (const uint32_t label : {0u, 1u, 2u}) {
        const auto all = static_cast<double>(Count(data, label));
        EXPECT_NEAR(static_cast<double>(Count(split.validation, label)), fraction * all, 4);
      }
    }
    size_t validated = 0;
    for (const Split& split : SplitFolds(data, 5, seed)) {
      ExpectApart(data, split);
      validated += split.validation.examples();
      for (const uint32_t label : {0u, 1u, 2u}) {
        const auto all = static_cast<double>(Count(data, label));
        EXPECT_NEAR(static_cast<double>(Count(split.validation, label)), all / 5, 6);
      }
    }
    EXPECT_EQ(validated, data.examples());
  }
}

TEST(GroupsTest, DependOnTheSeedAlone) {
  const Dataset data = Grouped(200, 8, 1);
  const auto validation = [&](uint64_t seed) {
    return ValuesOf(SplitStratified(data, 0.2, seed).validation);
  };
  EXPECT_EQ(validation(1), validation(1));
  EXPECT_NE(validation(1), validation(2));
  EXPECT_EQ(ValuesOf(SplitFolds(data, 3, 1)[0].train), ValuesOf(SplitFolds(data, 3, 1)[0].train));
}

TEST(GroupsTest, ThatAreFewStillGiveBothSides) {
  const Dataset two = With({}, {7, 7, 7, 7, 9}, {});
  ExpectApart(two, SplitStratified(two, 0.3));
  ExpectApart(two, SplitStratified(two, 0.9));
  for (const Split& split : SplitFolds(two, 2)) ExpectApart(two, split);
  test::ExpectError(ErrorCode::kInvalidArgument,
                    "folds: found 3, expected at most 2, the number of groups",
                    [&] { return SplitFolds(two, 3); });
  test::ExpectError(ErrorCode::kBadData,
                    "validation: found 0.5 of 2 examples, in groups, which is none, expected a "
                    "fraction that gives at least one",
                    [&] { return SplitStratified(With({}, {7, 7}, {}), 0.5); });
}

const std::vector<double> kTimes = {5, 1, 2, 2, 2, 3, 9, 8, 7, 6, 4, 0};

std::vector<double> TimesOf(const Dataset& part) {
  std::vector<double> times;
  for (const size_t e : PlacesOf(part)) times.push_back(kTimes[e]);
  return times;
}

TEST(TimesTest, ValidateOnTheLastExamples) {
  const Dataset data = With({}, {}, kTimes);
  EXPECT_EQ(TimesOf(SplitStratified(data, 0.25).validation), (std::vector<double>{9, 8, 7}));
  // Those of one time stay together, on the side that is nearer to the fraction.
  EXPECT_EQ(SplitStratified(data, 0.6).validation.examples(), 7u);
  EXPECT_EQ(SplitStratified(data, 0.8).validation.examples(), 10u);
  EXPECT_EQ(SplitStratified(data, 0.99).train.examples(), 1u);
  test::ExpectError(ErrorCode::kBadData,
                    "validation: found 0.5 of 3 examples, by time, which is none, expected a "
                    "fraction that gives at least one",
                    [&] { return SplitStratified(With({}, {}, {2, 2, 2}), 0.5); });
}

TEST(TimesTest, FoldsTrainOnWhatCameBefore) {
  const Dataset data = With({}, {}, kTimes);
  const std::vector<Split> splits = SplitFolds(data, 3);
  EXPECT_EQ(TimesOf(splits[0].train), (std::vector<double>{1, 0}));
  EXPECT_EQ(TimesOf(splits[0].validation), (std::vector<double>{2, 2, 2, 3}));
  EXPECT_EQ(TimesOf(splits[1].validation), (std::vector<double>{5, 6, 4}));
  EXPECT_EQ(TimesOf(splits[2].validation), (std::vector<double>{9, 8, 7}));
  EXPECT_EQ(splits[2].train.examples(), 9u);

  // As TimeSeriesSplit(3) cuts 11 examples.
  std::vector<double> rising(11);
  for (size_t e = 0; e < 11; ++e) rising[e] = static_cast<double>(e);
  size_t train = 5;
  for (const Split& split : SplitFolds(With({}, {}, rising), 3)) {
    EXPECT_EQ(split.train.examples(), train);
    EXPECT_EQ(split.validation.examples(), 2u);
    train += 2;
  }
  EXPECT_EQ(SplitFolds(data, 9).size(), 9u) << "one time each";
  test::ExpectError(ErrorCode::kInvalidArgument,
                    "folds: found 10, expected fewer than the 10 different times",
                    [&] { return SplitFolds(data, 10); });
  test::ExpectError(
      ErrorCode::kInvalidArgument,
      "split-by-time: found a column of groups, too, expected one of them to split by",
      [&] { return SplitFolds(With({}, {1, 2, 3}, {1, 2, 3}), 2); });
}

}  // namespace
}  // namespace colonnade
