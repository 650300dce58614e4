#include "colonnade/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
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
  for (size_t e = 0; e < data.examples(); ++e) values.push_back(data.floats()[e * data.stride()]);
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
                    [&] { data.Select(std::vector<uint32_t>{1, 30}); });
  test::ExpectError(ErrorCode::kInvalidArgument, "indices: found none, expected at least one",
                    [&] { data.Select({}); });
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
    EXPECT_THROW(SplitStratified(data, fraction), Error) << fraction;
  }
  test::ExpectError(ErrorCode::kBadData,
                    "validation: found 0.001 of 30 examples, which is none, expected a fraction "
                    "that gives at least one",
                    [&] { SplitStratified(data, 0.001); });
}

}  // namespace
}  // namespace colonnade
